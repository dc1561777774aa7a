import { expect, jest, test } from '@jest/globals';
import { micros, milliseconds } from '../lib/clock.ts';
import { pause } from '../lib/pause.ts';
import { SYSTEM_CLOCK } from './system-clock.ts';

test('it goes forward, and a timer does not fire before its time', async () => {
  const began = SYSTEM_CLOCK.now();
  await pause(SYSTEM_CLOCK, milliseconds(5), new AbortController().signal);
  // Node rounds its own clock down to a millisecond when it starts a timer.
  expect(SYSTEM_CLOCK.now() - began).toBeGreaterThanOrEqual(milliseconds(4));
});

test('a timer that was disposed of does not fire, and a second one beside it does', async () => {
  const fired: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  SYSTEM_CLOCK.startTimer(micros(0), () => void fired.push('first'))[Symbol.dispose]();
  SYSTEM_CLOCK.startTimer(milliseconds(2), () => {
    fired.push('second');
    resolve();
  });
  await promise;
  expect(fired).toEqual(['second']);
});

test('a span longer than the runtime can wait does not fire at once', async () => {
  let fired = false;
  using _timer = SYSTEM_CLOCK.startTimer(milliseconds(2 ** 40), () => {
    fired = true;
  });
  await pause(SYSTEM_CLOCK, milliseconds(5), new AbortController().signal);
  expect(fired).toBe(false);
});

test('what is overdue fires at once, and asks for no span that Node would warn of', async () => {
  const started = jest.spyOn(globalThis, 'setTimeout');
  const { promise, resolve } = Promise.withResolvers<void>();
  SYSTEM_CLOCK.startTimer(micros(-2_000), resolve);
  await promise;
  expect(started.mock.calls.map(([, milliseconds]) => milliseconds)).toEqual([0]);
});

test('the hour is the hour', () => {
  expect(Math.abs(SYSTEM_CLOCK.wallMilliseconds() - Date.now())).toBeLessThan(1_000);
});
