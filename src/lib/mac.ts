import type { Brand } from './brand.ts';

/** A 48-bit link-layer address as an unsigned number, the first octet on top: compared with `===`, costs no object. */
export type Mac = Brand<number, 'Mac'>;

/** All ones: every station of the segment. */
export const BROADCAST_MAC: Mac = 0xffff_ffff_ffff as Mac;

/** All zeros: no address at all; what a link without one shows. */
export const ZERO_MAC: Mac = 0 as Mac;

const OCTETS = 6;
const PATTERN = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;
/** The least significant bit of the first octet: a group of stations (IEEE 802, clause 8.2). */
const GROUP_BIT = 2 ** 40;

/** Whether one single station can have this address: neither a group, nor everybody, nor nobody. */
export function isStation(mac: Mac): boolean {
  return mac !== ZERO_MAC && Math.floor(mac / GROUP_BIT) % 2 === 0;
}

/** Six octets in lower-case hexadecimal, with colons. */
export function formatMac(mac: Mac): string {
  const digits = mac.toString(16).padStart(2 * OCTETS, '0');
  return digits.replace(/(..)(?=.)/g, '$1:');
}

/** Reads six octets with colons; anything else is `undefined`. */
export function parseMac(text: string): Mac | undefined {
  return PATTERN.test(text) ? (Number.parseInt(text.replaceAll(':', ''), 16) as Mac) : undefined;
}
