import type { ExtendedCommunity, PathAttribute } from '@typemetal/bgp-parser';
import { linkBandwidth, pathAttribute } from '@typemetal/bgp-parser';
import type { RouteWeight } from '../../../model/route-weight.ts';
import type { Route } from './route-table.ts';

/** What the attributes of our routes depend on, beside the route. */
export interface Origination {
  /** Whether the peer is in the AS that we show to it. */
  readonly internal: boolean;
  /** The AS that we show. */
  readonly localAsn: number;
}

/** Within an AS a route without a preference of its own has this one, as routers give it. */
const DEFAULT_LOCAL_PREFERENCE = 100;

/** What one endpoint is said to take: 1 Gbit/s. Routers only compare. */
const ENDPOINT_BYTES_PER_SECOND = 125_000_000;
/** What a node without endpoints counts as, in endpoints: 0 would mean to routers that nothing is known, and they would weigh nobody. */
const NO_ENDPOINT = 0.01;

/**
 * The attributes of a route of ours but for its next hop (RFC 4271, Section 5). LOCAL_PREF stays within the AS; a route
 * that leaves it has our AS as its path.
 */
export function pathAttributesOf(route: Route, { internal, localAsn }: Origination): readonly PathAttribute[] {
  const { localPreference, communities, weight } = route;
  const standard = communities.filter((each) => each.kind === 'standard').map(({ value }) => value);
  const large = communities.filter((each) => each.kind === 'large').map(({ kind: _, ...value }) => value);
  const extended = [
    ...communities.filter((each) => each.kind === 'extended').map(({ kind: _, ...value }) => value),
    ...(weight === undefined ? [] : [bandwidthOf(weight, localAsn)]),
  ];
  return [
    pathAttribute('origin', 'igp'),
    pathAttribute('as-path', internal ? [] : [{ type: 'sequence', asns: [localAsn] }]),
    ...(internal ? [pathAttribute('local-pref', localPreference ?? DEFAULT_LOCAL_PREFERENCE)] : []),
    ...(standard.length === 0 ? [] : [pathAttribute('communities', standard)]),
    ...(extended.length === 0 ? [] : [pathAttribute('extended-communities', extended)]),
    ...(large.length === 0 ? [] : [pathAttribute('large-communities', large)]),
  ];
}

/** The share of the traffic that the node asks for (draft-ietf-idr-link-bandwidth, Section 2). */
function bandwidthOf({ endpoints, transitive }: RouteWeight, asn: number): ExtendedCommunity {
  return linkBandwidth({ transitive, asn, bytesPerSecond: Math.max(endpoints, NO_ENDPOINT) * ENDPOINT_BYTES_PER_SECOND });
}
