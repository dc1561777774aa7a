import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressOf, announce, only, withdraw } from '../../../test/support/announcements.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { FakeNodeNetwork } from '../../../test/support/fake-node-network.ts';
import { FakeTcp } from '../../../test/support/fake-tcp.ts';
import { advertisementLine, neighborSolicitation } from '../../../test/support/ndp-frames.ts';
import { milliseconds } from '../../lib/clock.ts';
import type { Mac } from '../../lib/mac.ts';
import type { PlanChange, Report } from '../../model/plan.ts';
import { networkError } from '../net/network-error.ts';
import { WireDriver } from './wire-driver.ts';

/** ENOBUFS of Linux, negative. */
const NO_BUFFER = -105;

const linkLocal = (number: number): { address: ReturnType<typeof addressOf>; prefixLength: number }[] => [
  { address: addressOf(`fe80::${number}`), prefixLength: 64 },
];

/** A wire thread without its thread, on a node with eth2 and eth3. */
class Scene implements Disposable {
  readonly clock = new FakeClock();
  readonly network = new FakeNodeNetwork();
  readonly reports: Report[] = [];
  readonly driver: WireDriver;

  constructor(debug = false) {
    this.network.put({ index: 2, addresses: linkLocal(2) });
    this.network.put({ index: 3, addresses: linkLocal(3) });
    this.driver = new WireDriver(
      { node: 'node-1', excludedInterfaces: [], debug },
      {
        clock: this.clock,
        connector: new FakeTcp(),
        acceptor: new FakeTcp(),
        random: () => 0,
        connect: () => this.network,
        randomBits: () => 1n,
        rank: (node) => node,
        post: (notice) => {
          if (notice.kind !== 'reports') return;
          this.reports.push(...notice.reports);
          setImmediate(() => this.driver.take({ kind: 'received' }));
        },
      },
    );
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
    return this.advertised();
  }

  advertised(): string[] {
    const frames = this.network.sent.filter(({ frame }) => frame.getUint16(12) === 0x86dd);
    return frames.map(({ link, frame }) => `${link}: ${advertisementLine(frame)}`);
  }

