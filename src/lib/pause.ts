import type { Clock, Micros } from './clock.ts';

/** Waits `delay`; resolves early, without an error, when `signal` is aborted: the caller looks at the signal anyway. */
export function pause(clock: Clock, delay: Micros, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.startTimer(delay, end);
    signal.addEventListener('abort', end);
  });
}
