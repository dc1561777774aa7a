import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ipAddresses, prefixes } from '../../../test/support/bgp-messages.ts';
import { formatAddress, formatIpv4, formatPrefix, type IpAddress, parseAddress, parsePrefix } from './address.ts';

describe('an address', () => {
  test.each<{ text: string; family: IpAddress['family']; value: bigint }>([
    { text: '0.0.0.0', family: 'IPv4', value: 0n },
    { text: '192.0.2.255', family: 'IPv4', value: 0xc000_02ffn },
    { text: '::', family: 'IPv6', value: 0n },
    { text: '::1', family: 'IPv6', value: 1n },
    { text: 'fe80::', family: 'IPv6', value: 0xfe80n << 112n },
    { text: '2001:db8::1:0:0:1', family: 'IPv6', value: 0x2001_0db8_0000_0000_0001_0000_0000_0001n },
    { text: '1:2:3:4:5:6:7:8', family: 'IPv6', value: 0x1_0002_0003_0004_0005_0006_0007_0008n },
    { text: '1:0:3:4:5:6:7:8', family: 'IPv6', value: 0x1_0000_0003_0004_0005_0006_0007_0008n },
    { text: '::ffff:10.0.0.1', family: 'IPv6', value: 0xffff_0a00_0001n },
  ])('$text', ({ text, family, value }) => {
    expect(parseAddress(text)).toEqual({ family, value });
    expect(formatAddress({ family, value })).toBe(text);
  });

  test.each(['2001:DB8:0::', '1:2:3:4:5:6:10.0.0.1'])('%s is read, and written otherwise', (text) => {
    const parsed = parseAddress(text);
    expect(parsed && parseAddress(formatAddress(parsed))).toEqual(parsed);
  });

  test.each([
    ...['', '10.0.0', '10.0.0.0.0', '10.0.0.256', '10.0.0.01', '10.0.0.a', ' 10.0.0.1', '-1.0.0.0', '1e1.0.0.0'],
    ...[
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1::2:3:4:5:6:7:8',
      '12345::',
      'g::',
      'fe80::1%eth0',
      '10.0.0.1::',
      '::10.0.0.1:1',
    ],
  ])('"%s" is none', (text) => expect(parseAddress(text)).toBeUndefined());

  test('any is read as it was written', () => {
    fc.assert(
      fc.property(fc.oneof(ipAddresses('IPv4'), ipAddresses('IPv6')), (one) => expect(parseAddress(formatAddress(one))).toEqual(one)),
    );
  });

  test('a BGP Identifier has dots', () => expect(formatIpv4(0xffff_fffe)).toBe('255.255.255.254'));
});

describe('a prefix', () => {
  test('any is read as it was written', () => {
    fc.assert(fc.property(fc.oneof(prefixes('IPv4'), prefixes('IPv6')), (one) => expect(parsePrefix(formatPrefix(one))).toEqual(one)));
  });

  test.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.1/24',
    '10.0.0.0/08',
    '10.0.0.0/24/24',
    '::/129',
    '2001:db8::1/64',
    '/24',
    '10.0.0.0/-1',
  ])('"%s" is none', (text) => expect(parsePrefix(text)).toBeUndefined());
});
