import type { Micros } from '../../../lib/clock.ts';
import type { Mac } from '../../../lib/mac.ts';

/** What is looked for on the segment: addresses that go together, by the one whose owner has them all. */
export interface Holding {
  readonly key: string;
  /** Canonical texts. */
  readonly addresses: readonly string[];
}

/** What happens; `now` never steps back from one event to the next. */
export type ConflictEvent =
  /**
   * This node would take it: is it free? Any number of times. `place` says how many nodes that are heard come before this one; what the kernel
   * or the speaker of `except` answers is known.
   */
  | ({ readonly kind: 'look'; readonly now: Micros; readonly place: number; readonly except: string } & Holding)
  /** This node answers for it. Any number of times. */
  | ({ readonly kind: 'own'; readonly now: Micros } & Holding)
  /** This node neither answers for it nor would take it. */
  | { readonly kind: 'drop'; readonly now: Micros; readonly key: string }
  /** A MAC that is none of this node's says that the address is its own, unasked or as an answer. `node` is whose MAC it is, if a hello named it. */
  | { readonly kind: 'held'; readonly now: Micros; readonly address: string; readonly mac: Mac; readonly node: string | undefined }
  /** One asks whether somebody has the address, to take it (RFC 5227, Section 1.1; RFC 4862, Section 5.4.2). */
  | { readonly kind: 'probed'; readonly now: Micros; readonly address: string; readonly node: string | undefined }
  /** The moment of the last `wake-at` has come. */
  | { readonly kind: 'woke'; readonly now: Micros };

/** How somebody else has an address. */
export type ConflictKind =
  /** A host that no hello names answers for an address that this node would take: it is left alone until it stops. */
  | 'stranger'
  /** A host that no hello names says that an address of this node is its own. */
  | 'thief'
  /** The kernel of a node of this cluster answers for it: it is on one of its interfaces, and `arp_ignore` is 0. */
  | 'kernel';

/** Who else has an address. */
export interface Conflict {
  readonly what: ConflictKind;
  readonly address: string;
  readonly mac: Mac;
  /** The node whose MAC it is; empty for a stranger and a thief. */
  readonly node: string;
}

/** What has to be done, in order. */
export type ConflictEffect =
  /** Ask, wherever it would be announced or is, who has this address. */
  | { readonly kind: 'probe'; readonly address: string }
  /** Nobody has it: it may be taken. */
  | { readonly kind: 'free'; readonly key: string }
  /** Tell the segment once that this address is at this node. */
  | { readonly kind: 'defend'; readonly address: string }
  /** Tell people; again from time to time while it lasts. */
  | ({ readonly kind: 'found' } & Conflict)
  /** Whoever had it does not answer any more. */
  | { readonly kind: 'over'; readonly address: string; readonly mac: Mac }
  /** Comes last: replaces the wake-up that was asked for before. Without it that one stays. */
  | { readonly kind: 'wake-at'; readonly at: Micros };
