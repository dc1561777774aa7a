import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { Candidacy, Contender } from '../../../model/plan.ts';
import type { Objection, Watched } from './watched-address.ts';

/** Why an address is free: nobody had it, its owner is gone, or its owner gives it up and answers meanwhile. */
export type Vacancy = 'new' | 'gone' | 'left';

/** What a node thinks of the nodes of its segment. */
export interface Acquaintance {
  readonly node: string;
  /** Whether it was ever heard and is not gone. */
  hears(node: string): boolean;
  isGone(node: string): boolean;
  isDamped(node: string): boolean;
  /** Some other speaker was heard since this one started, which shows that their frames pass. */
  readonly met: boolean;
  /** This speaker has run for so long that it has heard everybody whom it can hear. */
  readonly settled: boolean;
  /** Nobody was heard in all that time, and this node can ask on the wire who answers. */
  readonly alone: boolean;
}

/** The next in the order waits for this long for a claim of the one before: clients of a dead owner wait meanwhile. */
const TURN_AFTER_DEATH: Micros = milliseconds(50);
/** Clients of an owner that leaves do not wait: it answers until it hears a claim. */
const TURN_AFTER_LEAVING: Micros = milliseconds(400);
/** Views of who is heard differ, and claims take a while: so long at least does an owner that leaves wait for one. */
const LEAST_LEAVING: Micros = milliseconds(2_000);
/** Twenty-five turns: where so many nodes lack the interface it is more likely that all do, and clients may as well learn that nobody is there. */
const MOST_LEAVING: Micros = milliseconds(10_000);
/** How long a node that comes first may take to learn of an address that is new: nobody is a client of it yet. */
const PATIENCE: Micros = milliseconds(5_000);
/**
 * A view of the cluster in which another one should be the owner has to last, since views differ while things change. Who is not heard on the links
 * of an address was asked already: what lasts is only that others are heard there, and the word of an owner that knows it comes first.
 */
const GRUDGE: Readonly<Record<Objection['why'], Micros>> = {
  stale: milliseconds(5_000),
  preferred: milliseconds(10_000),
  unheard: milliseconds(500),
};
/** A switch that ends takes the signal of all nodes, one after another: whoever comes next should know that it has none either. */
const SIGNAL_PATIENCE: Micros = milliseconds(300);

/** The contenders that are there or may be, best first; whoever is damped comes last. */
export function standing(order: readonly Contender[], view: Acquaintance): readonly Contender[] {
  const there = order.filter(({ node }) => node === view.node || !view.isGone(node));
  return [...there.filter(({ node }) => !view.isDamped(node)), ...there.filter(({ node }) => view.isDamped(node))];
}

/** The contenders before this node, and whether one of them was never heard. */
export function ahead(order: readonly Contender[], view: Acquaintance): { readonly heard: number; readonly unheard: number } | undefined {
  const contenders = standing(order, view);
  const place = contenders.findIndex(({ node }) => node === view.node);
  if (place < 0) return undefined;
  const heard = contenders.slice(0, place).filter(({ node }) => view.hears(node)).length;
  return { heard, unheard: place - heard };
}

/**
 * How long a node leaves an address that is free to those that come before it; `undefined` for good. The first one does not
 * wait. Others wait their turn, long where nobody suffers: speakers learn of a new Service at moments far apart, and whoever comes
 * first is to have it however slow its machine is.
 *
 * A node that was never heard may have no speaker. As long as nobody at all was heard, frames of speakers may not pass here,
 * and all hold to the order as the API server gives it; later whoever is alone takes what nobody answers for.
 */
export function patienceFor(order: readonly Contender[], vacancy: Vacancy, view: Acquaintance): Micros | undefined {
  const before = ahead(order, view);
  if (before === undefined) return undefined;
  const { heard, unheard } = before;
  if (!view.met) return heard + unheard === 0 || view.alone ? micros(0) : undefined;
  if (vacancy === 'gone') return micros(heard * TURN_AFTER_DEATH);
  if (vacancy === 'left') return micros(heard * TURN_AFTER_LEAVING);
  const waits = heard > 0 || (unheard > 0 && !view.settled);
  return waits ? micros(PATIENCE + heard * TURN_AFTER_DEATH) : micros(0);
}

/** How many who are heard come before this node; infinitely many where others come before and nobody was ever heard. */
export function placeAmong(order: readonly Contender[], view: Acquaintance): number {
  const { heard = 0, unheard = 0 } = ahead(order, view) ?? {};
  return view.met || heard + unheard === 0 ? heard : Number.POSITIVE_INFINITY;
}

/** Whether a node keeps what it has: where no other speaker was ever heard the order alone decides at first, as long as all see the same. */
export function mayKeep(watched: Watched, view: Acquaintance): boolean {
  return watched.candidacy.self && (view.met || view.alone || standing(watched.order, view)[0]?.node === view.node);
}

/** Whether there is somebody else to leave an address to. */
export function hasOthers({ contenders }: Candidacy, view: Acquaintance): boolean {
  for (const node of contenders.keys()) if (node !== view.node && !view.isGone(node)) return true;
  return false;
}

/** How long an owner answers for an address that it gives up: until each node that is heard has had its turn to claim it. */
export function leavingFor({ contenders }: Candidacy, view: Acquaintance): Micros {
  let heirs = 0;
  for (const node of contenders.keys()) if (node !== view.node && view.hears(node)) heirs++;
  return micros(Math.min(Math.max(heirs * TURN_AFTER_LEAVING, LEAST_LEAVING), MOST_LEAVING));
}

/** When a node that can announce what it has nowhere leaves it to others; `undefined` for never, as where it hears none of them. */
export function leavesWithoutSignal({ candidacy, darkSince }: Watched, view: Acquaintance): Micros | undefined {
  if (darkSince === undefined) return undefined;
  for (const node of candidacy.contenders.keys()) if (node !== view.node && view.hears(node)) return micros(darkSince + SIGNAL_PATIENCE);
  return undefined;
}

/** Why this node should have what another one has, if it should. Whoever may be cut off itself wants nothing. */
export function objectionTo(owner: string, watched: Watched, view: Acquaintance): Objection | undefined {
  const { able, reach, candidacy } = watched;
  const [own, theirs] = [candidacy.contenders.get(view.node), candidacy.contenders.get(owner)];
  const unheard = reach.absent.has(owner);
  if (!able || reach.isolated || own === undefined || (!unheard && theirs !== undefined && own <= theirs)) return undefined;
  const heard = ahead(watched.order, view)?.heard;
  // Whoever comes first may have lost it a moment ago, and not take it back yet: others do when it is their turn.
  if (unheard && heard !== undefined) return { why: 'unheard', patience: micros(GRUDGE.unheard + heard * TURN_AFTER_LEAVING) };
  if (heard !== 0) return undefined;
  const why = theirs === undefined ? 'stale' : 'preferred';
  return { why, patience: GRUDGE[why] };
}
