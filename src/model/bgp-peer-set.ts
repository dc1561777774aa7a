import type { BGPPeer as BGPPeerObject } from '../crds/bgp-peer.ts';
import { sameAddress } from '../lib/ip.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { selectsNode } from './advertisement-scope.ts';
import type { BfdProfile } from './bfd-profile.ts';
import { type BgpPeer, type Neighbor, parsePeer } from './bgp-peer.ts';
import type { NodeFacts } from './node-facts.ts';
import { type ObjectSet, parseObjects, type Refusal, refusal } from './object-set.ts';
import type { SecretFacts } from './secret-facts.ts';

/** What peers refer to, and where they run. */
export interface PeerSurroundings {
  readonly profiles: ObjectSet<BfdProfile>;
  readonly secrets: readonly SecretFacts[];
  readonly nodes: readonly Pick<NodeFacts, 'name' | 'labels'>[];
}

const BASIC_AUTH = 'kubernetes.io/basic-auth';

/**
 * Checks all BGPPeers: each by itself, then what it refers to, then whether an older one holds the same session. A
 * refused peer goes on as it last was in `previous`, with the profile that it had then. The errors are upstream's texts.
 */
export function parsePeers(
  objects: readonly BGPPeerObject[],
  surroundings: PeerSurroundings,
  previous: ObjectSet<BgpPeer> | undefined,
): ObjectSet<BgpPeer> {
  const conflict = (peer: BgpPeer, older: ReadonlyMap<string, BgpPeer>): Refusal | undefined => {
    const twin = [...older.values()].find((other) => sameSession(peer, other) && shareNode(peer, other, surroundings));
    if (twin === undefined) return undefined;
    const same = 'the same address or interface, port, VRF and source address';
    return refusal(`peer ${peer.name} already exists: peer ${twin.name} selects the same node with ${same}`);
  };
  return parseObjects(objects, { parse: (object) => peerOf(object, surroundings), conflict }, previous);
}

function peerOf(object: BGPPeerObject, { profiles, secrets }: PeerSurroundings): Result<BgpPeer, Refusal> {
  const { name, namespace = '' } = object.metadata;
  const refuse = (text: string, transient: boolean): Result<never, Refusal> => err({ text: `parsing peer ${name} ${text}`, transient });
  const parsed = parsePeer(object);
  if (!parsed.ok) return refuse(parsed.error, false);
  const { password } = parsed.value;
  const fault = password?.kind === 'secret' ? secretFault(password.secret, { name, namespace }, secrets) : undefined;
  if (fault !== undefined) return refuse(`${fault}\nfailed to parse peer ${name} password secret`, true);
  const wanted = object.spec?.bfdProfile ?? '';
  const bfd = profiles.inUse.get(wanted);
  if (wanted !== '' && bfd === undefined) {
    return err({ text: `peer ${name} referencing non existing bfd profile ${wanted}`, transient: true });
  }
  return ok({ ...parsed.value, bfd });
}

/** Why a Secret is no password; it may come, or be mended, at any time. */
function secretFault(
  wanted: string,
  peer: { readonly name: string; readonly namespace: string },
  secrets: readonly SecretFacts[],
): string | undefined {
  const quoted = (name: string): string => `${JSON.stringify(peer.namespace)}/${JSON.stringify(name)}`;
  const secret = secrets.find(({ name }) => name === wanted);
  if (secret === undefined) return `secret ref not found for peer config ${quoted(peer.name)}`;
  if (secret.type !== BASIC_AUTH) return `secret type mismatch on ${quoted(wanted)}, type ${JSON.stringify(BASIC_AUTH)} is expected `;
  return secret.hasPassword ? undefined : `password not specified in the secret ${quoted(wanted)}`;
}

/** A router could not tell two such sessions of one node apart: it keeps one of them (RFC 4271, Section 6.8). */
function sameSession(left: BgpPeer, right: BgpPeer): boolean {
  const sameSource =
    left.sourceAddress === undefined || right.sourceAddress === undefined
      ? left.sourceAddress === right.sourceAddress
      : sameAddress(left.sourceAddress, right.sourceAddress);
  return sameNeighbor(left.neighbor, right.neighbor) && left.port === right.port && left.vrf === right.vrf && sameSource;
}

function sameNeighbor(left: Neighbor, right: Neighbor): boolean {
  if (left.kind === 'address') return right.kind === 'address' && sameAddress(left.address, right.address);
  return right.kind === 'interface' && left.name === right.name;
}

/** With no Node known, any two may meet on one. */
function shareNode(left: BgpPeer, right: BgpPeer, { nodes }: PeerSurroundings): boolean {
  return nodes.length === 0 || nodes.some(({ labels }) => selectsNode(left, labels) && selectsNode(right, labels));
}
