import { type Clock, type Micros, micros, type Timer } from '../lib/clock.ts';

/** The longest span Node's timers take; a longer one would fire at once. */
const LONGEST_MILLISECONDS = 2 ** 31 - 1;

/** The real clock of this process. Its timers keep the process alive, as everything it waits for should. */
export const SYSTEM_CLOCK: Clock = {
  now: () => micros(performance.now() * 1_000),
  wallMilliseconds: () => Date.now(),
  startTimer(delay: Micros, fire: () => void): Timer {
    // What is overdue is due now: of a span below 0 Node would warn on standard error.
    const timer = setTimeout(fire, Math.min(Math.max(0, Math.ceil(delay / 1_000)), LONGEST_MILLISECONDS));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
