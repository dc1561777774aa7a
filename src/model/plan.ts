import type { IpAddress } from '../lib/ip.ts';
import type { BgpChange, SessionReport } from './bgp-plan.ts';

/** Where an announcement may be made: everywhere, or only on interfaces of these names. */
export type InterfaceScope = { readonly all: true } | { readonly all: false; readonly names: readonly string[] };

/** A node that may answer for an address, and how much the advertisements prefer it (0: not at all). */
export interface Contender {
  readonly node: string;
  readonly score: number;
}

/** The score of each node that may answer for an address. Many addresses have the same ones, in one object that nobody changes. */
export type Contenders = ReadonlyMap<string, number>;

/** Who may answer for an address, as this node sees the cluster. */
export interface Candidacy {
  readonly address: IpAddress;
  /** Whether this node may. */
  readonly self: boolean;
  /** All nodes that may. This node is among them also when it may not for want of an interface. */
  readonly contenders: Contenders;
}

/** One Service whose addresses are to be answered for on the segment, by one node. */
export interface Announcement {
  /** `namespace/name` of the Service. */
  readonly service: string;
  readonly addresses: readonly IpAddress[];
  /** Where this node announces them, if it is the one. */
  readonly interfaces: InterfaceScope;
  /** Who may be that node: whoever has the address of this has them all. Absent where nobody but this node may. */
  readonly candidacy?: Candidacy;
}

/**
 * What the main thread asks of the thread that owns the wire: plain data, complete for the Service it names. `withdraw`
 * ends what an earlier `announce` of the same Service began; the wire is told nothing (upstream's behaviour).
 */
export type PlanChange =
  | { readonly kind: 'announce'; readonly announcement: Announcement }
  | { readonly kind: 'withdraw'; readonly service: string }
  /**
   * Replaces the whole plan: what is not in it is withdrawn. Sent at start and after the worker was restarted. A `provisional` one was made
   * without the API server: what is missing in it may still be this node's.
   */
  | { readonly kind: 'replace'; readonly announcements: readonly Announcement[]; readonly provisional?: boolean };

/** Anything that the main thread asks of the thread that owns the wire. */
export type WireChange = PlanChange | BgpChange;

/** Whose an address is: see {@link KnownOwners}. */
export interface OwnerClaim {
  readonly address: IpAddress;
  /** Grows with each change of owner. */
  readonly epoch: number;
  /** The name of a node. */
  readonly owner: string;
  /** The owner gives it up. */
  readonly leaving: boolean;
}

/** What a speaker knows of the owners of addresses. */
export interface KnownOwners {
  readonly claims: readonly OwnerClaim[];
  /** It has heard other speakers: their frames pass on this segment. */
  readonly met: boolean;
}

/** What an earlier process of this node, or an earlier thread, knew. */
export interface OwnersMemory extends KnownOwners {
  /** It ended so shortly ago that nobody has been given since what was this node's. */
  readonly recent: boolean;
}

/** Why a frame that seems to come from a speaker is not taken: cut or of a later version, of another key, not signed by its key, or not even looked at. */
export type FrameRefusal = 'malformed' | 'key' | 'seal' | 'limit';

/** What this node has said and heard on the segment since its thread started, by the names of the labels of the metrics. */
export interface SegmentCounts {
  readonly sent: Readonly<Record<string, number>>;
  readonly received: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly verdicts: Readonly<Record<string, number>>;
}

/** This node answers for an address that another one had. */
export interface Taking {
  readonly ip: string;
  readonly from: string;
  readonly reason: 'gone' | 'left' | 'stale' | 'preferred' | 'unheard';
  /** For how long the other one had been silent. */
  readonly silentMilliseconds?: number;
}

/** What the wire thread tells the main thread. */
export type Report =
  /** The thread has its sockets and answers from now on. */
  | { readonly kind: 'ready' }
  /** The names of all links that are not excluded changed to these; sorted. */
  | { readonly kind: 'interfaces'; readonly names: readonly string[] }
  /** These nodes do not answer on the segment, or their speakers stay away; sorted. Said when it is known, then when it changes. */
  | { readonly kind: 'gone'; readonly nodes: readonly string[] }
  /** This node answers for these addresses; `certain` when it knows what others know and what the API server says. */
  | { readonly kind: 'owned'; readonly addresses: readonly string[]; readonly certain: boolean }
  /** For so many addresses of other nodes this one answers, and so often it began to, for a node on a link, since the thread started. */
  | { readonly kind: 'standing-in'; readonly addresses: number; readonly begun: number }
  /** Whose the addresses are, as this node knows it; at once when it changes, then once a second. */
  | ({ readonly kind: 'claims' } & KnownOwners)
  /** Somebody else has an address of this node, or one that it would take. */
  | ({ readonly kind: 'conflict' } & AddressConflict)
  /** All that was said and heard on the segment since the thread started. */
  | { readonly kind: 'segment'; readonly counts: SegmentCounts }
  /** Addresses have come to this node from others. */
  | { readonly kind: 'taken'; readonly takings: readonly Taking[] }
  /** Counts for one address since the last such report; the names are those of the metrics. */
  | { readonly kind: 'counts'; readonly counts: readonly AddressCounts[] }
  /** How all BGP sessions are now, and how many connections of others than peers the thread has turned away. */
  | { readonly kind: 'sessions'; readonly sessions: readonly SessionReport[]; readonly refused: number }
  /** Code of the wire thread threw, again and again, while it read frames: the frames were dropped, a restart is wise. */
  | { readonly kind: 'broken'; readonly message: string }
  /** A line for the log, written by the main thread so that the wire thread never waits for a file. */
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number>>;
    };

/** Who else has an address, as {@link Report} says it: again from time to time while it lasts. */
export interface AddressConflict {
  /**
   * A `stranger`, none of the nodes, answers for what this node would take, which it leaves alone; a `thief`, no node either, says that an address of this
   * node is its own; the `kernel` of a node answers for an address that it does not announce.
   */
  readonly what: 'stranger' | 'thief' | 'kernel';
  readonly address: string;
  readonly mac: string;
  /** The node whose MAC it is; empty where it is none. */
  readonly node: string;
}

/** How often an address was asked for, answered for and announced unasked. */
export interface AddressCounts {
  readonly ip: string;
  readonly requestsReceived: number;
  readonly responsesSent: number;
  readonly gratuitousSent: number;
}
