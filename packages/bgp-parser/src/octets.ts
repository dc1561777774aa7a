import type { IpAddress } from './address.ts';
import type { AddressFamily } from './address-family.ts';

/** A view of the same octets. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One for all: it has nothing that anybody could change, and peers can send thousands of empty values. */
const NO_OCTETS: Uint8Array = new Uint8Array();

/** A copy of the octets from `start` to `end`, so that nothing that was decoded depends on the caller's memory. */
export function copyOctets(view: DataView, start: number, end: number): Uint8Array {
  return start === end ? NO_OCTETS : new Uint8Array(view.buffer, view.byteOffset + start, end - start).slice();
}

/** The four octets at `at` as an address; the caller has checked the length. */
export function readIpv4(view: DataView, at: number): IpAddress {
  return { family: 'IPv4', value: BigInt(view.getUint32(at)) };
}

/** The sixteen octets at `at` as an address; the caller has checked the length. */
export function readIpv6(view: DataView, at: number): IpAddress {
  return { family: 'IPv6', value: (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8) };
}

/** AFI in two octets and SAFI in one (RFC 4760, Section 3); the caller has checked the length. */
export function readFamily(view: DataView, at: number): AddressFamily {
  return { afi: view.getUint16(at), safi: view.getUint8(at + 2) };
}

/** Unsigned numbers of 32 bits from `start` to `end`; the caller has checked that the length is a multiple of four. */
export function readUint32s(view: DataView, start: number, end: number): number[] {
  const numbers: number[] = [];
  for (let at = start; at < end; at += 4) numbers.push(view.getUint32(at));
  return numbers;
}
