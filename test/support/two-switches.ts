import { milliseconds } from '../../src/lib/clock.ts';
import type { Mac } from '../../src/lib/mac.ts';
import type { InterfaceScope, Report } from '../../src/model/plan.ts';
import { WireDriver } from '../../src/speaker/shell/wire-driver.ts';
import { ARP_REPLY, decodeArpFrame } from '../../src/speaker/wire/arp.ts';
import { addressOf, announcement, EVERYWHERE, only } from './announcements.ts';
import { arpLine, arpRequest } from './arp-frames.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { FakeNodeNetwork } from './fake-node-network.ts';
import { FakeTcp } from './fake-tcp.ts';

/** How a node sees that nothing passes a cable: by the signal, by its link, or not at all. */
export type Fault = 'signal lost' | 'link down' | 'silent';

/** Which of its two links, and so which switch. */
export type Side = 'front' | 'back';

const SIDES: readonly Side[] = ['front', 'back'];
const ADDRESS = '10.0.0.200';
const TIMING = {
  busyInterval: milliseconds(100),
  idleInterval: milliseconds(1_000),
  speakerGrace: milliseconds(30_000),
  restartGrace: milliseconds(300_000),
};

/** Speakers of nodes with two links each, `front-NODE` and `back-NODE`, on two switches. The first node comes first for the one address. */
export class TwoSwitches implements Disposable {
  readonly clock: FakeClock = new FakeClock();
  readonly network: FakeNodeNetwork = new FakeNodeNetwork();
  readonly reports: Map<string, Report[]> = new Map();
  readonly #nodes: readonly string[];
  readonly #drivers = new Map<string, WireDriver>();
  /** The links whose cable is whole, by number. */
  readonly #plugged = new Set<number>();
  #bits = 0n;

  constructor(nodes: readonly string[]) {
    this.#nodes = nodes;
    for (const node of nodes) {
      for (const side of SIDES) {
        const index = this.#linkOf(node, side);
        this.#plugged.add(index);
        const addresses = [{ address: addressOf(`10.0.0.${index}`), prefixLength: 24 }];
        this.network.put({ index, name: `${side}-${node}`, addresses, up: true, carrier: true });
      }
    }
    this.#join();
    this.#answerAsKernels();
    for (const node of nodes) this.#drivers.set(node, this.#driver(node));
  }

  /** All speakers start, and may have the address: on the front links alone, or on all. */
  async start(on: Side | 'all' = 'front'): Promise<void> {
    const contenders = new Map(this.#nodes.map((node) => [node, 0]));
    for (const [node, driver] of this.#drivers) {
      driver.start();
      const scope: InterfaceScope = on === 'all' ? EVERYWHERE : only(`${on}-${node}`);
      const candidacy = { address: addressOf(ADDRESS), self: true, contenders };
      driver.take({
        kind: 'changes',
        changes: [{ kind: 'replace', announcements: [{ ...announcement('default/web', [ADDRESS], scope), candidacy }] }],
      });
    }
    await this.run(10_000);
  }

  /** Nothing passes a cable any more. */
  pull(node: string, side: Side, fault: Fault): void {
    const index = this.#linkOf(node, side);
    this.#plugged.delete(index);
    this.#join();
    this.network.put({ index, carrier: fault === 'silent', up: fault !== 'link down' });
  }

  /** The cable is whole again. */
  plug(node: string, side: Side): void {
    const index = this.#linkOf(node, side);
    this.#plugged.add(index);
    this.#join();
    this.network.put({ index, carrier: true, up: true });
  }

  /** The speaker of a node ends without a word; its kernel goes on. */
  kill(node: string): void {
    this.#drivers.get(node)?.[Symbol.dispose]();
  }

  run(span: number): Promise<void> {
    return this.clock.run(milliseconds(span));
  }

  /** The nodes that say that the address is theirs. */
  get owners(): readonly string[] {
    return this.#nodes.filter((node) => this.#last(node, 'owned')?.addresses.includes(ADDRESS));
  }

  /** The nodes that answer a client on that switch. */
  async answering(side: Side = 'front'): Promise<readonly string[]> {
    this.network.sent.length = 0;
    const links = this.#nodes.map((node) => this.#linkOf(node, side)).filter((index) => this.#plugged.has(index));
    for (const index of links) this.network.receive(index, arpRequest(ADDRESS));
    await settle();
    const replies = this.network.sent.filter(({ frame }) => arpLine(frame).startsWith(`reply ${ADDRESS} `));
    return this.#nodes.filter((node) => replies.some(({ link }) => link === `${side}-${node}`));
  }

  /** For how many milliseconds nobody answers on the front switch, asked each 50 ms; no longer than `most`. */
  async gap(most: number): Promise<number> {
    let gap = 0;
    while (gap < most && (await this.answering()).length === 0) {
      await this.run(50);
      gap += 50;
    }
    return gap;
  }

  /** What a node said in its log, of events of that name. */
  lines(node: string, event: string): readonly string[] {
    const reports = this.reports.get(node) ?? [];
    return reports.flatMap((report) => (report.kind === 'log' && report.fields.event === event ? [report.message] : []));
  }

  /** Why the address came to a node from another one, each time. */
  taken(node: string): readonly string[] {
    const reports = this.reports.get(node) ?? [];
    return reports.flatMap((report) => (report.kind === 'taken' ? report.takings.map(({ reason }) => reason) : []));
  }

  /** How often the address came to one of the nodes from another one. */
  get moves(): number {
    return this.#nodes.reduce((sum, node) => sum + this.taken(node).length, 0);
  }

  [Symbol.dispose](): void {
    for (const driver of this.#drivers.values()) driver[Symbol.dispose]();
  }

  #last<Kind extends Report['kind']>(node: string, kind: Kind): Extract<Report, { kind: Kind }> | undefined {
    return this.reports.get(node)?.findLast((report): report is Extract<Report, { kind: Kind }> => report.kind === kind);
  }

  #linkOf(node: string, side: Side): number {
    return 10 + 2 * this.#nodes.indexOf(node) + SIDES.indexOf(side);
  }

