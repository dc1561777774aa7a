import { readMac, writeMac } from '../../lib/binary.ts';
import type { Ipv6 } from '../../lib/ipv6.ts';
import type { Mac } from '../../lib/mac.ts';

/** The header of an Ethernet II frame (IEEE 802.3, clause 3.1.1). A tagged frame shows the tag's own EtherType here. */
export interface EthernetHeader {
  readonly destination: Mac;
  readonly source: Mac;
  readonly etherType: number;
}

/** Octets before the payload. */
export const ETHERNET_HEADER_LENGTH = 14;

/** The shortest frame without its check sequence; shorter ones are padded with zeros (IEEE 802.3, clause 3.2.8). */
export const MINIMUM_FRAME_LENGTH = 60;

/** Where the EtherType begins. */
export const ETHER_TYPE_OFFSET = 12;

/** EtherType of ARP (RFC 826). */
export const ETHER_TYPE_ARP = 0x0806;

/** EtherType of IPv6 (RFC 2464, Section 3). */
export const ETHER_TYPE_IPV6 = 0x86dd;

const IPV6_GROUP_MACS = 0x3333_0000_0000;

/** Where frames for an IPv6 group go: 33:33 and the last 32 bits of the group (RFC 2464, Section 7). */
export function groupMac(group: Ipv6): Mac {
  return (IPV6_GROUP_MACS + Number(group & 0xffff_ffffn)) as Mac;
}

/** Reads the header; the caller has checked that the frame holds one. */
export function readEthernetHeader(frame: DataView): EthernetHeader {
  return { destination: readMac(frame, 0), source: readMac(frame, 6), etherType: frame.getUint16(ETHER_TYPE_OFFSET) };
}

/** Writes the header at the beginning of `frame`; the caller has checked that there is room. */
export function writeEthernetHeader(frame: DataView, header: EthernetHeader): void {
  writeMac(frame, 0, header.destination);
  writeMac(frame, 6, header.source);
  frame.setUint16(ETHER_TYPE_OFFSET, header.etherType);
}
