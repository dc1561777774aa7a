import type { Family, IpAddress } from '../lib/ip.ts';
import type { RemoteAs } from './bgp-peer.ts';

/** A BGP session that a node is to hold: everything is known, nothing is looked up any more. */
export interface PlannedPeer {
  /** Of the BGPPeer. */
  readonly name: string;
  readonly address: IpAddress;
  readonly port: number;
  readonly sourceAddress: IpAddress | undefined;
  readonly vrf: string | undefined;
  /** The key of the TCP MD5 signature itself; never logged. */
  readonly password: string | undefined;
  /** The AS number that the peer is shown. */
  readonly localAsn: number;
  readonly remoteAs: RemoteAs;
  /** `undefined` takes the node's own IPv4 address, and a number made of its name where there is none. */
  readonly routerId: number | undefined;
  readonly holdTimeSeconds: number;
  /** `undefined` for a third of the hold time that was agreed. */
  readonly keepaliveSeconds: number | undefined;
  /** `undefined` for pauses that grow. */
  readonly connectTimeSeconds: number | undefined;
  readonly families: readonly Family[];
  readonly gracefulRestart: boolean;
}
