import type { BFDProfile } from '../crds/bfd-profile.ts';
import type { BGPAdvertisement as BGPAdvertisementObject } from '../crds/bgp-advertisement.ts';
import type { BGPPeer } from '../crds/bgp-peer.ts';
import type { Community } from '../crds/community.ts';
import type { LabelSelector } from '../crds/meta.ts';
import type { TextMap } from '../lib/json.ts';
import { selectsNode } from './advertisement-scope.ts';
import { type BfdProfile, parseBfdProfiles } from './bfd-profile.ts';
import { type BgpAdvertisement, parseBgpAdvertisements } from './bgp-advertisement.ts';
import { fitAdvertisements, fitPeers } from './bgp-fit.ts';
import type { BgpPeer } from './bgp-peer.ts';
import { parsePeers } from './bgp-peer-set.ts';
import { type CommunityNames, parseCommunities } from './community.ts';
import type { NodeFacts } from './node-facts.ts';
import type { ObjectSet } from './object-set.ts';
import type { Pool } from './pool.ts';
import type { SecretFacts } from './secret-facts.ts';
import { parseSelectors } from './selector.ts';
import { checkSpec, LABEL_SELECTOR, listShape, objectShape } from './shape.ts';

/** The objects about BGP, and what else decides over them; of one namespace, but for the Nodes. */
export interface BgpObjects {
  readonly bgpAdvertisements: readonly BGPAdvertisementObject[];
  readonly peers: readonly BGPPeer[];
  readonly bfdProfiles: readonly BFDProfile[];
  readonly communities: readonly Community[];
  readonly nodes: readonly Pick<NodeFacts, 'name' | 'labels'>[];
  readonly secrets: readonly SecretFacts[];
}

/** The objects about BGP that are in use, and why others are not. */
export interface BgpConfiguration {
  readonly bgpAdvertisements: ObjectSet<BgpAdvertisement>;
  readonly peers: ObjectSet<BgpPeer>;
  readonly bfdProfiles: ObjectSet<BfdProfile>;
  readonly communities: ObjectSet<CommunityNames>;
}

/**
 * Checks all objects about BGP, beside the pools in use. A bad object is refused alone, and goes on as it last was in
 * `previous`. What different BGP implementations cannot do is no concern here: different AS numbers, router ids and
 * ports of peers of one node, IPv6, BFD and large communities are all fine.
 */
export function parseBgpConfiguration(objects: BgpObjects, pools: readonly Pool[], previous?: BgpConfiguration): BgpConfiguration {
  const { nodes, secrets } = objects;
  const bfdProfiles = parseBfdProfiles(objects.bfdProfiles, previous?.bfdProfiles);
  const communities = parseCommunities(objects.communities, previous?.communities);
  const parsed = parseBgpAdvertisements(objects.bgpAdvertisements, communities, previous?.bgpAdvertisements);
  const bgpAdvertisements = fitAdvertisements(parsed, { pools, nodes });
  const peers = parsePeers(objects.peers, { profiles: bfdProfiles, secrets, nodes }, previous?.peers);
  return { bgpAdvertisements, peers: fitPeers(peers, bgpAdvertisements, pools), bfdProfiles, communities };
}

/** What a peer and an advertisement have in common. */
interface SelectingSpec {
  readonly nodeSelectors?: readonly LabelSelector[];
}

const SELECTING = objectShape({ nodeSelectors: listShape(LABEL_SELECTOR) });

/**
 * Leaves out the advertisements and peers that select other nodes than one with these labels, so that what is bad for
 * one node is not bad for another. Selectors that cannot be read select every node: each says that they are wrong.
 */
export function objectsOfNode(objects: BgpObjects, nodeLabels: TextMap): BgpObjects {
  const isHere = ({ spec }: { readonly spec?: SelectingSpec }): boolean => {
    if (!checkSpec(spec ?? {}, SELECTING).ok) return true;
    const nodeSelectors = parseSelectors('nodeSelectors', spec?.nodeSelectors);
    return !nodeSelectors.ok || selectsNode({ nodeSelectors: nodeSelectors.value }, nodeLabels);
  };
  return { ...objects, peers: objects.peers.filter(isHere), bgpAdvertisements: objects.bgpAdvertisements.filter(isHere) };
}
