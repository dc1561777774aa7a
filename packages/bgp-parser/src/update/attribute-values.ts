import type { IpAddress } from '../address.ts';
import { encodeAsn } from '../asn.ts';
import { EncodeError } from '../encode-error.ts';
import { readIpv4, readUint32s } from '../octets.ts';
import { Refusal } from '../refusal.ts';
import type { Writer } from '../writer.ts';
import type { Aggregator, Origin } from './attribute.ts';
import type { ExtendedCommunity } from './extended-community.ts';
import type { LargeCommunity } from './large-community.ts';

/** The octets of one value within its message. Who reads a value has its length checked before. */
export interface ValueField {
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/** Octets of one extended community (RFC 4360, Section 2). */
export const EXTENDED_COMMUNITY_OCTETS = 8;
/** Octets of one large community (RFC 8092, Section 3). */
export const LARGE_COMMUNITY_OCTETS = 12;

const ORIGINS: readonly Origin[] = ['igp', 'egp', 'incomplete'];
const LOW_32_BITS = 2 ** 32;
const FIRST_MULTICAST = 0xe000_0000n;
const LOOPBACK_NETWORK = 127n;

/** One number. */
export const UINT32 = {
  decode: ({ view, start }: ValueField): number => view.getUint32(start),
  encode: (writer: Writer, value: number): void => writer.uint32(value),
} as const;

/** Numbers up to the end. */
export const UINT32S = {
  decode: ({ view, start, end }: ValueField): readonly number[] => readUint32s(view, start, end),
  encode: (writer: Writer, values: readonly number[]): void => {
    for (const value of values) writer.uint32(value);
  },
} as const;

/** Reads ORIGIN; refuses a value that is not one of the three (RFC 7606, Section 7.1). */
export function decodeOrigin({ view, start }: ValueField): Origin | Refusal {
  const value = view.getUint8(start);
  return ORIGINS[value] ?? new Refusal(start, `value is ${value}, must be 0, 1 or 2`);
}

/** The mirror of {@link decodeOrigin}. */
export function encodeOrigin(writer: Writer, origin: Origin): void {
  writer.uint8(ORIGINS.indexOf(origin));
}

/** Reads NEXT_HOP; refuses what is the address of no other host: 0.0.0.0/8, 127.0.0.0/8 and all from 224.0.0.0 (RFC 4271, Section 6.3). */
export function decodeNextHop({ view, start }: ValueField): IpAddress | Refusal {
  const address = readIpv4(view, start);
  const network = address.value >> 24n;
  if (network !== 0n && network !== LOOPBACK_NETWORK && address.value < FIRST_MULTICAST) return address;
  return new Refusal(start, `value begins with ${network}, must be the address of a host`);
}

/** The mirror of {@link decodeNextHop}. */
export function encodeIpv4(writer: Writer, address: IpAddress): void {
  if (address.family !== 'IPv4') throw new EncodeError('NEXT_HOP and AGGREGATOR have addresses of IPv4; MP_REACH_NLRI has those of IPv6');
  writer.address(address);
}

/** Reads AGGREGATOR; refuses AS number 0 (RFC 7607, Section 2). */
export function decodeAggregator({ view, start }: ValueField, asnOctets: 2 | 4): Aggregator | Refusal {
  const asn = asnOctets === 4 ? view.getUint32(start) : view.getUint16(start);
  return asn === 0 ? new Refusal(start, 'AS number is 0, which nobody has') : { asn, address: readIpv4(view, start + asnOctets) };
}

/** The mirror of {@link decodeAggregator}. */
export function encodeAggregator(writer: Writer, { asn, address }: Aggregator, asnOctets: 2 | 4): void {
  encodeAsn(writer, asn, asnOctets);
  encodeIpv4(writer, address);
}

/** Reads extended communities. */
export function decodeExtendedCommunities({ view, start, end }: ValueField): readonly ExtendedCommunity[] {
  const communities: ExtendedCommunity[] = [];
  for (let at = start; at < end; at += EXTENDED_COMMUNITY_OCTETS) {
    const value = view.getUint16(at + 2) * LOW_32_BITS + view.getUint32(at + 4);
    communities.push({ type: view.getUint8(at), subtype: view.getUint8(at + 1), value });
  }
  return communities;
}

/** The mirror of {@link decodeExtendedCommunities}. */
export function encodeExtendedCommunities(writer: Writer, communities: readonly ExtendedCommunity[]): void {
  for (const { type, subtype, value } of communities) {
    writer.uint8(type);
    writer.uint8(subtype);
    writer.uint16(Math.floor(value / LOW_32_BITS));
    writer.uint32(value % LOW_32_BITS);
  }
}

/** Reads large communities. */
export function decodeLargeCommunities({ view, start, end }: ValueField): readonly LargeCommunity[] {
  const communities: LargeCommunity[] = [];
  for (let at = start; at < end; at += LARGE_COMMUNITY_OCTETS) {
    communities.push({ globalAdministrator: view.getUint32(at), localData1: view.getUint32(at + 4), localData2: view.getUint32(at + 8) });
  }
  return communities;
}

/** The mirror of {@link decodeLargeCommunities}. */
export function encodeLargeCommunities(writer: Writer, communities: readonly LargeCommunity[]): void {
  for (const { globalAdministrator, localData1, localData2 } of communities) {
    writer.uint32(globalAdministrator);
    writer.uint32(localData1);
    writer.uint32(localData2);
  }
}
