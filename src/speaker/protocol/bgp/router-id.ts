import type { IpAddress } from '../../../lib/ip.ts';

/** The polynomial of CRC-32 as IEEE 802.3 has it, its bits reversed. */
const POLYNOMIAL = 0xedb8_8320;

/**
 * The BGP Identifier of a node that was given none (RFC 4271, Section 4.2; RFC 6286, Section 2.1): the IPv4 address of
 * this end, else another one of the same link, else a number made of the node's name as MetalLB makes it, so that it is
 * the same after each restart. Never 0.
 */
export function routerIdOf(local: IpAddress, siblings: readonly IpAddress[], node: string): number {
  const ipv4 = [local, ...siblings].find(({ family }) => family === 'IPv4');
  const value = ipv4 === undefined ? swapOctets(crc32(new TextEncoder().encode(node))) : Number(ipv4.value);
  return value === 0 ? 1 : value;
}

function crc32(octets: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const octet of octets) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  }
  return ~crc >>> 0;
}

/** The number's least octet is the identifier's first. */
function swapOctets(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return view.getUint32(0, true);
}
