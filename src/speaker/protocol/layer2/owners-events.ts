import type { Micros } from '../../../lib/clock.ts';
import type { Rank } from '../../../model/contenders.ts';
import type { Candidacy, OwnersMemory } from '../../../model/plan.ts';
import type { Claim, SegmentMessage } from '../../wire/segment.ts';
import type { LinksView } from './presence.ts';

/** What the machine is made with. */
export interface OwnersOptions {
  readonly node: string;
  readonly rank: Rank;
  /** Whether others may be heard: if not, this node need not listen for them first. */
  readonly listens: boolean;
  /** Whether an address that nobody is known to have had is looked at before it is taken. */
  readonly looks: boolean;
}

/** Who may answer for an address, and on which links this node would if they are not all. */
export interface ScopedCandidacy extends Candidacy {
  readonly links?: readonly string[];
}

/** What happens; `now` never steps back from one event to the next. */
export type OwnersEvent =
  /** The speaker has started: it listens first. */
  | { readonly kind: 'started'; readonly now: Micros }
  /** An earlier process of this node knew this; comes after `started`, before anything else. */
  | { readonly kind: 'remembered'; readonly now: Micros; readonly memory: OwnersMemory }
  /** The moment of the last `wake-at` has come. */
  | { readonly kind: 'woke'; readonly now: Micros }
  /** Who may answer for these addresses; nobody needs the `ended` ones any more. */
  | { readonly kind: 'planned'; readonly now: Micros; readonly candidacies: readonly ScopedCandidacy[]; readonly ended: readonly string[] }
  /** From now on an address of which no plan was heard is none that this node may answer for. */
  | { readonly kind: 'plan-complete'; readonly now: Micros }
  /** A peer says hello, with the digest of what it knows. */
  | { readonly kind: 'greeted'; readonly now: Micros; readonly node: string; readonly digest: number; readonly damped: boolean }
  /** A peer says whose addresses are. */
  | { readonly kind: 'claimed'; readonly now: Micros; readonly node: string; readonly claims: readonly Claim[] }
  /** Nobody answers for this address, at which this node was to look. */
  | { readonly kind: 'free'; readonly now: Micros; readonly address: string }
  /** These nodes are not there; all others that were ever heard are. */
  | { readonly kind: 'gone'; readonly now: Micros; readonly nodes: readonly string[] }
  /** So things stand on the links of this node: said when it changes. */
  | { readonly kind: 'linked'; readonly now: Micros; readonly view: LinksView };

/** Why a node begins to answer for an address. */
export type Succession =
  /** Nobody had it. */
  | 'free'
  /** Its owner is gone. */
  | 'gone'
  /** Its owner gave it up. */
  | 'left'
  /** Its owner is none that may have it, as this node sees the cluster. */
  | 'stale'
  /** This node is preferred to the one that had it. */
  | 'preferred'
  /** Its owner is there, and not on the links on which it is announced. */
  | 'unheard'
  /** It was this node's before its speaker started anew. */
  | 'resumed';

/** What has to be done, in order. */
export type OwnersEffect =
  /** Answer for this address from now on, and tell the segment. */
  | { readonly kind: 'own'; readonly address: string; readonly why: Succession; readonly from: string }
  /** Do not answer for it any more; `to` is whose it is now, empty for nobody's. */
  | { readonly kind: 'disown'; readonly address: string; readonly to: string }
  /**
   * Find out whether somebody answers for this address, of which nobody is known to have been the owner; said again while it counts. `place` says
   * how many nodes that are heard come before this one; `from` is who gives it up, if somebody does, and may answer.
   */
  | { readonly kind: 'look'; readonly address: string; readonly place: number; readonly from: string }
  /** It need not be looked at any more. */
  | { readonly kind: 'look-away'; readonly address: string }
  /** Somebody else told the segment that the address is his: tell it again. */
  | { readonly kind: 'defend'; readonly address: string }
  /** Send it to one node, or to all. */
  | { readonly kind: 'send'; readonly to: string | undefined; readonly message: SegmentMessage }
  /** Comes last: replaces the wake-up that was asked for before, which stands without it. */
  | { readonly kind: 'wake-at'; readonly at: Micros };
