import { describe, expect, test } from '@jest/globals';
import type { Condition } from '../crds/meta.ts';
import { planState, type StateFacts, type StateObservation } from './configuration-state-plan.ts';

const THEN = '2026-01-01T00:00:00Z';
const NOW = '2026-02-01T00:00:00Z';
const TYPE = 'configReconcilerValid';
const LABELS = { 'metallb.io/component-type': 'speaker' };
const POD = { apiVersion: 'v1', kind: 'Pod', name: 'speaker-x', uid: 'pod-1' };
const GOOD: Condition = { type: TYPE, status: 'True', reason: 'Reconciled', message: '', lastTransitionTime: THEN };
const BAD: Condition = { ...GOOD, status: 'False', reason: 'ConfigurationError', message: 'configuration error: why' };

const present = (status: StateFacts['status'], changes: Partial<StateFacts> = {}): StateFacts => ({
  uid: 'state-1',
  generation: 1,
  labels: LABELS,
  ownerReferences: [POD],
  status,
  ...changes,
});

const plan = (changes: Partial<StateObservation>): ReturnType<typeof planState> =>
  planState({ present: present({}), labels: LABELS, owners: [POD], conditionType: TYPE, faults: [], now: NOW, ...changes });

const ready = (condition: Condition): Condition => ({ ...condition, type: 'Ready', observedGeneration: 1 });
const valid = { observedGeneration: 1, result: 'Valid', errorSummary: '', conditions: [GOOD, ready(GOOD)] } as const;
const invalid = {
  observedGeneration: 1,
  result: 'Invalid',
  errorSummary: 'configuration error: why',
  conditions: [BAD, ready(BAD)],
} as const;
const unread = ready({ ...GOOD, status: 'Unknown', reason: 'NotRead' });
const unknown = { observedGeneration: 1, result: 'Unknown', errorSummary: '', conditions: [unread] } as const;
const at = (time: string, ...conditions: readonly Condition[]): readonly Condition[] =>
  conditions.flatMap((condition) => [condition, ready(condition)]).map((condition) => ({ ...condition, lastTransitionTime: time }));

test('an object that is not there is made', () => expect(plan({ present: undefined })).toEqual({ kind: 'create' }));

describe('labels and owners', () => {
  test('that are there are left alone, with those of others', () => {
    const more = { labels: { ...LABELS, mine: 'too' }, ownerReferences: [{ ...POD, kind: 'Other', uid: 'other' }, POD] };
    expect(plan({ present: present(valid, more) })).toBeUndefined();
    expect(plan({ present: present(valid), owners: [] })).toBeUndefined();
  });

  test('that are missing come before the status', () => {
    const other = { ...POD, kind: 'Other', uid: 'other' };
    const earlier = { ...POD, uid: 'pod-0' };
    const action = plan({ present: present({}, { labels: { mine: 'too' }, ownerReferences: [earlier, other] }) });
    expect(action).toEqual({ kind: 'label', labels: { mine: 'too', ...LABELS }, ownerReferences: [other, POD] });
  });
});

describe('the status', () => {
  test.each<{ what: string; before: StateFacts['status']; faults: readonly string[] | undefined; after: StateFacts['status'] | undefined }>(
    [
      { what: 'new and good', before: {}, faults: [], after: { ...valid, conditions: at(NOW, GOOD) } },
      { what: 'good as before', before: valid, faults: [], after: undefined },
      { what: 'turned bad', before: valid, faults: ['why'], after: { ...invalid, conditions: at(NOW, BAD) } },
      { what: 'bad as before', before: invalid, faults: ['why'], after: undefined },
      {
        what: 'bad in another way',
        before: invalid,
        faults: ['why', 'and more'],
        after: {
          ...invalid,
          errorSummary: 'configuration error: why\nand more',
          conditions: at(THEN, { ...BAD, message: 'configuration error: why\nand more' }),
        },
      },
      { what: 'turned good', before: invalid, faults: [], after: { ...valid, conditions: at(NOW, GOOD) } },
      { what: 'not read', before: valid, faults: undefined, after: { ...unknown, conditions: [{ ...unread, lastTransitionTime: NOW }] } },
      { what: 'not read as before', before: unknown, faults: undefined, after: undefined },
      {
        what: 'as MetalLB leaves it',
        before: { result: 'Valid', errorSummary: '', conditions: [GOOD] },
        faults: [],
        after: { ...valid, conditions: [GOOD, { ...ready(GOOD), lastTransitionTime: NOW }] },
      },
      { what: 'good, of another generation', before: { ...valid, observedGeneration: 2 }, faults: [], after: valid },
      {
        what: 'good, and no longer called ready',
        before: { ...valid, conditions: [GOOD] },
        faults: [],
        after: { ...valid, conditions: [GOOD, { ...ready(GOOD), lastTransitionTime: NOW }] },
      },
      { what: 'a result that somebody changed', before: { ...valid, result: 'Invalid' }, faults: [], after: valid },
    ],
  )('$what', ({ before, faults, after }) => {
    expect(plan({ present: present(before), faults })).toEqual(after === undefined ? undefined : { kind: 'write', status: after });
  });

  test('counts what others found, and writes only its own condition', () => {
    const others = { ...BAD, type: 'somebodyElse', message: 'configuration error: theirs' };
    const action = plan({ present: present({ conditions: [others] }), faults: ['mine'] });
    expect(action).toMatchObject({
      status: {
        result: 'Invalid',
        errorSummary: 'configuration error: theirs\nconfiguration error: mine',
        conditions: [{ type: TYPE }, { type: 'Ready' }],
      },
    });
    const elsewhere = plan({ present: present({ conditions: [others] }) });
    expect(elsewhere).toMatchObject({
      status: {
        result: 'Invalid',
        errorSummary: 'configuration error: theirs',
        conditions: [{ status: 'True' }, { type: 'Ready', status: 'False', message: 'configuration error: theirs' }],
      },
    });
  });

  test('has room for a message as long as a condition may have', () => {
    const faults = Array.from({ length: 500 }, (_, number) => `fault ${number} ${'x'.repeat(100)}`);
    const action = plan({ faults });
    const message = action?.kind === 'write' ? (action.status.errorSummary ?? '') : '';
    expect(message.length).toBeLessThanOrEqual(32_768);
    const others = { ...BAD, type: 'somebodyElse', message: 'x'.repeat(32_768) };
    const short = { message: expect.stringMatching(/^.{0,32768}$/s) };
    expect(plan({ faults, present: present({ conditions: [others] }) })).toMatchObject({ status: { conditions: [short, short] } });
    expect(message).toMatch(/\nand \d+ more$/);
  });
});
