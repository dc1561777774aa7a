import type { IPAddressPool, IPAddressPoolSpec } from '../../src/crds/ip-address-pool.ts';

/** More addresses than any pool of a test may have: they are all written out. */
const MOST_WRITTEN_OUT = 5_000n;

/** Addresses written out as texts, found without any of the code under test. */
export type AddressTexts = readonly string[];

const isIPv6 = (text: string): boolean => text.includes(':');

function numberOf(text: string): bigint | undefined {
  if (!isIPv6(text)) {
    const octets = text.split('.').map(Number);
    const valid = octets.length === 4 && octets.every((octet) => Number.isInteger(octet) && octet >= 0 && octet < 256);
    return valid ? octets.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n) : undefined;
  }
  const [left = '', right] = text.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const zeros = right === undefined ? 0 : 8 - groups(left).length - groups(right).length;
  const all = [...groups(left), ...Array.from({ length: zeros }, () => '0'), ...groups(right ?? '')];
  return all.length === 8 && all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? BigInt(`0x${all.map((group) => group.padStart(4, '0')).join('')}`)
    : undefined;
}

function textOf(value: bigint, v6: boolean): string {
  if (!v6) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = value.toString(16).padStart(32, '0').match(/.{4}/g) ?? [];
  // A URL has the one short form of an IPv6 address.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** The one form of an address; `undefined` for what is none. */
export function normalAddress(text: string): string | undefined {
  const value = numberOf(text.trim());
  return value === undefined ? undefined : textOf(value, isIPv6(text));
}

/** The family of an address in its one form. */
export function familyOf(text: string): 'IPv4' | 'IPv6' {
  return isIPv6(text) ? 'IPv6' : 'IPv4';
}

function writeOut(entry: string): AddressTexts | undefined {
  const [startText = '', endText, length] = entry.includes('-')
    ? [...entry.split('-'), undefined]
    : [entry.split('/')[0], undefined, entry.split('/')[1]];
  const start = numberOf(startText.trim());
  const bits = isIPv6(startText) ? 128 : 32;
  const size = length === undefined ? undefined : 1n << BigInt(bits - Number(length));
  const end = endText === undefined ? start && size && start + size - 1n : numberOf(endText.trim());
  if (start === undefined || end === undefined || isIPv6(startText) !== isIPv6(endText ?? startText) || end < start) return undefined;
  if (end - start > MOST_WRITTEN_OUT) throw new Error(`${entry} is too large for a naive model`);
  return Array.from({ length: Number(end - start) + 1 }, (_, index) => textOf(start + BigInt(index), isIPv6(startText)));
}

/** All addresses of a pool in the order of its entries, those that it leaves out included; `undefined` for what is no pool. */
export function allAddresses({ addresses }: IPAddressPoolSpec): AddressTexts | undefined {
  const lists = addresses.map(writeOut);
  const all = lists.flatMap((list) => list ?? []);
  return lists.length > 0 && lists.every((list) => list !== undefined) && new Set(all).size === all.length ? all : undefined;
}

/** The addresses that a pool gives out, in their order. */
export function givenOut({ spec }: IPAddressPool): AddressTexts {
  const all = allAddresses(spec) ?? [];
  return spec.avoidBuggyIPs === true ? all.filter((text) => isIPv6(text) || !/\.(0|255)$/.test(text)) : all;
}
