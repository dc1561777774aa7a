import type { Brand } from './brand.ts';

/** A span or a monotonic instant, in microseconds. */
export type Micros = Brand<number, 'Micros'>;

/** `value` microseconds. */
export function micros(value: number): Micros {
  return value as Micros;
}

/** `value` milliseconds as microseconds. */
export function milliseconds(value: number): Micros {
  return (value * 1_000) as Micros;
}

/** A timer that was started; disposing of it stops it, also after it has fired. */
export interface Timer extends Disposable {}

/** The port to time. Production has one real clock, tests have one that they move themselves. */
export interface Clock {
  /** Monotonic: never steps back, says nothing about the hour. */
  now(): Micros;
  /** The hour, for stamps that people and API objects carry: milliseconds since 1970. */
  wallMilliseconds(): number;
  /** Calls `fire` once, `delay` from now, unless the timer is disposed of first. */
  startTimer(delay: Micros, fire: () => void): Timer;
}
