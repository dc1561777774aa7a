import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { milliseconds } from '../../src/lib/clock.ts';
import type { Report } from '../../src/model/plan.ts';
import { SYSTEM_CLOCK } from '../../src/program/system-clock.ts';
import { loadNativeSockets } from '../../src/speaker/net/native.ts';
import { BPF, type PacketFilter } from '../../src/speaker/net/packet-filter.ts';
import type { PacketSocket } from '../../src/speaker/net/packet-socket.ts';
import { RawPacketNetwork } from '../../src/speaker/net/raw-packet-network.ts';
import { WireThread } from '../../src/speaker/shell/wire-thread.ts';
import { announcement } from '../support/announcements.ts';
import { arpLine, arpRequest } from '../support/arp-frames.ts';
import { describeInOwnNamespace } from '../support/lab/own-namespace.ts';

const EVERYTHING: PacketFilter = [{ code: BPF.accept, ifTrue: 0, ifFalse: 0, operand: 128 }];
const MAC = '02:00:00:00:00:0a';
const ANSWER = `reply 10.0.0.1 is ${MAC} to 02:00:00:00:00:99`;
const ADDRESSES = ['10.0.0.1', ...Array.from({ length: 300 }, (_, index) => `10.1.${index >> 8}.${index & 0xff}`)];
const POLL_MILLISECONDS = 5;
/** Far longer than anything here takes; only a failure waits for it. */
const PATIENCE_MILLISECONDS = 15_000;

function ip(...words: readonly string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The thread on one end of a virtual cable, and somebody who asks on the other. */
class Scene {
  readonly reports: Report[] = [];
  readonly thread: WireThread;
  heard: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #asker: PacketSocket;

  constructor() {
    ip('link', 'add', 'asker', 'type', 'veth', 'peer', 'name', 'node');
    ip('link', 'set', 'node', 'address', MAC);
    for (const link of ['asker', 'node']) ip('link', 'set', link, 'up');
    const link = Number(/^\d+/.exec(ip('-o', 'link', 'show', 'asker')));
    const options = { link, purpose: 'asking', etherType: 0x0806, filter: EVERYTHING };
    this.#asker = new RawPacketNetwork(loadNativeSockets()).open(options, {
      received: (batch) => {
        for (let index = 0; index < batch.count; index++) this.heard.push(arpLine(batch.frame(index)));
      },
      failed: (error) => expect(error).toBeUndefined(),
    });
    this.thread = new WireThread({
      clock: SYSTEM_CLOCK,
      excludedInterfaces: ['^lo$', '^asker$'],
      debug: false,
      onReport: (report) => void this.reports.push(report),
      onPlanWanted: () => this.thread.apply({ kind: 'replace', announcements: [announcement('default/a', ADDRESSES)] }),
    });
    this.#running = this.thread.run(this.#stop.signal);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** The lines for the log so far. */
  get lines(): string[] {
    return this.reports.flatMap((report) => (report.kind === 'log' ? [report.message] : []));
  }

  send(frame: Uint8Array): boolean {
    return this.#asker.send(frame);
  }

  /** Asks for all addresses in turn, so many times, and waits for nothing. */
  flood(questions: number): void {
    for (let question = 0; question < questions; question++) this.send(arpRequest(ADDRESSES[question % ADDRESSES.length] ?? ''));
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    for (let waited = 0; waited < PATIENCE_MILLISECONDS; waited += POLL_MILLISECONDS) {
      if (holds()) return;
      await sleep(POLL_MILLISECONDS);
    }
    throw new Error(
      `never happened: ${what}; heard ${this.heard.slice(-5).join(', ')}; ${JSON.stringify(this.reports.slice(-5)).slice(0, 500)}`,
    );
  }

  /** Asks for the first address until somebody answers in these words; what is heard from then on begins anew. */
  async answered(answer: string = ANSWER): Promise<void> {
    this.heard = [];
    await this.until(answer, () => this.send(arpRequest('10.0.0.1')) && this.heard.includes(answer));
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#asker[Symbol.dispose]();
    ip('link', 'delete', 'asker');
  }
}

