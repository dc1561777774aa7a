import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { addressOf, announce, numberOf, withdraw } from '../../../test/support/announcements.ts';
import { arpLine, arpRequest } from '../../../test/support/arp-frames.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeNodeNetwork } from '../../../test/support/fake-node-network.ts';
import { advertisementLine, neighborSolicitation } from '../../../test/support/ndp-frames.ts';
import { milliseconds } from '../../lib/clock.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import type { Ipv6 } from '../../lib/ipv6.ts';
import { BROADCAST_MAC, formatMac, type Mac } from '../../lib/mac.ts';
import { networkError } from '../net/network-error.ts';
import { ARP_REPLY, type ArpFrame, decodeArpFrame } from '../wire/arp.ts';
import { AddressTallies } from './address-tallies.ts';
import { ARP } from './arp-responder.ts';
import { FamilyAnswers } from './family-answers.ts';
import { NDP } from './ndp-responder.ts';

const ADDRESS = '10.0.0.200';
const ADDRESS6 = '2001:db8::c8';
const OWNER = 0x0200_0000_0077 as Mac;
const NOT_PERMITTED = -1;
const NO_MEMORY = -12;
/** The plan is in the filters, what was asked since is read, and that was more than a second ago. */
const NOTED_MS = 2_500;

let clock: FakeClock;
let network: FakeNodeNetwork;
let arp: FamilyAnswers<Ipv4>;
let ndp: FamilyAnswers<Ipv6>;
let said: string[];
let silent: boolean;

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNodeNetwork();
  said = [];
  silent = false;
  const ports = {
    ...{ clock, tallies: new AddressTallies(), debug: undefined, silent: () => silent, refreshes: () => true },
    ...{ counted: () => undefined, sighted: () => undefined },
    log: (level: string, message: string) => void said.push(`${level} ${message}`),
    faulted: (thrown: unknown) => expect(thrown).toBeUndefined(),
  };
  arp = new FamilyAnswers(ARP, ports);
  ndp = new FamilyAnswers(NDP, ports);
  network.put({ index: 2, addresses: [{ address: addressOf('fe80::2'), prefixLength: 64 }] });
});
afterEach(() => {
  arp[Symbol.dispose]();
  ndp[Symbol.dispose]();
});

/** Opens both responders on the link, with a plan in which some node may have the addresses. */
function watch(): void {
  const [link] = network.links;
  if (link === undefined) throw new Error('no link');
  for (const family of [arp, ndp]) {
    family.open(link, network, () => undefined);
    family.plan([announce('a', [ADDRESS, ADDRESS6])]);
  }
  run(NOTED_MS);
}

function run(span: number): void {
  clock.advance(milliseconds(span));
}

/** What leaves within so long after this node has come to answer for the addresses. */
function took(span: number): string[] {
  network.sent.length = 0;
  for (const family of [arp, ndp]) family.apply([announce('a', [ADDRESS, ADDRESS6])]);
  run(span);
  return spoken();
}

function spoken(): string[] {
  return network.sent.map(({ frame }) => (frame.getUint16(12) === 0x0806 ? arpLine(frame) : advertisementLine(frame)));
}

function asked(change: Partial<ArpFrame> = {}): void {
  network.receive(2, arpRequest(ADDRESS, change));
}

const OWN_MAC = '02:00:00:00:00:02';
const TO_ALL = [
  `request ${ADDRESS} is ${OWN_MAC} to ff:ff:ff:ff:ff:ff`,
  `${ADDRESS6} is ${OWN_MAC} to ff02::1 33:33:00:00:00:01 from fe80::2, override`,
];
const TO_ASKERS = [
  `reply ${ADDRESS} is ${OWN_MAC} to 02:00:00:00:00:99`,
  `${ADDRESS6} is ${OWN_MAC} to fe80::99 02:00:00:00:00:99 from fe80::2, override`,
];

