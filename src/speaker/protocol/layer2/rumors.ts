import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';

/** More names than any cluster has nodes on a segment. */
const MAX_RUMORS = 1_024;
/** The others are asked so often whether there is anything in it ... */
const ASK_EVERY: Micros = milliseconds(10_000);
/** ... about so many at once. */
const MAX_QUESTIONS = 16;
/** What is not true is not believed again before everybody else has had time to ask. */
const DISPELLED_FOR: Micros = milliseconds(30_000);
/** Who is gone is of interest for so long: whoever was away for less has heard of it then. */
export const GONE_FOR: Micros = milliseconds(600_000);

/**
 * Nodes that others hold for gone and that were never heard here: how a speaker that starts anew, and those that start
 * after it, know of the dead. A rumor lasts until its node is heard, by this node or by one that says so, or until it is old.
 */
export class Rumors {
  /** Names, and since when they are told. */
  readonly #told = new Map<string, Micros>();
  /** Names that somebody vouched for, and until when that counts. */
  readonly #dispelled = new Map<string, Micros>();
  /** Names that are of no interest any more, and when somebody told them last; who others still tell of is no news. */
  readonly #retired = new Map<string, Micros>();
  #askAt: Micros = micros(0);

  /** Takes the names that somebody holds for gone. */
  hear(names: Iterable<string>, now: Micros): void {
    for (const name of names) {
      const [until = 0, retired] = [this.#dispelled.get(name), this.#retired.get(name)];
      if (retired !== undefined && now - retired < GONE_FOR) this.#retired.set(name, now);
      else if (!this.#told.has(name) && this.#told.size < MAX_RUMORS && until <= now) this.#told.set(name, now);
    }
  }

  /** Somebody has heard the node. */
  dispel(name: string, now: Micros): void {
    this.#retired.delete(name);
    if (!this.#told.delete(name)) return;
    this.#dispelled.set(name, micros(now + DISPELLED_FOR));
    for (const [old, until] of this.#dispelled) if (until <= now) this.#dispelled.delete(old);
  }

  /** The node was heard here: what others say of it does not matter any more. Says whether it had been retired. */
  forget(name: string): boolean {
    this.#told.delete(name);
    return this.#retired.delete(name);
  }

  /** Nobody needs to know any more that a node is gone. */
  retire(name: string, now: Micros): void {
    this.#told.delete(name);
    this.#retired.delete(name);
    this.#retired.set(name, now);
    const [oldest] = this.#retired.keys();
    if (this.#retired.size > MAX_RUMORS && oldest !== undefined) this.#retired.delete(oldest);
  }

  /** The names that are told for so long that they are old. */
  old(now: Micros): readonly string[] {
    return [...this.#told].filter(([, since]) => now - since >= GONE_FOR).map(([name]) => name);
  }

  /** All that is told. */
  names(): Iterable<string> {
    return this.#told.keys();
  }

  /** The names to ask about now; mostly none. */
  questions(now: Micros): readonly string[] {
    if (this.#told.size === 0 || now < this.#askAt) return [];
    this.#askAt = micros(now + ASK_EVERY);
    const asked = [...this.#told].slice(0, MAX_QUESTIONS);
    // Those that were asked about go to the end, so that each has its turn.
    for (const [name, since] of asked) {
      this.#told.delete(name);
      this.#told.set(name, since);
    }
    return asked.map(([name]) => name);
  }
}
