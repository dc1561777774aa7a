import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAddress } from './ip.ts';
import { formatIpv4, type Ipv4, ipv4Of } from './ipv4.ts';

describe('an IPv4 number', () => {
  test.each<[string, number]>([
    ['0.0.0.0', 0],
    ['10.0.0.1', 0x0a00_0001],
    ['255.255.255.255', 0xffff_ffff],
  ])('%s is %d', (text, value) => {
    const address = parseAddress(text);
    expect(address && ipv4Of(address)).toBe(value);
    expect(formatIpv4(value as Ipv4)).toBe(text);
  });

  test('IPv6 has none', () => {
    expect(() => ipv4Of({ family: 'IPv6', value: 1n })).toThrow('IPv6');
  });

  test('says what the address says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
        const address = parseAddress(formatIpv4(value as Ipv4));
        expect(address && ipv4Of(address)).toBe(value);
      }),
    );
  });
});
