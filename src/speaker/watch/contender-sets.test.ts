import { expect, test } from '@jest/globals';
import { l2Advertisement } from '../../../test/support/objects.ts';
import type { L2AdvertisementSpec } from '../../crds/l2-advertisement.ts';
import { type L2Advertisement, parseL2Advertisements } from '../../model/l2-advertisement.ts';
import type { NodeFacts } from '../../model/node-facts.ts';
import { ContenderSets } from './contender-sets.ts';

function node(name: string, labels: Readonly<Record<string, string>> = {}, facts: Partial<NodeFacts> = {}): NodeFacts {
  return { name, labels, networkUnavailable: false, excluded: false, drained: false, ...facts };
}

function advertisements(...specs: readonly L2AdvertisementSpec[]): readonly L2Advertisement[] {
  const objects = specs.map((spec, index) => l2Advertisement(`ad-${index}`, spec));
  return [...parseL2Advertisements(objects).advertisements.values()];
}

const nodes = [
  node('a', { zone: 'x' }),
  node('b', { zone: 'y' }),
  node('c', {}, { excluded: true }),
  node('d', {}, { networkUnavailable: true }),
];
const surroundings = { nodes, ignoreExcludeLabel: false };
const zone = (value: string): { matchLabels: Record<string, string> } => ({ matchLabels: { zone: value } });
const preferred = (value: string, weight: number): L2AdvertisementSpec => ({
  preferredNodeSelectors: [{ weight, preference: zone(value) }],
});

test.each<{ what: string; specs: readonly L2AdvertisementSpec[]; ignoreExcludeLabel?: boolean; scores: Readonly<Record<string, number>> }>([
  { what: 'all nodes that may announce', specs: [{}], scores: { a: 0, b: 0 } },
  { what: 'excluded ones too, where the label is ignored', specs: [{}], ignoreExcludeLabel: true, scores: { a: 0, b: 0, c: 0 } },
  { what: 'those that are selected', specs: [{ nodeSelectors: [zone('x')] }], scores: { a: 0 } },
  { what: 'by whichever advertisement', specs: [{ nodeSelectors: [zone('x')] }, { nodeSelectors: [zone('y')] }], scores: { a: 0, b: 0 } },
  { what: 'preferences add up', specs: [preferred('x', 5), preferred('x', 7)], scores: { a: 12, b: 0 } },
  { what: 'nobody without advertisement', specs: [], scores: {} },
])('$what', ({ specs, ignoreExcludeLabel = false, scores }) => {
  const contenders = new ContenderSets().of({ nodes, ignoreExcludeLabel }, advertisements(...specs));
  expect(Object.fromEntries(contenders)).toEqual(scores);
});

test('in which Services ask for a node are one object too, in which that node comes first', () => {
  const sets = new ContenderSets();
  const all = sets.of(surroundings, advertisements(preferred('x', 100)));
  const first = sets.preferring('b', all);
  expect([...first]).toEqual([
    ['a', 100],
    ['b', 101],
  ]);
  expect(sets.preferring('b', all)).toBe(first);
  expect(sets.preferring('', all)).toBe(all);
  expect(sets.preferring('c', all)).toBe(all);
  const only = sets.of(surroundings, advertisements({ nodeSelectors: [zone('x')] }));
  expect(sets.preferring('a', only)).toBe(only);
});

test('are one object as long as nothing changes, and also when a change makes no difference', () => {
  const sets = new ContenderSets();
  const [all, east] = [advertisements({}), advertisements({ nodeSelectors: [zone('x')] })];
  const first = sets.of(surroundings, all);
  expect(sets.of(surroundings, [...all])).toBe(first);
  expect(sets.of({ ...surroundings, nodes: [...nodes] }, all)).toBe(first);
  expect(sets.of({ ...surroundings, nodes: [...nodes] }, advertisements({}))).toBe(first);
  expect([...sets.of(surroundings, east).keys()]).toEqual(['a']);
});

test('are others as soon as a Node or an advertisement says something else', () => {
  const sets = new ContenderSets();
  const first = sets.of(surroundings, advertisements({}));
  expect([...sets.of({ ...surroundings, nodes: nodes.slice(0, 1) }, advertisements({})).keys()]).toEqual(['a']);
  expect([...sets.of(surroundings, advertisements({ nodeSelectors: [zone('y')] })).keys()]).toEqual(['b']);
  expect(sets.of(surroundings, advertisements({}))).toEqual(first);
});
