import { expect, test } from '@jest/globals';
import { type Micros, micros } from '../../lib/clock.ts';
import { WritePace } from './write-pace.ts';

const SECOND = 1_000_000;
const seconds = (count: number): Micros => micros(count * SECOND);

test('the first write is at once', () => {
  expect(new WritePace().waitAt(seconds(5))).toBe(0);
});

test('pauses double up to ten minutes while somebody undoes each write, and the fourth says so', () => {
  const pace = new WritePace();
  let now = seconds(0);
  const pauses: number[] = [];
  const said: boolean[] = [];
  for (let write = 0; write < 13; write++) {
    const wait = pace.waitAt(now);
    pauses.push(wait / SECOND);
    now = micros(now + wait);
    said.push(pace.wrote(now));
  }
  expect(pauses).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
  expect(said.flatMap((each, index) => (each ? [index] : []))).toEqual([3]);
});

test('a wait is what is left of the pause', () => {
  const pace = new WritePace();
  pace.wrote(seconds(0));
  expect(pace.waitAt(micros(400_000))).toBe(600_000);
  expect(pace.waitAt(seconds(2))).toBe(0);
});

test('after twenty minutes of peace it begins anew', () => {
  const pace = new WritePace();
  for (const at of [0, 1, 3, 7]) pace.wrote(seconds(at));
  expect(pace.waitAt(seconds(8))).toBeGreaterThan(0);
  expect(pace.waitAt(seconds(7 + 1_201))).toBe(0);
  expect(pace.wrote(seconds(7 + 1_201))).toBe(false);
  expect(pace.waitAt(seconds(7 + 1_202))).toBe(0);
});
