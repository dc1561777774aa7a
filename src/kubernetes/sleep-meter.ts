import { type Clock, type Micros, micros, milliseconds } from '../lib/clock.ts';

/** A difference that steering the clock of the day explains; a machine that was suspended shows a larger one. */
const STEERING: Micros = milliseconds(500);

/**
 * Measures for how long this machine was suspended, which the monotonic clock may leave out, by the steps that the
 * clock of the day makes forward against it. One that somebody sets forward looks the same: whoever asks then has a
 * shorter time than he could have had.
 */
export class SleepMeter {
  readonly #clock: Clock;
  #lead: Micros;
  #slept: Micros = micros(0);

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lead = this.#leadOfTheDay();
  }

  /** The whole time since this meter was made. To be asked often: small steps between two questions are not counted. */
  slept(): Micros {
    const lead = this.#leadOfTheDay();
    const gain = lead - this.#lead;
    this.#lead = lead;
    if (gain > STEERING) this.#slept = micros(this.#slept + gain);
    return this.#slept;
  }

  /** By how much the clock of the day is ahead of the monotonic one. */
  #leadOfTheDay(): Micros {
    return micros(this.#clock.wallMilliseconds() * 1_000 - this.#clock.now());
  }
}
