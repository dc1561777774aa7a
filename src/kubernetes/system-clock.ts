import { type Clock, type Micros, micros, type Timer } from '../lib/clock.ts';

/** Node's timers count milliseconds in 31 bits; a longer wait would fire at once. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** The machine's clock. */
export class SystemClock implements Clock {
  now(): Micros {
    return micros(Math.round(performance.now() * 1_000));
  }

  wallMilliseconds(): number {
    return Date.now();
  }

  startTimer(delay: Micros, fire: () => void): Timer {
    const timer = setTimeout(fire, Math.min(LONGEST_TIMER_MILLISECONDS, Math.ceil(Math.max(0, delay) / 1_000)));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  }
}
