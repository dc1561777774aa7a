import { expect, test } from '@jest/globals';
import { l2Advertisement } from '../../test/support/objects.ts';
import type { L2AdvertisementSpec } from '../crds/l2-advertisement.ts';
import type { TextMap } from '../lib/json.ts';
import {
  type L2Advertisement,
  parseL2Advertisement,
  parseL2Advertisements,
  preferredNodeScore,
  selectsNode,
  selectsPool,
  selectsService,
} from './l2-advertisement.ts';

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
