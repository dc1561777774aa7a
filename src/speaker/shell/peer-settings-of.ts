import { IPV4_UNICAST, IPV6_UNICAST } from '@typemetal/bgp-parser';
import type { PlannedPeer } from '../../model/planned-peer.ts';
import type { GracefulRestartSettings, PeerSettings } from '../protocol/bgp/peer-settings.ts';
import type { SessionPast } from './session-history.ts';

/** How long a router keeps the routes of a speaker that restarts, in seconds: FRR's own default. */
const RESTART_SECONDS = 120;

/** What the session machine is to know of a peer; `routerId` is used where the peer was given none. */
export function settingsOf(peer: PlannedPeer, routerId: number, node: string, past: SessionPast): PeerSettings {
  return {
    localAsn: peer.localAsn,
    expectedAs: peer.remoteAs,
    routerId: peer.routerId ?? routerId,
    holdTimeSeconds: peer.holdTimeSeconds,
    keepaliveSeconds: peer.keepaliveSeconds,
    connectSeconds: peer.connectTimeSeconds,
    families: peer.families.map((family) => (family === 'IPv4' ? IPV4_UNICAST : IPV6_UNICAST)),
    gracefulRestart: peer.gracefulRestart ? gracefulRestartOf(past) : undefined,
    hostname: node,
  };
}

/** What forwards is kube-proxy: it goes on whatever becomes of this process, but before the first session nothing came here. */
function gracefulRestartOf({ before, since }: SessionPast): GracefulRestartSettings {
  return { restartTimeSeconds: RESTART_SECONDS, restarted: before && !since, forwarding: before || since };
}
