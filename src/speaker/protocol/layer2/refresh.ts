import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';

/** Each address is told once in this time: switches and hosts forget after minutes, and one that missed all of a burst is put right. */
const PERIOD: Micros = milliseconds(60_000);
/** No more than 100 a second: with more than 6,000 addresses each has its turn less often. */
const LEAST_SPACING: Micros = milliseconds(10);

/**
 * The gratuitous packets that keep alive what neighbours know of the addresses of one link: one address after another, spread over the
 * period, so that there is never more than one to send. An address that is new has its turn last, since its burst has just told of it.
 */
export class Refresh<Ip> {
  /** In the order of their turns. */
  readonly #turns = new Set<Ip>();
  #lastAt: Micros = micros(0);

  /** When the next address has its turn; `undefined` without any. */
  get nextAt(): Micros | undefined {
    if (this.#turns.size === 0) return undefined;
    return micros(this.#lastAt + Math.max(LEAST_SPACING, Math.floor(PERIOD / this.#turns.size)));
  }

  /** These are announced on the link from now on, or once more. */
  appeared(ips: readonly Ip[], now: Micros): void {
    if (this.#turns.size === 0) this.#lastAt = now;
    for (const ip of ips) {
      this.#turns.delete(ip);
      this.#turns.add(ip);
    }
  }

  /** These are not any more. */
  disappeared(ips: readonly Ip[]): void {
    for (const ip of ips) this.#turns.delete(ip);
  }

  /** The address whose turn it is, if it is time; its next turn comes behind all others. */
  take(now: Micros): Ip | undefined {
    const { nextAt } = this;
    if (nextAt === undefined || nextAt > now) return undefined;
    const [ip] = this.#turns;
    if (ip === undefined) return undefined;
    this.#lastAt = now;
    this.appeared([ip], now);
    return ip;
  }
}
