import { expect, test } from '@jest/globals';
import { type ExtendedCommunity, meaningOf } from '@typemetal/bgp-parser';
import type { CommunityValue } from '../../../model/community.ts';
import { pathAttributesOf } from './path-attributes.ts';
import type { Route } from './route-table.ts';

const PREFIX: Route['prefix'] = { address: { family: 'IPv4', value: 0xcb_00_71_01n }, length: 32 };
const PLAIN: Route = { prefix: PREFIX, localPreference: undefined, communities: [], weight: undefined };
const COMMUNITIES: readonly CommunityValue[] = [
  { kind: 'large', globalAdministrator: 64_512, localData1: 1, localData2: 2 },
  { kind: 'standard', value: 0xfc_00_00_64 },
  { kind: 'extended', type: 0, subtype: 2, value: 0xfc_00_00_00_00_07 },
];
const INTERNAL = { internal: true, localAsn: 64_512 };
const EXTERNAL = { internal: false, localAsn: 4_200_000_000 };

test.each([
  { what: 'within the AS: no path, preference 100', localPreference: undefined, to: INTERNAL, path: [], preference: [100] },
  { what: 'within the AS: a preference of its own', localPreference: 7, to: INTERNAL, path: [], preference: [7] },
  {
    what: 'out of the AS: our AS, no preference',
    localPreference: 7,
    to: EXTERNAL,
    path: [{ type: 'sequence', asns: [4_200_000_000] }],
    preference: [],
  },
])('$what', ({ localPreference, to, path, preference }) => {
  const attributes = pathAttributesOf({ ...PLAIN, localPreference }, to);
  const valuesOf = (name: string): unknown[] => attributes.filter((attribute) => attribute.name === name).map(({ value }) => value);
  expect(attributes.map(({ code }) => code)).toEqual([1, 2, ...preference.map(() => 5)]);
  expect([valuesOf('origin'), valuesOf('as-path'), valuesOf('local-pref')]).toEqual([['igp'], [path], preference]);
});

test('communities of each kind have an attribute of their own', () => {
  const attributes = pathAttributesOf({ ...PLAIN, communities: COMMUNITIES }, EXTERNAL);
  expect(attributes.slice(2)).toMatchObject([
    { name: 'communities', value: [0xfc_00_00_64] },
    { name: 'extended-communities', value: [{ type: 0, subtype: 2, value: 0xfc_00_00_00_00_07 }] },
    { name: 'large-communities', value: [{ globalAdministrator: 64_512, localData1: 1, localData2: 2 }] },
  ]);
});

test.each([
  {
    what: 'two endpoints',
    weight: { endpoints: 2, transitive: false },
    to: INTERNAL,
    type: 0x40,
    asn: 64_512,
    bytesPerSecond: 250_000_000,
  },
  {
    what: 'out of a long AS number',
    weight: { endpoints: 1, transitive: true },
    to: EXTERNAL,
    type: 0,
    asn: 23_456,
    bytesPerSecond: 125_000_000,
  },
  {
    what: 'no endpoint: little, not 0',
    weight: { endpoints: 0, transitive: true },
    to: INTERNAL,
    type: 0,
    asn: 64_512,
    bytesPerSecond: 1_250_000,
  },
])('the weight of $what', ({ weight, to, type, asn, bytesPerSecond }) => {
  const attributes = pathAttributesOf({ ...PLAIN, weight, communities: COMMUNITIES }, to);
  const communities = attributes.find(({ name }) => name === 'extended-communities')?.value as readonly ExtendedCommunity[];
  expect(communities).toHaveLength(2);
  const community = communities[1];
  expect([community?.type, community?.subtype]).toEqual([type, 4]);
  expect(community && meaningOf(community)).toMatchObject({ kind: 'link-bandwidth', asn, bytesPerSecond });
});