describe('a new owner', () => {
  test('tells all first, and then each of those that have asked another node, and nobody else', () => {
    watch();
    asked();
    network.receive(2, neighborSolicitation(ADDRESS6));
    run(300_000);
    expect(took(40)).toEqual([...TO_ALL, ...TO_ASKERS]);
  });

  test('tells those that asked in the very moment, before anything was read', () => {
    watch();
    asked();
    network.receive(2, neighborSolicitation(ADDRESS6));
    expect(took(40)).toEqual([...TO_ALL, `gratuitous ${TO_ASKERS[0]}`, TO_ASKERS[1]]);
  });

  test('tells those that asked before the link had a responder nothing, nor those of ten minutes ago', () => {
    asked();
    watch();
    asked({ senderMac: 0x0200_0000_0098 as Mac });
    run(601_000);
    expect(took(40)).toEqual(TO_ALL);
  });

  test('says nothing while nothing may be said, and only to all what was not planned', () => {
    watch();
    asked();
    arp.plan([withdraw('a')]);
    run(NOTED_MS);
    expect(took(40)).toEqual(TO_ALL);
    arp.plan([announce('a', [ADDRESS])]);
    run(NOTED_MS);
    asked();
    for (const family of [arp, ndp]) family.apply([withdraw('a')]);
    silent = true;
    expect(took(40)).toEqual([]);
  });

  test('tells on the link of the question alone', () => {
    network.put({ index: 3 });
    watch();
    const [, other] = network.links;
    if (other !== undefined) arp.open(other, network, () => undefined);
    asked();
    network.sent.length = 0;
    arp.apply([announce('a', [ADDRESS])]);
    run(40);
    expect(network.sent.map(({ link, frame }) => `${link} ${arpLine(frame)}`).slice(2)).toEqual([`eth2 gratuitous ${TO_ASKERS[0]}`]);
  });
});

describe('the notice of a new owner', () => {
  test('tells those that asked, or were told, within the last second in the form that Linux takes so soon, and that carries its own MAC', () => {
    const form = (span: number): (string | undefined)[] => took(span).filter((line) => line.endsWith('02:00:00:00:00:99'));
    watch();
    asked();
    run(1_000);
    const soon = form(40);
    const sooner = network.sent.map(({ frame }) => decodeArpFrame(frame)).find((one) => one.ok && one.value.destination !== BROADCAST_MAC);
    for (const family of [arp, ndp]) family.apply([withdraw('a')]);
    run(900);
    const again = form(40);
    for (const family of [arp, ndp]) family.apply([withdraw('a')]);
    run(1_200);
    expect([soon, again, form(40)]).toEqual([[`gratuitous ${TO_ASKERS[0]}`], [`gratuitous ${TO_ASKERS[0]}`], [TO_ASKERS[0]]]);
    expect(sooner).toMatchObject({ ok: true, value: { targetMac: 0x0200_0000_0002, targetIp: numberOf(ADDRESS) } });
  });
});

describe('who has asked is nobody', () => {
  test.each<{ what: string; change: Partial<ArpFrame> }>([
    { what: 'that is a group', change: { senderMac: BROADCAST_MAC } },
    { what: 'that probes', change: { senderIp: 0 as Ipv4 } },
    { what: 'that announces', change: { senderIp: numberOf(ADDRESS) } },
    { what: 'that has another such address, as the owner of it', change: { senderIp: numberOf('10.0.0.201') } },
    { what: 'that answers', change: { operation: ARP_REPLY } },
    { what: 'that asks another station', change: { destination: OWNER } },
    { what: 'that asks for another address', change: { targetIp: numberOf('10.0.0.9') } },
  ])('$what', ({ change }) => {
    network.ignoresFilters = true;
    arp.plan([announce('b', ['10.0.0.201'])]);
    watch();
    asked(change);
    run(NOTED_MS);
    expect(took(40)).toEqual(TO_ALL);
  });

  test('in octets that are no question', () => {
    network.ignoresFilters = true;
    watch();
    const [request, solicitation] = [arpRequest(ADDRESS), neighborSolicitation(ADDRESS6)];
    for (const frame of [request, solicitation]) {
      for (let length = 14; length < Math.min(frame.length, 86); length++)
        if (length !== 60) network.receive(2, frame.slice(0, Math.min(length, 41)));
      const tagged = new Uint8Array([...frame.slice(0, 12), 0x81, 0, 0, 5, ...frame.slice(12)]);
      network.receive(2, tagged);
    }
    run(NOTED_MS);
    expect(took(40)).toEqual(TO_ALL);
  });
});

