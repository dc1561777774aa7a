import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { addressOf, announce, announcement } from '../../../test/support/announcements.ts';
import { arpLine, arpRequest } from '../../../test/support/arp-frames.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { FakeNodeNetwork } from '../../../test/support/fake-node-network.ts';
import { FakeTcp } from '../../../test/support/fake-tcp.ts';
import { milliseconds } from '../../lib/clock.ts';
import type { Report } from '../../model/plan.ts';
import { ARP_REPLY, decodeArpFrame } from '../wire/arp.ts';
import { ETHER_TYPE_SEGMENT } from '../wire/segment.ts';
import type { SegmentSettings } from './messages.ts';
import { WireDriver } from './wire-driver.ts';

const SEGMENT: SegmentSettings = {
  node: 'a',
  key: 'secret',
  gone: [],
  timing: {
    busyInterval: milliseconds(100),
    idleInterval: milliseconds(1_000),
    speakerGrace: milliseconds(30_000),
    restartGrace: milliseconds(300_000),
  },
};
const START_MS = 3_000;
/** Minutes of hellos, on a machine that does other things as well. */
const LONG_MS = 60_000;

/** Two speakers, a on eth2 and b on eth3, which are the two ends of one cable. */
class Scene implements Disposable {
  readonly clock = new FakeClock();
  readonly network = new FakeNodeNetwork();
  readonly reports: Record<'a' | 'b', Report[]> = { a: [], b: [] };
  #bits = 0n;
  readonly a: WireDriver;
  readonly b: WireDriver;

  constructor(keys: readonly [string, string] = ['secret', 'secret']) {
    this.network.put({ index: 2, addresses: [{ address: addressOf('10.0.0.2'), prefixLength: 24 }] });
    this.network.put({ index: 3, addresses: [{ address: addressOf('10.0.0.3'), prefixLength: 24 }] });
    this.network.wire(2, 3);
    this.a = this.#driver('a', 'eth3', keys[0]);
    this.b = this.#driver('b', 'eth2', keys[1]);
    this.#answerAsKernel();
  }

  /** Whether the kernels at both ends answer. */
  kernels: boolean = true;

  async start(): Promise<void> {
    this.a.start();
    this.b.start();
    this.b.take({ kind: 'changes', changes: [announce('default/b', ['10.0.0.200'])] });
    await this.run(START_MS);
  }

  run(span: number): Promise<void> {
    return this.clock.run(milliseconds(span));
  }

  /** Nothing gets from one end of the cable to the other. */
  cut(): void {
    this.network.wire(2, 98);
    this.network.wire(3, 99);
  }

  /** What each of them said last of who is gone. */
  gone(who: 'a' | 'b'): readonly string[] | undefined {
    return this.reports[who].findLast((report) => report.kind === 'gone')?.nodes;
  }

  lines(who: 'a' | 'b'): string[] {
    return this.reports[who].flatMap((report) => (report.kind === 'log' && report.fields.event === 'peerJudged' ? [report.message] : []));
  }

  /** How many frames for other speakers left a link within a span. */
  async hellos(link: string, span: number): Promise<number> {
    this.network.sent.length = 0;
    await this.run(span);
    return this.network.sent.filter((one) => one.link === link && one.frame.getUint16(12) === ETHER_TYPE_SEGMENT).length;
  }

  /** How often b has told of its address by a request. */
  told(): number {
    const told = 'request 10.0.0.200 is 02:00:00:00:00:03 to ff:ff:ff:ff:ff:ff';
    return this.network.sent.filter(({ frame }) => arpLine(frame) === told).length;
  }

  [Symbol.dispose](): void {
    this.a[Symbol.dispose]();
    this.b[Symbol.dispose]();
  }

  #driver(node: 'a' | 'b', excluded: string, key: string): WireDriver {
    const driver: WireDriver = new WireDriver(
      { node, excludedInterfaces: [`^${excluded}$`], debug: false, segment: { ...SEGMENT, node, key } },
      {
        clock: this.clock,
        connect: () => this.network,
        connector: new FakeTcp(),
        acceptor: new FakeTcp(),
        random: () => 0,
        randomBits: () => ++this.#bits,
        // b comes first.
        rank: (name) => (name === 'b' ? '0' : '1'),
        post: (notice) => {
          if (notice.kind !== 'reports') return;
          this.reports[node].push(...notice.reports);
          setImmediate(() => driver.take({ kind: 'received' }));
        },
      },
    );
    return driver;
  }

  /** The kernels of both nodes: they answer questions for the nodes' own addresses. */
  #answerAsKernel(): void {
    const { sent } = this.network;
    sent.push = (...entries: (typeof sent)[number][]) => {
      for (const { link, frame } of entries) {
        const asked = decodeArpFrame(frame);
        const [from, to] = link === 'eth2' ? ([2, '10.0.0.3'] as const) : ([3, '10.0.0.2'] as const);
        if (!this.kernels || !asked.ok || !arpLine(frame).startsWith('request 0.0.0.0')) continue;
        const { senderMac: destination, targetIp: senderIp, destination: senderMac } = asked.value;
        this.network.receive(from, arpRequest(to, { destination, source: senderMac, operation: ARP_REPLY, senderMac, senderIp }));
      }
      return Array.prototype.push.apply(sent, entries);
    };
  }
}

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene[Symbol.dispose]());

