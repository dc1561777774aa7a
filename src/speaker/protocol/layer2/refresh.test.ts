import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import { Refresh } from './refresh.ts';

/** Runs it for so long, and says what had its turn when, in milliseconds. */
function turnsOf(refresh: Refresh<number>, from: Micros, until: Micros): [number, number][] {
  const turns: [number, number][] = [];
  for (let now = refresh.nextAt; now !== undefined && now <= until; now = refresh.nextAt) {
    const ip = refresh.take(now);
    if (ip === undefined || now < from) throw new Error(`nothing had its turn at ${now}`);
    turns.push([now / 1_000, ip]);
  }
  return turns;
}

test('each address has its turn once a minute, spread evenly', () => {
  const refresh = new Refresh<number>();
  refresh.appeared([1, 2, 3], milliseconds(500));
  expect(turnsOf(refresh, micros(0), milliseconds(100_500))).toEqual(
    [20_500, 40_500, 60_500, 80_500, 100_500].map((at, index) => [at, (index % 3) + 1]),
  );
  refresh.disappeared([1]);
  expect(turnsOf(refresh, micros(0), milliseconds(160_500))).toEqual([
    [130_500, 3],
    [160_500, 2],
  ]);
});

test('what was just told has its turn last; without addresses there is none', () => {
  const refresh = new Refresh<number>();
  expect([refresh.nextAt, refresh.take(milliseconds(1_000_000))]).toEqual([undefined, undefined]);
  refresh.appeared([1, 2], micros(0));
  refresh.appeared([1], milliseconds(10));
  expect([refresh.take(milliseconds(29_999)), refresh.take(milliseconds(30_000))]).toEqual([undefined, 2]);
  refresh.disappeared([1, 2]);
  expect(refresh.nextAt).toBeUndefined();
});

test('never more than 100 a second, and nobody is left out', () => {
  const counts = fc.integer({ min: 1, max: 20_000 });
  fc.assert(
    fc.property(counts, (count) => {
      const refresh = new Refresh<number>();
      const ips = Array.from({ length: count }, (_, index) => index);
      refresh.appeared(ips, micros(0));
      const end = micros(Math.max(60_000_000, count * 10_000));
      const turns = turnsOf(refresh, micros(0), end);
      const pauses = turns.map(([at], index) => at - (turns[index - 1]?.[0] ?? 0));
      expect([Math.min(...pauses.slice(0, 1_000)) >= 10, new Set(turns.map(([, ip]) => ip)).size]).toEqual([true, count]);
    }),
    { numRuns: 20 },
  );
});
