import { type Micros, milliseconds } from '../../lib/clock.ts';
import type { Mac } from '../../lib/mac.ts';

/** Within this time ... */
const WINDOW: Micros = milliseconds(1_000);
/** ... so many frames with a wrong seal are hashed from one MAC: a key that is just being changed costs fewer. */
const MOST_FORGED = 20;
/** Somebody may write the MAC of a speaker into his frames, to have it silenced: one whose frames were good has more. */
const MOST_FORGED_OF_SPEAKERS = 1_000;
/** Each speaker says something more often than this. */
const LATELY: Micros = milliseconds(5_000);
/** More MACs than a segment has speakers; the oldest are forgotten first, so that whoever invents MACs fills no memory. */
const MOST_MACS = 1_024;

/** Keeps those from making this node hash without end who send frames that only look as if a speaker had signed them. */
export class FrameGuard {
  readonly #forged = new Map<Mac, { readonly from: Micros; count: number }>();
  /** When a frame from each MAC was good last. */
  readonly #speakers = new Map<Mac, Micros>();

  /** Whether a frame from this MAC is worth a hash. */
  admits(mac: Mac, now: Micros): boolean {
    const window = this.#forged.get(mac);
    if (window === undefined || now - window.from >= WINDOW) return true;
    return window.count < (this.#speakers.has(mac) ? MOST_FORGED_OF_SPEAKERS : MOST_FORGED);
  }

  /** A frame from this MAC was good. */
  trust(mac: Mac, now: Micros): void {
    this.#speakers.set(mac, now);
    if (this.#speakers.size <= MOST_MACS) return;
    for (const first of this.#speakers.keys()) if (this.#speakers.size > MOST_MACS) this.#speakers.delete(first);
  }

  /** Whether a frame from this MAC was good a moment ago. */
  heardLately(mac: Mac, now: Micros): boolean {
    const at = this.#speakers.get(mac);
    return at !== undefined && now - at < LATELY;
  }

  /** A frame from this MAC had a wrong seal. */
  refuse(mac: Mac, now: Micros): void {
    const window = this.#forged.get(mac);
    if (window !== undefined && now - window.from < WINDOW) {
      window.count++;
      return;
    }
    this.#forged.delete(mac);
    this.#forged.set(mac, { from: now, count: 1 });
    for (const first of this.#forged.keys()) if (this.#forged.size > MOST_MACS) this.#forged.delete(first);
  }
}
