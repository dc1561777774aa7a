import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { announce, announcement, numberOf, only, withdraw } from '../../../test/support/announcements.ts';
import { arpLine, arpRequest } from '../../../test/support/arp-frames.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { FakeNodeNetwork } from '../../../test/support/fake-node-network.ts';
import { FakeTcp } from '../../../test/support/fake-tcp.ts';
import { milliseconds } from '../../lib/clock.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../lib/mac.ts';
import type { PlanChange, Report } from '../../model/plan.ts';
import { networkError } from '../net/network-error.ts';
import type { Notice } from './messages.ts';
import { WireDriver } from './wire-driver.ts';

const NO_RIGHT = -1;
const NO_BUFFER = -105;

/** A driver on a fake node with eth2 and eth3, and a main thread that takes every report at once. */
class Scene implements Disposable {
  readonly clock = new FakeClock();
  readonly network = new FakeNodeNetwork();
  readonly tcp = new FakeTcp();
  readonly reports: Report[] = [];
  readonly notices: Notice[] = [];
  readonly driver: WireDriver;

  constructor({ debug = false, excluded = ['^lo$'] }: { debug?: boolean; excluded?: readonly string[] } = {}) {
    this.network.put({ index: 2 });
    this.network.put({ index: 3 });
    const settings = { node: 'node-1', excludedInterfaces: excluded, debug };
    const post = (notice: Notice): void => {
      this.notices.push(notice);
      if (notice.kind !== 'reports') return;
      this.reports.push(...notice.reports);
      setImmediate(() => this.driver.take({ kind: 'received' }));
    };
    const network = { clock: this.clock, connect: () => this.network, connector: this.tcp, acceptor: this.tcp };
    this.driver = new WireDriver(settings, { ...network, post, random: () => 0, randomBits: () => 1n, rank: (node) => node });
  }

  async start(...changes: readonly PlanChange[]): Promise<void> {
    this.driver.start();
    await this.change(...changes);
  }

  async change(...changes: readonly PlanChange[]): Promise<void> {
    this.driver.take({ kind: 'changes', changes });
    await settle();
  }

  /** Forgets what was sent, lets the frames in, and says what is sent because of them. */
  async ask(link: number, ...frames: readonly Uint8Array[]): Promise<string[]> {
    this.network.sent.length = 0;
    for (const frame of frames) this.network.receive(link, frame);
    await settle();
    return this.sent();
  }

  sent(): string[] {
    return this.network.sent.map(({ link, frame }) => `${link}: ${arpLine(frame)}`);
  }

  /** How many gratuitous packets left for an address on a link within a span. */
  async gratuitous(link: string, address: string, spanMilliseconds: number): Promise<number> {
    this.network.sent.length = 0;
    await this.clock.run(milliseconds(spanMilliseconds));
    return this.sent().filter(
      (line) => line.startsWith(`${link}: `) && line.includes(` ${address} is `) && line.endsWith('ff:ff:ff:ff:ff:ff'),
    ).length;
  }

  lines(level?: string): string[] {
    return this.reports.flatMap((report) =>
      report.kind === 'log' && (level === undefined || report.level === level) ? [report.message] : [],
    );
  }

  /** What was reported for an address, all counts added up. */
  counts(address: string): number[] {
    const all = this.reports.flatMap((report) => (report.kind === 'counts' ? report.counts : [])).filter(({ ip }) => ip === address);
    const sum = (of: 'requestsReceived' | 'responsesSent' | 'gratuitousSent'): number =>
      all.reduce((total, counts) => total + counts[of], 0);
    return [sum('requestsReceived'), sum('responsesSent'), sum('gratuitousSent')];
  }

  [Symbol.dispose](): void {
    this.driver[Symbol.dispose]();
  }
}

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene[Symbol.dispose]());

