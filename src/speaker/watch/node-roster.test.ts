import { expect, test } from '@jest/globals';
import type { NodeFacts } from '../../model/node-facts.ts';
import { NodeRoster } from './node-roster.ts';

const node = (name: string, labels: Record<string, string> = {}): NodeFacts => ({
  name,
  labels,
  networkUnavailable: false,
  excluded: false,
  drained: false,
});

test('only what differs is a change, and the roster is sorted by name', () => {
  const roster = new NodeRoster();
  const steps: [string, NodeFacts | undefined, boolean][] = [
    ['b', node('b'), true],
    ['a', node('a'), true],
    ['b', node('b'), false],
    ['b', node('b', { zone: '1' }), true],
    ['c', undefined, false],
  ];
  expect(steps.map(([name, facts]) => roster.changed(name, facts))).toEqual(steps.map(([, , changed]) => changed));
  expect(roster.facts).toEqual([node('a'), node('b', { zone: '1' })]);
  expect(roster.changed('a', undefined)).toBe(true);
  expect([roster.has('a'), roster.has('b'), roster.facts.length]).toEqual([false, true, 1]);
});
