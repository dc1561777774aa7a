import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { milliseconds } from '../lib/clock.ts';
import { backoffDelay } from './backoff.ts';

const LIMITS = { first: milliseconds(100), longest: milliseconds(1_000) };

test.each([
  { failures: 0, random: 0, is: 100 },
  { failures: 1, random: 0, is: 100 },
  { failures: 2, random: 0, is: 200 },
  { failures: 2, random: 0.5, is: 150 },
  { failures: 4, random: 0, is: 800 },
  { failures: 5, random: 0, is: 1_000 },
  { failures: 5_000, random: 0, is: 1_000 },
])('after $failures failures, chance $random: $is ms', ({ failures, random, is }) => {
  expect(backoffDelay(LIMITS, failures, () => random)).toBe(milliseconds(is));
});

test('between half and the whole of the wait, and never beyond the longest', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, chance) => {
      const delay = backoffDelay(LIMITS, failures, () => chance);
      expect(delay).toBeGreaterThanOrEqual(LIMITS.first / 2);
      expect(delay).toBeLessThanOrEqual(LIMITS.longest);
    }),
  );
});
