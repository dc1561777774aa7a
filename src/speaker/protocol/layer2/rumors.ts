import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';

/** More names than any cluster has nodes on a segment. */
const MAX_RUMORS = 1_024;
/** The others are asked so often whether there is anything in it ... */
const ASK_EVERY: Micros = milliseconds(10_000);
/** ... about so many at once. */
const MAX_QUESTIONS = 16;
/** What is not true is not believed again before everybody else has had time to ask. */
const DISPELLED_FOR: Micros = milliseconds(30_000);

/**
 * Nodes that others hold for gone and that were never heard here: how a speaker that starts anew, and those that start
 * after it, know of the dead. A rumor lasts until its node is heard, by this node or by one that says so.
 */
export class Rumors {
  readonly #told = new Set<string>();
  /** Names that somebody vouched for, and until when that counts. */
  readonly #dispelled = new Map<string, Micros>();
  #askAt: Micros = micros(0);

  /** Takes the names that somebody holds for gone. */
  hear(names: Iterable<string>, now: Micros): void {
    for (const name of names) if (this.#told.size < MAX_RUMORS && (this.#dispelled.get(name) ?? 0) <= now) this.#told.add(name);
  }

  /** Somebody has heard the node. */
  dispel(name: string, now: Micros): void {
    if (!this.#told.delete(name)) return;
    this.#dispelled.set(name, micros(now + DISPELLED_FOR));
    for (const [old, until] of this.#dispelled) if (until <= now) this.#dispelled.delete(old);
  }

  /** The node was heard here: what others say of it does not matter any more. */
  forget(name: string): void {
    this.#told.delete(name);
  }

  /** All that is told. */
  names(): Iterable<string> {
    return this.#told;
  }

  /** The names to ask about now; mostly none. */
  questions(now: Micros): readonly string[] {
    if (this.#told.size === 0 || now < this.#askAt) return [];
    this.#askAt = micros(now + ASK_EVERY);
    const names = [...this.#told].slice(0, MAX_QUESTIONS);
    // Those that were asked about go to the end, so that each has its turn.
    for (const name of names) {
      this.#told.delete(name);
      this.#told.add(name);
    }
    return names;
  }
}
