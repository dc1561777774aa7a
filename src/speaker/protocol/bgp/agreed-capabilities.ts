import { type Agreement, IPV4_UNICAST, IPV6_UNICAST, sameFamily } from '@typemetal/bgp-parser';

/** Longest message of a session without the capability for longer ones (RFC 4271, Section 4). */
const MAXIMUM_LENGTH = 4_096;

/** What both sides of a session can do, by the names of address families and capabilities, for people. */
export function agreedCapabilities(agreement: Agreement): readonly string[] {
  const { families, fourOctetAsn, maximumReceivedLength, maximumSentLength, routeRefresh, enhancedRouteRefresh } = agreement;
  const capabilities: Readonly<Record<string, boolean>> = {
    'four-octet-asn': fourOctetAsn,
    'route-refresh': routeRefresh,
    'enhanced-route-refresh': enhancedRouteRefresh,
    'extended-message': Math.min(maximumReceivedLength, maximumSentLength) > MAXIMUM_LENGTH,
    'extended-next-hop': agreement.extendedNextHop.length > 0,
    'graceful-restart': agreement.gracefulRestart !== undefined,
  };
  const names = Object.entries(capabilities).flatMap(([name, agreed]) => (agreed ? [name] : []));
  return [...families.map(familyName), ...names];
}

function familyName(family: Agreement['families'][number]): string {
  if (sameFamily(family, IPV4_UNICAST)) return 'ipv4-unicast';
  return sameFamily(family, IPV6_UNICAST) ? 'ipv6-unicast' : `afi ${family.afi} safi ${family.safi}`;
}
