import { type Ipv4, UNSPECIFIED_IPV4 } from '../../../lib/ipv4.ts';
import { type Ipv6, UNSPECIFIED_IPV6 } from '../../../lib/ipv6.ts';
import { isStation, type Mac } from '../../../lib/mac.ts';
import { ARP_REQUEST, type ArpFrame } from '../../wire/arp.ts';
import type { HeardAdvertisement, NeighborSolicitation } from '../../wire/ndp.ts';

/** What a frame says of who has an address: somebody says that it is his, or asks whether he may take it. */
export interface Sighting<Ip> {
  readonly kind: 'held' | 'probed';
  readonly ip: Ip;
  readonly mac: Mac;
}

/** What an ARP message says: any that names its sender says that the address is his (RFC 5227, Section 1.1). `undefined` for nothing. */
export function sightArp({ operation, senderIp, senderMac, targetIp }: ArpFrame): Sighting<Ipv4> | undefined {
  if (!isStation(senderMac)) return undefined;
  if (senderIp !== UNSPECIFIED_IPV4) return { kind: 'held', ip: senderIp, mac: senderMac };
  return operation === ARP_REQUEST ? { kind: 'probed', ip: targetIp, mac: senderMac } : undefined;
}

/** What a solicitation says: one without a source looks for a duplicate (RFC 4862, Section 5.4.3), one from its own target claims it. */
export function sightSolicitation({ source, sourceIp, sourceMac = source, target }: NeighborSolicitation): Sighting<Ipv6> | undefined {
  if (!isStation(sourceMac)) return undefined;
  if (sourceIp === UNSPECIFIED_IPV6) return { kind: 'probed', ip: target, mac: sourceMac };
  return sourceIp === target ? { kind: 'held', ip: target, mac: sourceMac } : undefined;
}

/** What an advertisement says. */
export function sightAdvertisement({ source, target, targetMac = source }: HeardAdvertisement): Sighting<Ipv6> | undefined {
  return isStation(targetMac) ? { kind: 'held', ip: target, mac: targetMac } : undefined;
}
