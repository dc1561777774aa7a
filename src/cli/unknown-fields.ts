import { type JsonObject, textOf } from '../lib/json.ts';
import { BFD_PROFILE_SPEC } from '../model/bfd-profile.ts';
import { BGP_ADVERTISEMENT_SPEC } from '../model/bgp-advertisement.ts';
import { BGP_PEER_SPEC } from '../model/bgp-peer.ts';
import { COMMUNITY_SPEC } from '../model/community.ts';
import type { ConfigurationKind } from '../model/configuration.ts';
import { L2_ADVERTISEMENT_SPEC } from '../model/l2-advertisement.ts';
import { POOL_SPEC } from '../model/pool.ts';
import type { Shape } from '../model/shape.ts';

const SPECS: Readonly<Record<ConfigurationKind, Shape>> = {
  IPAddressPool: POOL_SPEC,
  L2Advertisement: L2_ADVERTISEMENT_SPEC,
  BGPAdvertisement: BGP_ADVERTISEMENT_SPEC,
  BGPPeer: BGP_PEER_SPEC,
  BFDProfile: BFD_PROFILE_SPEC,
  Community: COMMUNITY_SPEC,
};

/**
 * One sentence for each field of a spec that the kind does not have. kubectl refuses those; who applies by other means has them dropped, and an
 * advertisement that was to be for one pool is for all. Kinds of others have none. Never throws.
 */
export function unknownFields({ kind, spec }: JsonObject): readonly string[] {
  const shapes: Readonly<Record<string, Shape>> = SPECS;
  const name = textOf(kind) ?? '';
  const strangers = Object.hasOwn(shapes, name) ? (shapes[name]?.strangers(spec, 'spec') ?? []) : [];
  return strangers.map(({ path, known }) => `${path} is no field that there is: want ${known.join(', ')}`);
}
