import type { Clock, Micros } from '../lib/clock.ts';

/** So many events of one object at once, then one more each five minutes: client-go's defaults. */
const BURST = 25;
const REFILL: Micros = 300_000_000 as Micros;

/** Objects remembered: client-go's default. Who is forgotten starts with a full bucket. */
const MOST_REMEMBERED = 4_096;

interface Bucket {
  readonly tokens: number;
  readonly at: Micros;
}

/** A token bucket for each object, so that one that misbehaves cannot flood the events of all. */
export class SpamFilter {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a token of `object`; `false` when it has none left. */
  admit(object: string): boolean {
    const now = this.#clock.now();
    const { tokens, at } = this.#buckets.get(object) ?? { tokens: BURST, at: now };
    const filled = Math.min(BURST, tokens + (now - at) / REFILL);
    const admitted = filled >= 1;
    // Put anew at the end: the first of the map is the one not heard of for longest.
    this.#buckets.delete(object);
    this.#buckets.set(object, { tokens: admitted ? filled - 1 : filled, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_REMEMBERED && oldest !== undefined) this.#buckets.delete(oldest);
    return admitted;
  }
}
