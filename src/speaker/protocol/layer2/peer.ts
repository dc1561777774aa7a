import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import { type Ipv4, UNSPECIFIED_IPV4 } from '../../../lib/ipv4.ts';
import type { Mac } from '../../../lib/mac.ts';
import type { Hello, SegmentFrame } from '../../wire/segment.ts';

/**
 * What is thought of a node: `alive` says hello; `cut` is heard by others, not here; `away` has a kernel that answers and
 * a speaker that does not; `dead` has neither; `departed` was away for longer than its grace.
 */
export type Verdict = 'alive' | 'cut' | 'away' | 'dead' | 'departed';

/** A loop that turns so much too late did not see what came meanwhile: nobody's silence counts. */
export const LOOP_STALL: Micros = milliseconds(100);
/** One round of questions about a node that is silent, or that seems to hear nobody. */
export interface Doubt {
  /** It says hello; what is doubted is whether it hears. */
  readonly deaf: boolean;
  decideAt: Micros;
  /** The decision was put off once, because this loop was late. */
  postponed: boolean;
  asked: number;
  askAt: Micros;
  /** Its kernel answered. */
  answered: boolean;
  /** Somebody else has heard it. */
  witnessed: boolean;
}

/** A peer that is there says hello: see the effect of that name. */
export interface Greeting {
  readonly kind: 'greeted';
  readonly node: string;
  readonly mac: Mac;
  readonly digest: number;
  readonly damped: boolean;
  readonly ready: boolean;
  readonly busy: boolean;
}

/** What a hello has caused of a peer about which nothing was in question; one that says the same causes it again, and nothing else. */
export interface Repetition {
  readonly hello: Hello;
  readonly greeted: readonly [Greeting];
}

/** Another node of the link, as far as it was heard. Changed in place by the machine that owns it. */
export interface Peer {
  readonly node: string;
  boot: bigint;
  sequence: number;
  /** The highest number that somebody else has heard from it, under the same boot id. */
  reported: number;
  mac: Mac;
  /** When its last hello came. */
  heardAt: Micros;
  /** What it promised as the pause before its next hello. */
  interval: Micros;
  askable: Ipv4;
  /** Its kernel is known to answer for {@link Peer.askable}. */
  answers: boolean;
  healthAt: Micros;
  healthMisses: number;
  restarting: boolean;
  /** How many hellos in a row said that it hears nobody. */
  deafHellos: number;
  /** The nodes that it holds for gone. */
  lists: ReadonlySet<string>;
  verdict: Verdict;
  awaySince: Micros;
  /** When somebody else last said that it has heard it. */
  witnessedAt: Micros;
  /** Since when its verdict is what it is. */
  judgedAt: Micros;
  doubt: Doubt | undefined;
  /** No new doubt before. */
  doubtFrom: Micros;
  /** Its last hello, unless that said that it hears nobody. */
  repetition: Repetition | undefined;
}

/** Two intervals, and what a busy machine and a busy wire may add. */
const SLACK: Micros = milliseconds(5);
const MISSES = 2;
/** Until its first hello is read. */
const FIRST_INTERVAL: Micros = milliseconds(1_000);

/** The node that has signed this frame, as it was asked to. */
export function newPeer({ node, boot, sequence, source }: SegmentFrame, now: Micros): Peer {
  return {
    ...{ node, boot, sequence, reported: -1, mac: source },
    ...{ heardAt: now, interval: FIRST_INTERVAL, askable: UNSPECIFIED_IPV4 },
    ...{ answers: false, healthAt: now, healthMisses: 0, restarting: false, deafHellos: 0, lists: new Set<string>() },
    ...{ verdict: 'alive', awaySince: now, witnessedAt: now, judgedAt: now, doubt: undefined, doubtFrom: now, repetition: undefined },
  };
}

/** From now on frames of the boot that signed this one count. */
export function believe(peer: Peer, frame: SegmentFrame): void {
  peer.boot = frame.boot;
  peer.sequence = frame.sequence;
  peer.reported = -1;
  peer.mac = frame.source;
}

/** Whether its addresses are free. */
export function isGone({ verdict }: Peer): boolean {
  return verdict === 'dead' || verdict === 'departed';
}

/** Whether it is there, and nothing about it is in question. */
export function isUnquestioned({ verdict, doubt }: Peer): boolean {
  return verdict === 'alive' && doubt === undefined;
}

/** When its silence becomes strange: at the second hello that is missed. */
export function strangeAt({ heardAt, interval }: Peer): Micros {
  return micros(heardAt + MISSES * interval + SLACK);
}

/** Whether it was heard so shortly ago that nothing is strange. */
export function heardLately(peer: Peer, now: Micros): boolean {
  return now < strangeAt(peer);
}

/** Whether two lists without repetitions name the same nodes. */
export function sameNames(left: ReadonlySet<string>, right: readonly string[]): boolean {
  return left.size === right.length && right.every((name) => left.has(name));
}
