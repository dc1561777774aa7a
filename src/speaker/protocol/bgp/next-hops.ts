import type { IpAddress } from '../../../lib/ip.ts';
import type { OutboundSession } from './adj-rib-out.ts';

const LINK_LOCAL = 0xfe80n >> 6n;
const LINK_LOCAL_SHIFT = 118n;

/**
 * Where the routes of each family lead to: this end of the connection for its own family, an address of the same link for
 * the other one. IPv4 routes of a link that has IPv6 only lead to this end too, where the peer understands that (RFC 8950).
 */
export function nextHopsOf(local: IpAddress, siblings: readonly IpAddress[]): OutboundSession['nextHops'] {
  const other = siblings.find((address) => address.family !== local.family && !isLinkLocal(address));
  if (local.family === 'IPv4') return { IPv4: [local], ...(other === undefined ? {} : { IPv6: [other] }) };
  return { IPv4: [other ?? local], IPv6: [local] };
}

/** An address of fe80::/10 (RFC 4291, Section 2.5.6). */
function isLinkLocal({ family, value }: IpAddress): boolean {
  return family === 'IPv6' && value >> LINK_LOCAL_SHIFT === LINK_LOCAL;
}
