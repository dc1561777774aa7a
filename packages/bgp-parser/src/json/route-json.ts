import { formatAddress, formatPrefix, type IpAddress, type Prefix, parsePrefix } from '../address.ts';
import { addressFamilyOf, isUnicast, type MpReach, type MpUnreach, unicastOf } from '../update/multiprotocol.ts';
import type { Nlri } from '../update/nlri.ts';
import { hexadecimal, type JsonObject, type JsonValue } from './json-value.ts';

/** A route as `{"prefix":"10.0.0.0/24","pathId":1}`; the identifier only where it has one. */
export function routeToJson(route: Nlri): JsonObject {
  const prefix = formatPrefix(route);
  return route.pathId === undefined ? { prefix } : { prefix, pathId: route.pathId };
}

/** A reader of routes of one family. */
export function routeReader(family: IpAddress['family']): (json: JsonValue) => Nlri {
  const parse = (text: string): Prefix | undefined => {
    const prefix = parsePrefix(text);
    return prefix?.address.family === family ? prefix : undefined;
  };
  const nothing: Prefix = { address: { family, value: 0n }, length: 0 };
  return (json) => {
    const prefix = json.field('prefix').parsed(parse, `a prefix of ${family} with no bit behind its length`, nothing);
    const pathId = json.field('pathId');
    return pathId.absent ? prefix : { ...prefix, pathId: pathId.unsigned(0xffff_ffff) };
  };
}

/** The value of MP_REACH_NLRI; octets of families that are not read in hexadecimal. */
export function reachToJson(reach: MpReach): JsonObject {
  const { afi, safi } = reach;
  if (isUnicast(reach)) return { afi, safi, nextHops: reach.nextHops.map(formatAddress), nlri: reach.nlri.map(routeToJson) };
  return { afi, safi, nextHop: hexadecimal(reach.nextHop), nlri: hexadecimal(reach.nlri) };
}

/** The mirror of {@link reachToJson}. */
export function reachFromJson(json: JsonValue): MpReach {
  const family = { afi: json.field('afi').unsigned(0xffff), safi: json.field('safi').unsigned(0xff) };
  const unicast = unicastOf(family);
  if (unicast === undefined) return { ...family, nextHop: json.field('nextHop').octets(), nlri: json.field('nlri').octets() };
  const nextHops = json.field('nextHops').list((item) => item.address());
  return { ...unicast, nextHops, nlri: json.field('nlri').list(routeReader(addressFamilyOf(unicast))) };
}

/** The value of MP_UNREACH_NLRI. */
export function unreachToJson(unreach: MpUnreach): JsonObject {
  const { afi, safi } = unreach;
  return { afi, safi, nlri: isUnicast(unreach) ? unreach.nlri.map(routeToJson) : hexadecimal(unreach.nlri) };
}

/** The mirror of {@link unreachToJson}. */
export function unreachFromJson(json: JsonValue): MpUnreach {
  const family = { afi: json.field('afi').unsigned(0xffff), safi: json.field('safi').unsigned(0xff) };
  const unicast = unicastOf(family);
  if (unicast === undefined) return { ...family, nlri: json.field('nlri').octets() };
  return { ...unicast, nlri: json.field('nlri').list(routeReader(addressFamilyOf(unicast))) };
}
