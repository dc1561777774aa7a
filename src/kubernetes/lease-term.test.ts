import { expect, test } from '@jest/globals';
import { type Micros, milliseconds } from '../lib/clock.ts';
import type { WritePermit } from './api.ts';
import { LeaseTerm } from './lease-term.ts';

const FOREVER = new AbortController().signal;
const LEASE: WritePermit = { remaining: () => milliseconds(10), whenGranted: async () => undefined };

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

test.each<{ name: string; live: (term: LeaseTerm) => void; remaining: Micros; aborted: boolean; leads: boolean; granted: boolean }>([
  { name: 'before it begins', live: () => undefined, remaining: milliseconds(0), aborted: false, leads: false, granted: false },
  { name: 'while it lasts', live: (term) => term.begin(), remaining: milliseconds(10), aborted: false, leads: true, granted: true },
  {
    name: 'when its work is to end, for last words',
    live: (term) => {
      term.begin();
      term.close();
    },
    remaining: milliseconds(10),
    aborted: true,
    leads: true,
    granted: true,
  },
  {
    name: 'after it, whoever holds the lease',
    live: (term) => {
      term.begin();
      term.end();
    },
    remaining: milliseconds(0),
    aborted: true,
    leads: true,
    granted: false,
  },
  {
    name: 'when it is lost before all was known',
    live: (term) => {
      term.end();
      term.begin();
    },
    remaining: milliseconds(0),
    aborted: true,
    leads: true,
    granted: false,
  },
])('a term $name', async ({ live, remaining, aborted, leads, granted }) => {
  const term = new LeaseTerm(LEASE);
  live(term);
  expect(term.remaining()).toBe(remaining);
  expect(term.signal.aborted).toBe(aborted);
  expect(await isSettled(term.whenLeading(FOREVER))).toBe(leads);
  expect(await isSettled(term.whenGranted(FOREVER))).toBe(granted);
});

test('who waits may give up', async () => {
  const term = new LeaseTerm(LEASE);
  const ending = new AbortController();
  const waits = [term.whenLeading(ending.signal), term.whenGranted(ending.signal)];
  ending.abort();
  await Promise.all(waits);
});
