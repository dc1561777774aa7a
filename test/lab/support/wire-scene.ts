import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { Report } from '../../../src/model/plan.ts';
import { SYSTEM_CLOCK } from '../../../src/program/system-clock.ts';
import { loadNativeSockets } from '../../../src/speaker/net/native.ts';
import { BPF, type PacketFilter } from '../../../src/speaker/net/packet-filter.ts';
import type { FrameBatch, PacketSocket } from '../../../src/speaker/net/packet-socket.ts';
import { RawPacketNetwork } from '../../../src/speaker/net/raw-packet-network.ts';
import { WireThread } from '../../../src/speaker/shell/wire-thread.ts';
import { announcement } from '../../support/announcements.ts';
import { arpLine, arpRequest } from '../../support/arp-frames.ts';
import { advertisementLine, neighborSolicitation } from '../../support/ndp-frames.ts';

/** The MAC of the link on which the thread answers. */
export const MAC = '02:00:00:00:00:0a';
/** What is heard when the first address is asked for, and when fd00::1 is. */
export const ANSWER: string = `reply 10.0.0.1 is ${MAC} to 02:00:00:00:00:99`;
export const NEIGHBOR_ANSWER: RegExp = new RegExp(`^fd00::1 is ${MAC} to fe80::99 02:00:00:00:00:99 from fe80::.*, solicited override$`);
/** The pause between two looks. */
export const POLL_MILLISECONDS = 5;

const EVERYTHING: PacketFilter = [{ code: BPF.accept, ifTrue: 0, ifFalse: 0, operand: 128 }];
const ADDRESSES = ['10.0.0.1', ...Array.from({ length: 300 }, (_, index) => `10.1.${index >> 8}.${index & 0xff}`)];
/** Far longer than anything here takes; only a failure waits for it. */
const PATIENCE_MILLISECONDS = 60_000;

/** What ip(8) says. */
export function ip(...words: readonly string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The wire thread on one end of a virtual cable, and somebody who asks on the other; for a network namespace of its own. */
export class WireScene {
  readonly reports: Report[] = [];
  readonly thread: WireThread;
  /** What was heard, as lines and as it came; whoever looks for something new empties them. */
  heard: string[] = [];
  frames: Buffer[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #asker: PacketSocket;
  readonly #neighbor: PacketSocket;

  constructor() {
    ip('link', 'add', 'asker', 'type', 'veth', 'peer', 'name', 'node');
    ip('link', 'set', 'node', 'address', MAC);
    for (const link of ['asker', 'node']) ip('link', 'set', link, 'up');
    const link = Number(/^\d+/.exec(ip('-o', 'link', 'show', 'asker')));
    this.#asker = this.#open(link, 0x0806, arpLine);
    this.#neighbor = this.#open(link, 0x86dd, (frame) => advertisementLine(new DataView(frame.buffer, frame.byteOffset, 86)));
    const addresses = [...ADDRESSES, 'fd00::1', 'fd00::2'];
    this.thread = new WireThread({
      clock: SYSTEM_CLOCK,
      node: 'node-1',
      excludedInterfaces: ['^lo$', '^asker$'],
      debug: false,
      onReport: (report) => void this.reports.push(report),
      onPlanWanted: () => this.thread.apply({ kind: 'replace', announcements: [announcement('default/a', addresses)] }),
    });
    this.#running = this.thread.run(this.#stop.signal);
  }

  #open(link: number, etherType: number, lineOf: (frame: DataView) => string): PacketSocket {
    const options = { link, purpose: 'asking', etherType, filter: EVERYTHING };
    const received = (batch: FrameBatch): void => {
      for (let index = 0; index < batch.count; index++) {
        const frame = batch.frame(index);
        this.heard.push(lineOf(frame));
        this.frames.push(Buffer.from(new Uint8Array(frame.buffer, frame.byteOffset, batch.length(index))));
      }
    };
    return new RawPacketNetwork(loadNativeSockets()).open(options, { received, failed: (error) => expect(error).toBeUndefined() });
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

  /** Asks by neighbour discovery who has fd00::1. */
  askNeighbor(): boolean {
    return this.#neighbor.send(neighborSolicitation('fd00::1'));
  }

  /** Asks for all addresses in turn, so many times, and waits for nothing. */
  flood(questions: number): void {
    for (let question = 0; question < questions; question++) this.send(arpRequest(ADDRESSES[question % ADDRESSES.length] ?? ''));
  }

  /** Fulfilled when it holds, which is looked for again and again; rejects with what was heard last. */
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

  /** The same for fd00::1. */
  async neighborAnswered(): Promise<void> {
    this.heard = [];
    await this.until('an answer', () => this.askNeighbor() && this.heard.some((line) => NEIGHBOR_ANSWER.test(line)));
  }

  /** Ends the thread and takes the cable away. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#asker[Symbol.dispose]();
    this.#neighbor[Symbol.dispose]();
    ip('link', 'delete', 'asker');
  }
}
