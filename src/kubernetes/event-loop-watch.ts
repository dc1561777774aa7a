import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import { pause } from '../lib/pause.ts';

const BEAT: Micros = milliseconds(500);

/** A beat that comes later than this finds a probe of the kubelet (one second) unanswered. */
const LATE: Micros = milliseconds(1_000);

/** One long pause (a suspended machine, a huge list) passes by itself; so many late beats in a row do not. */
const LATE_BEATS = 10;

/**
 * Notices when the event loop of this process is so busy that it no longer does its work in time, by a beat that comes
 * late again and again. That it stands still altogether shows by itself: nobody answers the probe.
 */
export class EventLoopWatch {
  readonly #clock: Clock;
  #lateBeats = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Beats until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = this.#clock.now() + BEAT;
      await pause(this.#clock, BEAT, signal);
      this.#lateBeats = this.#clock.now() - due > LATE ? this.#lateBeats + 1 : 0;
    }
  }

  /** Why the event loop does not count as alive, `undefined` when it does: for `/healthz`. */
  fault(): string | undefined {
    return this.#lateBeats < LATE_BEATS ? undefined : `the event loop has been late ${this.#lateBeats} times in a row`;
  }
}
