import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { addressOf, announce, announcement, numberOf } from '../../../test/support/announcements.ts';
import { arpLine, arpRequest } from '../../../test/support/arp-frames.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeNodeNetwork } from '../../../test/support/fake-node-network.ts';
import { FakeTcp } from '../../../test/support/fake-tcp.ts';
import { ipv6 } from '../../../test/support/ndp-frames.ts';
import { milliseconds } from '../../lib/clock.ts';
import { formatAddress, type IpAddress } from '../../lib/ip.ts';
import type { Mac } from '../../lib/mac.ts';
import type { Report } from '../../model/plan.ts';
import { ARP_REPLY } from '../wire/arp.ts';
import { encodeNeighborAdvertisement, newAdvertisementFrame } from '../wire/ndp.ts';
import { ConflictWatch } from './conflict-watch.ts';
import { WireDriver } from './wire-driver.ts';

const V4 = '10.0.0.200';
const V6 = '2001:db8::200';
const HERE = '02:00:00:00:00:02';
const STRANGER = 0x02ff_0000_0001 as Mac;
const timing = {
  ...{ busyInterval: milliseconds(100), idleInterval: milliseconds(1_000) },
  ...{ speakerGrace: milliseconds(30_000), restartGrace: milliseconds(300_000) },
};

/** A speaker on eth2 that hears no other one, and what happens there. */
let clock: FakeClock;
let network: FakeNodeNetwork;
let reports: Report[];
let driver: WireDriver;

beforeEach(async () => {
  clock = new FakeClock();
  network = new FakeNodeNetwork();
  reports = [];
  const addresses = ['10.0.0.2', 'fe80::2'].map((text) => ({ address: addressOf(text), prefixLength: 24 }));
  network.put({ index: 2, addresses });
  network.put({ index: 3, addresses: [] });
  driver = new WireDriver(
    { node: 'a', excludedInterfaces: ['^eth3$'], debug: false, segment: { node: 'a', key: '', gone: [], timing } },
    {
      ...{ clock, connect: () => network, connector: new FakeTcp(), acceptor: new FakeTcp() },
      ...{ random: () => 0, randomBits: () => 1n, rank: (name) => name },
      post: (notice) => {
        if (notice.kind !== 'reports') return;
        reports.push(...notice.reports);
        setImmediate(() => driver.take({ kind: 'received' }));
      },
    },
  );
  driver.start();
  await clock.run(milliseconds(2_000));
});
afterEach(() => driver[Symbol.dispose]());

function plan(...addresses: readonly string[]): void {
  driver.take({ kind: 'changes', changes: [announce('default/a', addresses)] });
}

/** A host says that the address is its own. */
function reply(mac: Mac = STRANGER): void {
  network.receive(2, arpRequest('10.0.0.2', { operation: ARP_REPLY, source: mac, senderMac: mac, senderIp: numberOf(V4) }));
}

function advertise(): void {
  const frame = newAdvertisementFrame();
  const to = { destination: 0x3333_0000_0001 as Mac, destinationIp: ipv6('ff02::1'), target: ipv6(V6), targetMac: STRANGER };
  encodeNeighborAdvertisement({ ...to, source: STRANGER, sourceIp: ipv6('fe80::9'), solicited: false, override: true }, frame);
  network.receive(2, new Uint8Array(frame.buffer));
}

/** The ARP frames that left since the last call. */
function sent(): string[] {
  const lines = network.sent.filter(({ frame }) => frame.getUint16(12) === 0x0806).map(({ frame }) => arpLine(frame));
  network.sent.length = 0;
  return lines;
}

function conflicts(): string[] {
  return reports.flatMap((report) => (report.kind === 'conflict' ? [`${report.what} ${report.address} ${report.mac}`] : []));
}

function owned(): readonly string[] {
  return reports.findLast((report) => report.kind === 'owned')?.addresses ?? [];
}

/** Lets seconds pass, in each of which somebody says something in the middle of a look. */
async function seconds(count: number, say: () => void): Promise<void> {
  for (let second = 0; second < count; second++) {
    say();
    await clock.run(milliseconds(1_060));
  }
}

