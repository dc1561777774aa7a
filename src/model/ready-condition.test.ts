import { expect, test } from '@jest/globals';
import type { Condition } from '../crds/meta.ts';
import { readyCondition, saysCondition, withCondition } from './ready-condition.ts';

const THEN = '2026-01-01T00:00:00Z';
const NOW = '2026-02-01T00:00:00Z';
const good = readyCondition({ generation: 1, refusal: undefined, before: [], now: THEN });
const bad = readyCondition({ generation: 1, refusal: 'why', before: [], now: THEN });

test('says whether the object is in use, and if not, why', () => {
  const common = { type: 'Ready', observedGeneration: 1, lastTransitionTime: THEN };
  expect(good).toEqual({ ...common, status: 'True', reason: 'Reconciled', message: '' });
  expect(bad).toEqual({ ...common, status: 'False', reason: 'ConfigurationError', message: 'why' });
});

test.each<{ what: string; refusal?: string; before: readonly Condition[]; since: string }>([
  { what: 'stays good', before: [good], since: THEN },
  { what: 'turns bad', refusal: 'why', before: [good], since: NOW },
  { what: 'stays bad for another reason', refusal: 'another', before: [bad], since: THEN },
  { what: 'turns good', before: [bad], since: NOW },
  { what: 'is new', before: [], since: NOW },
])('its time moves only when it turns: $what', ({ refusal, before, since }) => {
  const condition = readyCondition({ generation: 2, refusal, before: [undefined, { conditions: before }], now: NOW });
  expect(condition).toMatchObject({ lastTransitionTime: since, observedGeneration: 2 });
});

test('conditions of others stay where they are', () => {
  const other = { ...good, type: 'Other' };
  expect(withCondition({ conditions: [other, good] }, bad)).toEqual([other, bad]);
  expect(withCondition(undefined, bad)).toEqual([bad]);
});

test.each<{ what: string; change: Partial<Condition>; same: boolean }>([
  { what: 'all the same', change: {}, same: true },
  { what: 'another time', change: { lastTransitionTime: NOW }, same: true },
  { what: 'another message', change: { message: 'x' }, same: false },
  { what: 'another reason', change: { reason: 'X' }, same: false },
  { what: 'another generation', change: { observedGeneration: 7 }, same: false },
  { what: 'another status', change: { status: 'Unknown' }, same: false },
  { what: 'another type', change: { type: 'Other' }, same: false },
])('a status says it: $what: $same', ({ change, same }) => expect(saysCondition({ conditions: [{ ...bad, ...change }] }, bad)).toBe(same));

test('a message is cut where the definition would refuse it', () => {
  expect(readyCondition({ generation: 1, refusal: 'x'.repeat(40_000), before: [], now: NOW }).message).toHaveLength(32_768);
});
