import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import { formatAddress } from '../../../lib/ip.ts';
import { orderContenders, type Rank, sameContenders } from '../../../model/contenders.ts';
import type { Candidacy, Contender } from '../../../model/plan.ts';
import type { Claim } from '../../wire/segment.ts';
import type { Vacancy } from './succession.ts';

/** Since when an address is free, and why. */
export interface Vacant {
  readonly why: Vacancy;
  readonly since: Micros;
}

/** An address for which somebody may answer, and what is to be remembered of it. */
export class Watched {
  readonly #rank: Rank;
  #candidacy: Candidacy;
  #order: readonly Contender[] | undefined;
  /** Since when this node may answer for it. */
  ableAt: Micros;
  /** Absent while somebody has it. */
  vacancy: Vacant | undefined;
  /** Since when the owner is the wrong one. */
  grudge: { readonly why: 'stale' | 'preferred'; since: Micros } | undefined;
  /** Whoever was displaced does not displace before. */
  noGrudgeBefore: Micros = micros(0);
  /** How often it was displaced, in the fight that goes on. */
  losses: number = 0;
  defendedAt: Micros | undefined;

  /** An address of which a plan was heard for the first time. */
  constructor(candidacy: Candidacy, rank: Rank, now: Micros) {
    this.#rank = rank;
    this.#candidacy = candidacy;
    this.ableAt = now;
  }

  get candidacy(): Candidacy {
    return this.#candidacy;
  }

  set candidacy(candidacy: Candidacy) {
    if (!sameContenders(candidacy.contenders, this.#candidacy.contenders)) this.#order = undefined;
    this.#candidacy = candidacy;
  }

  /** Whether {@link Watched.order} is known already. */
  get ranked(): boolean {
    return this.#order !== undefined;
  }

  /** The nodes that may answer, best first. To be asked for only where it decides: most addresses have an owner that stays. */
  get order(): readonly Contender[] {
    const { contenders, address } = this.#candidacy;
    this.#order ??= orderContenders(contenders, formatAddress(address), this.#rank);
    return this.#order;
  }
}

/** After a loss to somebody with another view; twice as long each time, so that two views do not fight for ever. */
const TRUCE: Micros = milliseconds(60_000);
const MOST_DOUBLINGS = 6;
/**
 * Two views that differ show within ten seconds of the end of a truce: who was left in peace for so long after it has lost to something
 * else, a death or somebody preferred, and those of months are no fight.
 */
const PEACE: Micros = milliseconds(3_600_000);
/** The field of the frame has no more bits. */
const MAX_EPOCH = 0xffff_ffff;

/** Somebody with a higher claim has taken it from this node. */
export function noteDisplaced(watched: Watched, now: Micros): void {
  if (now - watched.noGrudgeBefore >= PEACE) watched.losses = 0;
  watched.noGrudgeBefore = micros(now + TRUCE * 2 ** Math.min(watched.losses, MOST_DOUBLINGS));
  watched.losses++;
}

/** The epoch of a claim that takes the place of this one. */
export function nextEpoch(claim: Claim | undefined): number {
  return Math.min((claim?.epoch ?? 0) + 1, MAX_EPOCH);
}

/** Why an address is free under this claim, whose owner is not there if it has one. */
export function vacancyOf(claim: Claim | undefined): Vacancy {
  if (claim === undefined || claim.owner === '') return 'new';
  return claim.leaving ? 'left' : 'gone';
}
