/** One address. A value, never compared by identity; `value` is unsigned, of 32 or of 128 bits. */
export interface IpAddress {
  readonly family: 'IPv4' | 'IPv6';
  readonly value: bigint;
}

/** Addresses that share their first `length` bits; the bits of `address` below that are zero. */
export interface Prefix {
  readonly address: IpAddress;
  readonly length: number;
}

/** Octets of an address of each family. */
export const ADDRESS_OCTETS: Readonly<Record<IpAddress['family'], number>> = { IPv4: 4, IPv6: 16 };

const DECIMAL = /^(?:0|[1-9][0-9]{0,2})$/;
const HEXTET = /^[0-9a-fA-F]{1,4}$/;
const HEXTETS = 8;
/** Of eight groups, those that say that an IPv4 address follows (RFC 4291, Section 2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, 0xffff] as const;

/**
 * Reads an address in dotted or colon form; undefined for anything else, zones and leading zeros in dotted form
 * included. An IPv4-mapped address stays one of IPv6: on the wire of BGP the two are different next hops.
 */
export function parseAddress(text: string): IpAddress | undefined {
  const family = text.includes(':') ? 'IPv6' : 'IPv4';
  const value = family === 'IPv6' ? parseIpv6(text) : parseIpv4(text);
  return value === undefined ? undefined : { family, value };
}

/** Reads `address/length`; undefined for anything else, and when a bit below the length is set. */
export function parsePrefix(text: string): Prefix | undefined {
  const [written = '', digits = '', ...more] = text.split('/');
  const address = parseAddress(written);
  if (address === undefined || more.length > 0 || !DECIMAL.test(digits)) return undefined;
  const hostBits = 8 * ADDRESS_OCTETS[address.family] - Number(digits);
  if (hostBits < 0 || address.value % (1n << BigInt(hostBits)) !== 0n) return undefined;
  return { address, length: Number(digits) };
}

function parseIpv4(text: string): bigint | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => DECIMAL.test(octet) && Number(octet) <= 0xff)) return undefined;
  return octets.reduce((value, octet) => value * 256n + BigInt(octet), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  const [head = '', tail, ...more] = text.split('::');
  const before = hextetsOf(head);
  const after = hextetsOf(tail ?? '');
  if (before === undefined || after === undefined || more.length > 0) return undefined;
  const missing = HEXTETS - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  // Only the end of an address may be in dotted form.
  if (tail !== undefined && head.includes('.')) return undefined;
  return [...before, ...new Array<number>(missing).fill(0), ...after].reduce((value, hextet) => value * 0x10000n + BigInt(hextet), 0n);
}

/** The groups of one side of `::`, the last of which may be an IPv4 address; undefined when one is no group. */
function hextetsOf(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const dotted = parseIpv4(groups.at(-1) ?? '');
  const plain = dotted === undefined ? groups : groups.slice(0, -1);
  if (!plain.every((group) => HEXTET.test(group))) return undefined;
  const hextets = plain.map((group) => Number.parseInt(group, 16));
  return dotted === undefined ? hextets : [...hextets, Number(dotted >> 16n), Number(dotted & 0xffffn)];
}

/** The canonical text of an address (RFC 5952, Section 4; Section 5 for IPv4-mapped ones). */
export function formatAddress({ family, value }: IpAddress): string {
  if (family === 'IPv4') return formatIpv4(Number(value));
  const hextets = Array.from({ length: HEXTETS }, (_, index) => Number((value >> BigInt(16 * (HEXTETS - 1 - index))) & 0xffffn));
  if (MAPPED.every((hextet, index) => hextets[index] === hextet)) return `::ffff:${formatIpv4(Number(value & 0xffff_ffffn))}`;
  const { start, length } = longestZeroRun(hextets);
  const text = (part: readonly number[]): string => part.map((hextet) => hextet.toString(16)).join(':');
  if (length < 2) return text(hextets);
  return `${text(hextets.slice(0, start))}::${text(hextets.slice(start + length))}`;
}

/** The dotted form of an unsigned 32-bit number: an IPv4 address, or a BGP Identifier. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}`;
}

/** The canonical `address/length` text. */
export function formatPrefix({ address, length }: Prefix): string {
  return `${formatAddress(address)}/${length}`;
}

function longestZeroRun(hextets: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, hextet] of hextets.entries()) {
    length = hextet === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}