describe('a flood', () => {
  test('of questions is read once a second, and what does not fit is lost', () => {
    watch();
    asked();
    run(20_000);
    for (let sender = 1; sender <= 5_000; sender++) asked({ senderMac: (0x0200_0001_0000 + sender) as Mac });
    const told = took(20_000).filter((line) => line.includes('reply') && !line.includes('ff:ff'));
    expect(told[0]).toBe(TO_ASKERS[0]);
    expect(told).toHaveLength(1 + 256);
  });
});

describe('a stand-in', () => {
  const lent = [ADDRESS, ADDRESS6].map((text) => ({ address: addressOf(text), mac: OWNER }));

  test('reminds those that have asked the owner, with its MAC, every ten seconds', () => {
    watch();
    asked();
    network.receive(2, neighborSolicitation(ADDRESS6));
    asked({ senderMac: OWNER, senderIp: numberOf('10.0.0.7') });
    run(NOTED_MS);
    network.sent.length = 0;
    for (const family of [arp, ndp]) family.standIn('eth2', lent);
    run(9_500);
    const reminders = [
      `reply ${ADDRESS} is ${formatMac(OWNER)} to 02:00:00:00:00:99`,
      `${ADDRESS6} is ${formatMac(OWNER)} to fe80::99 02:00:00:00:00:99 from fe80::2, solicited override`,
    ];
    expect(spoken()).toEqual(reminders);
    expect(network.sent.map(({ frame }) => frame.getUint8(11))).toEqual([2, 2]);
    run(10_000);
    expect(spoken()).toEqual([...reminders, ...reminders]);
    for (const family of [arp, ndp]) family.standIn('eth2', []);
    run(30_000);
    expect(network.sent).toHaveLength(4);
  });
});

describe('where the kernel refuses', () => {
  test('the socket, addresses are answered for and told all the same', () => {
    const { open } = network.packets;
    Object.assign(network.packets, {
      open: (...words: Parameters<typeof open>) => {
        if (words[0].unreadOctets !== undefined) throw networkError(words[0].purpose, NOT_PERMITTED);
        return open(...words);
      },
    });
    watch();
    asked();
    expect(took(40)).toEqual(TO_ALL);
    expect(said).toEqual(
      ['ARP', 'NDP'].map((name) => expect.stringMatching(`^warn noting who asks by ${name} on eth2 .*may not hear of a new owner`)),
    );
  });

  test('the filter, a coarser one takes its place, and none at all is said once', () => {
    network.longestFilter = 40;
    watch();
    arp.plan([
      announce(
        'many',
        Array.from({ length: 40 }, (_, index) => `10.0.1.${2 * index}`),
      ),
    ]);
    run(NOTED_MS);
    expect(said).toEqual([]);
    asked();
    run(NOTED_MS);
    expect(took(40)).toEqual([...TO_ALL, TO_ASKERS[0]]);
    network.longestFilter = 3;
    arp.plan([announce('b', ['10.0.3.1'])]);
    run(NOTED_MS);
    expect(said).toEqual(
      [networkError('noting who asks by ARP on eth2 (its filter)', NO_MEMORY).message].map((text) =>
        expect.stringContaining(text.slice(0, 20)),
      ),
    );
  });

  test('a frame later, the watch ends and all else goes on', () => {
    watch();
    const error = networkError('noting who asks by ARP on eth2', NOT_PERMITTED);
    network.failSockets(2, error);
    expect(said).toHaveLength(2);
    expect(took(40)).toEqual(TO_ALL);
  });
});

test('nothing is open, and no timer runs, where no other node is in the plan or the link is closed', () => {
  const [link] = network.links;
  if (link === undefined) throw new Error('no link');
  const responders = [arp.open(link, network, () => undefined), ndp.open(link, network, () => undefined)];
  expect([network.openSockets, clock.timers]).toEqual([2, 0]);
  for (const family of [arp, ndp]) family.plan([announce('a', [ADDRESS, ADDRESS6])]);
  run(NOTED_MS);
  expect([network.openSockets, clock.timers]).toEqual([4, 2]);
  for (const responder of responders) responder[Symbol.dispose]();
  expect([network.openSockets, clock.timers]).toEqual([0, 0]);
});
