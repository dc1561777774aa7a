import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import { formatAddress } from '../../../lib/ip.ts';
import type { Contenders, OwnersMemory } from '../../../model/plan.ts';
import type { Claim } from '../../wire/segment.ts';

/** Where all speakers end at once nobody can tell who has what: so long each one leaves to the others what was theirs. */
const LEFT_TO_OTHERS: Micros = milliseconds(30_000);

/**
 * Claims that an earlier process of this node kept and that nobody who lives has said since. They are no news for others, and hold an
 * address for its owner for a while only: it may have died when nobody was there to see it.
 */
export class Remembered {
  readonly #node: string;
  readonly #claims = new Map<string, Claim>();
  #until: Micros = micros(0);

  constructor(node: string) {
    this.#node = node;
  }

  /** Takes what is remembered; gives the claims that count from now on: what this node has had until a moment ago. */
  take({ claims, recent }: OwnersMemory, now: Micros): readonly Claim[] {
    this.#until = micros(now + LEFT_TO_OTHERS);
    for (const claim of claims) if (claim.owner !== '' && !claim.leaving) this.#claims.set(formatAddress(claim.address), claim);
    return recent ? this.#takeOwn() : [];
  }

  /** This node has heard what others know: what they have not taken is its own, and is given. */
  listened(): readonly Claim[] {
    return this.#takeOwn();
  }

  /** Somebody has said whose the address is. */
  forget(text: string): void {
    this.#claims.delete(text);
  }

  /** What is remembered of an address. */
  get(text: string): Claim | undefined {
    return this.#claims.get(text);
  }

  /** Until when an address is left to its owner, if it is one of these nodes; in the past when it is not. */
  heldUntil(text: string, nodes: Contenders): number {
    const owner = this.#claims.get(text)?.owner;
    return owner !== undefined && nodes.has(owner) ? this.#until : Number.NEGATIVE_INFINITY;
  }

  #takeOwn(): readonly Claim[] {
    const own = [...this.#claims.values()].filter(({ owner }) => owner === this.#node);
    for (const { address } of own) this.#claims.delete(formatAddress(address));
    return own;
  }
}
