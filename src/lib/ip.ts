import { err, ok, type Result } from './result.ts';

/** The two address families, by the words that Kubernetes uses. */
export type Family = 'IPv4' | 'IPv6';

/** One address. A value: compared by {@link sameAddress}, never by identity; `value` is unsigned. */
export interface IpAddress {
  readonly family: Family;
  readonly value: bigint;
}

/** Addresses that share their first `length` bits; the bits of `address` below that are zero. */
export interface Prefix {
  readonly address: IpAddress;
  readonly length: number;
}

/** How many bits an address of a family has. */
export const ADDRESS_BITS: Readonly<Record<Family, number>> = { IPv4: 32, IPv6: 128 };

const OCTET = /^(?:0|[1-9][0-9]{0,2})$/;
const HEXTET = /^[0-9a-fA-F]{1,4}$/;
const HEXTETS = 8;
const LENGTH = OCTET;
const MAPPED_PREFIX = 0xffffn;
const MAPPED_BITS = 96;

/**
 * Reads an address in dotted or colon form. Refuses leading zeros in dotted form, zones, prefixes and blanks. An
 * IPv4-mapped IPv6 address is the IPv4 address it carries (RFC 4291, Sections 2.2 and 2.5.5.2).
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (!text.includes(':')) return ipv4Of(text);
  const value = parseIpv6(text);
  if (value === undefined) return undefined;
  if (value >> 32n === MAPPED_PREFIX) return { family: 'IPv4', value: value & 0xffff_ffffn };
  return { family: 'IPv6', value };
}

function ipv4Of(text: string): IpAddress | undefined {
  const value = parseIpv4(text);
  return value === undefined ? undefined : { family: 'IPv4', value };
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!OCTET.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return BigInt(value);
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const compressed = halves.length === 2;
  const head = hextets(halves[0] ?? '', !compressed);
  const tail = compressed ? hextets(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = HEXTETS - head.length - tail.length;
  if (compressed ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const hextet of [...head, ...new Array<number>(missing).fill(0), ...tail]) value = (value << 16n) | BigInt(hextet);
  return value;
}

/** The 16-bit groups of one side of `::`; only the side that ends the address may end in dotted form. */
function hextets(text: string, endsAddress: boolean): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const values: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (HEXTET.test(group)) values.push(Number.parseInt(group, 16));
    else if (endsAddress && index === groups.length - 1) {
      const dotted = parseIpv4(group);
      if (dotted === undefined) return undefined;
      values.push(Number(dotted >> 16n), Number(dotted & 0xffffn));
    } else return undefined;
  }
  return values;
}

/** The canonical text of an address (RFC 5952, Section 4). */
export function formatAddress(address: IpAddress): string {
  if (address.family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => (address.value >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: HEXTETS }, (_, index) => Number((address.value >> BigInt(16 * (HEXTETS - 1 - index))) & 0xffffn));
  const { start, length } = longestZeroRun(groups);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}

/** Whether two addresses are the same one. */
export function sameAddress(left: IpAddress, right: IpAddress): boolean {
  return left.value === right.value && left.family === right.family;
}

/** Orders addresses: IPv4 before IPv6, then by value. Negative, zero or positive, as `Array.sort` wants it. */
export function compareAddresses(left: IpAddress, right: IpAddress): number {
  if (left.family !== right.family) return left.family === 'IPv4' ? -1 : 1;
  return left.value < right.value ? -1 : left.value > right.value ? 1 : 0;
}

/**
 * Reads `address/length` and clears the bits below the length, as upstream does (`192.168.1.5/24` is
 * `192.168.1.0/24`). The length of an IPv4-mapped address counts from its 128 bits, so `::ffff:10.0.0.0/120` is
 * `10.0.0.0/24`. The error is a reason to put behind the text that was refused.
 */
export function parsePrefix(text: string): Result<Prefix, string> {
  const slash = text.indexOf('/');
  if (slash < 0) return err('no prefix length given');
  const written = text.slice(0, slash);
  const address = parseAddress(written);
  if (address === undefined) return err(`"${written}" is not an IP address`);
  const digits = text.slice(slash + 1);
  if (!LENGTH.test(digits)) return err(`"${digits}" is not a prefix length`);
  const mapped = address.family === 'IPv4' && written.includes(':');
  const bits = mapped ? ADDRESS_BITS.IPv6 : ADDRESS_BITS[address.family];
  if (Number(digits) > bits) return err(`prefix length ${digits} is greater than ${bits}`);
  const length = mapped ? Number(digits) - MAPPED_BITS : Number(digits);
  return length < 0 ? err(`prefix length ${digits} is less than the ${MAPPED_BITS} that map IPv4`) : ok(prefixOf(address, length));
}

/** The prefix of `length` bits that holds `address`. */
export function prefixOf(address: IpAddress, length: number): Prefix {
  const hostBits = BigInt(ADDRESS_BITS[address.family] - length);
  return { address: { family: address.family, value: (address.value >> hostBits) << hostBits }, length };
}

/** The canonical `address/length` text. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** How many addresses a prefix holds, network and broadcast address included. */
export function prefixSize(prefix: Prefix): bigint {
  return 1n << BigInt(ADDRESS_BITS[prefix.address.family] - prefix.length);
}

/** The last address of a prefix. */
export function lastAddress(prefix: Prefix): IpAddress {
  return { family: prefix.address.family, value: prefix.address.value + prefixSize(prefix) - 1n };
}

/** Whether `prefix` holds `address`. */
export function prefixContains(prefix: Prefix, address: IpAddress): boolean {
  if (prefix.address.family !== address.family) return false;
  const hostBits = BigInt(ADDRESS_BITS[address.family] - prefix.length);
  return prefix.address.value >> hostBits === address.value >> hostBits;
}

/** Whether two prefixes share an address; one then holds the other. */
export function prefixesOverlap(left: Prefix, right: Prefix): boolean {
  return left.length <= right.length ? prefixContains(left, right.address) : prefixContains(right, left.address);
}

/** The fewest prefixes that hold exactly the addresses from `start` to `end`, both included; of one family, in order. */
export function summarizeRange(start: IpAddress, end: IpAddress): Prefix[] {
  const bits = ADDRESS_BITS[start.family];
  const prefixes: Prefix[] = [];
  let next = start.value;
  while (next <= end.value) {
    let hostBits = 0;
    // Widen while the block stays aligned and inside the range: the classic greedy cover, which is minimal.
    while (hostBits < bits && (next & ((1n << BigInt(hostBits + 1)) - 1n)) === 0n && next + (1n << BigInt(hostBits + 1)) - 1n <= end.value)
      hostBits++;
    prefixes.push({ address: { family: start.family, value: next }, length: bits - hostBits });
    next += 1n << BigInt(hostBits);
  }
  return prefixes;
}
