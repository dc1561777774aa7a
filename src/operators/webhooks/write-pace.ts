import { type Micros, micros, milliseconds } from '../../lib/clock.ts';

const FIRST_PAUSE: Micros = milliseconds(1_000);
const LONGEST_PAUSE: Micros = milliseconds(600_000);
/** Who leaves an object alone for this long is not fighting for it. */
const PEACE: Micros = milliseconds(1_200_000);
/** That many writes in a row are no chance. */
const FIGHT = 4;

/**
 * How often an object is set right that others set wrong: at once the first time, then with pauses that double, so that
 * two who want different things do not keep an API server busy. After twenty minutes of peace it begins anew.
 */
export class WritePace {
  #last: Micros | undefined;
  #inRow = 0;

  /** How long to wait before the next write; 0 for not at all. */
  waitAt(now: Micros): Micros {
    if (this.#last === undefined || now - this.#last > PEACE) return micros(0);
    const pause = Math.min(FIRST_PAUSE * 2 ** Math.max(0, this.#inRow - 1), LONGEST_PAUSE);
    return micros(Math.max(0, this.#last + pause - now));
  }

  /** Takes notice of a write; true when it has just become plain that somebody undoes them. */
  wrote(now: Micros): boolean {
    const peace = this.#last === undefined || now - this.#last > PEACE;
    this.#inRow = peace ? 1 : this.#inRow + 1;
    this.#last = now;
    return this.#inRow === FIGHT;
  }
}