describe('answers', () => {
  test('go to who asks, from the link that was asked', async () => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    expect(await scene.ask(3, arpRequest('10.0.0.1'))).toEqual(['eth3: reply 10.0.0.1 is 02:00:00:00:00:03 to 02:00:00:00:00:99']);
  });

  test('come only for what is announced there', async () => {
    await scene.start(announce('default/a', ['10.0.0.1'], only('eth2')));
    expect(await scene.ask(3, arpRequest('10.0.0.1'), arpRequest('10.0.0.2'))).toEqual([]);
    expect(await scene.ask(2, arpRequest('10.0.0.2'), arpRequest('10.0.0.1'))).toHaveLength(1);
  });

  test('end with the announcement', async () => {
    await scene.start(announce('default/a', ['10.0.0.1']), announce('default/b', ['10.0.0.2']));
    await scene.change(withdraw('default/a'));
    await scene.clock.run(milliseconds(20));
    expect(await scene.ask(2, arpRequest('10.0.0.1'), arpRequest('10.0.0.2'))).toEqual([
      'eth2: reply 10.0.0.2 is 02:00:00:00:00:02 to 02:00:00:00:00:99',
    ]);
  });

  test('are counted by address and reported within a second', async () => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    await scene.ask(2, arpRequest('10.0.0.1'), arpRequest('10.0.0.1'), arpRequest('10.0.0.9'));
    await scene.clock.run(milliseconds(1_000));
    expect(scene.counts('10.0.0.1').slice(0, 2)).toEqual([2, 2]);
    expect(scene.counts('10.0.0.9')).toEqual([0, 0, 0]);
  });

  test('carry the MAC that the link has now', async () => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    scene.network.put({ index: 2, mac: 0x0200_0000_00aa as Mac });
    await settle();
    expect(await scene.ask(2, arpRequest('10.0.0.1'))).toContain('eth2: reply 10.0.0.1 is 02:00:00:00:00:aa to 02:00:00:00:00:99');
  });

  test('are logged when debug lines are read, and then only', async () => {
    using loud = new Scene({ debug: true });
    for (const one of [scene, loud]) {
      await one.start(announce('default/a', ['10.0.0.1'], only('eth2')));
      await one.ask(2, arpRequest('10.0.0.1'));
      await one.ask(3, arpRequest('10.0.0.1'));
    }
    expect(scene.lines('debug')).toEqual([]);
    expect(loud.lines('debug')).toEqual([
      'got ARP request for service IP, sending response',
      'ignoring ARP request for service IP that is not announced on this interface',
    ]);
    expect(loud.reports).toContainEqual(
      expect.objectContaining({
        fields: {
          interface: 'eth2',
          ip: '10.0.0.1',
          senderIP: '10.0.0.254',
          senderMAC: '02:00:00:00:00:99',
          responseMAC: '02:00:00:00:00:02',
        },
      }),
    );
  });
});

describe('gratuitous packets', () => {
  test('go out on every link when an address appears, eleven in all', async () => {
    await scene.start();
    await scene.change(announce('default/a', ['10.0.0.1']));
    expect(scene.sent()).toEqual([2, 3].map((link) => `eth${link}: request 10.0.0.1 is 02:00:00:00:00:0${link} to ff:ff:ff:ff:ff:ff`));
    expect(await scene.gratuitous('eth2', '10.0.0.1', 5_000)).toBe(10);
    await scene.clock.run(milliseconds(1_000));
    expect(scene.counts('10.0.0.1')[2]).toBe(22);
    expect(scene.clock.timers).toBe(1 + 2); // the slow scan, and on each link the refresh
  });

  test.each<{ what: string; change: PlanChange[]; sent: number }>([
    { what: 'the same again', change: [announce('default/a', ['10.0.0.1'])], sent: 0 },
    { what: 'the same whole plan', change: [{ kind: 'replace', announcements: [announcement('default/a', ['10.0.0.1'])] }], sent: 0 },
    { what: 'a second Service with the address', change: [announce('default/b', ['10.0.0.1'])], sent: 0 },
    { what: 'another Service in its place', change: [withdraw('default/a'), announce('default/b', ['10.0.0.1'])], sent: 0 },
    { what: 'the end of it', change: [withdraw('default/a')], sent: 0 },
  ])('$what: $sent', async ({ change, sent }) => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    await scene.clock.run(milliseconds(5_000));
    await scene.change(...change);
    expect(await scene.gratuitous('eth2', '10.0.0.1', 5_000)).toBe(sent);
  });

  test('go out where an address is new when its scope grows', async () => {
    await scene.start(announce('default/a', ['10.0.0.1'], only('eth2')));
    await scene.clock.run(milliseconds(5_000));
    scene.network.sent.length = 0;
    await scene.change(announce('default/a', ['10.0.0.1']));
    expect(scene.sent()).toEqual(['eth3: request 10.0.0.1 is 02:00:00:00:00:03 to ff:ff:ff:ff:ff:ff']);
  });

  test.each<{ what: string; happens: (network: FakeNodeNetwork) => void; sent: number }>([
    { what: 'a new MAC', happens: (network) => network.put({ index: 2, mac: 0x0200_0000_00aa as Mac }), sent: 11 },
    { what: 'the signal is lost', happens: (network) => network.put({ index: 2, carrier: false }), sent: 0 },
    { what: 'another address of the node', happens: (network) => network.put({ index: 2, addresses: [] }), sent: 0 },
  ])('$what: $sent', async ({ happens, sent }) => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    await scene.clock.run(milliseconds(5_000));
    scene.network.sent.length = 0;
    happens(scene.network);
    expect(await scene.gratuitous('eth2', '10.0.0.1', 5_000)).toBe(sent);
  });

  test('go out again when the signal is back', async () => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    scene.network.put({ index: 2, carrier: false });
    await scene.clock.run(milliseconds(5_000));
    scene.network.put({ index: 2, carrier: true });
    expect(await scene.gratuitous('eth2', '10.0.0.1', 5_000)).toBe(11);
  });
});

