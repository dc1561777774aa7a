import { expect, test } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { milliseconds } from '../../lib/clock.ts';
import { BurstTimer } from './burst-timer.ts';

test('sends each form at its time, with one timer, and nothing once it is disposed of', () => {
  const clock = new FakeClock();
  const sent: string[] = [];
  const timer = new BurstTimer<number, string>(clock, ['a', 'b'], (ip, form) => void sent.push(`${clock.now() / 1_000} ${ip}${form}`));
  timer.announce([1, 2]);
  timer.announce([]);
  expect(clock.timers).toBe(1);
  clock.advance(milliseconds(60));
  expect(sent).toEqual(['0 1a', '0 2a', '50 1a', '50 1b', '50 2a', '50 2b']);
  timer.silence([1]);
  clock.advance(milliseconds(100));
  expect(sent.slice(6)).toEqual(['150 2a', '150 2b']);
  timer[Symbol.dispose]();
  clock.advance(milliseconds(10_000));
  expect([sent.length, clock.timers]).toEqual([8, 0]);
});
