import { type Micros, micros, milliseconds } from '../../src/lib/clock.ts';
import type { Ipv4 } from '../../src/lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../src/lib/mac.ts';
import { Peers } from '../../src/speaker/protocol/layer2/peers.ts';
import type { PeersEffect, PeersEvent, PeersTiming } from '../../src/speaker/protocol/layer2/peers-events.ts';
import { electOwner } from '../../src/speaker/watch/owner.ts';
import { decodeSegmentFrame, encodeSegmentFrame, type SegmentMessage } from '../../src/speaker/wire/segment.ts';
import { seededRandom } from './random.ts';
import { Timeline } from './timeline.ts';

/** How the wire treats what is sent, in chances from 0 to 1. */
export interface Weather {
  readonly helloLoss: number;
  /** Of every frame, questions to kernels and their answers included. */
  readonly loss: number;
  readonly duplicates: number;
  /** The longest delay of a frame, in milliseconds: frames overtake each other. */
  readonly delayMilliseconds: number;
}

export const FAIR: Weather = { helloLoss: 0, loss: 0, duplicates: 0, delayMilliseconds: 0.2 };

export const TIMING: PeersTiming = {
  busyInterval: milliseconds(100),
  idleInterval: milliseconds(1_000),
  speakerGrace: milliseconds(30_000),
  restartGrace: milliseconds(300_000),
};

/** From a word of the wire thread to the plan that comes of it. */
const MAIN_THREAD_MICROS = 20_000;
const DRIFT = 0.01;
const KEY_ID = 1n;

/** One machine of the segment: its kernel, its speaker, and what its speaker thinks. */
export class SimulatedNode {
  readonly name: string;
  readonly mac: Mac;
  readonly ip: Ipv4;
  /** Its kernel runs and its card works. */
  powered: boolean = true;
  /** The speaker; `undefined` while it is not running. */
  peers: Peers | undefined;
  gone: ReadonlySet<string> = new Set();
  owned: ReadonlySet<string> = new Set();
  /** The speaker's loop stands still until then, in true time. */
  stalledUntil = 0;
  boot = 0n;
  sequence = 0;
  /** Its clock runs so much faster than the true one. */
  readonly pace: number;
  wake: Disposable | undefined;
  reannounced = 0;

  constructor(index: number, pace: number) {
    this.name = `node-${index + 1}`;
    this.mac = (0x0200_0000_0000 + index + 1) as Mac;
    this.ip = (0x0a00_0000 + index + 1) as Ipv4;
    this.pace = pace;
  }

  now(trueNow: number): Micros {
    return micros(Math.floor(trueNow * this.pace));
  }
}

/** A change of who would answer for an address, as somebody sees it who hears all nodes. */
export interface Change {
  readonly at: number;
  readonly address: string;
  readonly owners: readonly string[];
}

/** A segment with speakers on it: the real machines and the real frames, on a clock and a wire that a seed decides. */
export class SegmentWorld {
  readonly timeline: Timeline = new Timeline();
  readonly random: () => number;
  readonly nodes: readonly SimulatedNode[];
  readonly addresses: readonly string[];
  readonly changes: Change[] = [];
  readonly recorded: { readonly from: SimulatedNode; readonly octets: Uint8Array }[] = [];
  weather: Weather = FAIR;
  /** Whether nothing gets from one node to the other. */
  cut: (from: SimulatedNode, to: SimulatedNode) => boolean = () => false;
  /** Whether frames between speakers are lost while all others pass. */
  speechless: boolean = false;
  recording: boolean = false;

  constructor(seed: number, size: number, addresses: number) {
    this.random = seededRandom(seed);
    this.nodes = Array.from({ length: size }, (_, index) => new SimulatedNode(index, 1 + (2 * this.random() - 1) * DRIFT));
    this.addresses = Array.from({ length: addresses }, (_, index) => `198.51.100.${index + 1}`);
    for (const node of this.nodes) this.timeline.after(this.random() * 1_000_000, () => this.startSpeaker(node));
  }

