import type { Micros } from '../lib/clock.ts';

/** A number in [0, 1), another one each time. `Math.random` in production; tests pass a seeded one. */
export type Random = () => number;

/** Where a series of waits starts and where it ends up. */
export interface BackoffLimits {
  readonly first: Micros;
  readonly longest: Micros;
}

/**
 * The wait before attempt number `failures + 1`: doubles with each failure up to the longest, then is cut by up to a
 * half at random, so that many clients that failed together do not return together.
 */
export function backoffDelay({ first, longest }: BackoffLimits, failures: number, random: Random): Micros {
  const exponent = Math.min(Math.max(failures - 1, 0), MAX_DOUBLINGS);
  const full = Math.min(longest, first * 2 ** exponent);
  return Math.round(full * (1 - random() / 2)) as Micros;
}

/** Keeps the power finite; any sensible pair of limits meets the longest wait long before. */
const MAX_DOUBLINGS = 40;
