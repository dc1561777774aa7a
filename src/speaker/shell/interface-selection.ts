import { type Ipv6, ipv6Of, isLinkLocal } from '../../lib/ipv6.ts';
import { isStation } from '../../lib/mac.ts';
import type { Link } from '../net/link-monitor.ts';

/** Which links of this node layer 2 uses. */
export interface InterfaceSelection {
  /** All that are not excluded, used or not: what an advertisement's `interfaces` can name. Sorted. */
  readonly names: readonly string[];
  /** Those on which ARP is answered. */
  readonly arp: readonly Link[];
  /** Those on which Neighbor Solicitations are. */
  readonly ndp: readonly Link[];
}

/**
 * Sorts the links of this node by upstream's rules: an excluded one is not there at all; one that is down, without ARP
 * or a part of another link is known but not used; ARP needs broadcast and a MAC, but no address, neighbour discovery a
 * link-local address to speak from. A regular expression matches anywhere in a name unless it is anchored.
 */
export function selectInterfaces(links: readonly Link[], excluded: readonly RegExp[]): InterfaceSelection {
  const present = links.filter(({ name }) => !excluded.some((pattern) => pattern.test(name)));
  const usable = present.filter((link) => link.up && !link.enslaved && !link.noArp && isStation(link.mac));
  return {
    names: present.map(({ name }) => name).sort((left, right) => (left < right ? -1 : 1)),
    arp: usable.filter(({ broadcast }) => broadcast),
    ndp: usable.filter((link) => linkLocalOf(link) !== undefined),
  };
}

/** The address by which a link speaks to its neighbours, if it has one. */
export function linkLocalOf({ addresses }: Link): Ipv6 | undefined {
  const ips = addresses.flatMap(({ address }) => (address.family === 'IPv6' ? [ipv6Of(address)] : []));
  return ips.find(isLinkLocal);
}