  lines(level: string): string[] {
    return this.reports.flatMap((report) => (report.kind === 'log' && report.level === level ? [report.message] : []));
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

const BURST_MS = 5_000;
const ANSWER = 'eth2: fd00::1 is 02:00:00:00:00:02 to fe80::99 02:00:00:00:00:99 from fe80::2, solicited override';
const TOLD = 'fd00::1 is 02:00:00:00:00:02 to ff02::1 33:33:00:00:00:01 from fe80::2, override';

describe('a question about an IPv6 address', () => {
  test('is answered from the link that was asked, to who asked', async () => {
    await scene.start(announce('default/a', ['10.0.0.1', 'fd00::1']));
    expect(await scene.ask(2, neighborSolicitation('fd00::1'))).toEqual([ANSWER]);
  });

  test('is answered only where the address is announced', async () => {
    await scene.start(announce('default/a', ['fd00::1'], only('eth2')));
    expect(await scene.ask(3, neighborSolicitation('fd00::1'), neighborSolicitation('fd00::2'))).toEqual([]);
  });

  test('is not answered any more when the address is withdrawn', async () => {
    await scene.start(announce('default/a', ['fd00::1']), announce('default/b', ['fd00::2']));
    await scene.change(withdraw('default/a'));
    await scene.clock.run(milliseconds(20));
    const answers = await scene.ask(2, neighborSolicitation('fd00::1'), neighborSolicitation('fd00::2'));
    expect(answers.map((line) => line.split(' ')[1])).toEqual(['fd00::2']);
  });

  test('is not answered for another address that ends alike', async () => {
    await scene.start(announce('default/a', ['fd00::1']));
    expect(await scene.ask(2, neighborSolicitation('fd00:1::1'))).toEqual([]);
  });

  test('gets the MAC and the link-local address that the link has now', async () => {
    await scene.start(announce('default/a', ['fd00::1']));
    scene.network.put({ index: 2, mac: 0x0200_0000_00aa as Mac, addresses: linkLocal(7) });
    await settle();
    expect(await scene.ask(2, neighborSolicitation('fd00::1'))).toContain(
      'eth2: fd00::1 is 02:00:00:00:00:aa to fe80::99 02:00:00:00:00:99 from fe80::7, solicited override',
    );
  });

  test('is counted and, when debug lines are read, logged', async () => {
    using loud = new Scene(true);
    for (const one of [scene, loud]) {
      await one.start(announce('default/a', ['fd00::1'], only('eth2')));
      await one.ask(2, neighborSolicitation('fd00::1'));
      await one.ask(3, neighborSolicitation('fd00::1'));
      await one.clock.run(milliseconds(1_000));
    }
    expect(scene.reports).toContainEqual({
      kind: 'counts',
      counts: [expect.objectContaining({ ip: 'fd00::1', requestsReceived: 1, responsesSent: 1 })],
    });
    expect(scene.lines('debug')).toEqual([]);
    expect(loud.lines('debug')).toEqual([
      'got NDP request for service IP, sending response',
      'ignoring NDP request for service IP that is not announced on this interface',
    ]);
  });
});

describe('unsolicited advertisements', () => {
  test('go out on every link when an address appears, six in all, and are counted', async () => {
    await scene.start();
    await scene.change(announce('default/a', ['fd00::1']));
    expect(scene.advertised()).toEqual([`eth2: ${TOLD}`, `eth3: ${TOLD.replaceAll(':02 ', ':03 ').replace('fe80::2', 'fe80::3')}`]);
    await scene.clock.run(milliseconds(BURST_MS));
    expect(scene.advertised()).toHaveLength(12);
    const counts = scene.reports.flatMap((report) => (report.kind === 'counts' ? report.counts : []));
    expect(counts.reduce((sum, { gratuitousSent }) => sum + gratuitousSent, 0)).toBe(12);
  });

  test('go out for IPv4 as ARP alone', async () => {
    await scene.start();
    await scene.change(announce('default/a', ['10.0.0.1']));
    await scene.clock.run(milliseconds(BURST_MS));
    expect(scene.advertised()).toEqual([]);
    expect(scene.network.sent).toHaveLength(22);
  });

  test('go out again when the signal is back', async () => {
    await scene.start(announce('default/a', ['fd00::1']));
    scene.network.put({ index: 2, carrier: false });
    await scene.clock.run(milliseconds(BURST_MS));
    scene.network.sent.length = 0;
    scene.network.put({ index: 2, carrier: true });
    await scene.clock.run(milliseconds(BURST_MS));
    expect(scene.advertised()).toEqual(Array.from({ length: 6 }, () => `eth2: ${TOLD}`));
  });
});

describe('the groups in which questions come', () => {
  test('are joined with the address and left with the last one that needs them', async () => {
    await scene.start(
      announce('default/a', ['fd00::1']),
      announce('default/b', ['fd00:9::1']),
      announce('default/c', ['fd00::2'], only('eth2')),
    );
    expect([scene.network.groupsOn(2), scene.network.groupsOn(3)]).toEqual([['ff02::1:ff00:1', 'ff02::1:ff00:2'], ['ff02::1:ff00:1']]);
    await scene.change(withdraw('default/a'), withdraw('default/c'));
    expect(scene.network.groupsOn(2)).toEqual(['ff02::1:ff00:1']);
    await scene.change(withdraw('default/b'));
    expect(scene.network.groupsOn(2)).toEqual([]);
  });

  test('are joined on a link that appears later', async () => {
    await scene.start(announce('default/a', ['fd00::1']));
    scene.network.put({ index: 7 });
    await settle();
    expect(scene.network.groupsOn(7)).toEqual([]);
    scene.network.put({ index: 7, addresses: linkLocal(7) });
    await settle();
    expect(scene.network.groupsOn(7)).toEqual(['ff02::1:ff00:1']);
    expect(await scene.ask(7, neighborSolicitation('fd00::1'))).toEqual([
      'eth7: fd00::1 is 02:00:00:00:00:07 to fe80::99 02:00:00:00:00:99 from fe80::7, solicited override',
    ]);
  });

  test('that are refused are said once, and tried again', async () => {
    scene.network.membershipRefusal = networkError('joining IPv6 groups on eth2', NO_BUFFER);
    await scene.start(announce('default/a', ['fd00::1'], only('eth2')));
    await scene.clock.run(milliseconds(60_000));
    expect(scene.lines('error')).toEqual(['joining IPv6 groups on eth2: the kernel has no room for it at the moment']);
    expect(await scene.ask(2, neighborSolicitation('fd00::1'))).toEqual([ANSWER]);
    scene.network.membershipRefusal = undefined;
    await scene.clock.run(milliseconds(5_000));
    expect(scene.network.groupsOn(2)).toEqual(['ff02::1:ff00:1']);
  });
});

test('a link without a link-local address has no responder for NDP, and gets one with it', async () => {
  scene.network.put({ index: 3, addresses: [] });
  await scene.start();
  expect(scene.network.openSockets).toBe(3);
  scene.network.put({ index: 3, addresses: linkLocal(3) });
  await settle();
  expect(scene.network.openSockets).toBe(4);
  expect(scene.lines('info').at(-1)).toBe('created NDP responder for interface');
  scene.network.put({ index: 3, addresses: [] });
  await settle();
  expect(scene.lines('info').at(-1)).toBe('deleted NDP responder for interface');
});

test.each([false, true])('whatever comes in: no exception, no more answers than questions (unfiltered: %s)', async (unfiltered) => {
  await scene.start(announce('default/a', ['fd00::1']));
  scene.network.ignoresFilters = unfiltered;
  await scene.clock.run(milliseconds(BURST_MS));
  const damage = fc.array(fc.tuple(fc.nat({ max: 85 }), fc.nat({ max: 255 })), { maxLength: 4 });
  const frames = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(damage, fc.nat({ max: 86 })).map(([changes, length]) => {
      const set = Object.fromEntries(changes.filter(([at]) => at !== 56 && at !== 57));
      return neighborSolicitation('fd00::1', { set }).subarray(0, length);
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frames, { maxLength: 20 }), async (batch) => {
      const answers = await scene.ask(2, ...batch);
      expect(answers.length).toBeLessThanOrEqual(batch.length);
      expect(answers.every((line) => line.startsWith('eth2: fd00::1 is 02:00:00:00:00:02 to '))).toBe(true);
      expect(answers.some((line) => line.includes('DAMAGED'))).toBe(false);
    }),
    { numRuns: 60 },
  );
  expect(scene.lines('error')).toEqual([]);
});
