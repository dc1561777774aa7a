import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ADDRESS_BITS,
  compareAddresses,
  type Family,
  formatAddress,
  formatPrefix,
  type IpAddress,
  lastAddress,
  parseAddress,
  parsePrefix,
  prefixContains,
  prefixesOverlap,
  prefixOf,
  prefixSize,
  sameAddress,
  summarizeRange,
} from './ip.ts';

const anyAddress: fc.Arbitrary<IpAddress> = fc
  .constantFrom<Family>('IPv4', 'IPv6')
  .chain((family) => fc.bigInt({ min: 0n, max: (1n << BigInt(ADDRESS_BITS[family])) - 1n }).map((value) => ({ family, value })));

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

test.each<{ text: string; canonical: string; family: Family }>([
  { text: '0.0.0.0', canonical: '0.0.0.0', family: 'IPv4' },
  { text: '255.255.255.255', canonical: '255.255.255.255', family: 'IPv4' },
  { text: '192.0.2.10', canonical: '192.0.2.10', family: 'IPv4' },
  { text: '::', canonical: '::', family: 'IPv6' },
  { text: '::1', canonical: '::1', family: 'IPv6' },
  { text: '1::', canonical: '1::', family: 'IPv6' },
  { text: '2001:DB8:0:0:1:0:0:1', canonical: '2001:db8::1:0:0:1', family: 'IPv6' }, // the first of two runs of equal length
  { text: '2001:db8:0:1:1:1:1:1', canonical: '2001:db8:0:1:1:1:1:1', family: 'IPv6' }, // a single zero group stays
  { text: '2001:0:0:1:0:0:0:1', canonical: '2001:0:0:1::1', family: 'IPv6' }, // the longest run
  { text: '2001:db8::0001', canonical: '2001:db8::1', family: 'IPv6' },
  { text: '1:2:3:4:5:6:7::', canonical: '1:2:3:4:5:6:7:0', family: 'IPv6' },
  { text: '::2:3:4:5:6:7:8', canonical: '0:2:3:4:5:6:7:8', family: 'IPv6' },
  { text: '64:ff9b::192.0.2.33', canonical: '64:ff9b::c000:221', family: 'IPv6' },
  { text: '1:2:3:4:5:6:192.0.2.33', canonical: '1:2:3:4:5:6:c000:221', family: 'IPv6' },
  { text: '::ffff:192.0.2.1', canonical: '192.0.2.1', family: 'IPv4' },
  { text: '::FFFF:c000:201', canonical: '192.0.2.1', family: 'IPv4' },
])('$text is $canonical', ({ text, canonical, family }) => {
  const parsed = address(text);
  expect(parsed.family).toBe(family);
  expect(formatAddress(parsed)).toBe(canonical);
});

test.each([
  '',
  ' 1.2.3.4',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.04',
  '1.2..4',
  '1.2.3.4/24',
  '0x1.2.3.4',
  '1.2.3.-4',
  ':',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '1:2:3:4::5:6:7:8',
  '1::2::3',
  '12345::',
  'g::1',
  'fe80::1%eth0',
  '192.0.2.1::',
  '::192.0.2.1:1',
  '1:2:3:4:5:6:7:192.0.2.33',
  '::1.2.3',
  '[::1]',
  '::1 ',
])('"%s" is no address', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test('what is written can be read again', () => {
  // The mapped range is left out: there the canonical text is that of the IPv4 address.
  fc.assert(
    fc.property(
      anyAddress.filter(({ family, value }) => family === 'IPv4' || value >> 32n !== 0xffffn),
      (any) => {
        expect(parseAddress(formatAddress(any))).toEqual(any);
      },
    ),
  );
});

test('no text makes the reader throw, and what it takes is in range', () => {
  const nearly = fc
    .array(fc.constantFrom('0', '1', '9', 'a', 'f', ':', '::', '.', '/', '%', ' '), { maxLength: 20 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string()), (text) => {
      const parsed = parseAddress(text);
      if (parsed === undefined) return;
      expect(parsed.value >= 0n && parsed.value < 1n << BigInt(ADDRESS_BITS[parsed.family])).toBe(true);
    }),
  );
});

describe('order', () => {
  test('IPv4 comes before IPv6, then the value decides', () => {
    const sorted = ['::1', '10.0.0.2', '9.255.255.255', '2001:db8::', '::'].map(address).sort(compareAddresses).map(formatAddress);
    expect(sorted).toEqual(['9.255.255.255', '10.0.0.2', '::', '::1', '2001:db8::']);
  });

  test('equal are those that compare as zero, and families never mix', () => {
    fc.assert(fc.property(anyAddress, anyAddress, (left, right) => sameAddress(left, right) === (compareAddresses(left, right) === 0)));
    expect(sameAddress(address('0.0.0.1'), address('::1'))).toBe(false);
  });
});

