import { type Family, type IpAddress, parseAddress } from '../lib/ip.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { quoteAddresses, quoteTexts } from './quote.ts';
import type { ServiceFacts } from './service.ts';

/** The families of an address list: one, or both. */
export type FamilySet = Family | 'dual';

/** The families of one address, or of two of different families; anything else is refused with upstream's text. */
export function familiesOf(addresses: readonly IpAddress[]): Result<FamilySet, string> {
  const [first, second] = addresses;
  if (first === undefined || addresses.length > 2) {
    return err(`IPFamilyForAddresses: invalid ips length ${addresses.length} ${quoteAddresses(addresses)}`);
  }
  if (second === undefined) return ok(first.family);
  return first.family === second.family ? err(`IPFamilyForAddresses: same address family ${quoteAddresses(addresses)}`) : ok('dual');
}

/** The families of a Service, told by its cluster addresses; a headless Service (`None`) has none and is refused. */
export function serviceFamilies({ clusterIPs }: ServiceFacts): Result<FamilySet, string> {
  const addresses: IpAddress[] = [];
  for (const text of clusterIPs) {
    const address = parseAddress(text);
    if (address === undefined) return err(`IPFamilyForAddresses: Invalid address ${quoteTexts(clusterIPs)}`);
    addresses.push(address);
  }
  return familiesOf(addresses);
}

/** The members of a family set, IPv4 first. */
export function membersOf(families: FamilySet): readonly Family[] {
  return families === 'dual' ? BOTH : [families];
}

const BOTH: readonly Family[] = ['IPv4', 'IPv6'];