describe('links', () => {
  test('are reported by name, and each gets a responder', async () => {
    await scene.start();
    expect(scene.reports.map((report) => (report.kind === 'log' ? report.message : report.kind))).toEqual([
      'interfaces',
      'created ARP responder for interface',
      'created ARP responder for interface',
      'ready',
    ]);
    expect(scene.reports[0]).toEqual({ kind: 'interfaces', names: ['eth2', 'eth3'] });
    expect(scene.reports[1]).toMatchObject({ fields: { event: 'createARPResponder', interface: 'eth2', queueOctets: 425_984 } });
  });

  test('that come and go are followed', async () => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    scene.network.put({ index: 7, name: 'bond0' });
    scene.network.remove(2);
    await settle();
    expect(scene.reports.findLast(({ kind }) => kind === 'interfaces')).toEqual({ kind: 'interfaces', names: ['bond0', 'eth3'] });
    expect(scene.network.openSockets).toBe(2);
    expect(scene.reports).toContainEqual(expect.objectContaining({ fields: { event: 'deleteARPResponder', interface: 'eth2' } }));
    expect(await scene.ask(7, arpRequest('10.0.0.1'))).toContain('bond0: reply 10.0.0.1 is 02:00:00:00:00:07 to 02:00:00:00:00:99');
  });

  test('that are excluded, down or ports of a bridge have no responder', async () => {
    using other = new Scene({ excluded: ['^eth3$'] });
    other.network.put({ index: 2, enslaved: true });
    other.network.put({ index: 4, up: false });
    await other.start();
    expect(other.network.openSockets).toBe(0);
    expect(other.reports[0]).toEqual({ kind: 'interfaces', names: ['eth2', 'eth4'] });
    expect(other.lines('warn')).toEqual([
      'no network interface can announce addresses: all are excluded, down, without broadcast or part of another one',
    ]);
  });

  test('that are all excluded are said as well', async () => {
    using other = new Scene({ excluded: ['eth'] });
    await other.start();
    expect(other.reports.map(({ kind }) => kind)).toEqual(['interfaces', 'log', 'ready']);
    expect(other.reports[0]).toEqual({ kind: 'interfaces', names: [] });
  });

  test('that are renamed get a responder of the new name', async () => {
    await scene.start(announce('default/a', ['10.0.0.1'], only('lan')));
    expect(await scene.ask(2, arpRequest('10.0.0.1'))).toEqual([]);
    scene.network.put({ index: 2, name: 'lan' });
    await settle();
    expect(await scene.ask(2, arpRequest('10.0.0.1'))).toContain('lan: reply 10.0.0.1 is 02:00:00:00:00:02 to 02:00:00:00:00:99');
  });
});