describe('two speakers on one cable', () => {
  test('hear each other, and say that nobody is gone', async () => {
    await scene.start();
    expect([scene.gone('a'), scene.gone('b')]).toEqual([[], []]);
    expect(scene.reports.a.filter(({ kind }) => kind === 'gone')).toHaveLength(1);
  });

  test('say hello often while they announce something, seldom while they do not', async () => {
    await scene.start();
    expect(await scene.hellos('eth3', 10_000)).toBe(100);
    expect(await scene.hellos('eth2', 10_000)).toBe(10);
  });

  test('one that is silent, and whose kernel is too, is gone within 350 ms, and back with its next word', async () => {
    await scene.start();
    scene.kernels = false;
    scene.cut();
    await scene.run(350);
    expect(scene.gone('a')).toEqual(['b']);
    expect(scene.lines('a')).toEqual(['node "b" does not answer any more and nobody hears it: its addresses go to others']);
    scene.kernels = true;
    scene.network.wire(2, 3);
    await scene.run(1_500);
    expect([scene.gone('a'), scene.gone('b')]).toEqual([[], []]);
  });

  test('one whose speaker ends keeps its addresses while its kernel answers, and loses them after the grace', async () => {
    await scene.start();
    scene.b[Symbol.dispose]();
    await scene.run(29_000);
    expect(scene.gone('a')).toEqual([]);
    expect(scene.lines('a')).toEqual([
      'the speaker of node "b" is silent while its kernel answers: it keeps its addresses for a time of grace',
    ]);
    await scene.run(3_000);
    expect(scene.gone('a')).toEqual(['b']);
  });
});

test('what is known of owners is told at once, then once a second, and at the end', async () => {
  const told = (): number => scene.reports.b.filter(({ kind }) => kind === 'claims').length;
  await scene.start();
  const before = told();
  const change = (index: number): void => scene.b.take({ kind: 'changes', changes: [announce('default/b', [`10.0.0.${index}`])] });
  // Each is looked at for 60 ms before it is taken.
  for (let index = 201; index < 211; index++) {
    change(index);
    await scene.run(70);
  }
  expect(told() - before).toBe(1);
  await scene.run(1_000);
  expect(told() - before).toBe(2);
  change(230);
  await scene.run(70);
  change(231);
  await scene.run(70);
  scene.b.take({ kind: 'end', drain: undefined });
  expect(told() - before).toBe(3);
  const last = scene.reports.b.findLast((report) => report.kind === 'claims');
  expect(last).toMatchObject({ met: true });
  expect(last?.claims).toContainEqual({ address: addressOf('10.0.0.231'), epoch: 1, owner: 'b', leaving: false });
});

describe('two speakers whose cable or one of whom ends', () => {
  test(
    'one that says that it comes back is waited for longer',
    async () => {
      await scene.start();
      scene.b.take({ kind: 'end', drain: undefined });
      await settle();
      scene.b[Symbol.dispose]();
      await scene.run(290_000);
      expect(scene.gone('a')).toEqual([]);
      await scene.run(15_000);
      expect(scene.gone('a')).toEqual(['b']);
    },
    LONG_MS,
  );

  test('what was announced is announced again when the other one is back', async () => {
    await scene.start();
    scene.kernels = false;
    scene.cut();
    await scene.run(5_000);
    scene.kernels = true;
    scene.network.sent.length = 0;
    scene.network.wire(2, 3);
    await scene.run(1_500);
    expect(scene.told()).toBeGreaterThan(0);
  });

  test(
    'what was announced is told once a minute, but by nobody who may be the one that is cut off',
    async () => {
      await scene.start();
      scene.network.sent.length = 0;
      await scene.run(60_000);
      expect(scene.told()).toBe(1);
      scene.kernels = false;
      scene.cut();
      scene.network.sent.length = 0;
      await scene.run(90_000);
      expect(scene.told()).toBe(0);
    },
    LONG_MS,
  );

  test('a link without a signal says nothing of the others', async () => {
    await scene.start();
    scene.kernels = false;
    scene.network.put({ index: 2, carrier: false });
    scene.cut();
    await scene.run(10_000);
    expect(scene.gone('a')).toEqual([]);
    expect(scene.lines('a')).toEqual([]);
    scene.kernels = true;
    scene.network.wire(2, 3);
    scene.network.put({ index: 2, carrier: true });
    await scene.run(3_000);
    expect(scene.gone('a')).toEqual([]);
  });
});

