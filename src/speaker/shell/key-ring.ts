import { type Micros, micros, milliseconds } from '../../lib/clock.ts';
import type { SealKey } from '../net/seal-key.ts';

/** The kubelet writes a changed Secret on one node minutes before another: so long an old key is as good as the new one ... */
const OLD_KEY_LASTS = milliseconds(10 * 60_000);
/** ... and so long it goes on signing beside the new one, until all have that. */
const OLD_KEY_SIGNS = milliseconds(5 * 60_000);

/** The keys that are good now: one, or two for a while after a change. */
export class KeyRing {
  #current: SealKey;
  #previous: SealKey | undefined;
  #changedAt: Micros;

  /** `replaced` is the key that was good before, and how long ago it was replaced. */
  constructor(key: SealKey, now: Micros, replaced?: { readonly key: SealKey; readonly age: Micros }) {
    this.#current = key;
    this.#previous = replaced?.key;
    this.#changedAt = micros(now - (replaced?.age ?? 0));
  }

  /** Takes the key that the Secret has now. */
  change(key: SealKey, now: Micros): void {
    if (key.id === this.#current.id) return;
    this.#previous = this.#current;
    this.#current = key;
    this.#changedAt = now;
  }

  /** The keys to sign with, each frame with each: some have the old one only, and who starts now has the new one only. */
  signing(now: Micros): readonly SealKey[] {
    const old = now - this.#changedAt < OLD_KEY_SIGNS ? this.#previous : undefined;
    return old === undefined ? [this.#current] : [old, this.#current];
  }

  /** The key of that number, if it is good. */
  find(id: bigint, now: Micros): SealKey | undefined {
    if (id === this.#current.id) return this.#current;
    return id === this.#previous?.id && now - this.#changedAt < OLD_KEY_LASTS ? this.#previous : undefined;
  }
}
