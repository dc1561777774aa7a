import { expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { milliseconds } from '../lib/clock.ts';
import { SpamFilter } from './spam-filter.ts';

test('25 at once, then one each five minutes, each object by itself', () => {
  const clock = new FakeClock();
  const filter = new SpamFilter(clock);
  const admitted = (object: string, times: number): number =>
    Array.from({ length: times }, () => filter.admit(object)).filter(Boolean).length;
  expect(admitted('a', 100)).toBe(25);
  expect(admitted('b', 1)).toBe(1);
  clock.advance(milliseconds(299_999));
  expect(admitted('a', 5)).toBe(0);
  clock.advance(milliseconds(1));
  expect(admitted('a', 5)).toBe(1);
  clock.advance(milliseconds(100 * 300_000));
  expect(admitted('a', 100)).toBe(25);
});

test('the object not heard of for longest is forgotten first', () => {
  const filter = new SpamFilter(new FakeClock());
  for (let times = 0; times < 25; times++) filter.admit('a');
  for (let times = 0; times < 25; times++) filter.admit('b');
  for (let other = 0; other < 4_095; other++) filter.admit(`other ${other}`);
  expect([filter.admit('b'), filter.admit('a')]).toEqual([false, true]);
});
