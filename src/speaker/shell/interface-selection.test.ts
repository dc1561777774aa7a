import { describe, expect, test } from '@jest/globals';
import { addressOf } from '../../../test/support/announcements.ts';
import { ipv6 } from '../../../test/support/ndp-frames.ts';
import { BROADCAST_MAC, type Mac, ZERO_MAC } from '../../lib/mac.ts';
import type { Link } from '../net/link-monitor.ts';
import { linkLocalOf, selectInterfaces } from './interface-selection.ts';

const ETH0: Link = {
  index: 2,
  name: 'eth0',
  mac: 0x0200_0000_0001 as Mac,
  up: true,
  carrier: true,
  broadcast: true,
  noArp: false,
  enslaved: false,
  addresses: [],
};

const LINK_LOCAL = [{ address: addressOf('fe80::1'), prefixLength: 64 }];

/** The list that config/speaker ships. */
const SHIPPED = ['^docker.*', '^veth.*', '^lo$', '^cali.*'].map((pattern) => new RegExp(pattern));

describe('selectInterfaces', () => {
  test.each<{ what: string; link: Partial<Link>; known: boolean; used: boolean }>([
    { what: 'a link without an address', link: {}, known: true, used: true },
    { what: 'a link without a signal', link: { carrier: false }, known: true, used: true },
    { what: 'a link that is down', link: { up: false }, known: true, used: false },
    { what: 'a port of a bridge', link: { enslaved: true }, known: true, used: false },
    { what: 'a link without ARP', link: { noArp: true }, known: true, used: false },
    { what: 'a link without broadcast', link: { broadcast: false }, known: true, used: false },
    { what: 'a link without a MAC', link: { mac: ZERO_MAC }, known: true, used: false },
    { what: 'a link with a MAC that no station has', link: { mac: BROADCAST_MAC }, known: true, used: false },
    { what: 'an excluded link', link: { name: 'veth12ab' }, known: false, used: false },
    { what: 'a name that only contains an anchored pattern', link: { name: 'my-veth' }, known: true, used: true },
  ])('$what: known $known, used $used', ({ link, known, used }) => {
    const selection = selectInterfaces([{ ...ETH0, ...link }], SHIPPED);
    expect([selection.names.length > 0, selection.arp.length > 0]).toEqual([known, used]);
  });

  test.each<{ what: string; link: Partial<Link>; arp: boolean; ndp: boolean }>([
    { what: 'a link without an IPv6 address', link: {}, arp: true, ndp: false },
    {
      what: 'a link with a global address alone',
      link: { addresses: [{ address: addressOf('fd00::1'), prefixLength: 64 }] },
      arp: true,
      ndp: false,
    },
    { what: 'a link with a link-local address', link: { addresses: LINK_LOCAL }, arp: true, ndp: true },
    { what: 'a link without broadcast', link: { addresses: LINK_LOCAL, broadcast: false }, arp: false, ndp: true },
    { what: 'a link that is down', link: { addresses: LINK_LOCAL, up: false }, arp: false, ndp: false },
    { what: 'a port of a bridge', link: { addresses: LINK_LOCAL, enslaved: true }, arp: false, ndp: false },
    { what: 'a link without neighbours', link: { addresses: LINK_LOCAL, noArp: true }, arp: false, ndp: false },
    { what: 'a link without a MAC', link: { addresses: LINK_LOCAL, mac: ZERO_MAC }, arp: false, ndp: false },
  ])('$what: ARP $arp, NDP $ndp', ({ link, arp, ndp }) => {
    const selection = selectInterfaces([{ ...ETH0, ...link }], SHIPPED);
    expect([selection.arp.length > 0, selection.ndp.length > 0]).toEqual([arp, ndp]);
  });

  test('a link speaks to its neighbours by its link-local address, whatever stands before it', () => {
    const addresses = [
      { address: addressOf('10.0.0.1'), prefixLength: 24 },
      { address: addressOf('fd00::1'), prefixLength: 64 },
    ];
    expect(linkLocalOf({ ...ETH0, addresses: [...addresses, ...LINK_LOCAL] })).toBe(ipv6('fe80::1'));
    expect(linkLocalOf({ ...ETH0, addresses })).toBeUndefined();
  });

  test('a pattern without an anchor matches anywhere', () => {
    expect(selectInterfaces([{ ...ETH0, name: 'my-veth' }], [/veth/]).names).toEqual([]);
  });

  test('names are sorted, whatever the numbers', () => {
    const links = ['eth1', 'br0', 'eth0'].map((name, index) => ({ ...ETH0, index: index + 2, name }));
    expect(selectInterfaces(links, []).names).toEqual(['br0', 'eth0', 'eth1']);
  });
});
