import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { l2Advertisement } from '../../test/support/objects.ts';
import type { L2Advertisement as L2AdvertisementObject, L2AdvertisementSpec } from '../crds/l2-advertisement.ts';
import type { TextMap } from '../lib/json.ts';
import { selectsNode, selectsPool, selectsService } from './advertisement-scope.ts';
import { type L2Advertisement, parseL2Advertisement, parseL2Advertisements, preferredNodeScore } from './l2-advertisement.ts';

function parsed(spec: L2AdvertisementSpec = {}): L2Advertisement {
  const result = parseL2Advertisement(l2Advertisement('ad', spec));
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const EAST = { matchLabels: { zone: 'east' } };

test.each<{ spec: L2AdvertisementSpec; taken: boolean }>([
  { spec: {}, taken: true },
  { spec: { ipAddressPools: ['p'] }, taken: true },
  { spec: { ipAddressPools: ['q', 'no-such-pool'] }, taken: false },
  { spec: { ipAddressPoolSelectors: [EAST] }, taken: true },
  { spec: { ipAddressPoolSelectors: [{ matchLabels: { zone: 'west' } }] }, taken: false },
  { spec: { ipAddressPools: ['q'], ipAddressPoolSelectors: [EAST] }, taken: true }, // union of both
])('$spec is about pool p in the east: $taken', ({ spec, taken }) => {
  expect(selectsPool(parsed(spec), { name: 'p', labels: { zone: 'east' } })).toBe(taken);
});

test.each<{ labels: TextMap; taken: boolean }>([
  { labels: { zone: 'east' }, taken: true },
  { labels: {}, taken: false },
])('selectors on nodes and Services take $labels: $taken; without any they take all', ({ labels, taken }) => {
  expect(selectsNode(parsed({ nodeSelectors: [EAST] }), labels)).toBe(taken);
  expect(selectsService(parsed({ serviceSelectors: [EAST] }), labels)).toBe(taken);
  expect(selectsNode(parsed(), labels) && selectsService(parsed(), labels)).toBe(true);
});

test.each<{ labels: TextMap; score: number }>([
  { labels: { zone: 'east', disk: 'fast' }, score: 31 },
  { labels: { zone: 'east' }, score: 11 },
  { labels: { zone: 'west', disk: 'fast' }, score: 0 }, // not selected, so its preferences do not count
])('a node with $labels scores $score', ({ labels, score }) => {
  const preferredNodeSelectors = [
    { weight: 10, preference: EAST },
    { weight: 20, preference: { matchLabels: { disk: 'fast' } } },
    { weight: 1, preference: {} },
  ];
  expect(preferredNodeScore(parsed({ nodeSelectors: [EAST], preferredNodeSelectors }), labels)).toBe(score);
});

test('interfaces: none means all, and names are sorted and single', () => {
  expect(parsed().interfaces).toEqual({ all: true });
  expect(parsed({ interfaces: ['eth1', 'eth0', 'eth1'] }).interfaces).toEqual({ all: false, names: ['eth0', 'eth1'] });
});

test.each<{ spec: L2AdvertisementSpec; error: string }>([
  { spec: { ipAddressPools: ['a', 'b', 'a'] }, error: 'duplicate definition of ipAddressPools "a"' },
  { spec: { ipAddressPoolSelectors: [EAST, EAST] }, error: 'duplicate definition of ipAddressPoolSelectors "zone=east"' },
  { spec: { nodeSelectors: [EAST, EAST] }, error: 'duplicate definition of nodeSelectors "zone=east"' },
  { spec: { serviceSelectors: [EAST, EAST] }, error: 'duplicate definition of serviceSelectors "zone=east"' },
  {
    spec: { nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] },
    error: `invalid label selector "a in ()": key "a": for 'in', 'notin' operators, values set can't be empty`,
  },
  {
    spec: { preferredNodeSelectors: [{ weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'X' }] } }] },
    error: 'failed to parse preferred node selectors for ad: "X" is not a valid label selector operator',
  },
])('$spec is refused', ({ spec, error }) => {
  expect(parseL2Advertisement(l2Advertisement('ad', spec))).toEqual({ ok: false, error });
});

/** An advertisement with any spec that a server without our CRD might give. */
function odd(spec: unknown): L2AdvertisementObject {
  return { ...l2Advertisement('ad'), spec } as unknown as L2AdvertisementObject;
}

test.each<{ spec: unknown; fault: string }>([
  { spec: null, fault: 'it is not an object' },
  { spec: { nodeSelectors: 'x' }, fault: 'nodeSelectors is not a list of objects' },
  { spec: { ipAddressPools: [null] }, fault: 'ipAddressPools[0] is not a text' },
  { spec: { ipAddressPoolSelectors: null }, fault: 'ipAddressPoolSelectors is not a list of objects' },
  { spec: { serviceSelectors: [1] }, fault: 'serviceSelectors[0] is not an object' },
  { spec: { interfaces: { eth0: '' } }, fault: 'interfaces is not a list of texts' },
  { spec: { preferredNodeSelectors: [{ weight: 1 }] }, fault: 'preferredNodeSelectors[0].preference is missing' },
  { spec: { preferredNodeSelectors: [{ preference: {} }] }, fault: 'preferredNodeSelectors[0].weight is missing' },
  { spec: { preferredNodeSelectors: [{ weight: '1', preference: {} }] }, fault: 'preferredNodeSelectors[0].weight is not a whole number' },
])('a spec that no CRD of ours lets pass is refused: $fault', ({ spec, fault }) => {
  expect(parseL2Advertisement(odd(spec))).toEqual({ ok: false, error: `the spec is not as the CRD defines it: ${fault}` });
});

test('no spec makes it throw', () => {
  const fields = ['ipAddressPools', 'ipAddressPoolSelectors', 'nodeSelectors', 'interfaces', 'serviceSelectors', 'preferredNodeSelectors'];
  const near = fc.dictionary(fc.constantFrom(...fields), fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), near), (spec) => {
      expect(typeof parseL2Advertisement(odd(spec)).ok).toBe('boolean');
    }),
  );
});

test('one that is refused goes on as it last was, and the others are used', () => {
  const before = parseL2Advertisements([l2Advertisement('a', { ipAddressPools: ['p'] }), l2Advertisement('b')]);
  const after = parseL2Advertisements(
    [l2Advertisement('b'), l2Advertisement('a', { ipAddressPools: ['q', 'q'] }), l2Advertisement('c', { nodeSelectors: [{}, {}] })],
    before,
  );
  expect([...after.advertisements.values()].map(({ name, pools }) => [name, pools])).toEqual([
    ['a', ['p']],
    ['b', []],
  ]);
  expect([...after.refused.keys()]).toEqual(['a', 'c']);
});
