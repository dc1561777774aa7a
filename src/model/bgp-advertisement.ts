import type { BGPAdvertisement as BGPAdvertisementObject, BGPAdvertisementSpec } from '../crds/bgp-advertisement.ts';
import { ADDRESS_BITS, type Family } from '../lib/ip.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { type AdvertisementScope, parseScope, selectsPool } from './advertisement-scope.ts';
import { type CommunityNames, type CommunityValue, findAlias, parseCommunity } from './community.ts';
import { type Checked, type ObjectSet, parseObjects, type Refusal, refusal } from './object-set.ts';
import type { Pool } from './pool.ts';
import { parseWeightByEndpoints, type WeightByEndpoints } from './route-weight.ts';
import { findDuplicate } from './selector.ts';
import { checkSpec, LABEL_SELECTOR, listShape, objectShape, type Shape, TEXT, WHOLE_NUMBER } from './shape.ts';

/** A BGPAdvertisement that was checked. */
export interface BgpAdvertisement extends Checked, AdvertisementScope {
  /** Prefix lengths of the routes: 32 and 128 announce each address by itself. */
  readonly aggregationLength: Readonly<Record<Family, number>>;
  /** LOCAL_PREF of the routes; `undefined` for the default. */
  readonly localPreference: number | undefined;
  readonly communities: readonly CommunityValue[];
  readonly weightByEndpoints: WeightByEndpoints;
  /** Names of BGPPeers, which need not exist; none given means all. */
  readonly peers: readonly string[];
  /** Names of pools that it selects and that it is not used for, because it does not fit them. */
  readonly leftOut: ReadonlySet<string>;
}

/** Whether routes to the pool's addresses are announced by the advertisement. */
export function announcesPool(advertisement: BgpAdvertisement, pool: Pick<Pool, 'name' | 'labels'>): boolean {
  return selectsPool(advertisement, pool) && !advertisement.leftOut.has(pool.name);
}

/** Whether the advertisement is for a peer. */
export function reachesPeer({ peers }: BgpAdvertisement, peer: string): boolean {
  return peers.length === 0 || peers.includes(peer);
}

const SELECTORS = listShape(LABEL_SELECTOR);

/** The spec of a BGPAdvertisement. */
export const BGP_ADVERTISEMENT_SPEC: Shape = objectShape({
  aggregationLength: WHOLE_NUMBER,
  aggregationLengthV6: WHOLE_NUMBER,
  localPref: WHOLE_NUMBER,
  communities: listShape(TEXT),
  ipAddressPools: listShape(TEXT),
  ipAddressPoolSelectors: SELECTORS,
  nodeSelectors: SELECTORS,
  peers: listShape(TEXT),
  serviceSelectors: SELECTORS,
  weightByEndpoints: TEXT,
});

const MOST_LOCAL_PREFERENCE = 0xffff_ffff;

/**
 * Checks each BGPAdvertisement by itself and looks up the communities it names; a refused one goes on as it last was in
 * `previous`. Whether it fits pools and others is for `bgp-fit.ts` to say.
 */
export function parseBgpAdvertisements(
  objects: readonly BGPAdvertisementObject[],
  communities: ObjectSet<CommunityNames>,
  previous: ObjectSet<BgpAdvertisement> | undefined,
): ObjectSet<BgpAdvertisement> {
  return parseObjects(objects, { parse: (object) => advertisementOf(object, communities), conflict: () => undefined }, previous);
}

function advertisementOf(
  { metadata, spec = {} }: BGPAdvertisementObject,
  names: ObjectSet<CommunityNames>,
): Result<BgpAdvertisement, Refusal> {
  const shaped = checkSpec(spec, BGP_ADVERTISEMENT_SPEC);
  const fault = shaped.ok ? (duplicateIn(spec) ?? numberFault(metadata.name, spec)) : shaped.error;
  if (fault !== undefined) return err(refusal(fault));
  const scope = parseScope(spec);
  if (!scope.ok) return err(refusal(scope.error));
  const communities = communitiesOf(spec.communities ?? [], names);
  if (!communities.ok) return communities;
  const weight = parseWeightByEndpoints(spec.weightByEndpoints ?? 'None');
  if (!weight.ok) return err(refusal(`invalid weightByEndpoints: ${weight.error}`));
  return ok({
    name: metadata.name,
    uid: metadata.uid ?? '',
    ...scope.value,
    aggregationLength: { IPv4: spec.aggregationLength ?? ADDRESS_BITS.IPv4, IPv6: spec.aggregationLengthV6 ?? ADDRESS_BITS.IPv6 },
    localPreference: spec.localPref === 0 ? undefined : spec.localPref,
    communities: communities.value,
    weightByEndpoints: weight.value,
    peers: spec.peers ?? [],
    leftOut: new Set(),
  });
}

function duplicateIn({ ipAddressPools = [], communities = [], peers = [] }: BGPAdvertisementSpec): string | undefined {
  return findDuplicate('ipAddressPools', ipAddressPools) ?? findDuplicate('community', communities) ?? findDuplicate('peers', peers);
}

function numberFault(name: string, { serviceSelectors = [], localPref = 0, ...spec }: BGPAdvertisementSpec): string | undefined {
  const { aggregationLength: length4 = ADDRESS_BITS.IPv4, aggregationLengthV6: length6 = ADDRESS_BITS.IPv6 } = spec;
  const exclusive = (field: string): string => `serviceSelectors and ${field} are mutually exclusive, both cannot be set in ${name}`;
  if (serviceSelectors.length > 0 && length4 !== ADDRESS_BITS.IPv4) return exclusive('aggregationLength');
  if (serviceSelectors.length > 0 && length6 !== ADDRESS_BITS.IPv6) return exclusive('aggregationLengthV6');
  if (length4 < 1 || length4 > ADDRESS_BITS.IPv4) return `invalid aggregation length ${length4} for IPv4`;
  if (length6 < 1 || length6 > ADDRESS_BITS.IPv6) return `invalid aggregation length ${length6} for IPv6`;
  if (localPref >= 0 && localPref <= MOST_LOCAL_PREFERENCE) return undefined;
  return `invalid local preference ${localPref}: must be 0 to ${MOST_LOCAL_PREFERENCE}`;
}

/** A text that has not the form of a community may be a name that is yet to be defined. */
function communitiesOf(texts: readonly string[], names: ObjectSet<CommunityNames>): Result<readonly CommunityValue[], Refusal> {
  const values: CommunityValue[] = [];
  for (const text of texts) {
    const alias = findAlias(names, text);
    const value = alias === undefined ? parseCommunity(text) : ok(alias);
    if (!value.ok) {
      const { kind, text: fault } = value.error;
      return err({ text: `${fault}\ninvalid community ${JSON.stringify(text)} in BGP advertisement`, transient: kind === 'format' });
    }
    values.push(value.value);
  }
  return ok(values);
}
