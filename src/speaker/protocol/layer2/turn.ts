import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { Contender } from '../../../model/plan.ts';
import type { Claim } from '../../wire/segment.ts';
import { type Acquaintances, SETTLED } from './acquaintances.ts';
import type { OwnersEvent } from './owners-events.ts';
import { NEXT_TURN, type Ranking } from './ranking.ts';
import { ahead, patienceFor, type Vacancy } from './succession.ts';
import type { Vacant, Watched } from './watched-address.ts';

/** How things stand for a node that may take a free address. */
export interface Situation {
  readonly view: Acquaintances;
  readonly now: Micros;
  /** It has just started, and has not heard yet what others know. */
  readonly listening: boolean;
  /** Whether it answers for the address already. */
  readonly answers: boolean;
  /** For how many addresses it answers, and how many there are. */
  readonly has: number;
  readonly watches: number;
  readonly ranking: Ranking;
}

/** So long a speaker that starts listens for claims, unless it knows sooner what all others know. */
export const LISTEN: Micros = milliseconds(1_000);
/** A node that has just started takes no more than its share of what others, not heard yet, come first for; a quarter more evens out chance. */
const SHARE = 1.25;
/** Who may be cut off itself leaves an address to those who are not, if there are any. */
const LAST_TURN: Micros = milliseconds(200);

/** When this node may take an address that is free; `undefined` when it may not. */
export function turnOf(watched: Watched, { why, since }: Vacant, claim: Claim | undefined, situation: Situation): Micros | undefined {
  const { view, now, listening, ranking } = situation;
  const { able, candidacy } = watched;
  // Who answers already need not wait: others say that it is nobody's because they had it before.
  if (able && situation.answers) return now;
  // What others know comes first; when it is heard all addresses are looked at again.
  if (!candidacy.contenders.has(view.node) || (listening && candidacy.contenders.size > 1)) return undefined;
  if (!ranking.affords(watched)) return micros(now + NEXT_TURN);
  if (!able) return undefined;
  const { order, ableAt } = watched;
  if (why === 'left' && ableAt > since) {
    // What has made this node able may make so whoever gave it up: to the others it is as new.
    const wait = patienceFor(order, 'new', view);
    return wait === undefined ? undefined : micros(ableAt + wait);
  }
  // Views of who may have it differ for a moment: whoever leaves does not come next, whatever this node's view is.
  const heirs = why === 'left' ? order.filter(({ node }) => node === view.node || node !== claim?.owner) : order;
  const patience = patienceFor(heirs, why, view);
  if (patience === undefined) return view.aloneFrom;
  // Whoever leaves may be the one who is cut off, and have said so.
  const last = watched.reach.isolated && why !== 'left' ? LAST_TURN : 0;
  return micros(Math.max(since + patience + last, readyAt(order, why, situation)));
}

/** Whether this node comes first and cannot, because it lacks the interface or that has no signal: it says so, and the next one need not wait. */
export function passes(watched: Watched, claim: Claim | undefined, { view, listening }: Situation): boolean {
  const { able, candidacy } = watched;
  if (able || !candidacy.contenders.has(view.node) || listening || !view.met || claim?.leaving === true || claim?.owner === view.node)
    return false;
  return ahead(watched.order, view)?.heard === 0;
}

/** The first moment at which this node may take an address of which nobody is known to be the owner. */
function readyAt(order: readonly Contender[], why: Vacancy, { view, now, has, watches }: Situation): Micros {
  if (why !== 'new' || view.settled || (ahead(order, view)?.unheard ?? 0) === 0) return now;
  const share = Math.ceil((SHARE * watches) / order.length);
  return has < share ? now : micros(view.startedAt + SETTLED);
}

/** Whether others told of it by a frame, behind which more frames may wait. */
export function comesInFrame({ kind }: OwnersEvent): boolean {
  return kind === 'greeted' || kind === 'claimed';
}
