import { endianness } from 'node:os';

const LITTLE_ENDIAN = endianness() === 'LE';
const HEADER = 16;

/** One message of rtnetlink as the kernel writes it: header, fixed part, attributes, each padded to four octets. */
export function netlinkMessage(
  { type, sequence = 0, flags = 0 }: { readonly type: number; readonly sequence?: number; readonly flags?: number },
  fixed: Uint8Array,
  attributes: readonly (readonly [type: number, content: Uint8Array])[] = [],
): Uint8Array {
  const parts = [fixed, ...attributes.map(([kind, content]) => attribute(kind, content))];
  const length = HEADER + parts.reduce((sum, part) => sum + part.length, 0);
  const message = new Uint8Array(Math.ceil(length / 4) * 4);
  const view = new DataView(message.buffer);
  view.setUint32(0, length, LITTLE_ENDIAN);
  view.setUint16(4, type, LITTLE_ENDIAN);
  view.setUint16(6, flags, LITTLE_ENDIAN);
  view.setUint32(8, sequence, LITTLE_ENDIAN);
  let offset = HEADER;
  for (const part of parts) {
    message.set(part, offset);
    offset += part.length;
  }
  return message;
}

/** Messages of one datagram. */
export function joined(...messages: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message) => [...message]));
}

/** A link: `struct ifinfomsg` and its attributes. */
export function linkMessage(
  link: { index: number; name: string; mac?: readonly number[]; flags: number; master?: number; family?: number },
  gone = false,
): Uint8Array {
  const fixed = new DataView(new ArrayBuffer(16));
  fixed.setUint8(0, link.family ?? 0);
  fixed.setInt32(4, link.index, LITTLE_ENDIAN);
  fixed.setUint32(8, link.flags, LITTLE_ENDIAN);
  const attributes: [number, Uint8Array][] = [[3, new TextEncoder().encode(`${link.name}\0`)]];
  if (link.mac !== undefined) attributes.push([1, Uint8Array.from(link.mac)]);
  if (link.master !== undefined) attributes.push([10, numberOctets(link.master)]);
  return netlinkMessage({ type: gone ? 17 : 16 }, new Uint8Array(fixed.buffer), attributes);
}

/** An address: `struct ifaddrmsg` and its attributes. */
export function addressMessage(link: number, prefixLength: number, octets: readonly number[], gone = false): Uint8Array {
  const fixed = new DataView(new ArrayBuffer(8));
  fixed.setUint8(0, octets.length === 4 ? 2 : 10);
  fixed.setUint8(1, prefixLength);
  fixed.setUint32(4, link, LITTLE_ENDIAN);
  return netlinkMessage({ type: gone ? 21 : 20 }, new Uint8Array(fixed.buffer), [[1, Uint8Array.from(octets)]]);
}

/** The end of a dump, or a refusal. */
export function endMessage(type: 'done' | 'error', sequence: number, errno: number, flags = 0): Uint8Array {
  return netlinkMessage({ type: type === 'done' ? 3 : 2, sequence, flags }, numberOctets(errno));
}

function attribute(type: number, content: Uint8Array): Uint8Array {
  const octets = new Uint8Array(Math.ceil((4 + content.length) / 4) * 4);
  const view = new DataView(octets.buffer);
  view.setUint16(0, 4 + content.length, LITTLE_ENDIAN);
  view.setUint16(2, type, LITTLE_ENDIAN);
  octets.set(content, 4);
  return octets;
}

function numberOctets(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, value, LITTLE_ENDIAN);
  return new Uint8Array(view.buffer);
}
