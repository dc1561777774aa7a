import { type Micros, milliseconds } from '../../../lib/clock.ts';

/** Losses of many addresses at about the same time are one. */
const ONE_LOSS: Micros = milliseconds(1_000);
/** So many losses within this time are too many, and count for as long. */
const TOO_MANY = 3;
const MEMORY: Micros = milliseconds(60_000);

/** How often a node lost its addresses to others: one that comes and goes should come last. */
export class Damping {
  #losses: Micros[] = [];

  /** An address went to another node against this node's will. */
  lost(now: Micros): void {
    if (now - (this.#losses.at(-1) ?? -ONE_LOSS) < ONE_LOSS) return;
    this.#losses = [...this.#losses, now].slice(-TOO_MANY);
  }

  /** Whether others should come first. */
  damped(now: Micros): boolean {
    return this.#losses.filter((at) => now - at < MEMORY).length >= TOO_MANY;
  }
}
