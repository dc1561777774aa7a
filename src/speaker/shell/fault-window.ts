import { type Micros, milliseconds } from '../../lib/clock.ts';

/** So many faults ... */
const FAULTS = 3;
/** ... in so short a time are no accident any more. */
const SPAN = milliseconds(10_000);

/** Counts the frames that made code throw: one may be a freak, the third in ten seconds means that something is broken. */
export class FaultWindow {
  #recent: readonly Micros[] = [];

  /** Notes one more; true when it is one too many. `now` never steps back. */
  add(now: Micros): boolean {
    this.#recent = [...this.#recent, now].filter((at) => now - at < SPAN).slice(-FAULTS);
    return this.#recent.length === FAULTS;
  }
}
