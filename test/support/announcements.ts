import { type IpAddress, parseAddress } from '../../src/lib/ip.ts';
import { type Ipv4, ipv4Of } from '../../src/lib/ipv4.ts';
import type { Announcement, InterfaceScope, PlanChange } from '../../src/model/plan.ts';

/** On every link. */
export const EVERYWHERE: InterfaceScope = { all: true };

/** On the links of these names, and no other. */
export function only(...names: readonly string[]): InterfaceScope {
  return { all: false, names };
}

/** The address in this text, which must be one. */
export function addressOf(text: string): IpAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`"${text}" is no address`);
  return address;
}

/** The number of the IPv4 address in this text. */
export function numberOf(text: string): Ipv4 {
  return ipv4Of(addressOf(text));
}

/** What one Service announces. */
export function announcement(service: string, addresses: readonly string[], interfaces: InterfaceScope = EVERYWHERE): Announcement {
  return { service, addresses: addresses.map(addressOf), interfaces };
}

/** The change that announces it. */
export function announce(service: string, addresses: readonly string[], interfaces: InterfaceScope = EVERYWHERE): PlanChange {
  return { kind: 'announce', announcement: announcement(service, addresses, interfaces) };
}

/** The change that ends it. */
export function withdraw(service: string): PlanChange {
  return { kind: 'withdraw', service };
}