  /** The node that all would have for an address if all were there. */
  firstOwner(address: string): SimulatedNode {
    return this.node(this.#elect(address, new Set()) ?? '');
  }

  node(name: string): SimulatedNode {
    const node = this.nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** Lets `milliseconds` pass. */
  run(span: number): void {
    this.timeline.runUntil(this.timeline.now + span * 1_000);
  }

  /** Who answers for an address now. */
  owners(address: string): string[] {
    return this.nodes.filter((node) => this.#answers(node, address)).map(({ name }) => name);
  }

  startSpeaker(node: SimulatedNode): void {
    node.boot = BigInt(Math.floor(this.random() * 2 ** 52));
    node.sequence = 0;
    node.gone = new Set();
    const nonce = (): bigint => BigInt(Math.floor(this.random() * 2 ** 52));
    node.peers = new Peers({ node: node.name, timing: TIMING, nonce, gone: [] });
    this.#step(node, { kind: 'described', now: node.now(this.timeline.now), askable: node.ip, busy: node.owned.size > 0 });
    this.#step(node, { kind: 'started', now: node.now(this.timeline.now) });
    this.#elected(node);
  }

  stopSpeaker(node: SimulatedNode, announced: boolean): void {
    if (announced) this.#step(node, { kind: 'ending', now: node.now(this.timeline.now) });
    node.peers = undefined;
    node.wake?.[Symbol.dispose]();
    this.#note();
  }

  /** Everything on the node ends at once. */
  powerOff(node: SimulatedNode): void {
    node.powered = false;
    this.stopSpeaker(node, false);
  }

  /** The loop of a speaker stands still for so long; what comes meanwhile waits. */
  stall(node: SimulatedNode, span: number): void {
    node.stalledUntil = this.timeline.now + span * 1_000;
    this.#note();
    this.timeline.after(span * 1_000, () => this.#note());
  }

  /** From now on each loop stands still again and again, for up to so many milliseconds. */
  hiccup(longest: number): void {
    for (const node of this.nodes) {
      const next = (): void => {
        this.stall(node, this.random() * longest);
        this.timeline.after((longest + this.random() * 200) * 1_000, next);
      };
      this.timeline.after(this.random() * 200_000, next);
    }
  }

  /** Somebody sends a frame again that he recorded. */
  replay(octets: Uint8Array): void {
    for (const node of this.nodes) this.#arrive(node, octets);
  }

  #answers(node: SimulatedNode, address: string): boolean {
    return node.powered && node.peers !== undefined && node.stalledUntil <= this.timeline.now && node.owned.has(address);
  }

  #elect(address: string, gone: ReadonlySet<string>): string | undefined {
    const candidates = this.nodes.filter(({ name }) => !gone.has(name)).map(({ name }) => ({ node: name, score: 0 }));
    return electOwner(candidates, address);
  }

  /** What the main thread makes of the word of the wire thread. */
  #elected(node: SimulatedNode): void {
    node.owned = new Set(this.addresses.filter((address) => this.#elect(address, node.gone) === node.name));
    this.#note();
    this.#step(node, { kind: 'described', now: node.now(this.timeline.now), askable: node.ip, busy: node.owned.size > 0 });
  }

  #note(): void {
    for (const address of this.addresses) {
      const owners = this.owners(address);
      const last = this.changes.findLast((change) => change.address === address);
      if (last?.owners.join() !== owners.join()) this.changes.push({ at: this.timeline.now, address, owners });
    }
  }

  #step(node: SimulatedNode, event: PeersEvent): void {
    const { peers } = node;
    if (peers === undefined) return;
    for (const effect of peers.step(event)) this.#carryOut(node, effect);
  }

  #carryOut(node: SimulatedNode, effect: PeersEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(node, effect.destination, effect.message);
        break;
      case 'ask':
        this.#ask(node, effect.ip, effect.mac);
        break;
      case 'gone':
        this.#tell(node, node.peers, effect.nodes);
        break;
      case 'reannounce':
        node.reannounced++;
        break;
      case 'judged':
        break;
      case 'wake-at':
        this.#wakeAt(node, effect.at);
        break;
    }
  }

  #tell(node: SimulatedNode, peers: Peers | undefined, nodes: readonly string[]): void {
    this.timeline.after(MAIN_THREAD_MICROS, () => {
      if (node.peers !== peers) return;
      node.gone = new Set(nodes);
      this.#elected(node);
    });
  }

  #wakeAt(node: SimulatedNode, at: Micros): void {
    node.wake?.[Symbol.dispose]();
    const due = Math.max(at / node.pace, node.stalledUntil, this.timeline.now + 1);
    node.wake = this.timeline.after(due - this.timeline.now, () => {
      // It may have been stalled after the timer was set.
      if (node.stalledUntil > this.timeline.now) this.#wakeAt(node, at);
      else this.#step(node, { kind: 'woke', now: node.now(this.timeline.now) });
    });
  }

  #send(node: SimulatedNode, destination: Mac, message: SegmentMessage): void {
    const octets = encodeSegmentFrame({
      ...{ destination, source: node.mac, keyId: KEY_ID, node: node.name, boot: node.boot, sequence: ++node.sequence, message },
    }).slice();
    if (this.recording) this.recorded.push({ from: node, octets });
    const lost = (): boolean => this.speechless || (message.kind === 'hello' && this.random() < this.weather.helloLoss);
    for (const other of this.nodes) {
      if (other === node || (destination !== BROADCAST_MAC && destination !== other.mac)) continue;
      const copies = this.random() < this.weather.duplicates ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) if (!lost()) this.#pass(node, other, () => this.#arrive(other, octets));
    }
  }

  /** Has `arrive` happen at the other end, unless the wire loses it. */
  #pass(from: SimulatedNode, to: SimulatedNode, arrive: () => void): void {
    if (!from.powered || this.cut(from, to) || this.random() < this.weather.loss) return;
    const delay = (0.1 + this.random() * this.weather.delayMilliseconds) * 1_000;
    this.timeline.after(delay, () => {
      if (to.powered) arrive();
    });
  }

  #arrive(node: SimulatedNode, octets: Uint8Array): void {
    if (!node.powered || node.peers === undefined) return;
    if (node.stalledUntil > this.timeline.now) {
      // It waits in the queue of the socket; the timers of a loop come before its sockets.
      this.timeline.after(node.stalledUntil - this.timeline.now + 10, () => this.#arrive(node, octets));
      return;
    }
    const decoded = decodeSegmentFrame(new DataView(octets.buffer, octets.byteOffset, octets.byteLength));
    if (!decoded.ok) throw new Error(`a speaker sent what another cannot read: ${decoded.error.field}`);
    this.#step(node, { kind: 'received', now: node.now(this.timeline.now), frame: decoded.value });
  }

  /** The kernel of a node answers whatever its speaker does. */
  #ask(node: SimulatedNode, ip: Ipv4, mac: Mac): void {
    const target = this.nodes.find((other) => other.mac === mac && other.ip === ip);
    if (target === undefined) return;
    this.#pass(node, target, () => this.#pass(target, node, () => this.#answered(node, ip, mac)));
  }

  #answered(node: SimulatedNode, ip: Ipv4, mac: Mac): void {
    if (node.stalledUntil > this.timeline.now) {
      this.timeline.after(node.stalledUntil - this.timeline.now + 10, () => this.#answered(node, ip, mac));
      return;
    }
    this.#step(node, { kind: 'answered', now: node.now(this.timeline.now), ip, mac });
  }
}
