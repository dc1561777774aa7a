import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { announce, only } from '../../../../test/support/announcements.ts';
import { ipv6 } from '../../../../test/support/ndp-frames.ts';
import { ALL_NODES, type Ipv6, solicitedNodeGroup, UNSPECIFIED_IPV6 } from '../../../lib/ipv6.ts';
import { BROADCAST_MAC, isStation, type Mac } from '../../../lib/mac.ts';
import { groupMac } from '../../wire/ethernet.ts';
import type { NeighborSolicitation } from '../../wire/ndp.ts';
import { AddressTable, IPV6 } from './address-table.ts';
import { decideSolicitation, unsolicitedAdvertisement } from './neighbor-answer.ts';

const HERE = 0x0200_0000_0001 as Mac;
const CLIENT = 0x0200_0000_0099 as Mac;
const OTHER = 0x0200_0000_0077 as Mac;
const OURS = ipv6('2001:db8::1');
const ETH1_ONLY = ipv6('2001:db8::2');
const FOREIGN = ipv6('2001:db8::3');
const CLIENT_IP = ipv6('fe80::99');
const LINK = { name: 'eth0', mac: HERE, linkLocal: ipv6('fe80::1') };

const table = new AddressTable(IPV6);
table.apply([announce('default/a', ['2001:db8::1']), announce('default/b', ['2001:db8::2'], only('eth1'))]);

function question(target: Ipv6, change: Partial<NeighborSolicitation> = {}): NeighborSolicitation {
  const group = solicitedNodeGroup(target);
  const asked = { destination: groupMac(group), destinationIp: group, target };
  return { ...asked, source: CLIENT, sourceIp: CLIENT_IP, sourceMac: CLIENT, ...change };
}

