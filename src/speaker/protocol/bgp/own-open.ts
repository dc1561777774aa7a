import {
  type AddressFamily,
  BGP_VERSION,
  type Capability,
  IPV4_UNICAST,
  IPV6_UNICAST,
  includesFamily,
  type Open,
} from '@typemetal/bgp-parser';
import type { GracefulRestartSettings, PeerSettings } from './peer-settings.ts';

/** Stands for an AS number that needs four octets (RFC 6793, Section 9). */
const AS_TRANS = 23_456;
const MOST_OF_TWO_OCTETS = 0xffff;
/** IPv4 routes may have a next hop of IPv6 (RFC 8950, Section 4). */
const IPV6_AFI: number = IPV6_UNICAST.afi;

/** The OPEN that we send to a peer (RFC 4271, Section 4.2). */
export function ownOpen(settings: PeerSettings): Open {
  const { localAsn, holdTimeSeconds, routerId } = settings;
  return {
    type: 'open',
    version: BGP_VERSION,
    asn: localAsn > MOST_OF_TWO_OCTETS ? AS_TRANS : localAsn,
    holdTime: holdTimeSeconds,
    routerId,
    capabilities: ownCapabilities(settings),
  };
}

function ownCapabilities({ localAsn, families, gracefulRestart, hostname }: PeerSettings): readonly Capability[] {
  return [
    ...families.map(({ afi, safi }): Capability => ({ code: 1, name: 'multiprotocol', afi, safi })),
    { code: 2, name: 'route-refresh' },
    ...extendedNextHop(families),
    { code: 6, name: 'extended-message' },
    ...(gracefulRestart === undefined ? [] : [gracefulRestartOf(gracefulRestart, families)]),
    { code: 65, name: 'four-octet-asn', asn: localAsn },
    { code: 70, name: 'enhanced-route-refresh' },
    { code: 73, name: 'fqdn', hostname, domain: '' },
  ];
}

function extendedNextHop(families: readonly AddressFamily[]): readonly Capability[] {
  if (!includesFamily(families, IPV4_UNICAST)) return [];
  return [{ code: 5, name: 'extended-next-hop', families: [{ ...IPV4_UNICAST, nextHopAfi: IPV6_AFI }] }];
}

function gracefulRestartOf(settings: GracefulRestartSettings, families: readonly AddressFamily[]): Capability {
  const { restarted, restartTimeSeconds, forwarding } = settings;
  const kept = families.map(({ afi, safi }) => ({ afi, safi, forwarding }));
  return { code: 64, name: 'graceful-restart', restarted, notification: true, restartTimeSeconds, families: kept };
}