  #join(): void {
    for (const node of this.#nodes) for (const side of SIDES) this.network.join([this.#linkOf(node, side)]);
    for (const side of SIDES)
      this.network.join(this.#nodes.map((node) => this.#linkOf(node, side)).filter((index) => this.#plugged.has(index)));
  }

  /** A kernel answers who asks without a sender, as long as both cables are whole and the switch is the same. */
  #answerAsKernels(): void {
    const { sent } = this.network;
    sent.push = (...entries: (typeof sent)[number][]) => {
      for (const { link, frame } of entries) {
        const asked = decodeArpFrame(frame);
        if (asked.ok && arpLine(frame).startsWith('request 0.0.0.0')) this.#answerAsKernel(link, asked.value);
      }
      return Array.prototype.push.apply(sent, entries);
    };
  }

  #answerAsKernel(link: string, asked: { readonly destination: Mac; readonly senderMac: Mac; readonly targetIp: number }): void {
    const from = this.network.links.find(({ name }) => name === link);
    const to = this.network.links.find(({ mac }) => mac === asked.destination);
    const reached =
      from !== undefined &&
      to !== undefined &&
      from.index % 2 === to.index % 2 &&
      [from, to].every(({ index }) => this.#plugged.has(index));
    if (!reached) return;
    const { mac } = to;
    this.network.receive(
      from.index,
      arpRequest(`10.0.0.${from.index}`, {
        destination: asked.senderMac,
        source: mac,
        operation: ARP_REPLY,
        senderMac: mac,
        senderIp: asked.targetIp as never,
      }),
    );
  }

  #driver(node: string): WireDriver {
    const reports: Report[] = [];
    this.reports.set(node, reports);
    const tcp = new FakeTcp();
    const driver: WireDriver = new WireDriver(
      { node, excludedInterfaces: [`-(?!${node}$)`], debug: false, segment: { node, key: 'secret', gone: [], timing: TIMING } },
      {
        ...{ clock: this.clock, connect: () => this.network, connector: tcp, acceptor: tcp, random: () => 0 },
        randomBits: () => ++this.#bits,
        rank: (name) => String(this.#nodes.indexOf(name)),
        post: (notice) => {
          if (notice.kind !== 'reports') return;
          reports.push(...notice.reports);
          setImmediate(() => driver.take({ kind: 'received' }));
        },
      },
    );
    return driver;
  }
}