const PROMISES: readonly (readonly [promise: string, prove: (scene: Scene) => Promise<void>])[] = [
  [
    'answers, announces, reports its links and that it is ready',
    async (scene) => {
      await scene.until('the thread is ready', () => scene.reports.some(({ kind }) => kind === 'ready'));
      expect(scene.reports).toContainEqual({ kind: 'interfaces', names: ['node'] });
      expect(scene.lines).toEqual(['created ARP responder for interface']);
      await expect(scene.thread.ping(milliseconds(2_000), scene.signal)).resolves.toBe('answering');
      await scene.until('the burst', () => scene.heard.includes(`request 10.1.0.7 is ${MAC} to ff:ff:ff:ff:ff:ff`));
      const counted = (report: Report): boolean => report.kind === 'counts' && report.counts.some(({ ip: of }) => of === '10.0.0.1');
      await scene.until('the counts', () => scene.reports.some(counted));
    },
  ],
  [
    'does not answer any more for an address that was taken away',
    async (scene) => {
      scene.thread.apply({ kind: 'announce', announcement: announcement('default/a', ['10.0.0.1']) });
      const answersForIt = async (): Promise<boolean> => {
        await scene.answered();
        scene.send(arpRequest('10.1.0.7'));
        scene.heard = scene.heard.filter((line) => line !== ANSWER);
        await scene.until('the answer to a later question', () => scene.send(arpRequest('10.0.0.1')) && scene.heard.includes(ANSWER));
        return scene.heard.some((line) => line.startsWith('reply 10.1.0.7 '));
      };
      for (let round = 0; round < 50 && (await answersForIt()); round++) await sleep(POLL_MILLISECONDS);
      await expect(answersForIt()).resolves.toBe(false);
    },
  ],
  [
    'follows its link: another MAC, down and up',
    async (scene) => {
      const changed = ANSWER.replace(MAC, '02:00:00:00:00:0b');
      ip('link', 'set', 'node', 'address', '02:00:00:00:00:0b');
      await scene.answered(changed);
      ip('link', 'set', 'node', 'down');
      await scene.until('the responder is deleted', () => scene.lines.includes('deleted ARP responder for interface'));
      ip('link', 'set', 'node', 'up');
      await scene.answered(changed);
    },
  ],
  [
    'comes back after it was ended in the midst of a flood, again and again, and leaves no descriptor open',
    async (scene) => {
      const open = (): number => readdirSync('/proc/self/fd').length;
      const before = open();
      const starts = (): number => scene.reports.filter(({ kind }) => kind === 'ready').length;
      const ends = (): number => scene.lines.filter((line) => line.startsWith('the wire thread ended')).length;
      for (let round = 1; round <= 5; round++) {
        // An answer may still be one of the thread before.
        await scene.until('the thread is ready', () => starts() === round);
        scene.flood(500);
        scene.thread.restart();
        scene.flood(500);
        await scene.until('the thread has ended', () => ends() === round);
      }
      await scene.until('the last thread is ready', () => starts() === ends() + 1);
      await scene.answered();
      await scene.until('what the ended threads had open is closed', () => open() <= before + 2);
    },
  ],
  [
    'lives through any octets',
    async (scene) => {
      const frame = new Uint8Array(128);
      for (let round = 0; round < 100_000; round++) {
        // A generator of its own: the same octets in each run. Most are ARP for a held address with something wrong in it.
        for (let at = 0; at < 3; at++) frame[(round * 7 + at * 31) % 60] = (round * 2_654_435_761 + at * 40_503) >>> 11;
        scene.send(frame.subarray(0, 14 + ((round * 13) % 115)));
        if (round % 50 === 0) frame.set(arpRequest('10.0.0.1'));
        if (round % 2_000 === 0) await sleep(0);
      }
      await scene.answered();
      expect(scene.lines).toEqual(['created ARP responder for interface']);
    },
  ],
];

describeInOwnNamespace('the wire thread on the sockets of the kernel', import.meta.url, () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = new Scene();
    await scene.answered();
  });
  afterEach(() => scene.end());

  test.each(PROMISES)('%s', (_, prove) => prove(scene));

  test('without the capability says so in one line and goes on', () => {
    const script = fileURLToPath(new URL('../support/lab/wire-reports.ts', import.meta.url));
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', script];
    const output = execFileSync('setpriv', ['--bounding-set=-net_raw', '--inh-caps=-net_raw', '--', ...node], { encoding: 'utf8' });
    const said = output
      .trim()
      .split('\n')
      .map((line): Report | { kind: 'health'; health: string } => JSON.parse(line));
    const errors = said.filter((report) => report.kind === 'log' && report.level === 'error');
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('needs the capability NET_RAW') })]);
    expect(said.at(-1)).toEqual({ kind: 'health', health: 'waiting' });
  });
});
