import { expect, test } from '@jest/globals';
import { milliseconds } from '../lib/clock.ts';
import { type LeaseRecord, leaseObject, leaseRecord, microTime, NO_LEASE, wholeSeconds } from './lease-record.ts';

const NAME = { namespace: 'ns', name: 'l' };
const RECORD: LeaseRecord = {
  version: '7',
  holder: 'a',
  duration: milliseconds(15_000),
  transitions: 3,
  acquireTime: '2026-01-01T00:00:00.000000Z',
};

test('a Lease is written as it is read', () => {
  const object = leaseObject(RECORD, NAME, '2026-01-01T00:00:02.000000Z');
  expect(object).toEqual({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: 'ns', name: 'l', resourceVersion: '7' },
    spec: {
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      leaseTransitions: 3,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:02.000000Z',
    },
  });
  expect(leaseRecord(object)).toEqual(RECORD);
});

test('one that is not there yet carries no version', () => {
  expect(leaseObject({ ...RECORD, version: '' }, NAME, '').metadata).toEqual(NAME);
});

test.each<{ name: string; spec: unknown }>([
  { name: 'nothing', spec: undefined },
  { name: 'null', spec: { holderIdentity: null, leaseDurationSeconds: null } },
  { name: 'other types', spec: { holderIdentity: 3, leaseDurationSeconds: '15', leaseTransitions: 'x', acquireTime: {} } },
  { name: 'numbers that are none', spec: { leaseDurationSeconds: -5, leaseTransitions: -1 } },
])('what is odd reads as nobody: $name', ({ spec }) => {
  expect(leaseRecord({ spec })).toEqual(NO_LEASE);
});

test.each<{ milli: number; seconds: number }>([
  { milli: 1, seconds: 1 },
  { milli: 1_000, seconds: 1 },
  { milli: 1_500, seconds: 2 },
  { milli: 15_000, seconds: 15 },
])('$milli ms are $seconds s for the others', ({ milli, seconds }) => {
  expect(wholeSeconds(milliseconds(milli))).toBe(milliseconds(seconds * 1_000));
});

test('an hour has microseconds', () => expect(microTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6))).toBe('2026-01-02T03:04:05.006000Z'));