describe('an address that a stranger has', () => {
  test('is asked for, and told when nobody answers', async () => {
    plan(V4);
    await clock.run(milliseconds(59));
    expect([sent(), owned()]).toEqual([Array(2).fill(`request 0.0.0.0 is ${HERE} to ff:ff:ff:ff:ff:ff`), []]);
    await clock.run(milliseconds(1));
    expect([sent(), owned()]).toEqual([[`request ${V4} is ${HERE} to ff:ff:ff:ff:ff:ff`], [V4]]);
  });

  test('is not answered for until the stranger is silent, and people hear of it', async () => {
    plan(V4);
    await seconds(4, reply);
    network.receive(2, arpRequest(V4));
    await clock.run(milliseconds(1));
    expect(sent().some((line) => line.includes(V4))).toBe(false);
    expect([owned(), conflicts()]).toEqual([[], [`stranger ${V4} 02:ff:00:00:00:01`]]);
    await clock.run(milliseconds(2_000));
    expect([owned(), reports.findLast((report) => report.kind === 'log')?.fields.event]).toEqual([[V4], 'addressFree']);
  });

  test('keeps the others of its Service from being announced, in either family', async () => {
    plan(V4, V6);
    await seconds(4, advertise);
    expect([owned(), conflicts()]).toEqual([[], [`stranger ${V6} 02:ff:00:00:00:01`]]);
    await clock.run(milliseconds(2_000));
    expect(owned()).toEqual([V4]);
  });

  test('is heard of at once, also when another one was new a moment ago', async () => {
    driver.take({ kind: 'changes', changes: [announce('default/other', ['10.0.0.9'])] });
    await clock.run(milliseconds(5));
    plan(V4);
    reply();
    await clock.run(milliseconds(100));
    expect(owned()).toEqual(['10.0.0.9']);
  });

  test('is of no interest when the Service ends', async () => {
    plan(V4);
    reply();
    await clock.run(milliseconds(500));
    driver.take({ kind: 'changes', changes: [{ kind: 'withdraw', service: 'default/a' }] });
    sent();
    await clock.run(milliseconds(5_000));
    expect([sent(), owned()]).toEqual([[], []]);
  });

  test('is its own when the MAC is that of another interface of the node', async () => {
    plan(V4);
    reply(0x0200_0000_0003 as Mac);
    await clock.run(milliseconds(100));
    expect([owned(), conflicts()]).toEqual([[V4], []]);
  });
});

test('an address that is announced is defended by one frame in ten seconds, in either family', async () => {
  plan(V4, V6);
  await clock.run(milliseconds(5_000));
  network.sent.length = 0;
  await seconds(5, () => {
    reply();
    advertise();
  });
  const own = network.sent.filter(({ frame }) => frame.getUint16(12) === 0x86dd).length;
  expect([sent(), own]).toEqual([[`request ${V4} is ${HERE} to ff:ff:ff:ff:ff:ff`], 1]);
  expect(conflicts()).toEqual([`thief ${V4} 02:ff:00:00:00:01`, `thief ${V6} 02:ff:00:00:00:01`]);
});

test('code that throws once does not keep the rest from being looked at', () => {
  const probed: string[] = [];
  let broken: boolean = true;
  const probe = (address: IpAddress): void => {
    if (broken) throw new Error('once');
    probed.push(formatAddress(address));
  };
  const nothing = (): void => undefined;
  const ports = { look: nothing, assure: nothing, free: nothing, found: nothing, log: nothing };
  const time = new FakeClock();
  using watch = new ConflictWatch({ clock: time, random: () => 0, probe, ...ports });
  expect(() => watch.look(V4, [announcement('default/a', [V4])], 0, '')).toThrow('once');
  broken = false;
  watch.look('10.0.0.201', [announcement('default/b', ['10.0.0.201'])], 0, '');
  time.advance(milliseconds(100));
  expect(new Set(probed)).toEqual(new Set([V4, '10.0.0.201']));
});
