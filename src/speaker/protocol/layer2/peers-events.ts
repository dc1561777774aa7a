import type { Micros } from '../../../lib/clock.ts';
import type { Ipv4 } from '../../../lib/ipv4.ts';
import type { Mac } from '../../../lib/mac.ts';
import type { Claim, SegmentFrame, SegmentMessage } from '../../wire/segment.ts';
import type { Greeting, Verdict } from './peer.ts';

/** How fast, and how patient. */
export interface PeersTiming {
  /** Between two hellos of a node that announces something on the link. */
  readonly busyInterval: Micros;
  /** Between two hellos of one that does not. */
  readonly idleInterval: Micros;
  /** How long a node whose kernel answers, but whose speaker is silent, keeps its addresses. */
  readonly speakerGrace: Micros;
  /** The same after the speaker said that it restarts. */
  readonly restartGrace: Micros;
}

/** What happens; `now` never steps back from one event to the next. */
export type PeersEvent =
  /** The link works, from now on or again. */
  | { readonly kind: 'started'; readonly now: Micros }
  /** The moment of the last `wake-at` has come. */
  | { readonly kind: 'woke'; readonly now: Micros }
  /** A frame came whose seal is right. */
  | { readonly kind: 'received'; readonly now: Micros; readonly frame: SegmentFrame }
  /** A kernel answered for an address by ARP. */
  | { readonly kind: 'answered'; readonly now: Micros; readonly ip: Ipv4; readonly mac: Mac }
  /**
   * This is what others may ask this node's kernel for, whether the node announces something here, and whether it knows by now what
   * it has to answer for.
   */
  | { readonly kind: 'described'; readonly now: Micros; readonly askable: Ipv4; readonly busy: boolean; readonly ready: boolean }
  /** The speaker is about to end. */
  | { readonly kind: 'ending'; readonly now: Micros };

/** What has to be done, in order. */
export type PeersEffect =
  | { readonly kind: 'send'; readonly destination: Mac; readonly message: SegmentMessage }
  /** Ask the kernel behind this MAC for its own address, as a host without address would. */
  | { readonly kind: 'ask'; readonly ip: Ipv4; readonly mac: Mac }
  /** These nodes are not there on this link; said when it changes. */
  | { readonly kind: 'gone'; readonly nodes: readonly string[] }
  /** Somebody may have taken over meanwhile: what this node announces has to be announced again. */
  | { readonly kind: 'reannounce' }
  /**
   * A peer that is there says hello: what it knows of claims, and whether others should come before it. It is `ready` unless it is about
   * to restart, with a grace for that, or has just started; it is `busy` if it says hello as one that announces something here.
   */
  | Greeting
  /** A peer says whose addresses are. */
  | { readonly kind: 'claimed'; readonly node: string; readonly mac: Mac; readonly claims: readonly Claim[] }
  /** What is thought of a peer has changed. */
  | { readonly kind: 'judged'; readonly node: string; readonly verdict: Verdict; readonly silence: Micros }
  /** A peer is gone for so long that nothing is kept of it: it comes back as a stranger. */
  | { readonly kind: 'forgotten'; readonly node: string }
  /** Comes last: replaces the wake-up that was asked for before, which stands without it. */
  | { readonly kind: 'wake-at'; readonly at: Micros };
