import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import { formatAddress } from '../../../lib/ip.ts';
import { orderContenders, type Rank, sameContenders } from '../../../model/contenders.ts';
import type { Contender } from '../../../model/plan.ts';
import type { Claim } from '../../wire/segment.ts';
import type { ScopedCandidacy } from './owners-events.ts';
import { EVERYWHERE, type Reach } from './presence.ts';
import type { Vacancy } from './succession.ts';

/** Since when an address is free, and why. */
export interface Vacant {
  readonly why: Vacancy;
  readonly since: Micros;
}

/** Why this node should have what another one has, and for how long that has to last. */
export interface Objection {
  readonly why: 'stale' | 'preferred' | 'unheard';
  readonly patience: Micros;
}

/** An address for which somebody may answer, and what is to be remembered of it. */
export class Watched {
  readonly #rank: Rank;
  #candidacy: ScopedCandidacy;
  #reach: Reach = EVERYWHERE;
  #order: readonly Contender[] | undefined;
  /** Since when this node may answer for it. */
  ableAt: Micros;
  /** Absent while somebody has it. */
  vacancy: Vacant | undefined;
  /** Since when the owner is the wrong one. */
  grudge: { readonly why: Objection['why']; since: Micros } | undefined;
  /** Whoever was displaced does not displace before. */
  noGrudgeBefore: Micros = micros(0);
  /** How often it was displaced, in the fight that goes on. */
  losses: number = 0;
  #defendedAt: Micros | undefined;
  /** Since when none of its links has a signal here. */
  darkSince: Micros | undefined;

  /** An address of which a plan was heard for the first time. */
  constructor(candidacy: ScopedCandidacy, rank: Rank, now: Micros) {
    this.#rank = rank;
    this.#candidacy = candidacy;
    this.ableAt = now;
  }

  get candidacy(): ScopedCandidacy {
    return this.#candidacy;
  }

  /** Another plan was heard of the address. */
  replan(candidacy: ScopedCandidacy, now: Micros): this {
    if (candidacy.self && !this.#candidacy.self) this.ableAt = now;
    if (!sameContenders(candidacy.contenders, this.#candidacy.contenders)) this.#order = undefined;
    this.#candidacy = candidacy;
    return this;
  }

  get reach(): Reach {
    return this.#reach;
  }

  /** Things stand otherwise on the links of the address. */
  relink(reach: Reach, now: Micros): void {
    if (this.#reach.mute && !reach.mute) this.ableAt = micros(now + OWNER_FIRST);
    this.darkSince = reach.dark ? (this.darkSince ?? now) : undefined;
    this.#reach = reach;
  }

  /** Whether this node may answer for it, and can. */
  get able(): boolean {
    return this.#candidacy.self && !this.#reach.mute;
  }

  /** Whether one node has a higher score than another one, and both may answer for it. */
  prefers(node: string, other: string): boolean {
    const { contenders } = this.#candidacy;
    const [score, otherScore] = [contenders.get(node), contenders.get(other)];
    return score !== undefined && otherScore !== undefined && score > otherScore;
  }

  /** Whether {@link Watched.order} is known already. */
  get ranked(): boolean {
    return this.#order !== undefined;
  }

  /** The nodes that may answer and can, best first. To be asked for only where it decides: most addresses have an owner that stays. */
  get order(): readonly Contender[] {
    const { contenders, address } = this.#candidacy;
    this.#order ??= orderContenders(contenders, formatAddress(address), this.#rank);
    const { absent } = this.#reach;
    return absent.size === 0 ? this.#order : this.#order.filter(({ node }) => !absent.has(node));
  }

  /** Whether it was not defended a moment ago; it then counts as defended. */
  mayBeDefended(now: Micros): boolean {
    if (this.#defendedAt !== undefined && now - this.#defendedAt < DEFEND_EVERY) return false;
    this.#defendedAt = now;
    return true;
  }

  /** What lasted while nothing was read did not last as far as this node knows. */
  noticeStall(now: Micros): void {
    if (this.grudge !== undefined) this.grudge.since = now;
  }

  /** What speaks against the owner has to last; gives the moment from which on it does, if anything speaks against him. */
  object(objection: Objection | undefined, now: Micros): Micros | undefined {
    const { grudge } = this;
    this.grudge = objection && { why: objection.why, since: grudge?.why === objection.why ? grudge.since : now };
    if (objection === undefined || this.grudge === undefined) return undefined;
    return micros(Math.max(this.grudge.since + objection.patience, this.noGrudgeBefore));
  }
}

const DEFEND_EVERY: Micros = milliseconds(1_000);
/** Signals come back to many nodes at once, as after a restart of the switch: whoever had an address goes on first. */
const OWNER_FIRST: Micros = milliseconds(400);
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

/** A claim of a node, or its word that it passes, in the place of another one. */
export function claimBy(owner: string, { candidacy: { address } }: Watched, before: Claim | undefined, leaving: boolean): Claim {
  return { address, epoch: nextEpoch(before), owner, leaving };
}

/** Why an address is free under this claim, whose owner is not there if it has one. */
export function vacancyOf(claim: Claim | undefined): Vacancy {
  if (claim === undefined || claim.owner === '') return 'new';
  return claim.leaving ? 'left' : 'gone';
}
