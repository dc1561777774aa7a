import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAddress } from '../../../lib/ip.ts';
import type { Ipv4 } from '../../../lib/ipv4.ts';
import { BROADCAST_MAC, isStation, type Mac } from '../../../lib/mac.ts';
import type { InterfaceScope } from '../../../model/plan.ts';
import { ARP_REPLY, ARP_REQUEST, type ArpFrame } from '../../wire/arp.ts';
import { AddressTable, IPV4 } from './address-table.ts';
import { decideArp, gratuitousArp } from './arp-answer.ts';

const HERE = 0x0200_0000_0001 as Mac;
const CLIENT = 0x0200_0000_0099 as Mac;
const OURS = 0x0a00_0001 as Ipv4;
const ETH1_ONLY = 0x0a00_0002 as Ipv4;
const OWNER = 0x0200_0000_0055 as Mac;
const FOREIGN = 0x0a00_0003 as Ipv4;
const CLIENT_IP = 0x0a00_00fe as Ipv4;
const LINK = { name: 'eth0', mac: HERE };

const table = new AddressTable(IPV4);
for (const [service, text, interfaces] of [
  ['default/a', '10.0.0.1', { all: true }],
  ['default/b', '10.0.0.2', { all: false, names: ['eth1'] }],
] as [string, string, InterfaceScope][]) {
  const address = parseAddress(text);
  if (address !== undefined) table.apply([{ kind: 'announce', announcement: { service, addresses: [address], interfaces } }]);
}

const REQUEST: ArpFrame = {
  destination: BROADCAST_MAC,
  source: CLIENT,
  operation: ARP_REQUEST,
  senderMac: CLIENT,
  senderIp: CLIENT_IP,
  targetMac: 0 as Mac,
  targetIp: OURS,
};

describe('decideArp', () => {
  test.each<{ what: string; frame: Partial<ArpFrame>; gets: string }>([
    { what: 'a broadcast request', frame: {}, gets: 'answer' },
    { what: 'a unicast request, as neighbours send to confirm an entry', frame: { destination: HERE }, gets: 'answer' },
    { what: "another host's probe", frame: { senderIp: 0 as Ipv4 }, gets: 'answer' },
    { what: 'a request from another subnet', frame: { senderIp: 0xc612_0001 as Ipv4 }, gets: 'answer' },
    { what: 'a request that somebody sent for another', frame: { source: 0x0200_0000_0077 as Mac }, gets: 'answer' },
    { what: 'a reply', frame: { operation: ARP_REPLY }, gets: 'not-a-request' },
    { what: 'a reverse request', frame: { operation: 3 }, gets: 'not-a-request' },
    { what: 'operation 0', frame: { operation: 0 }, gets: 'not-a-request' },
    { what: 'operation 65535', frame: { operation: 0xffff }, gets: 'not-a-request' },
    { what: 'a frame for another station', frame: { destination: CLIENT }, gets: 'not-for-this-link' },
    { what: 'a frame for a group', frame: { destination: 0x0100_5e00_0001 as Mac }, gets: 'not-for-this-link' },
    { what: 'a gratuitous request', frame: { senderIp: OURS }, gets: 'gratuitous' },
    { what: 'a sender that is everybody', frame: { senderMac: BROADCAST_MAC }, gets: 'bad-sender' },
    { what: 'a sender that is a group', frame: { senderMac: 0x0100_5e00_0001 as Mac }, gets: 'bad-sender' },
    { what: 'a sender that is nobody', frame: { senderMac: 0 as Mac }, gets: 'bad-sender' },
    { what: 'a foreign address', frame: { targetIp: FOREIGN }, gets: 'not-held' },
    { what: 'an address of another link', frame: { targetIp: ETH1_ONLY }, gets: 'not-on-this-link' },
  ])('$what: $gets', ({ frame, gets }) => {
    const verdict = decideArp({ ...REQUEST, ...frame }, LINK, table);
    expect(verdict.kind === 'refuse' ? verdict.refusal : verdict.kind).toBe(gets);
  });

  test('the answer goes to who asks in the message and comes from the present MAC of the link', () => {
    const verdict = decideArp({ ...REQUEST, source: 0x0200_0000_0077 as Mac, targetMac: BROADCAST_MAC }, LINK, table);
    expect(verdict).toMatchObject({
      held: { text: '10.0.0.1' },
      reply: {
        destination: CLIENT,
        source: HERE,
        operation: ARP_REPLY,
        senderMac: HERE,
        senderIp: OURS,
        targetMac: CLIENT,
        targetIp: CLIENT_IP,
      },
    });
  });

  test.each<{ what: string; frame: Partial<ArpFrame>; gets: object }>([
    {
      what: 'nothing else',
      frame: { targetIp: FOREIGN },
      gets: { kind: 'stand-in', reply: { source: HERE, senderMac: OWNER, senderIp: FOREIGN } },
    },
    {
      what: 'it has on another link',
      frame: { targetIp: ETH1_ONLY },
      gets: { kind: 'stand-in', reply: { destination: CLIENT, targetMac: CLIENT, senderMac: OWNER, senderIp: ETH1_ONLY } },
    },
    { what: 'it has here too', frame: { targetIp: OURS }, gets: { kind: 'answer', reply: { senderMac: HERE } } },
    { what: 'the owner itself asks for', frame: { targetIp: FOREIGN, senderMac: OWNER }, gets: { refusal: 'not-held' } },
    { what: 'somebody announces', frame: { targetIp: FOREIGN, senderIp: FOREIGN }, gets: { refusal: 'gratuitous' } },
  ])('a node that stands in for what $what', ({ frame, gets }) => {
    const lent = new Map([OURS, ETH1_ONLY, FOREIGN].map((ip) => [ip, OWNER]));
    expect(decideArp({ ...REQUEST, ...frame }, LINK, table, lent)).toMatchObject(gets);
  });

  test('whatever is asked, an answer goes to one station, from this link, for a held address', () => {
    const mac = fc.constantFrom(BROADCAST_MAC, HERE, CLIENT, 0 as Mac, 0x3333_0000_0001 as Mac);
    const ip = fc.constantFrom(OURS, ETH1_ONLY, FOREIGN, CLIENT_IP, 0 as Ipv4);
    const frames = fc.record({
      destination: mac,
      source: mac,
      operation: fc.integer({ min: 0, max: 3 }),
      senderMac: mac,
      senderIp: ip,
      targetMac: mac,
      targetIp: ip,
    });
    fc.assert(
      fc.property(frames, (frame) => {
        const verdict = decideArp(frame, LINK, table);
        if (verdict.kind === 'refuse') return;
        expect(isStation(verdict.reply.destination)).toBe(true);
        expect([verdict.reply.source, verdict.reply.senderMac, verdict.reply.senderIp]).toEqual([HERE, HERE, OURS]);
      }),
    );
  });
});

test('a gratuitous packet says the same to everybody', () => {
  expect(gratuitousArp(OURS, HERE, ARP_REPLY)).toEqual({
    destination: BROADCAST_MAC,
    source: HERE,
    operation: ARP_REPLY,
    senderMac: HERE,
    senderIp: OURS,
    targetMac: BROADCAST_MAC,
    targetIp: OURS,
  });
});

test('nobody answers a gratuitous packet of ours', () => {
  expect(decideArp(gratuitousArp(OURS, CLIENT, ARP_REQUEST), LINK, table)).toMatchObject({ refusal: 'gratuitous' });
});
