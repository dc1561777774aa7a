import { isStation } from '../../lib/mac.ts';
import type { Link } from '../net/link-monitor.ts';

/** Which links of this node layer 2 uses. */
export interface InterfaceSelection {
  /** All that are not excluded, used or not: what an advertisement's `interfaces` can name. Sorted. */
  readonly names: readonly string[];
  /** Those on which ARP is answered. */
  readonly arp: readonly Link[];
}

/**
 * Sorts the links of this node by upstream's rules: an excluded one is not there at all; one that is down, without ARP
 * or a part of another link is known but not used; ARP needs broadcast and a MAC, but no address. A regular expression
 * matches anywhere in a name unless it is anchored.
 */
export function selectInterfaces(links: readonly Link[], excluded: readonly RegExp[]): InterfaceSelection {
  const present = links.filter(({ name }) => !excluded.some((pattern) => pattern.test(name)));
  return {
    names: present.map(({ name }) => name).sort((left, right) => (left < right ? -1 : 1)),
    arp: present.filter((link) => link.up && !link.enslaved && !link.noArp && link.broadcast && isStation(link.mac)),
  };
}