describe('decideSolicitation', () => {
  test.each<{ what: string; asks: NeighborSolicitation; gets: string }>([
    { what: 'a question to the group', asks: question(OURS), gets: 'answer' },
    { what: 'a unicast probe', asks: question(OURS, { destination: HERE, destinationIp: OURS }), gets: 'answer' },
    { what: 'a unicast probe without the option', asks: question(OURS, { destination: HERE, sourceMac: undefined }), gets: 'answer' },
    { what: 'a question to the group without the option', asks: question(OURS, { sourceMac: undefined }), gets: 'answer' },
    { what: 'a probe for a duplicate', asks: question(OURS, { sourceIp: UNSPECIFIED_IPV6, sourceMac: undefined }), gets: 'answer' },
    { what: 'a question from another prefix', asks: question(OURS, { sourceIp: ipv6('2001:db8:9::9') }), gets: 'answer' },
    { what: 'a frame for another station', asks: question(OURS, { destination: OTHER }), gets: 'not-for-this-link' },
    { what: 'a frame for another group', asks: question(OURS, { destination: groupMac(ALL_NODES) }), gets: 'not-for-this-link' },
    { what: 'a frame for everybody', asks: question(OURS, { destination: BROADCAST_MAC }), gets: 'not-for-this-link' },
    { what: 'a sender that has the address', asks: question(OURS, { sourceIp: OURS }), gets: 'claim' },
    { what: 'an option that names a group', asks: question(OURS, { sourceMac: groupMac(ALL_NODES) }), gets: 'bad-sender' },
    { what: 'an option that names nobody', asks: question(OURS, { sourceMac: 0 as Mac }), gets: 'bad-sender' },
    { what: 'a frame from a group', asks: question(OURS, { source: BROADCAST_MAC, sourceMac: undefined }), gets: 'bad-sender' },
    { what: 'a foreign address', asks: question(FOREIGN), gets: 'not-held' },
    { what: 'an address of another link', asks: question(ETH1_ONLY), gets: 'not-on-this-link' },
  ])('$what: $gets', ({ asks, gets }) => {
    const verdict = decideSolicitation(asks, LINK, table);
    expect(verdict.kind === 'refuse' ? verdict.refusal : verdict.kind).toBe(gets);
  });

  test.each<{ what: string; asks: NeighborSolicitation; gets: object }>([
    {
      what: 'nothing else',
      asks: question(FOREIGN),
      gets: { kind: 'stand-in', reply: { source: HERE, sourceIp: LINK.linkLocal, target: FOREIGN, targetMac: OTHER, solicited: true } },
    },
    {
      what: 'it has on another link',
      asks: question(ETH1_ONLY),
      gets: { kind: 'stand-in', reply: { destination: CLIENT, targetMac: OTHER } },
    },
    { what: 'it has here too', asks: question(OURS), gets: { kind: 'answer', reply: { targetMac: HERE } } },
    { what: 'the owner itself asks for', asks: question(FOREIGN, { source: OTHER, sourceMac: OTHER }), gets: { refusal: 'not-held' } },
  ])('a node that stands in for what $what', ({ asks, gets }) => {
    const lent = new Map([OURS, ETH1_ONLY, FOREIGN].map((ip) => [ip, OTHER]));
    expect(decideSolicitation(asks, LINK, table, lent)).toMatchObject(gets);
  });

  const FROM_HERE = { source: HERE, sourceIp: LINK.linkLocal, target: OURS, targetMac: HERE, override: true };
  const TO_ALL = { destination: groupMac(ALL_NODES), destinationIp: ALL_NODES, solicited: false };

  test.each<{ what: string; change: Partial<NeighborSolicitation>; reply: object }>([
    {
      what: 'to the MAC that the option names',
      change: { source: OTHER },
      reply: { destination: CLIENT, destinationIp: CLIENT_IP, solicited: true },
    },
    {
      what: 'to the sender of the frame without one',
      change: { source: OTHER, sourceMac: undefined },
      reply: { destination: OTHER, destinationIp: CLIENT_IP, solicited: true },
    },
    { what: 'to all nodes when the sender has no address', change: { sourceIp: UNSPECIFIED_IPV6, sourceMac: undefined }, reply: TO_ALL },
  ])('answers $what', ({ change, reply }) => {
    expect(decideSolicitation(question(OURS, change), LINK, table)).toEqual({
      kind: 'answer',
      held: expect.objectContaining({ text: '2001:db8::1' }),
      reply: { ...FROM_HERE, ...reply },
    });
  });

  test('whatever is asked, an answer is for a held address, from this link, to one station or to all nodes', () => {
    const mac = fc.constantFrom(BROADCAST_MAC, HERE, CLIENT, 0 as Mac, groupMac(ALL_NODES), groupMac(solicitedNodeGroup(OURS)));
    const ip = fc.constantFrom(OURS, ETH1_ONLY, FOREIGN, CLIENT_IP, UNSPECIFIED_IPV6, ALL_NODES, solicitedNodeGroup(OURS));
    const questions = fc.record({
      ...{ destination: mac, source: mac, sourceIp: ip, destinationIp: ip, target: ip },
      sourceMac: fc.option(mac, { nil: undefined }),
    });
    fc.assert(
      fc.property(questions, (asks) => {
        const verdict = decideSolicitation(asks, LINK, table);
        if (verdict.kind === 'refuse') return;
        const { reply } = verdict;
        expect(reply).toMatchObject(FROM_HERE);
        expect(reply.solicited).toBe(reply.destinationIp !== ALL_NODES || asks.sourceIp === ALL_NODES);
        expect(isStation(reply.destination)).toBe(reply.destination !== TO_ALL.destination);
      }),
    );
  });
});

test('an advertisement that nobody asked for tells all nodes', () => {
  expect(unsolicitedAdvertisement(OURS, LINK)).toEqual({
    ...{ destination: 0x3333_0000_0001, destinationIp: ALL_NODES, source: HERE, sourceIp: LINK.linkLocal },
    ...{ target: OURS, targetMac: HERE, solicited: false, override: true },
  });
});
