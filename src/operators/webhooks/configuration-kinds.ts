import type { Resource } from '../../kubernetes/resource.ts';
import type { ConfigurationKind, ConfigurationObjects } from '../../model/configuration.ts';

/** A kind whose changes are reviewed. */
export interface ReviewedKind {
  readonly kind: ConfigurationKind;
  /** The list that holds it. */
  readonly list: Exclude<keyof ConfigurationObjects, 'nodes' | 'secrets'>;
  readonly resource: Resource;
}

const kindOf = (kind: ConfigurationKind, list: ReviewedKind['list'], plural: string, version: string = 'v1beta1'): ReviewedKind => ({
  kind,
  list,
  resource: { group: 'metallb.io', version, plural },
});

/** All of them. The API server converts what is written in another version before it asks. */
export const REVIEWED_KINDS: readonly ReviewedKind[] = [
  kindOf('IPAddressPool', 'pools', 'ipaddresspools'),
  kindOf('L2Advertisement', 'l2Advertisements', 'l2advertisements'),
  kindOf('BGPAdvertisement', 'bgpAdvertisements', 'bgpadvertisements'),
  kindOf('BGPPeer', 'peers', 'bgppeers', 'v1beta2'),
  kindOf('BFDProfile', 'bfdProfiles', 'bfdprofiles'),
  kindOf('Community', 'communities', 'communities'),
];

/** Where the webhook of a kind is called, as MetalLB has it. */
export function pathOf({ kind, resource: { group, version } }: ReviewedKind): string {
  return `/validate-${group.replaceAll('.', '-')}-${version}-${kind.toLowerCase()}`;
}
