import { describe, expect, test } from '@jest/globals';
import { numberOf } from '../../../../test/support/announcements.ts';
import { ASKER, arpRequest } from '../../../../test/support/arp-frames.ts';
import { ipv6, NEIGHBOR, neighborSolicitation, type Solicitation } from '../../../../test/support/ndp-frames.ts';
import { type Micros, milliseconds } from '../../../lib/clock.ts';
import type { Ipv4 } from '../../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac, ZERO_MAC } from '../../../lib/mac.ts';
import { ARP_REPLY, type ArpFrame, decodeArpFrame } from '../../wire/arp.ts';
import { decodeNeighborSolicitation } from '../../wire/ndp.ts';
import { type Asker, askerInArp, askerInSolicitation, RecentAskers } from './recent-askers.ts';

const OWN = 0x0200_0000_0002 as Mac;
const GROUP = 0x0100_5e00_0001 as Mac;

function at(seconds: number): Micros {
  return milliseconds(seconds * 1_000);
}

/** A host, by a number, that asks for an address. */
function host(mac: number, ip = 1): Asker<number> {
  return { ip, mac: mac as Mac, from: mac };
}

/** The hosts that are known to have asked for an address. */
function macsOf(askers: RecentAskers<number>, now: Micros, ip = 1): number[] {
  return askers.of(new Set([ip]), now).map(({ mac }) => mac);
}

/** So many hosts that nobody has seen before, and nobody sees again. */
function strangers(count: number, round: number): Asker<number>[] {
  return Array.from({ length: count }, (_, index) => host(1_000_000 + round * 10_000 + index));
}

describe('who has asked', () => {
  test('is known at once, by the address that was asked for, for ten minutes after the last time', () => {
    const askers = new RecentAskers<number>();
    askers.asked([host(5), host(6), host(5, 2)], at(0));
    expect([macsOf(askers, at(0)), macsOf(askers, at(0), 2), macsOf(askers, at(0), 3)]).toEqual([[5, 6], [5], []]);
    askers.asked([host(6)], at(300));
    expect([macsOf(askers, at(599)), macsOf(askers, at(600)), macsOf(askers, at(899)), macsOf(askers, at(900))]).toEqual([
      [5, 6],
      [6],
      [6],
      [],
    ]);
  });

  test('is forgotten with the address', () => {
    const askers = new RecentAskers<number>();
    askers.asked([host(5), host(5, 2)], at(0));
    askers.asked([host(6), host(6, 2)], at(20));
    askers.keepOnly(new Set([2]));
    expect([macsOf(askers, at(21)), macsOf(askers, at(21), 2)]).toEqual([[], [5, 6]]);
  });
});

describe('a flood of senders that are never seen again', () => {
  test('pushes out none of those that were there ten seconds before it', () => {
    const askers = new RecentAskers<number>();
    askers.asked([host(5), host(6)], at(0));
    for (let second = 10; second < 300; second++) askers.asked(strangers(256, second), at(second));
    const known = macsOf(askers, at(300));
    expect(known.slice(0, 2)).toEqual([5, 6]);
    // Of the flood itself only what came last is known: 1,024 hosts, and it is over with them.
    expect(known).toHaveLength(2 + 1_024);
    expect(macsOf(askers, at(900))).toEqual([]);
  });

  test('that is too slow to push itself out ends where the room ends, and those that were there stay', () => {
    const askers = new RecentAskers<number>();
    askers.asked([host(5)], at(0));
    for (let second = 1; second < 500; second++) askers.asked(strangers(50, second), at(second));
    const known = macsOf(askers, at(500));
    expect(known[0]).toBe(5);
    expect(known).toHaveLength(4_096 + 1_024);
  });

  test('leaves room for others when it is over', () => {
    const askers = new RecentAskers<number>();
    for (let second = 1; second < 200; second++) askers.asked(strangers(50, second), at(second));
    askers.asked([host(5)], at(1_000));
    askers.asked([host(6)], at(1_020));
    expect(macsOf(askers, at(1_021))).toEqual([5, 6]);
  });
});

describe('an ARP request', () => {
  const asked = { ip: numberOf('10.0.0.1'), mac: ASKER.mac, from: ASKER.ip };

  test.each<{ what: string; change: Partial<ArpFrame>; asker: Asker<Ipv4> | undefined }>([
    { what: 'to all', change: {}, asker: asked },
    { what: 'to this station', change: { destination: OWN }, asker: asked },
    { what: 'by a frame of another station, such as a bridge', change: { source: 0x0200_0000_0077 as Mac }, asker: asked },
    { what: 'to another station', change: { destination: 0x0200_0000_0077 as Mac }, asker: undefined },
    { what: 'that is a reply', change: { operation: ARP_REPLY }, asker: undefined },
    { what: 'of nobody, a probe', change: { senderIp: 0 as Ipv4 }, asker: undefined },
    { what: 'that only announces', change: { senderIp: numberOf('10.0.0.1') }, asker: undefined },
    { what: 'of a group', change: { senderMac: GROUP }, asker: undefined },
    { what: 'of all', change: { senderMac: BROADCAST_MAC }, asker: undefined },
    { what: 'of no MAC', change: { senderMac: ZERO_MAC }, asker: undefined },
    { what: 'of this node', change: { senderMac: OWN }, asker: undefined },
  ])('$what', ({ change, asker }) => {
    const decoded = decodeArpFrame(new DataView(arpRequest('10.0.0.1', change).buffer));
    expect(decoded.ok && askerInArp(decoded.value, OWN)).toEqual(asker);
  });
});

describe('a solicitation', () => {
  const asked = { ip: ipv6('2001:db8::1'), mac: NEIGHBOR.mac, from: ipv6(NEIGHBOR.ip) };

  test.each<{ what: string; change: Solicitation; asker: object | undefined }>([
    { what: 'to the group', change: {}, asker: asked },
    { what: 'to this station', change: { destination: OWN }, asker: asked },
    { what: 'to another group', change: { destination: 0x3333_ff00_0002 as Mac }, asker: undefined },
    { what: 'without the option', change: { sourceMac: undefined }, asker: undefined },
    { what: 'of nobody, a probe', change: { sourceIp: '::', sourceMac: undefined }, asker: undefined },
    { what: 'of its own target', change: { sourceIp: '2001:db8::1' }, asker: undefined },
    { what: 'of a group', change: { sourceMac: GROUP }, asker: undefined },
    { what: 'of this node', change: { sourceMac: OWN }, asker: undefined },
  ])('$what', ({ change, asker }) => {
    const decoded = decodeNeighborSolicitation(new DataView(neighborSolicitation('2001:db8::1', change).buffer));
    expect(decoded.ok && askerInSolicitation(decoded.value, OWN)).toEqual(asker);
  });
});
