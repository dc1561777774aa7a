import { expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { milliseconds } from './clock.ts';
import { pause } from './pause.ts';

test.each<{ what: string; moveMilliseconds: number; abort: boolean; over: boolean }>([
  { what: 'before its time', moveMilliseconds: 99, abort: false, over: false },
  { what: 'when its time has come', moveMilliseconds: 100, abort: false, over: true },
  { what: 'when it is aborted', moveMilliseconds: 1, abort: true, over: true },
])('a pause $what: over is $over', async ({ moveMilliseconds, abort, over }) => {
  const clock = new FakeClock();
  const aborting = new AbortController();
  let ended = false;
  const waiting = pause(clock, milliseconds(100), aborting.signal).then(() => {
    ended = true;
  });
  await clock.run(milliseconds(moveMilliseconds));
  if (abort) aborting.abort();
  await clock.run(milliseconds(0));
  expect(ended).toBe(over);
  expect(clock.timers).toBe(over ? 0 : 1);
  aborting.abort();
  await waiting;
});

test('a pause that is aborted beforehand starts no timer', async () => {
  const clock = new FakeClock();
  await pause(clock, milliseconds(100), AbortSignal.abort());
  expect(clock.timers).toBe(0);
});
