import type { JsonObject } from '../../../packages/bgp-parser/src/bgp-parser.ts';
import type { Field, Layer } from './tshark.ts';

/** All values of a field: one that stands there once is no list in tshark's JSON. */
export function fieldsOf(layer: Layer, name: string): readonly Field[] {
  const field = layer[name];
  if (field === undefined) return [];
  return Array.isArray(field) ? (field as readonly Field[]) : [field as Field];
}

/** The values of a field that have fields themselves. */
export function partsOf(layer: Layer, name: string): readonly Layer[] {
  return fieldsOf(layer, name).filter((field): field is Layer => typeof field === 'object');
}

/** The text of a field; throws when there is none. */
export function textAt(layer: Layer, name: string): string {
  const [field] = fieldsOf(layer, name);
  if (typeof field !== 'string') throw new Error(`tshark says no ${name} of ${Object.keys(layer).join(', ')}`);
  return field;
}

/** The number of a field, written in decimal or hexadecimal. */
export function numberAt(layer: Layer, name: string): number {
  return Number(textAt(layer, name));
}

/** The octets of each value of a field, in hexadecimal: tshark writes them as [hex, offset, length, mask, type]. */
export function octetsOf(layer: Layer, name: string): readonly string[] {
  return rawOf(layer, name).map(([hex]) => String(hex));
}

/** The same with their offset in the packet: fields of several names are in the order of the message by that. */
export function placesOf(layer: Layer, name: string): readonly { readonly hex: string; readonly offset: number }[] {
  return rawOf(layer, name).map(([hex, offset]) => ({ hex: String(hex), offset: Number(offset) }));
}

function rawOf(layer: Layer, name: string): readonly (readonly Field[])[] {
  const raw = fieldsOf(layer, `${name}_raw`) as readonly unknown[];
  return (typeof raw[0] === 'string' ? [raw] : raw) as readonly (readonly Field[])[];
}

/** The routes of a field: each has a field of its own, which is called like the route. */
export function routesOf(layer: Layer, name: string): readonly JsonObject[] {
  return partsOf(layer, name).flatMap((routes) =>
    Object.entries(routes)
      .filter(([title, route]) => !title.endsWith('_raw') && typeof route === 'object')
      .flatMap(([title]) => partsOf(routes, title).map(routeOf)),
  );
}

function routeOf(route: Layer): JsonObject {
  const address = Object.keys(route).find((field) => /prefix$/.test(field)) ?? '';
  const prefix = `${textAt(route, address)}/${textAt(route, 'bgp.prefix_length')}`;
  return 'bgp.nlri_path_id' in route ? { prefix, pathId: numberAt(route, 'bgp.nlri_path_id') } : { prefix };
}
