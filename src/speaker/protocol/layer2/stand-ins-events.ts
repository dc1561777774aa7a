import type { Micros } from '../../../lib/clock.ts';
import type { IpAddress } from '../../../lib/ip.ts';
import type { Mac } from '../../../lib/mac.ts';
import type { Verdict } from './peer.ts';

/** What happens on one link; `now` never steps back from one event to the next. */
export type StandInsEvent =
  /** A peer says hello: see the effect of the same name of the peers machine. */
  | {
      readonly kind: 'greeted';
      readonly now: Micros;
      readonly node: string;
      readonly mac: Mac;
      readonly ready: boolean;
      readonly busy: boolean;
    }
  /** What is thought of a peer has changed. */
  | { readonly kind: 'judged'; readonly now: Micros; readonly node: string; readonly verdict: Verdict }
  /** Whether this node itself can answer for others: it has heard whose addresses are. */
  | { readonly kind: 'described'; readonly now: Micros; readonly ready: boolean }
  /** Other addresses may be somebody's than before. */
  | { readonly kind: 'owners-changed'; readonly now: Micros };

/** An address of another node, and the MAC at which that has it. */
export interface StandInAnswer {
  readonly address: IpAddress;
  readonly mac: Mac;
}

/** Why a node stands in for another one: its speaker does not speak, or has said that it restarts. */
export type Absence = 'silent' | 'restarting';

/** Why it does so no more. */
export type StandInEnd =
  /** The speaker is there again. */
  | 'back'
  /** The node is dead, or its speaker did not come back in time: its addresses go to others. */
  | 'gone'
  /** Another node comes first, or the absent one has no addresses any more. */
  | 'released';

/** What has to be done, in order. */
export type StandInsEffect =
  /** From now on these are answered for, and no others. */
  | { readonly kind: 'answer'; readonly answers: readonly StandInAnswer[] }
  | { readonly kind: 'begun'; readonly node: string; readonly mac: Mac; readonly addresses: number; readonly why: Absence }
  | { readonly kind: 'ended'; readonly node: string; readonly addresses: number; readonly why: StandInEnd; readonly lasted: Micros };
