import { assert } from './assert.ts';
import type { Brand } from './brand.ts';
import { formatAddress, type IpAddress } from './ip.ts';

/** An IPv6 address as an unsigned 128-bit number: what code that reads the wire compares and looks up. */
export type Ipv6 = Brand<bigint, 'Ipv6'>;

/** `::`: who asks with it is about to take an address and makes sure that nobody has it (RFC 4862, Section 5.4). */
export const UNSPECIFIED_IPV6: Ipv6 = 0n as Ipv6;

/** `ff02::1`: all nodes of the link (RFC 4291, Section 2.7.1). */
export const ALL_NODES: Ipv6 = 0xff02_0000_0000_0000_0000_0000_0000_0001n as Ipv6;

/** `ff02::1:ff00:0/104`, the solicited-node groups (RFC 4291, Section 2.7.1). */
const SOLICITED_NODE_PREFIX = 0xff02_0000_0000_0000_0000_0001_ff00_0000n;
const SOLICITED_NODE_BITS = 24n;
const SOLICITED_NODE_MASK = 0xff_ffffn;
/** `ff00::/8`. */
const MULTICAST_PREFIX = 0xffn;
/** `fe80::/10`. */
const LINK_LOCAL_PREFIX = 0x3fan;

/** The number of an address of the family IPv6; another family is a bug of the caller. */
export function ipv6Of(address: IpAddress): Ipv6 {
  assert(address.family === 'IPv6', 'an IPv4 address has no 128-bit number');
  return address.value as Ipv6;
}

/** Canonical text. */
export function formatIpv6(address: Ipv6): string {
  return formatAddress({ family: 'IPv6', value: address });
}

/** Whether it names a group and no single interface. */
export function isMulticast(address: Ipv6): boolean {
  return address >> 120n === MULTICAST_PREFIX;
}

/** Whether it is good on its own link only (RFC 4291, Section 2.5.6). */
export function isLinkLocal(address: Ipv6): boolean {
  return address >> 118n === LINK_LOCAL_PREFIX;
}

/** The group in which whoever has the address must listen for questions about it; 2^104 addresses share one. */
export function solicitedNodeGroup(address: Ipv6): Ipv6 {
  return (SOLICITED_NODE_PREFIX | (address & SOLICITED_NODE_MASK)) as Ipv6;
}

/** Whether it is one of the groups of {@link solicitedNodeGroup}. */
export function isSolicitedNodeGroup(address: Ipv6): boolean {
  return address >> SOLICITED_NODE_BITS === SOLICITED_NODE_PREFIX >> SOLICITED_NODE_BITS;
}
