import type { IpAddress } from '../address.ts';
import { type AddressFamily, AFI_IPV4, AFI_IPV6, includesFamily, SAFI_UNICAST, type UnicastFamily } from '../address-family.ts';
import { EncodeError } from '../encode-error.ts';
import { copyOctets, readFamily, readIpv4, readIpv6 } from '../octets.ts';
import { Refusal } from '../refusal.ts';
import type { Writer } from '../writer.ts';
import { decodeNlri, encodeNlri, type Nlri } from './nlri.ts';

/** Routes for unicast and where they lead. */
export interface UnicastReach extends UnicastFamily {
  /** One address, or a global and a link-local one of IPv6 (RFC 2545, Section 3; for IPv4 routes RFC 8950, Section 3). */
  readonly nextHops: readonly IpAddress[];
  readonly nlri: readonly Nlri[];
}

/** Routes of another family, as they are on the wire. */
export interface OtherReach extends AddressFamily {
  readonly nextHop: Uint8Array;
  readonly nlri: Uint8Array;
}

/** Value of MP_REACH_NLRI (RFC 4760, Section 3); {@link isUnicast} tells the two apart. */
export type MpReach = UnicastReach | OtherReach;

/** Routes for unicast that are no more. None at all is an End-of-RIB (RFC 4724, Section 2). */
export interface UnicastUnreach extends UnicastFamily {
  readonly nlri: readonly Nlri[];
}

/** Routes of another family that are no more, as they are on the wire. */
export interface OtherUnreach extends AddressFamily {
  readonly nlri: Uint8Array;
}

/** Value of MP_UNREACH_NLRI (RFC 4760, Section 4); {@link isUnicast} tells the two apart. */
export type MpUnreach = UnicastUnreach | OtherUnreach;

const FAMILY_OCTETS = 3;
const IPV4_OCTETS = 4;
const IPV6_OCTETS = 16;

/** Whether routes are for unicast, and so have been read. */
export function isUnicast<Value extends AddressFamily>(value: Value): value is Extract<Value, UnicastFamily> {
  return unicastOf(value) !== undefined;
}

/** The family as one of those whose routes are read; undefined for others. */
export function unicastOf({ afi, safi }: AddressFamily): UnicastFamily | undefined {
  if (safi !== SAFI_UNICAST || (afi !== AFI_IPV4 && afi !== AFI_IPV6)) return undefined;
  return { afi, safi };
}

/** The kind of address that a route for unicast has. */
export function addressFamilyOf({ afi }: UnicastFamily): IpAddress['family'] {
  return afi === AFI_IPV4 ? 'IPv4' : 'IPv6';
}

/**
 * Reads the value of MP_REACH_NLRI; `addPath` are the families whose routes carry a Path Identifier. Refuses one that
 * is too short for its fields, a next hop whose length no specification gives to its family, and malformed routes
 * (RFC 7606, Section 7.11).
 */
export function decodeMpReach(view: DataView, start: number, end: number, addPath: readonly AddressFamily[]): MpReach | Refusal {
  const least = FAMILY_OCTETS + 2;
  if (end - start < least) return new Refusal(start, `value has ${end - start} octets, must have at least ${least}`);
  const family = readFamily(view, start);
  const nextHopAt = start + FAMILY_OCTETS + 1;
  const nextHopLength = view.getUint8(nextHopAt - 1);
  // An octet that means nothing any more stands behind the next hop (RFC 4760, Section 3).
  const nlriAt = nextHopAt + nextHopLength + 1;
  if (nlriAt > end) return new Refusal(nextHopAt - 1, `next hop length is ${nextHopLength}, must be at most ${end - nextHopAt - 1}`);
  const unicast = unicastOf(family);
  if (unicast === undefined) return { ...family, nextHop: copyOctets(view, nextHopAt, nlriAt - 1), nlri: copyOctets(view, nlriAt, end) };
  const nextHops = readNextHops(view, nextHopAt, nextHopLength, addressFamilyOf(unicast));
  if (nextHops instanceof Refusal) return nextHops;
  const nlri = decodeNlri(view, nlriAt, end, addressFamilyOf(unicast), includesFamily(addPath, family));
  return nlri instanceof Refusal ? nlri : { ...unicast, nextHops, nlri };
}

function readNextHops(view: DataView, at: number, length: number, family: IpAddress['family']): readonly IpAddress[] | Refusal {
  if (length === IPV6_OCTETS) return [readIpv6(view, at)];
  if (length === 2 * IPV6_OCTETS) return [readIpv6(view, at), readIpv6(view, at + IPV6_OCTETS)];
  if (length === IPV4_OCTETS && family === 'IPv4') return [readIpv4(view, at)];
  return new Refusal(at - 1, `next hop length is ${length}, must be ${family === 'IPv4' ? '4, 16 or 32' : '16 or 32'}`);
}

/** Reads the value of MP_UNREACH_NLRI. Refuses one without a family, and malformed routes (RFC 7606, Section 7.12). */
export function decodeMpUnreach(view: DataView, start: number, end: number, addPath: readonly AddressFamily[]): MpUnreach | Refusal {
  if (end - start < FAMILY_OCTETS) return new Refusal(start, `value has ${end - start} octets, must have at least ${FAMILY_OCTETS}`);
  const family = readFamily(view, start);
  const nlriAt = start + FAMILY_OCTETS;
  const unicast = unicastOf(family);
  if (unicast === undefined) return { ...family, nlri: copyOctets(view, nlriAt, end) };
  const nlri = decodeNlri(view, nlriAt, end, addressFamilyOf(unicast), includesFamily(addPath, family));
  return nlri instanceof Refusal ? nlri : { ...unicast, nlri };
}

/** The mirror of {@link decodeMpReach}. */
export function encodeMpReach(writer: Writer, reach: MpReach, addPath: readonly AddressFamily[]): void {
  writer.uint16(reach.afi);
  writer.uint8(reach.safi);
  writer.counted(1, () => {
    if (isUnicast(reach)) encodeNextHops(writer, reach);
    else writer.bytes(reach.nextHop);
  });
  writer.uint8(0);
  if (isUnicast(reach)) encodeNlri(writer, reach.nlri, addressFamilyOf(reach), includesFamily(addPath, reach));
  else writer.bytes(reach.nlri);
}

function encodeNextHops(writer: Writer, reach: UnicastReach): void {
  const [first, second] = reach.nextHops;
  const two = second !== undefined && second.family === 'IPv6' && first?.family === 'IPv6' && reach.nextHops.length === 2;
  const one = first !== undefined && reach.nextHops.length === 1 && (first.family === 'IPv6' || addressFamilyOf(reach) === 'IPv4');
  if (!one && !two) throw new EncodeError('routes have one next hop, or two of IPv6; those of IPv6 none of IPv4');
  for (const nextHop of reach.nextHops) writer.address(nextHop);
}

/** The mirror of {@link decodeMpUnreach}. */
export function encodeMpUnreach(writer: Writer, unreach: MpUnreach, addPath: readonly AddressFamily[]): void {
  writer.uint16(unreach.afi);
  writer.uint8(unreach.safi);
  if (isUnicast(unreach)) encodeNlri(writer, unreach.nlri, addressFamilyOf(unreach), includesFamily(addPath, unreach));
  else writer.bytes(unreach.nlri);
}
