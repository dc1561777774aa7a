import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { addressOf, announcement } from '../../../test/support/announcements.ts';
import { arpLine, arpRequest } from '../../../test/support/arp-frames.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { answerAsKernels } from '../../../test/support/fake-kernels.ts';
import { FakeNodeNetwork } from '../../../test/support/fake-node-network.ts';
import { FakeTcp } from '../../../test/support/fake-tcp.ts';
import { advertisementLine, neighborSolicitation } from '../../../test/support/ndp-frames.ts';
import { milliseconds } from '../../lib/clock.ts';
import { formatMac } from '../../lib/mac.ts';
import type { PlanChange, Report } from '../../model/plan.ts';
import { WireDriver } from './wire-driver.ts';

const ADDRESSES = ['10.0.0.200', '2001:db8::c8'];
const TIMING = { busyInterval: milliseconds(100), idleInterval: milliseconds(1_000), speakerGrace: milliseconds(30_000) };
/** Both speakers have met, know their plan and have found that the other one's kernel answers. */
const START_MS = 8_000;

/** Two speakers, a on eth2 and b on eth3, which are the two ends of one cable; b alone may have the addresses of a Service. */
class Scene implements Disposable {
  readonly clock = new FakeClock();
  readonly network = new FakeNodeNetwork();
  readonly reports: Report[] = [];
  #bits = 0n;
  readonly a: WireDriver;
  readonly b: WireDriver;

  constructor() {
    for (const index of [2, 3]) {
      const addresses = [`10.0.0.${index}`, `fe80::${index}`].map((text) => ({ address: addressOf(text), prefixLength: 24 }));
      this.network.put({ index, addresses });
    }
    this.network.wire(2, 3);
    answerAsKernels(this.network);
    this.a = this.#driver('a', 'eth3');
    this.b = this.#driver('b', 'eth2');
  }

  async start(): Promise<void> {
    this.a.start();
    this.b.start();
    this.a.take({ kind: 'changes', changes: [planOf(false)] });
    this.b.take({ kind: 'changes', changes: [planOf(true)] });
    await this.run(START_MS);
    this.reports.length = 0;
  }

  async run(span: number): Promise<void> {
    this.network.sent.length = 0;
    await this.clock.run(milliseconds(span));
  }

  /** What a says when somebody asks for the addresses, or unasked. */
  said(): string[] {
    return this.network.sent.filter(({ link }) => link === 'eth2').flatMap(({ frame }) => textOf(frame));
  }

  async asked(): Promise<string[]> {
    this.network.sent.length = 0;
    this.network.receive(2, arpRequest('10.0.0.200'));
    this.network.receive(2, neighborSolicitation('2001:db8::c8'));
    await settle();
    return this.said();
  }

  lines(): object[] {
    return this.reports.flatMap((report) =>
      report.kind === 'log' && `${report.fields.event}`.startsWith('standIn') ? [report.fields] : [],
    );
  }

  [Symbol.dispose](): void {
    this.a[Symbol.dispose]();
    this.b[Symbol.dispose]();
  }

  #driver(node: string, excluded: string): WireDriver {
    const timing = { ...TIMING, restartGrace: milliseconds(300_000) };
    const segment = { node, key: 'secret', gone: [], timing };
    const driver: WireDriver = new WireDriver(
      { node, excludedInterfaces: [`^${excluded}$`], debug: false, segment },
      {
        ...{ clock: this.clock, connect: () => this.network, connector: new FakeTcp(), acceptor: new FakeTcp() },
        ...{ random: () => 0, randomBits: () => ++this.#bits, rank: (name: string) => name },
        post: (notice) => {
          if (notice.kind !== 'reports') return;
          if (node === 'a') this.reports.push(...notice.reports);
          setImmediate(() => driver.take({ kind: 'received' }));
        },
      },
    );
    return driver;
  }
}

function planOf(self: boolean): PlanChange {
  const candidacy = { address: addressOf('10.0.0.200'), self, contenders: new Map([['b', 0]]) };
  return { kind: 'replace', announcements: [{ ...announcement('default/b', ADDRESSES), candidacy }] };
}

/** What is said of addresses in a frame, if it is about any. */
function textOf(frame: DataView): string[] {
  const etherType = frame.getUint16(12);
  if (etherType === 0x86dd) return [advertisementLine(frame)];
  const line = etherType === 0x0806 ? arpLine(frame) : 'request';
  return line.startsWith('request') ? [] : [line];
}

let scene: Scene;
let answers: (string | ReturnType<typeof expect.stringContaining>)[];
beforeEach(async () => {
  scene = new Scene();
  const [a, b] = scene.network.links.map(({ mac }) => formatMac(mac));
  answers = [`reply 10.0.0.200 is ${b} to 02:00:00:00:00:99`, expect.stringContaining(`${b}`)];
  expect(a).not.toBe(b);
  await scene.start();
});
afterEach(() => scene[Symbol.dispose]());

test('while b speaks a says nothing of its addresses', async () => {
  expect(await scene.asked()).toEqual([]);
  expect(scene.network.groupsOn(2)).toEqual([]);
});

test("when b falls silent a answers with b's MAC within 350 ms, unasked only to those that asked, and tells nobody else", async () => {
  scene.b[Symbol.dispose]();
  await scene.run(350);
  expect(scene.said()).toEqual([]);
  expect(await scene.asked()).toEqual(answers);
  expect(scene.network.groupsOn(2)).toEqual(['ff02::1:ff00:c8']);
  await scene.run(9_000);
  expect(scene.said()).toEqual([]);
  await scene.run(2_000);
  expect(scene.said()).toEqual(answers);
  await scene.run(20_000);
  expect(await scene.asked()).toEqual([]);
  expect(scene.network.groupsOn(2)).toEqual([]);
});

test('those that asked b while it spoke are reminded by a', async () => {
  expect(await scene.asked()).toEqual([]);
  await scene.run(1_000);
  scene.b[Symbol.dispose]();
  await scene.run(9_500);
  expect(scene.said()).toEqual(answers);
});

test('when b says that it ends a answers at once; hellos are frequent; the log and the counts say so', async () => {
  scene.b.take({ kind: 'end', drain: undefined });
  await settle();
  expect(await scene.asked()).toEqual(answers);
  const begun = { event: 'standInBegun', node: 'b', interface: 'eth2', addresses: 2, reason: 'restarting' };
  expect(scene.lines()).toEqual([expect.objectContaining(begun)]);
  await scene.run(1_000);
  const hellos = scene.network.sent.filter(({ link, frame }) => link === 'eth2' && frame.getUint16(12) === 0x88b5);
  expect(hellos.length).toBeGreaterThanOrEqual(10);
  const counts = (): Report | undefined => scene.reports.findLast(({ kind }) => kind === 'standing-in');
  expect(counts()).toEqual({ kind: 'standing-in', addresses: 2, begun: 1 });
  scene.a.take({ kind: 'changes', changes: [{ kind: 'withdraw', service: 'default/b' }] });
  expect(await scene.asked()).toEqual([]);
  expect(scene.lines().at(-1)).toMatchObject({ event: 'standInEnded', node: 'b', addresses: 2, reason: 'released' });
  expect(counts()).toEqual({ kind: 'standing-in', addresses: 0, begun: 1 });
});
