import { sameContenders } from '../../model/contenders.ts';
import type { Announcement, Contenders } from '../../model/plan.ts';

/** There are as many contenders as ways in which advertisements select nodes, and more where endpoints decide; those are few nodes, of little weight. */
const MOST_REMEMBERED = 16;

/**
 * Each message to this thread brings its own copy of the nodes that may announce a Service, while thousands of Services have the same hundred
 * nodes: one copy of those is kept.
 */
export class SharedContenders {
  /** Those that were met last, the last first. */
  #met: readonly Contenders[] = [];
  /** The copy that came last, and what was kept in its place: one message has many Services. */
  #last: { readonly copy: Contenders; readonly kept: Contenders } | undefined;

  /** The announcement with contenders that were met before, if equal ones were. */
  sharedIn(announcement: Announcement): Announcement {
    const { candidacy } = announcement;
    if (candidacy === undefined) return announcement;
    const copy = candidacy.contenders;
    if (this.#last?.copy !== copy) this.#last = { copy, kept: this.#meet(copy) };
    const { kept } = this.#last;
    return kept === copy ? announcement : { ...announcement, candidacy: { ...candidacy, contenders: kept } };
  }

  #meet(copy: Contenders): Contenders {
    const kept = this.#met.find((one) => sameContenders(one, copy)) ?? copy;
    this.#met = [kept, ...this.#met.filter((one) => one !== kept)].slice(0, MOST_REMEMBERED);
    return kept;
  }
}
