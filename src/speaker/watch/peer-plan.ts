import type { BgpPeer } from '../../model/bgp-peer.ts';
import type { PlannedPeer } from '../../model/planned-peer.ts';

/** The sessions that a node is to hold, and why it holds no others. */
export interface PeersPlan {
  readonly peers: readonly PlannedPeer[];
  /** One sentence a peer that has no session, or not all of it, by the peer's name. */
  readonly gaps: ReadonlyMap<string, string>;
}

/** What MetalLB offers where nothing was asked for. */
const DEFAULT_HOLD_SECONDS = 90;
/** Longest key that the kernel takes (tcp(7), TCP_MD5SIG). */
const MOST_PASSWORD_OCTETS = 80;

/** Plans the sessions of a node; `peers` are those that select it, `passwords` what their Secrets hold, by name. */
export function planPeers(peers: Iterable<BgpPeer>, passwords: ReadonlyMap<string, string>): PeersPlan {
  const planned: PlannedPeer[] = [];
  const gaps = new Map<string, string>();
  for (const peer of peers) {
    const password = passwordOf(peer, passwords);
    const gap = gapOf(peer, password);
    if (gap !== undefined) gaps.set(peer.name, gap);
    const session = plannedPeer(peer, password);
    if (session !== undefined) planned.push(session);
  }
  return { peers: planned, gaps };
}

/** `missing` when there should be one, and there is none that could be used. */
type Password = { readonly text: string | undefined } | 'missing';

function passwordOf({ password }: BgpPeer, passwords: ReadonlyMap<string, string>): Password {
  if (password?.kind !== 'secret') return { text: password?.text };
  const text = passwords.get(password.secret);
  return text === undefined || new TextEncoder().encode(text).length > MOST_PASSWORD_OCTETS ? 'missing' : { text };
}

function gapOf(peer: BgpPeer, password: Password): string | undefined {
  const { name, neighbor, bfd } = peer;
  if (neighbor.kind === 'interface') {
    return `peer ${name} is given by the interface ${neighbor.name}: such sessions are not supported yet, so there is none; give peerAddress`;
  }
  if (password === 'missing') {
    return `peer ${name} has no session: its Secret holds no password of 1 to ${MOST_PASSWORD_OCTETS} octets of UTF-8 under the key password`;
  }
  return bfd === undefined ? undefined : `peer ${name} has its session without BFD: BFD is not supported yet, the hold time applies`;
}

function plannedPeer(peer: BgpPeer, password: Password): PlannedPeer | undefined {
  const { neighbor, timers } = peer;
  if (neighbor.kind === 'interface' || password === 'missing') return undefined;
  return {
    name: peer.name,
    address: neighbor.address,
    port: peer.port,
    sourceAddress: peer.sourceAddress,
    vrf: peer.vrf,
    password: password.text,
    localAsn: peer.shownAsn ?? peer.localAsn,
    remoteAs: peer.remoteAs,
    routerId: peer.routerId,
    holdTimeSeconds: timers?.holdTimeSeconds ?? DEFAULT_HOLD_SECONDS,
    keepaliveSeconds: timers === undefined ? undefined : timers.keepaliveTimeMilliseconds / 1_000,
    connectTimeSeconds: peer.connectTimeSeconds,
    families: peer.dualStack ? ['IPv4', 'IPv6'] : [neighbor.address.family],
    gracefulRestart: peer.gracefulRestart,
  };
}
