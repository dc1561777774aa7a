import { describe, expect, test } from '@jest/globals';
import type { Ipv4 } from '../../../lib/ipv4.ts';
import type { Ipv6 } from '../../../lib/ipv6.ts';
import { BROADCAST_MAC, type Mac } from '../../../lib/mac.ts';
import { ARP_REPLY, ARP_REQUEST, type ArpFrame } from '../../wire/arp.ts';
import type { NeighborSolicitation } from '../../wire/ndp.ts';
import { arpProbe, gratuitousArp } from './arp-answer.ts';
import { type Sighting, sightAdvertisement, sightArp, sightSolicitation } from './sighting.ts';

const MAC = 0x0200_0000_0001 as Mac;
const OTHER = 0x0200_0000_0002 as Mac;
const V4 = 0x0a00_0001 as Ipv4;
const V6 = 0x2001_0db8_0000_0000_0000_0000_0000_0001n as Ipv6;

function textOf(sighting: Sighting<Ipv4 | Ipv6> | undefined): string {
  return sighting === undefined ? 'nothing' : `${sighting.kind} ${sighting.ip} ${sighting.mac}`;
}

describe('an ARP message', () => {
  const answer: ArpFrame = { ...gratuitousArp(V4, MAC, ARP_REPLY), destination: OTHER, source: OTHER };

  test.each<{ what: string; frame: ArpFrame; says: string }>([
    { what: 'an answer, whoever sent the frame', frame: answer, says: `held ${V4} ${MAC}` },
    { what: 'an announcement', frame: gratuitousArp(V4, MAC, ARP_REQUEST), says: `held ${V4} ${MAC}` },
    { what: 'a question', frame: { ...gratuitousArp(V4, MAC, ARP_REQUEST), targetIp: 7 as Ipv4 }, says: `held ${V4} ${MAC}` },
    { what: 'a probe', frame: arpProbe(V4, MAC), says: `probed ${V4} ${MAC}` },
    { what: 'an answer of nobody', frame: { ...arpProbe(V4, MAC), operation: ARP_REPLY }, says: 'nothing' },
    { what: 'a group of stations', frame: { ...answer, senderMac: BROADCAST_MAC }, says: 'nothing' },
  ])('that is $what says $says', ({ frame, says }) => {
    expect(textOf(sightArp(frame))).toBe(says);
  });
});

describe('neighbour discovery', () => {
  const question: NeighborSolicitation = {
    ...{ destination: OTHER, source: MAC, sourceIp: 5n as Ipv6, destinationIp: 6n as Ipv6, target: V6, sourceMac: OTHER },
  };

  test.each<{ what: string; change: Partial<NeighborSolicitation>; says: string }>([
    { what: 'a question', change: {}, says: 'nothing' },
    { what: 'a question of the target', change: { sourceIp: V6 }, says: `held ${V6} ${OTHER}` },
    { what: 'a probe', change: { sourceIp: 0n as Ipv6, sourceMac: undefined }, says: `probed ${V6} ${MAC}` },
    { what: 'a group of stations', change: { sourceIp: V6, sourceMac: BROADCAST_MAC }, says: 'nothing' },
  ])('that is $what says $says', ({ change, says }) => {
    expect(textOf(sightSolicitation({ ...question, ...change }))).toBe(says);
  });

  test('advertises the MAC of its option, or else of the frame', () => {
    expect(textOf(sightAdvertisement({ source: MAC, target: V6, targetMac: OTHER }))).toBe(`held ${V6} ${OTHER}`);
    expect(textOf(sightAdvertisement({ source: MAC, target: V6, targetMac: undefined }))).toBe(`held ${V6} ${MAC}`);
    expect(textOf(sightAdvertisement({ source: MAC, target: V6, targetMac: BROADCAST_MAC }))).toBe('nothing');
  });
});
