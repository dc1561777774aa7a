import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { unknownFields } from './unknown-fields.ts';

const DEFINITIONS = join(import.meta.dirname, '../../config/crd');

/** A schema of a definition, as far as it says which fields there are. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** A value with each field that a schema has, and each of its objects with one more. */
function filled({ properties, items }: Schema, more: object): unknown {
  if (items !== undefined) return [filled(items, more)];
  if (properties === undefined) return 'x';
  return { ...Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, filled(each, more)])), ...more };
}

function objectsIn({ properties, items }: Schema): number {
  if (items !== undefined) return objectsIn(items);
  return properties === undefined ? 0 : 1 + Object.values(properties).reduce((sum, each) => sum + objectsIn(each), 0);
}

const KINDS = readdirSync(DEFINITIONS)
  .filter((name) => name.endsWith('.yaml') && !/status|state/.test(name))
  .flatMap((name) => {
    const { spec } = parse(readFileSync(join(DEFINITIONS, name), 'utf8'));
    return (spec.versions as { name: string; schema: { openAPIV3Schema: { properties: { spec: Schema } } } }[]).map((version) => ({
      kind: spec.names.kind as string,
      version: version.name,
      schema: version.schema.openAPIV3Schema.properties.spec,
    }));
  });

test.each(KINDS)('$kind $version: all fields of the definition are known, and no others', ({ kind, schema }) => {
  expect(KINDS).toHaveLength(7);
  expect(unknownFields({ kind, spec: filled(schema, {}) })).toEqual([]);
  const said = unknownFields({ kind, spec: filled(schema, { zzz: 1 }) });
  expect(said).toHaveLength(objectsIn(schema));
  expect(said.filter((sentence) => !/^spec(\.\w+(\[0\])?)*\.zzz is no field that there is: want \w/.test(sentence))).toEqual([]);
});

test.each([
  {
    kind: 'L2Advertisement',
    spec: { ipAddressPool: ['a'] },
    says: [expect.stringMatching(/^spec\.ipAddressPool is no .*: want ipAddressPools, /)],
  },
  {
    kind: 'Community',
    spec: { communities: [{}, { nam: 1 }] },
    says: ['spec.communities[1].nam is no field that there is: want name, value'],
  },
  { kind: 'IPAddressPool', spec: null, says: [] },
  { kind: 'IPAddressPool', spec: { addresses: { zzz: 1 } }, says: [] },
  { kind: 'toString', spec: { zzz: 1 }, says: [] },
  { kind: 'Deployment', spec: { zzz: 1 }, says: [] },
])('$kind with $spec', ({ kind, spec, says }) => {
  expect(unknownFields({ kind, spec })).toEqual(says);
});
