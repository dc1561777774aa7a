import { milliseconds } from '../../src/lib/clock.ts';
import type { PlanChange, Report } from '../../src/model/plan.ts';
import type { SegmentSettings } from '../../src/speaker/shell/messages.ts';
import { WireDriver } from '../../src/speaker/shell/wire-driver.ts';
import { ETHER_TYPE_SEGMENT } from '../../src/speaker/wire/segment.ts';
import { addressOf, announce, announcement } from './announcements.ts';
import { arpLine, arpRequest } from './arp-frames.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { answerAsKernels } from './fake-kernels.ts';
import { FakeNodeNetwork } from './fake-node-network.ts';
import { FakeTcp } from './fake-tcp.ts';

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
const CONTESTED: PlanChange = {
  kind: 'replace',
  announcements: [
    {
      ...announcement('default/b', ['10.0.0.200']),
      candidacy: { address: addressOf('10.0.0.200'), self: true, contenders: new Map(['a', 'b'].map((node) => [node, 0])) },
    },
  ],
};
/** Two speakers, a on eth2 and b on eth3, which are the two ends of one cable; eth4 and eth5 are those of a second one if there are two. */
export class SpeakerPair implements Disposable {
  readonly clock: FakeClock = new FakeClock();
  readonly network: FakeNodeNetwork = new FakeNodeNetwork();
  readonly reports: Record<'a' | 'b', Report[]> = { a: [], b: [] };
  #bits = 0n;
  a: WireDriver;
  b: WireDriver;
  /** Whether the kernels at both ends answer. */
  kernels: boolean = true;

  constructor(keys: readonly [string, string] = ['secret', 'secret'], cables: 1 | 2 = 1) {
    for (const index of cables === 1 ? [2, 3] : [2, 3, 4, 5]) this.put(index);
    this.network.wire(2, 3);
    if (cables === 2) this.network.wire(4, 5);
    this.a = this.#driver('a', { key: keys[0] });
    this.b = this.#driver('b', { key: keys[1] });
    answerAsKernels(this.network, () => this.kernels);
  }

  async start(): Promise<void> {
    this.a.start();
    this.b.start();
    this.b.take({ kind: 'changes', changes: [announce('default/b', ['10.0.0.200'])] });
    await this.run(START_MS);
  }

  /** Both may have the address of b's Service; b comes first. */
  async contest(): Promise<void> {
    for (const driver of [this.a, this.b]) driver.take({ kind: 'changes', changes: [CONTESTED] });
    await this.run(5_000);
  }

  /** One of the links is so from now on. */
  put(index: number, state: { readonly up?: boolean; readonly carrier?: boolean } = {}): void {
    this.network.put({
      index,
      addresses: [{ address: addressOf(`10.0.0.${index}`), prefixLength: 24 }],
      up: true,
      carrier: true,
      ...state,
    });
  }

  /** The speaker of b ends without a word. */
  kill(): void {
    this.b[Symbol.dispose]();
  }

  /** Another speaker starts on b's node, with what the first one has written down. */
  restart(segment: Partial<SegmentSettings>): void {
    const claims = this.reports.b.findLast((report) => report.kind === 'claims')?.claims ?? [];
    this.b = this.#driver('b', { memory: { claims, met: true, recent: true }, ...segment });
    this.b.start();
    this.b.take({ kind: 'changes', changes: [CONTESTED] });
  }

  /** The addresses that each of them says that it has. */
  owned(who: 'a' | 'b'): readonly string[] {
    return this.reports[who].findLast((report) => report.kind === 'owned')?.addresses ?? [];
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

  /** Whether b answers who asks for the address. */
  async answers(): Promise<boolean> {
    this.network.sent.length = 0;
    this.network.receive(3, arpRequest('10.0.0.200'));
    await settle();
    return this.network.sent.some(({ link, frame }) => link === 'eth3' && arpLine(frame).startsWith('reply 10.0.0.200'));
  }

  [Symbol.dispose](): void {
    this.a[Symbol.dispose]();
    this.b[Symbol.dispose]();
  }

  #driver(node: 'a' | 'b', segment: Partial<SegmentSettings>): WireDriver {
    const excluded = node === 'a' ? '^eth[35]$' : '^eth[24]$';
    const driver: WireDriver = new WireDriver(
      { node, excludedInterfaces: [excluded], debug: false, segment: { ...SEGMENT, node, ...segment } },
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
}
