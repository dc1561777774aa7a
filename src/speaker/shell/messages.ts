import type { Micros } from '../../lib/clock.ts';
import type { OwnersMemory, Report, WireChange } from '../../model/plan.ts';
import type { PeersTiming } from '../protocol/layer2/peers-events.ts';

/** What the wire thread is given when it starts; plain data that crosses to another thread. */
export interface WireSettings {
  /** The name of this node. */
  readonly node: string;
  /** Regular expressions; a link whose name one of them matches is left alone (the file `excludel2.yaml`). */
  readonly excludedInterfaces: readonly string[];
  /** Whether the log writes debug lines: one per answer, so none is even built otherwise. */
  readonly debug: boolean;
  /** The port at which BGP peers may connect to this node; 0 or absent for none. */
  readonly bgpListenPort?: number;
  /** Keys of the BGP sessions that there were since the kernel started; none when it is not known. */
  readonly heldSessions?: readonly string[];
  /** How to speak with other speakers; without it this one speaks with nobody, and no node is ever said to be gone. */
  readonly segment?: SegmentSettings;
}

/** How speakers of one cluster speak with each other. */
export interface SegmentSettings {
  readonly node: string;
  /** What signs their frames; empty when there is no Secret. */
  readonly key: string;
  /** The key that the Secret held before, and how long ago it was changed; absent when this process has seen no other. */
  readonly replacedKey?: { readonly key: string; readonly age: Micros } | undefined;
  readonly timing: PeersTiming;
  /** The nodes that an earlier thread held for gone. */
  readonly gone: readonly string[];
  /** What an earlier thread or process knew of owners. */
  readonly memory?: OwnersMemory | undefined;
}

/** Main thread to wire thread. One `changes` is in flight at a time: the next one waits for `applied`. */
export type Order =
  | { readonly kind: 'changes'; readonly changes: readonly WireChange[] }
  | { readonly kind: 'ping'; readonly id: number }
  /** The Secret holds this key now. */
  | { readonly kind: 'key'; readonly key: string }
  /**
   * The process ends: peers are told, and then `ended` is said. With `drain` it does not come again: routers have so long to
   * move their traffic, and keep no routes.
   */
  | { readonly kind: 'end'; readonly drain: Micros | undefined }
  /** The last `reports` were taken; the next may be sent. */
  | { readonly kind: 'received' };

/** Wire thread to main thread. One `reports` is in flight at a time: the next one waits for `received`. */
export type Notice =
  | { readonly kind: 'reports'; readonly reports: readonly Report[] }
  /** The last `changes` were taken; the next may be sent. */
  | { readonly kind: 'applied' }
  /** What had to be said at the end is said. */
  | { readonly kind: 'ended' }
  /** `answering` is whether the thread has the sockets that its links need. */
  | { readonly kind: 'pong'; readonly id: number; readonly answering: boolean };
