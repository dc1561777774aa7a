import { assert } from './assert.ts';
import type { Brand } from './brand.ts';
import type { IpAddress } from './ip.ts';

/**
 * An IPv4 address as an unsigned 32-bit number: what code that reads the wire compares and looks up, because it costs
 * no object. {@link IpAddress} is for everything else.
 */
export type Ipv4 = Brand<number, 'Ipv4'>;

/** 0.0.0.0: who asks with it has no address yet (RFC 5227, Section 1.1, an ARP Probe). */
export const UNSPECIFIED_IPV4: Ipv4 = 0 as Ipv4;

/** The number of an address of the family IPv4; another family is a bug of the caller. */
export function ipv4Of(address: IpAddress): Ipv4 {
  assert(address.family === 'IPv4', 'an IPv6 address has no 32-bit number');
  return Number(address.value) as Ipv4;
}

/** Dotted form. */
export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}
