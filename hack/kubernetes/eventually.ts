import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, MetalError } from '../../src/lib/errors.ts';

/** Something that was to become true did not in time; the message says what, and what was seen instead. */
export class NotInTimeError extends MetalError {
  readonly code = 'NOT_IN_TIME';
  readonly retryable = false;
}

/** How long to wait, and between two looks. Milliseconds. */
export interface Patience {
  readonly withinMilliseconds: number;
  readonly pauseMilliseconds?: number;
}

/** Two looks lie this far apart unless a caller says otherwise: a person calls it at once, and the looks cost little. */
const PAUSE_MILLISECONDS = 50;

/**
 * Calls `probe` again and again until it gives a value other than `undefined` and `false`, and gives that. A probe that
 * throws counts as a no; the last reason is part of the error. Throws {@link NotInTimeError} after the time given.
 */
export async function eventually<Value>(
  what: string,
  probe: () => Promise<Value | undefined | false> | Value | undefined | false,
  patience: Patience,
  signal?: AbortSignal,
): Promise<Value> {
  const deadline = performance.now() + patience.withinMilliseconds;
  let seen = '';
  do {
    signal?.throwIfAborted();
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (cause) {
      seen = `; last: ${describeError(cause)}`;
    }
    await sleep(patience.pauseMilliseconds ?? PAUSE_MILLISECONDS, undefined, { signal });
  } while (performance.now() < deadline);
  throw new NotInTimeError(`not within ${patience.withinMilliseconds / 1_000} s: ${what}${seen}`);
}
