import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { Claim } from '../../wire/segment.ts';
import type { Acquaintances } from './acquaintances.ts';
import type { ClaimTable } from './claim-table.ts';
import { nextEpoch } from './watched-address.ts';

/** All have heard by then that a Service has ended, or that there is one: an orphan is what is one at two looks with this pause between them. */
const LOOK_EVERY: Micros = milliseconds(60_000);
/** What one says the others need not say: each looks so much later than the one before it, by name ... */
const APART: Micros = milliseconds(200);
/** ... up to this. */
const LATEST: Micros = milliseconds(60_000);

/**
 * Claims of nodes that are gone, for addresses that no Service has any more. The owner cannot say that it is nobody's, and nobody comes to take it:
 * whoever knows of it says so in the place of the owner. Until then the dead node would have an address, and could not be forgotten.
 */
export class Orphans {
  #lookAt: Micros | undefined;
  /** What was an orphan at the last look. */
  #found: ReadonlySet<Claim> = new Set();

  /** The claims that end those of orphans; nearly always none. `watched` has all addresses that some Service has. */
  take(view: Acquaintances, table: ClaimTable, watched: ReadonlyMap<string, unknown>, now: Micros): readonly (readonly [string, Claim])[] {
    if (!view.anyGone) {
      this.#lookAt = undefined;
      return [];
    }
    const begins = this.#lookAt === undefined;
    if (now < (this.#lookAt ?? now)) return [];
    this.#lookAt = micros(now + LOOK_EVERY + Math.min(LATEST, view.place * APART));
    if (begins) this.#found = new Set();
    return begins ? [] : this.#look(view, table, watched);
  }

  /** When to ask again; infinite for never. */
  get nextAt(): number {
    return this.#lookAt ?? Number.POSITIVE_INFINITY;
  }

  #look(view: Acquaintances, table: ClaimTable, watched: ReadonlyMap<string, unknown>): readonly (readonly [string, Claim])[] {
    const orphans = [...table.entries()].filter(([text, { owner }]) => view.isGone(owner) && !watched.has(text));
    const ended = orphans.filter(([, claim]) => this.#found.has(claim));
    this.#found = new Set(orphans.map(([, claim]) => claim));
    return ended.map(([text, claim]) => [text, { ...claim, epoch: nextEpoch(claim), owner: '', leaving: false }]);
  }
}