describe('prefixes', () => {
  test.each<{ text: string; canonical: string; size: bigint; last: string }>([
    { text: '192.168.1.5/24', canonical: '192.168.1.0/24', size: 256n, last: '192.168.1.255' },
    { text: '10.0.0.1/32', canonical: '10.0.0.1/32', size: 1n, last: '10.0.0.1' },
    { text: '0.0.0.0/0', canonical: '0.0.0.0/0', size: 1n << 32n, last: '255.255.255.255' },
    { text: '2001:db8::5/64', canonical: '2001:db8::/64', size: 1n << 64n, last: '2001:db8::ffff:ffff:ffff:ffff' },
    { text: '::/0', canonical: '::/0', size: 1n << 128n, last: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
    { text: '::ffff:10.0.0.9/120', canonical: '10.0.0.0/24', size: 256n, last: '10.0.0.255' },
  ])('$text is $canonical', ({ text, canonical, size, last }) => {
    const parsed = parsePrefix(text);
    if (!parsed.ok) throw new Error(parsed.error);
    expect(formatPrefix(parsed.value)).toBe(canonical);
    expect(prefixSize(parsed.value)).toBe(size);
    expect(formatAddress(lastAddress(parsed.value))).toBe(last);
  });

  test.each<{ text: string; error: string }>([
    { text: '10.0.0.1', error: 'no prefix length given' },
    { text: '10.0.0/8', error: '"10.0.0" is not an IP address' },
    { text: '10.0.0.0/33', error: 'prefix length 33 is greater than 32' },
    { text: '::/129', error: 'prefix length 129 is greater than 128' },
    { text: '10.0.0.0/', error: '"" is not a prefix length' },
    { text: '10.0.0.0/08', error: '"08" is not a prefix length' },
    { text: '10.0.0.0/-1', error: '"-1" is not a prefix length' },
    { text: '10.0.0.0/8/9', error: '"8/9" is not a prefix length' },
    { text: '::ffff:10.0.0.0/24', error: 'prefix length 24 is less than the 96 that map IPv4' },
  ])('$text: $error', ({ text, error }) => {
    expect(parsePrefix(text)).toEqual({ ok: false, error });
  });

  test('a prefix holds its first and last address and neither neighbour; overlap is one holding the other', () => {
    const anyPrefix = anyAddress.chain((any) =>
      fc.integer({ min: 0, max: ADDRESS_BITS[any.family] }).map((length) => prefixOf(any, length)),
    );
    fc.assert(
      fc.property(anyPrefix, anyPrefix, (left, right) => {
        const last = lastAddress(left);
        expect(prefixContains(left, left.address) && prefixContains(left, last)).toBe(true);
        expect(prefixContains(left, { ...last, value: last.value + 1n })).toBe(false);
        if (left.address.value > 0n) expect(prefixContains(left, { ...last, value: left.address.value - 1n })).toBe(false);
        const shared =
          left.address.family === right.address.family &&
          left.address.value <= lastAddress(right).value &&
          right.address.value <= last.value;
        expect(prefixesOverlap(left, right)).toBe(shared);
      }),
    );
  });
});

describe('summarizing a range', () => {
  test.each<{ start: string; end: string; prefixes: string[] }>([
    { start: '10.0.0.0', end: '10.0.0.255', prefixes: ['10.0.0.0/24'] },
    { start: '10.0.0.5', end: '10.0.0.5', prefixes: ['10.0.0.5/32'] },
    { start: '192.168.1.240', end: '192.168.1.250', prefixes: ['192.168.1.240/29', '192.168.1.248/31', '192.168.1.250/32'] },
    { start: '0.0.0.0', end: '255.255.255.255', prefixes: ['0.0.0.0/0'] },
    { start: '255.255.255.254', end: '255.255.255.255', prefixes: ['255.255.255.254/31'] },
    { start: '10.0.0.2', end: '10.0.0.1', prefixes: [] },
    { start: '::', end: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', prefixes: ['::/0'] },
    { start: '2001:db8::ffff', end: '2001:db8::1:0', prefixes: ['2001:db8::ffff/128', '2001:db8::1:0/128'] },
  ])('$start to $end', ({ start, end, prefixes }) => {
    expect(summarizeRange(address(start), address(end)).map(formatPrefix)).toEqual(prefixes);
  });

  test('covers exactly the range, in order, with no two that could be one', () => {
    const pair = fc.tuple(anyAddress, fc.bigInt({ min: 0n, max: 1n << 40n })).map(([start, span]) => {
      const top = (1n << BigInt(ADDRESS_BITS[start.family])) - 1n;
      return { start, end: { family: start.family, value: start.value + span > top ? top : start.value + span } };
    });
    fc.assert(
      fc.property(pair, ({ start, end }) => {
        let next = start.value;
        let previous: string | undefined;
        for (const prefix of summarizeRange(start, end)) {
          expect(prefix.address.value).toBe(next);
          expect(prefixOf(prefix.address, prefix.length)).toEqual(prefix);
          // Two neighbours of one length under one parent would not be minimal.
          const parent = prefix.length === 0 ? 'root' : formatPrefix(prefixOf(prefix.address, prefix.length - 1));
          expect(`${prefix.length} ${parent}`).not.toBe(previous);
          previous = `${prefix.length} ${parent}`;
          next = lastAddress(prefix).value + 1n;
        }
        expect(next).toBe(end.value + 1n);
      }),
    );
  });
});
