import type { ConfigurationStatus, CustomResource } from './meta.ts';

/**
 * Names for BGP communities, which BGPAdvertisements may use in place of their values.
 *
 * @plural communities
 */
export interface Community extends CustomResource<'metallb.io/v1beta1', 'Community'> {
  /** The names and their values. */
  readonly spec?: CommunitySpec;
  /** Whether the names are in use. */
  readonly status?: ConfigurationStatus;
}

/** Names for BGP communities and their values. */
export interface CommunitySpec {
  /** One entry a name; a name may be given only once over all Community objects. */
  readonly communities?: readonly CommunityAlias[];
}

/** A name for one BGP community. */
export interface CommunityAlias {
  /** Name that BGPAdvertisements use. */
  readonly name?: string;
  /** The community: 65535:65281, large:65000:1:2 for a large one, extended:rt:65000:1 or extended:soo:65000:1 for an extended one. */
  readonly value?: string;
}
