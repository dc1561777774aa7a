import type { AddressFamily } from '@typemetal/bgp-parser';

/** Which AS the other side has to have. */
export type ExpectedAs =
  | { readonly kind: 'number'; readonly asn: number }
  /** Any, as long as it is the one that we show. */
  | { readonly kind: 'internal' }
  /** Any but the one that we show. */
  | { readonly kind: 'external' };

/** What we tell a peer of our restarts (RFC 4724). */
export interface GracefulRestartSettings {
  readonly restartTimeSeconds: number;
  /** The R bit: this process has restarted since the last session with the peer. */
  readonly restarted: boolean;
  /** The F bit of all families: packets were forwarded all the time. */
  readonly forwarding: boolean;
}

/** All that a session with a peer depends on; another value is another session. */
export interface PeerSettings {
  /** The AS that we show to this peer. */
  readonly localAsn: number;
  readonly expectedAs: ExpectedAs;
  /** Our BGP Identifier: 32 bits, not 0. */
  readonly routerId: number;
  /** What we offer: 0, or 3 to 65,535. */
  readonly holdTimeSeconds: number;
  /** `undefined` sends a KEEPALIVE each third of the hold time that was agreed. */
  readonly keepaliveSeconds: number | undefined;
  /** The fixed time between two attempts; `undefined` lets it grow from 0 to 120 s. */
  readonly connectSeconds: number | undefined;
  readonly families: readonly AddressFamily[];
  readonly gracefulRestart: GracefulRestartSettings | undefined;
  /** Shown to the peer's operator (draft-walton-bgp-hostname-capability). */
  readonly hostname: string;
}