describe('a node whose link has a signal again, or that goes on after it stood still,', () => {
  /** Both may have the address of b's Service; its link has no signal for a while. */
  async function withoutSignal(span: number): Promise<void> {
    const contenders = new Map(['a', 'b'].map((node) => [node, 0]));
    const candidacy = { address: addressOf('10.0.0.200'), self: true, contenders };
    const changes = [{ kind: 'announce' as const, announcement: { ...announcement('default/b', ['10.0.0.200']), candidacy } }];
    await scene.start();
    for (const driver of [scene.a, scene.b]) driver.take({ kind: 'changes', changes });
    await scene.run(5_000);
    scene.kernels = false;
    scene.network.put({ index: 3, carrier: false });
    scene.cut();
    await scene.run(span);
    scene.kernels = true;
    scene.network.sent.length = 0;
    scene.network.wire(2, 3);
    scene.network.put({ index: 3, carrier: true });
  }

  /** Whether b answers who asks for the address. */
  async function answers(): Promise<boolean> {
    scene.network.sent.length = 0;
    scene.network.receive(3, arpRequest('10.0.0.200'));
    await settle();
    return scene.network.sent.some(({ link, frame }) => link === 'eth3' && arpLine(frame).startsWith('reply 10.0.0.200'));
  }

  test('says nothing for 300 ms, and then what it said before when nobody has taken it', async () => {
    await withoutSignal(100);
    await scene.run(280);
    expect([scene.told(), await answers()]).toEqual([0, false]);
    await scene.run(3_000);
    expect([scene.told() > 0, await answers()]).toEqual([true, true]);
  });

  test('says nothing of what another one has taken', async () => {
    await withoutSignal(5_000);
    await scene.run(3_000);
    expect([scene.told(), await answers()]).toEqual([0, false]);
  });

  test.each([
    { stood: 200, silent: false },
    { stood: 400, silent: true },
  ])('whose loop stood still for $stood ms: answers nothing for 100 ms: $silent', async ({ stood, silent }) => {
    await scene.start();
    scene.clock.stall(milliseconds(stood));
    expect(await answers()).toBe(!silent);
    await scene.run(90);
    expect(await answers()).toBe(!silent);
    await scene.run(60);
    expect(await answers()).toBe(true);
  });

  test('answers nothing that it was asked without one', async () => {
    await withoutSignal(100);
    await scene.run(1_000);
    scene.network.put({ index: 3, carrier: false });
    expect(await answers()).toBe(false);
  });
});

describe('a frame', () => {
  test('is counted, and one of another key is told of once', async () => {
    using strangers = new Scene(['one', 'two']);
    await strangers.start();
    await strangers.run(20_000);
    const counts = strangers.reports.a.findLast((report) => report.kind === 'segment')?.counts;
    expect([counts?.received, (counts?.sent.hello ?? 0) > 10, (counts?.refused.key ?? 0) > 100]).toEqual([{}, true, true]);
    const lines = strangers.reports.a.filter((report) => report.kind === 'log' && report.fields.event === 'frameRefused');
    expect(lines).toMatchObject([{ level: 'info', fields: { reason: 'key', mac: '02:00:00:00:00:03' } }]);
  });

  test('that another key has signed is nobody’s', async () => {
    using strangers = new Scene(['one', 'two']);
    await strangers.start();
    strangers.kernels = false;
    strangers.cut();
    await strangers.run(5_000);
    expect([strangers.gone('a'), strangers.lines('a')]).toEqual([[], []]);
  });

  test('that was changed on its way counts for nothing', async () => {
    await scene.start();
    const hello = scene.network.sent.findLast(({ link, frame }) => link === 'eth3' && frame.getUint16(12) === ETHER_TYPE_SEGMENT)?.frame;
    scene.kernels = false;
    scene.cut();
    if (hello === undefined) throw new Error('b said nothing');
    for (let round = 0; round < 30; round++) {
      // A later number, which is what a forger would write.
      hello.setUint32(38, hello.getUint32(38) + 1_000);
      scene.network.receive(2, new Uint8Array(hello.buffer, hello.byteOffset, hello.byteLength));
      await scene.run(20);
    }
    await scene.run(5_000);
    const counts = scene.reports.a.findLast((report) => report.kind === 'segment')?.counts;
    // It has the MAC of a speaker: all of them are looked at.
    expect(counts?.refused).toEqual({ seal: 30 });
    expect(counts?.verdicts).toEqual({ dead: 1 });
    expect(scene.gone('a')).toEqual(['b']);
  });

  test(
    'is understood while the key changes, on one node minutes after the other',
    async () => {
      await scene.start();
      scene.a.take({ kind: 'key', key: 'new' });
      await scene.run(4 * 60_000);
      scene.b.take({ kind: 'key', key: 'new' });
      await scene.run(20 * 60_000);
      expect([scene.gone('a'), scene.gone('b')]).toEqual([[], []]);
      expect([...scene.lines('a'), ...scene.lines('b')]).toEqual([]);
    },
    LONG_MS,
  );
});
