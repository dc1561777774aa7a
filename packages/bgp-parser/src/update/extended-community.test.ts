import { describe, expect, test } from '@jest/globals';
import { type ExtendedCommunity, type ExtendedCommunityMeaning, linkBandwidth, meaningOf } from './extended-community.ts';

/** A community by its eight octets. */
function community(hexadecimal: string): ExtendedCommunity {
  const [type = '', subtype = '', value = ''] = hexadecimal.split(' ');
  return { type: Number.parseInt(type, 16), subtype: Number.parseInt(subtype, 16), value: Number.parseInt(value, 16) };
}

describe('what an extended community means', () => {
  test.each<{ octets: string; meaning: ExtendedCommunityMeaning | undefined }>([
    {
      octets: '00 02 fc0000000064',
      meaning: { kind: 'two-octet-as', name: 'route-target', transitive: true, asn: 64_512, localAdministrator: 100 },
    },
    {
      octets: '40 03 fc00ffffffff',
      meaning: { kind: 'two-octet-as', name: 'route-origin', transitive: false, asn: 64_512, localAdministrator: 4_294_967_295 },
    },
    {
      octets: '01 02 0a0000010007',
      meaning: {
        kind: 'ipv4-address',
        name: 'route-target',
        transitive: true,
        address: { family: 'IPv4', value: 0x0a00_0001n },
        localAdministrator: 7,
      },
    },
    {
      octets: '02 02 fa56ea000001',
      meaning: { kind: 'four-octet-as', name: 'route-target', transitive: true, asn: 4_200_000_000, localAdministrator: 1 },
    },
    {
      octets: '02 05 fa56ea000001',
      meaning: { kind: 'four-octet-as', name: undefined, transitive: true, asn: 4_200_000_000, localAdministrator: 1 },
    },
    // A gigabit: 125,000,000 octets a second.
    { octets: '40 04 fc004cee6b28', meaning: { kind: 'link-bandwidth', transitive: false, asn: 64_512, bytesPerSecond: 125_000_000 } },
    { octets: '00 04 5ba000000000', meaning: { kind: 'link-bandwidth', transitive: true, asn: 23_456, bytesPerSecond: 0 } },
    { octets: '03 0c 000000000008', meaning: undefined },
    { octets: '80 06 000000000000', meaning: undefined },
  ])('$octets', ({ octets, meaning }) => expect(meaningOf(community(octets))).toEqual(meaning));
});

describe('a link bandwidth', () => {
  test.each([
    { transitive: false, asn: 64_512, bytesPerSecond: 125_000_000, octets: '40 04 fc004cee6b28' },
    { transitive: true, asn: 64_512, bytesPerSecond: 3 * 125_000_000, octets: '00 04 fc004db2d05e' },
    { transitive: false, asn: 65_535, bytesPerSecond: 125_000_000, octets: '40 04 ffff4cee6b28' },
    { transitive: false, asn: 65_536, bytesPerSecond: 125_000_000, octets: '40 04 5ba04cee6b28' },
    { transitive: false, asn: 4_200_000_000, bytesPerSecond: 125_000_000, octets: '40 04 5ba04cee6b28' },
  ])('of $bytesPerSecond from AS $asn: $octets', ({ octets, ...meaning }) => expect(linkBandwidth(meaning)).toEqual(community(octets)));
});
