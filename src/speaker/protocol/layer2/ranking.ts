import { type Micros, micros } from '../../../lib/clock.ts';
import type { Watched } from './watched-address.ts';

/** A rank is a hash. So many take some ten milliseconds: then frames that wait are read before more addresses are ranked. */
const MOST_RANKS = 10_000;
/** What cannot be ranked in this turn is in the next one. */
export const NEXT_TURN: Micros = micros(1);

/**
 * How much may still be ranked in this turn of the loop. Where thousands of addresses are free at once, as when all speakers of a large cluster start,
 * nobody's hellos are late for it.
 */
export class Ranking {
  #left = MOST_RANKS;

  /** The loop has turned. */
  renew(): void {
    this.#left = MOST_RANKS;
  }

  /** Whether the order of an address may be asked for now; if so it counts as asked for. */
  affords({ ranked, candidacy: { contenders } }: Watched): boolean {
    if (ranked) return true;
    if (this.#left <= 0) return false;
    this.#left -= contenders.size;
    return true;
  }
}
