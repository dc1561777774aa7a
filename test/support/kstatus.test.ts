import { expect, test } from '@jest/globals';
import { kstatusOf, type Reconciled, silenceOf } from './kstatus.ts';

const metadata = { name: 'x', generation: 2 };
const object = (status?: Reconciled['status'], more: object = {}): Reconciled => ({
  apiVersion: 'example.com/v1',
  kind: 'K',
  metadata: { ...metadata, ...more },
  ...(status === undefined ? {} : { status }),
});
const saying = (type: string, value: string): Reconciled =>
  object({ observedGeneration: 2, conditions: [{ type, status: value, observedGeneration: 2 }] });

test.each([
  { what: 'nothing', of: object(), status: 'Current' },
  { what: 'a status of now', of: object({ observedGeneration: 2 }), status: 'Current' },
  { what: 'a status of before', of: object({ observedGeneration: 1 }), status: 'InProgress' },
  { what: 'Ready', of: saying('Ready', 'True'), status: 'Current' },
  { what: 'not Ready', of: saying('Ready', 'False'), status: 'InProgress' },
  { what: 'who knows', of: saying('Ready', 'Unknown'), status: 'InProgress' },
  { what: 'Reconciling', of: saying('Reconciling', 'True'), status: 'InProgress' },
  { what: 'not Reconciling', of: saying('Reconciling', 'False'), status: 'Current' },
  { what: 'Stalled', of: saying('Stalled', 'True'), status: 'Failed' },
  { what: 'being deleted', of: object(undefined, { deletionTimestamp: '2026-01-01T00:00:00Z' }), status: 'Terminating' },
])('an object that says $what is $status', ({ of, status }) => {
  expect(kstatusOf(of)).toBe(status);
});

test.each([
  { of: saying('Ready', 'False'), silence: undefined },
  { of: object(), silence: 'K x: undefined of 2' },
  { of: object({ observedGeneration: 1 }), silence: 'K x: 1 of 2' },
  { of: object({ observedGeneration: 2 }), silence: 'K x: no condition Ready' },
  {
    of: object({ observedGeneration: 2, conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }] }),
    silence: 'K x: Ready of generation 1',
  },
])('silence: $silence', ({ of, silence }) => {
  expect(silenceOf(of)).toBe(silence);
});
