import { ADDRESS_OCTETS, type IpAddress, type Prefix } from '../address.ts';
import { EncodeError } from '../encode-error.ts';
import { Refusal } from '../refusal.ts';
import type { Writer } from '../writer.ts';

/** One route by its destination; with its Path Identifier where the two ends agreed on add-path (RFC 7911, Section 3). */
export interface Nlri extends Prefix {
  readonly pathId?: number;
}

const UNSPECIFIED: Readonly<Record<IpAddress['family'], IpAddress>> = {
  IPv4: { family: 'IPv4', value: 0n },
  IPv6: { family: 'IPv6', value: 0n },
};
const PATH_ID_OCTETS = 4;

/**
 * Reads prefixes from `start` to `end` (RFC 4271, Section 4.3; RFC 4760, Section 5). Bits below the length are
 * cleared: they may be anything on the wire. Refuses a length beyond the family's and a prefix that does not end
 * before `end` (RFC 7606, Section 5.3).
 */
export function decodeNlri(
  view: DataView,
  start: number,
  end: number,
  family: IpAddress['family'],
  addPath: boolean,
): readonly Nlri[] | Refusal {
  const bits = 8 * ADDRESS_OCTETS[family];
  const readAddress = family === 'IPv4' ? readIpv4Bits : ipv6BitsReader();
  const nlri: Nlri[] = [];
  let at = start;
  while (at < end) {
    const lengthAt = addPath ? at + PATH_ID_OCTETS : at;
    if (lengthAt >= end) return new Refusal(at, `path identifier has ${end - at} octets, must have 4 and a prefix behind it`);
    const length = view.getUint8(lengthAt);
    if (length > bits) return new Refusal(lengthAt, `prefix length is ${length}, must be at most ${bits}`);
    const next = lengthAt + 1 + octetsOf(length);
    if (next > end)
      return new Refusal(lengthAt, `prefix of ${length} bits has ${end - lengthAt - 1} octets, must have ${octetsOf(length)}`);
    const address = length === 0 ? UNSPECIFIED[family] : readAddress(view, lengthAt + 1, length);
    nlri.push(addPath ? { address, length, pathId: view.getUint32(at) } : { address, length });
    at = next;
  }
  return nlri;
}

function readIpv4Bits(view: DataView, at: number, length: number): IpAddress {
  let value = 0;
  for (let octet = 0; octet < 4; octet++) value = value * 0x100 + (8 * octet < length ? view.getUint8(at + octet) : 0);
  const hostBits = 32 - length;
  return { family: 'IPv4', value: BigInt(((value >>> hostBits) << hostBits) >>> 0) };
}

/** A reader with room of its own for one address, so that 128 bits are put together by two reads. */
function ipv6BitsReader(): (view: DataView, at: number, length: number) => IpAddress {
  const room = new DataView(new ArrayBuffer(ADDRESS_OCTETS.IPv6));
  return (view, at, length) => {
    const octets = octetsOf(length);
    for (let octet = 0; octet < ADDRESS_OCTETS.IPv6; octet++) room.setUint8(octet, octet < octets ? view.getUint8(at + octet) : 0);
    const last = octets - 1;
    room.setUint8(last, room.getUint8(last) & (0xff << (8 * octets - length)));
    const high = room.getBigUint64(0) << 64n;
    return { family: 'IPv6', value: length <= 64 ? high : high | room.getBigUint64(8) };
  };
}

/** Octets that a prefix takes behind its length. */
function octetsOf(length: number): number {
  return (length + 7) >>> 3;
}

/** Octets that one prefix takes, its length and its Path Identifier included. */
export function nlriOctets(nlri: Prefix, addPath: boolean): number {
  return (addPath ? PATH_ID_OCTETS : 0) + 1 + octetsOf(nlri.length);
}

/** The mirror of {@link decodeNlri}. A Path Identifier that is asked for and not given is 0. */
export function encodeNlri(writer: Writer, nlri: readonly Nlri[], family: IpAddress['family'], addPath: boolean): void {
  for (const one of nlri) encodeOneNlri(writer, one, family, addPath);
}

/** Writes one prefix. */
export function encodeOneNlri(writer: Writer, { address, length, pathId = 0 }: Nlri, family: IpAddress['family'], addPath: boolean): void {
  if (address.family !== family) throw new EncodeError(`a prefix of ${address.family} has no place among those of ${family}`);
  const bits = 8 * ADDRESS_OCTETS[family];
  if (!(length >= 0 && length <= bits)) throw new EncodeError(`a prefix of ${family} has at most ${bits} bits, not ${length}`);
  if (addPath) writer.uint32(pathId);
  writer.uint8(length);
  writer.address(address, octetsOf(length));
}
