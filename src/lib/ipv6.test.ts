import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAddress } from './ip.ts';
import { ALL_NODES, formatIpv6, type Ipv6, ipv6Of, isLinkLocal, isMulticast, isSolicitedNodeGroup, solicitedNodeGroup } from './ipv6.ts';

function numberOf(text: string): Ipv6 {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`"${text}" is no address`);
  return ipv6Of(address);
}

describe('an IPv6 number', () => {
  test.each<{ text: string; value: bigint; group: string; multicast: boolean; linkLocal: boolean }>([
    { text: '::', value: 0n, group: 'ff02::1:ff00:0', multicast: false, linkLocal: false },
    {
      text: '2001:db8::12:3456',
      value: 0x2001_0db8_0000_0000_0000_0000_0012_3456n,
      group: 'ff02::1:ff12:3456',
      multicast: false,
      linkLocal: false,
    },
    {
      text: 'fe80::ff:fe00:1',
      value: 0xfe80_0000_0000_0000_0000_00ff_fe00_0001n,
      group: 'ff02::1:ff00:1',
      multicast: false,
      linkLocal: true,
    },
    { text: 'ff02::1', value: ALL_NODES, group: 'ff02::1:ff00:1', multicast: true, linkLocal: false },
  ])('$text', ({ text, value, group, multicast, linkLocal }) => {
    expect(numberOf(text)).toBe(value);
    expect(formatIpv6(numberOf(text))).toBe(text);
    expect(formatIpv6(solicitedNodeGroup(numberOf(text)))).toBe(group);
    expect([isMulticast(numberOf(text)), isLinkLocal(numberOf(text))]).toEqual([multicast, linkLocal]);
  });

  test.each<[string, boolean]>([
    ['ff02::1:ff00:0', true],
    ['ff02::1:ffff:ffff', true],
    ['ff02::1:fe00:0', false],
    ['ff02::2:ff00:0', false],
    ['ff02::1', false],
    ['fe80::1:ff00:0', false],
  ])('%s is a solicited-node group: %s', (text, is) => {
    expect(isSolicitedNodeGroup(numberOf(text))).toBe(is);
  });

  test('IPv4 has none', () => {
    expect(() => ipv6Of({ family: 'IPv4', value: 1n })).toThrow('IPv4');
  });

  test('every address has a solicited-node group, which is multicast', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => {
        const group = solicitedNodeGroup(value as Ipv6);
        expect([isSolicitedNodeGroup(group), isMulticast(group)]).toEqual([true, true]);
        expect(group & 0xff_ffffn).toBe(value & 0xff_ffffn);
      }),
    );
  });
});