describe('trouble', () => {
  test('without the capability there is one line, a retry with back-off, and answers once it is there', async () => {
    scene.network.refusal = networkError('answering ARP on eth2', NO_RIGHT);
    await scene.start(announce('default/a', ['10.0.0.1']));
    await scene.clock.run(milliseconds(120_000));
    expect(scene.lines('error')).toHaveLength(1);
    expect(scene.lines('error')[0]).toContain('NET_RAW');
    expect(scene.reports.some(({ kind }) => kind === 'ready')).toBe(false);
    scene.driver.take({ kind: 'ping', id: 1 });
    expect(scene.notices.at(-1)).toEqual({ kind: 'pong', id: 1, answering: false });
    scene.network.refusal = undefined;
    await scene.clock.run(milliseconds(15_000));
    expect(await scene.ask(2, arpRequest('10.0.0.1'))).toHaveLength(1);
    expect(scene.reports.some(({ kind }) => kind === 'ready')).toBe(true);
    scene.driver.take({ kind: 'ping', id: 2 });
    expect(scene.notices.at(-1)).toEqual({ kind: 'pong', id: 2, answering: true });
  });

  test('a socket that fails is closed, said, and opened again', async () => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    scene.network.failSockets(2, networkError('answering ARP on eth2', NO_BUFFER));
    expect(scene.network.openSockets).toBe(1);
    await scene.clock.run(milliseconds(500));
    expect(scene.network.openSockets).toBe(2);
    expect(scene.lines('error')).toHaveLength(1);
  });

  test('a monitor that fails is replaced; the responders stay meanwhile', async () => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    scene.network.failMonitors(networkError('watching the network interfaces', NO_BUFFER));
    expect(await scene.ask(2, arpRequest('10.0.0.1'))).toHaveLength(1);
    await scene.clock.run(milliseconds(500));
    scene.network.remove(2);
    await settle();
    expect(scene.network.openSockets).toBe(1);
  });

  test('a kernel with little room for filters gets coarser ones, and everything is still answered', async () => {
    scene.network.longestFilter = 60;
    const addresses = Array.from({ length: 200 }, (_, index) => `10.${index}.0.1`);
    await scene.start(announce('default/a', addresses));
    expect(await scene.ask(2, ...addresses.map((address) => arpRequest(address)))).toHaveLength(addresses.length);
    expect(scene.lines('error')).toEqual([]);
  });

  test('code that throws costs the frame; the third in ten seconds is reported as broken, once', async () => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    scene.clock.advance(milliseconds(5_000));
    const frame = arpRequest('10.0.0.1');
    const failing = Array.from({ length: 5 }, () => frame);
    failNextAnswers(scene);
    await scene.ask(2, ...failing);
    expect(scene.lines('error')).toHaveLength(3);
    expect(scene.reports.filter(({ kind }) => kind === 'broken')).toEqual([{ kind: 'broken', message: 'the answer is broken' }]);
  });
});

/** From now on what is sent throws, as a bug in the code that answers would. */
function failNextAnswers(broken: Scene): void {
  broken.network.sent.push = () => {
    throw new Error('the answer is broken');
  };
}

test('changes in the midst of a burst leave three timers for each link, and those of the driver', async () => {
  await scene.start();
  for (let index = 0; index < 50; index++) await scene.change(announce('default/a', [`10.0.0.${index}`]));
  expect(scene.clock.timers).toBeLessThanOrEqual(3 * 2 + 4);
});

test('a storm of changes builds few filters', async () => {
  await scene.start();
  scene.network.filtersSet = 0;
  for (let index = 0; index < 500; index++) {
    scene.driver.take({ kind: 'changes', changes: [announce(`default/${index}`, [`10.1.${index >> 8}.${index & 0xff}`])] });
    await scene.clock.run(milliseconds(1));
  }
  await scene.clock.run(milliseconds(20));
  expect(scene.network.filtersSet).toBeLessThanOrEqual(2 * 30);
  expect(await scene.ask(2, arpRequest('10.1.1.200'))).toContain('eth2: reply 10.1.1.200 is 02:00:00:00:00:02 to 02:00:00:00:00:99');
});

test.each([false, true])(
  'whatever comes in: no exception, no more answers than questions, none to a group (unfiltered: %s)',
  async (unfiltered) => {
    await scene.start(announce('default/a', ['10.0.0.1']));
    scene.network.ignoresFilters = unfiltered;
    await scene.clock.run(milliseconds(5_000));
    const damage = fc.array(fc.tuple(fc.nat({ max: 59 }), fc.nat({ max: 255 })), { maxLength: 5 });
    const frames = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(damage, fc.nat({ max: 60 })).map(([changes, length]) => {
        const frame = arpRequest('10.0.0.1');
        for (const [at, octet] of changes) frame[at] = octet;
        return frame.subarray(0, length);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { maxLength: 20 }), async (batch) => {
        const answers = await scene.ask(2, ...batch);
        expect(answers.length).toBeLessThanOrEqual(batch.length);
        expect(answers.every((line) => line.startsWith('eth2: reply 10.0.0.1 is 02:00:00:00:00:02 to '))).toBe(true);
        expect(answers.some((line) => line.endsWith('ff:ff:ff:ff:ff:ff'))).toBe(false);
      }),
      { numRuns: 60 },
    );
    expect(scene.lines('error')).toEqual([]);
  },
);

test('a probe is answered, an announcement of another host is not', async () => {
  await scene.start(announce('default/a', ['10.0.0.1']));
  const probe = arpRequest('10.0.0.1', { senderIp: 0 as Ipv4 });
  const foreign = arpRequest('10.0.0.1', { senderIp: numberOf('10.0.0.1'), targetMac: BROADCAST_MAC });
  expect(await scene.ask(2, probe, foreign)).toEqual(['eth2: reply 10.0.0.1 is 02:00:00:00:00:02 to 02:00:00:00:00:99']);
});
