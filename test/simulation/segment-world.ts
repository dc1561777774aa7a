import { type IpAddress, parseAddress } from '../../src/lib/ip.ts';
import type { Ipv4 } from '../../src/lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../src/lib/mac.ts';
import { orderContenders } from '../../src/model/contenders.ts';
import type { Contender } from '../../src/model/plan.ts';
import type { SealKey } from '../../src/speaker/net/seal-key.ts';
import { KeyRing } from '../../src/speaker/shell/key-ring.ts';
import { rankOf } from '../../src/speaker/watch/owner.ts';
import { decodeSegmentFrame, encodeSegmentFrame, type SegmentFrame, type SegmentMessage } from '../../src/speaker/wire/segment.ts';
import { seededRandom } from './random.ts';
import { SegmentSpeaker, type SpeakerPorts } from './segment-speaker.ts';
import { SimulatedNode } from './simulated-node.ts';
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

/** From the start of a speaker to the moment at which it knows what the API server says. */
const PLAN_MICROS = 20_000;
/** So long it waits for the API server before it goes by what it has on its disk. */
const KEPT_PLAN_MICROS = 2_000_000;
/** What is known of owners is written no more often. */
const KEEP_MICROS = 1_000_000;
/** A speaker that was away for no longer goes on with what it had before it has heard the others. */
const RECENT_MICROS = 20_000_000;
const DRIFT = 0.01;

/** A change of who would answer for an address, as somebody sees it who hears all nodes. */
export interface Change {
  readonly at: number;
  readonly address: string;
  readonly owners: readonly string[];
}

/** A host that no speaker knows. */
export interface Stranger {
  readonly mac: Mac;
  /** The addresses that it answers for. */
  readonly addresses: Set<string>;
  /** When it was asked, in microseconds of true time. */
  readonly askedAt: number[];
}

/** Something that speaks ARP. */
type Station = Pick<SimulatedNode, 'mac' | 'powered'>;

/** A segment with speakers on it: the real machines and the real frames, on a clock and a wire that a seed decides. */
export class SegmentWorld {
  readonly timeline: Timeline = new Timeline();
  readonly random: () => number;
  readonly nodes: readonly SimulatedNode[];
  readonly addresses: readonly string[];
  readonly changes: Change[] = [];
  readonly strangers: Stranger[] = [];
  /** Who was found to have an address of this product, and by whom. */
  readonly found: string[] = [];
  /** When which node asked for which address. */
  readonly probes: { readonly at: number; readonly node: string; readonly address: string }[] = [];
  readonly recorded: { readonly from: SimulatedNode; readonly octets: Uint8Array }[] = [];
  readonly #said = new Map<string, string>();
  weather: Weather = FAIR;
  /** Whether nothing gets from one node to the other. */
  cut: (from: SimulatedNode, to: SimulatedNode) => boolean = () => false;
  /** Whether frames between speakers are lost while all others pass. */
  speechless: boolean = false;
  recording: boolean = false;
  apiServer: boolean = true;
  /** What speakers have said to each other, each word once however many hear it, and the events that they have taken. */
  readonly count: { said: number; steps: number } = { said: 0, steps: 0 };
  /** When a speaker last learned of another plan. */
  toldAt = 0;
  /** Looks at the world after each step of a speaker. */
  watch: ((node: SimulatedNode) => void) | undefined;

  constructor(seed: number, size: number, addresses: number, startMilliseconds: number = 1_000) {
    this.random = seededRandom(seed);
    this.nodes = Array.from({ length: size }, (_, index) => new SimulatedNode(index, 1 + (2 * this.random() - 1) * DRIFT));
    this.addresses = Array.from({ length: addresses }, (_, index) => `198.51.${100 + ((index + 1) >> 8)}.${(index + 1) & 0xff}`);
    for (const address of this.addresses) {
      const contenders = new Map(this.nodes.map(({ name }) => [name, 0]));
      for (const node of this.nodes) node.plans.set(address, { address: addressOf(address), self: true, contenders });
    }
    for (const node of this.nodes) this.timeline.after(this.random() * startMilliseconds * 1_000, () => this.startSpeaker(node));
  }

  /** The node that comes first for an address if all are there. */
  firstOwner(address: string): SimulatedNode {
    return this.node(this.order(address)[0]?.node ?? '');
  }

  /** All nodes, as the address has them. */
  order(address: string): readonly Contender[] {
    return orderContenders(new Map(this.nodes.map(({ name }) => [name, 0])), address, rankOf);
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

  /**
   * Who is answered to be the owner of an address now: each node whose MAC somebody gives, itself or another one that stands in for it. An
   * answer that leads to a node without power is none.
   */
  owners(address: string): string[] {
    const macs = new Set<Mac>();
    for (const node of this.nodes) {
      if (!this.#runs(node)) continue;
      if (node.speaker?.answers(address)) macs.add(node.mac);
      const lent = node.speaker?.standingIn.get(address);
      if (lent !== undefined) macs.add(lent);
    }
    return this.nodes.filter(({ mac, powered }) => powered && macs.has(mac)).map(({ name }) => name);
  }

  /** The nodes that answer for an address in the place of another one now. */
  standIns(address: string): string[] {
    return this.nodes.filter((node) => this.#runs(node) && node.speaker?.standingIn.has(address)).map(({ name }) => name);
  }

  startSpeaker(node: SimulatedNode): void {
    node.boot = BigInt(Math.floor(this.random() * 2 ** 52));
    node.sequence = 0;
    node.keys = new KeyRing(node.secret, node.now(this.timeline.now));
    const speaker = new SegmentSpeaker(this.#portsOf(node));
    node.speaker = speaker;
    const recent = this.timeline.now - node.silentSince <= RECENT_MICROS;
    speaker.start(node.kept === undefined ? undefined : { ...node.kept, recent });
    this.timeline.after(PLAN_MICROS, () => this.#inform(node, speaker));
    if (node.kept !== undefined) this.timeline.after(KEPT_PLAN_MICROS, () => this.#informByDisk(node, speaker));
  }

  /** The API server is away, and whoever lives goes by what he knows; or it is back, and says to all what there is. */
  setApiServer(there: boolean): void {
    this.apiServer = there;
    if (there) for (const node of this.nodes) if (node.speaker !== undefined) this.#inform(node, node.speaker);
  }

  /** A node gets another key from the Secret. */
  mount(node: SimulatedNode, key: SealKey): void {
    node.secret = key;
    node.keys.change(key, node.now(this.timeline.now));
  }

  /** Has a node know after so many milliseconds who may answer for an address; nobody may with `undefined`. */
  tell(node: SimulatedNode, address: string, order: readonly Contender[] | undefined, delay: number, able: boolean = true): void {
    this.timeline.after(delay * 1_000, () => {
      this.toldAt = this.timeline.now;
      const self = able && order?.some((one) => one.node === node.name) === true;
      if (order === undefined) node.plans.delete(address);
      else node.plans.set(address, { address: addressOf(address), self, contenders: new Map(order.map((one) => [one.node, one.score])) });
      const plan = node.plans.get(address);
      node.speaker?.plan(plan === undefined ? [] : [plan], plan === undefined ? [address] : []);
    });
  }

  /** Puts a host on the segment that answers for an address. */
  addStranger(address: string): Stranger {
    const stranger = { mac: (0x02ff_0000_0000 + this.strangers.length) as Mac, addresses: new Set([address]), askedAt: [] };
    this.strangers.push(stranger);
    return stranger;
  }

  /** A host says to all, unasked, that an address is its own. */
  claimAs(stranger: Stranger, address: string): void {
    const host = { mac: stranger.mac, powered: true };
    for (const node of this.nodes) this.#pass(host, node, () => this.#hear(node, () => node.speaker?.hearHolder(address, stranger.mac)));
  }

  stopSpeaker(node: SimulatedNode, announced: boolean): void {
    if (announced) this.#keep(node);
    if (announced) node.speaker?.end();
    if (node.speaker !== undefined) node.silentSince = this.timeline.now;
    node.speaker?.[Symbol.dispose]();
    node.speaker = undefined;
    this.#note();
  }

  /** Everything on the node ends at once. */
  powerOff(node: SimulatedNode): void {
    node.powered = false;
    this.stopSpeaker(node, false);
    node.kept = undefined;
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

  #inform(node: SimulatedNode, speaker: SegmentSpeaker): void {
    if (node.speaker !== speaker || !this.apiServer) return;
    speaker.plan([...node.plans.values()], []);
    speaker.completePlan();
  }

  #informByDisk(node: SimulatedNode, speaker: SegmentSpeaker): void {
    if (node.speaker !== speaker || this.apiServer) return;
    speaker.plan([...node.plans.values()], []);
    speaker.inform();
  }

  #runs(node: SimulatedNode): boolean {
    return node.powered && node.stalledUntil <= this.timeline.now;
  }

  #note(): void {
    for (const address of this.addresses) {
      const owners = this.owners(address);
      const said = owners.join();
      if (this.#said.get(address) === said) continue;
      this.#said.set(address, said);
      this.changes.push({ at: this.timeline.now, address, owners });
    }
  }

  #keep(node: SimulatedNode): void {
    node.kept = node.speaker?.known ?? node.kept;
    node.keptAt = this.timeline.now;
  }

  #portsOf(node: SimulatedNode): SpeakerPorts {
    return {
      node,
      now: () => node.now(this.timeline.now),
      nonce: () => BigInt(Math.floor(this.random() * 2 ** 52)),
      send: (destination, message) => this.#send(node, destination, message),
      ask: (ip, mac) => this.#ask(node, ip, mac),
      random: this.random,
      probe: (address) => this.#probe(node, address),
      found: ({ what, address, mac, node: holder }) => this.found.push(`${node.name}: ${what} ${address} ${holder || mac.toString(16)}`),
      wakeAt: (at, act) => this.#wakeAt(node, at, act),
      stepped: () => {
        this.count.steps++;
        this.#note();
        if (this.timeline.now - node.keptAt >= KEEP_MICROS) this.#keep(node);
        this.watch?.(node);
      },
    };
  }

  #wakeAt(node: SimulatedNode, at: number, act: () => void): Disposable {
    let timer: Disposable;
    const set = (): Disposable => {
      const due = Math.max(at / node.pace, node.stalledUntil, this.timeline.now + 1);
      return this.timeline.after(due - this.timeline.now, () => {
        // It may have been stalled after the timer was set.
        if (node.stalledUntil > this.timeline.now) timer = set();
        else act();
      });
    };
    timer = set();
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  #send(node: SimulatedNode, destination: Mac, message: SegmentMessage): void {
    const header = { destination, source: node.mac, node: node.name, boot: node.boot, sequence: ++node.sequence, message };
    this.count.said++;
    for (const { id: keyId } of node.keys.signing(node.now(this.timeline.now))) this.#sendFrame(node, { ...header, keyId });
  }

  #sendFrame(node: SimulatedNode, frame: SegmentFrame): void {
    const { destination, message } = frame;
    const octets = encodeSegmentFrame(frame).slice();
    if (this.recording) this.recorded.push({ from: node, octets });
    const lost = (): boolean => this.speechless || (message.kind === 'hello' && this.random() < this.weather.helloLoss);
    for (const other of this.nodes) {
      if (other === node || (destination !== BROADCAST_MAC && destination !== other.mac)) continue;
      const copies = this.random() < this.weather.duplicates ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) if (!lost()) this.#pass(node, other, () => this.#arrive(other, octets));
    }
  }

  /** Has `arrive` happen at the other end, unless the wire loses it. */
  #pass(from: Station, to: Station, arrive: () => void): void {
    const cut = from instanceof SimulatedNode && to instanceof SimulatedNode && this.cut(from, to);
    if (!from.powered || cut || this.random() < this.weather.loss) return;
    const delay = (0.1 + this.random() * this.weather.delayMilliseconds) * 1_000;
    this.timeline.after(delay, () => {
      if (to.powered) arrive();
    });
  }

  #arrive(node: SimulatedNode, octets: Uint8Array): void {
    if (!node.powered || node.speaker === undefined) return;
    const decoded = decodeSegmentFrame(new DataView(octets.buffer, octets.byteOffset, octets.byteLength));
    if (!decoded.ok) throw new Error(`a speaker sent what another cannot read: ${decoded.error.field}`);
    this.#hear(node, () => {
      const known = node.keys.find(decoded.value.keyId, node.now(this.timeline.now)) !== undefined;
      if (known) node.speaker?.receive(decoded.value);
    });
  }

  /** Whoever has the address answers; all speakers hear the question. */
  #probe(node: SimulatedNode, address: string): void {
    this.probes.push({ at: this.timeline.now, node: node.name, address });
    const answer = (from: Station): void =>
      this.#pass(from, node, () => this.#hear(node, () => node.speaker?.hearHolder(address, from.mac)));
    for (const other of this.nodes) {
      if (other === node) continue;
      this.#pass(node, other, () => {
        if (other.configured.has(address)) answer(other);
        this.#hear(other, () => {
          if (other.speaker?.answers(address)) answer(other);
          other.speaker?.hearProbe(address, node.mac);
        });
      });
    }
    for (const { mac, addresses, askedAt } of this.strangers) {
      const host = { mac, powered: true };
      this.#pass(node, host, () => {
        askedAt.push(this.timeline.now);
        if (addresses.has(address)) answer(host);
      });
    }
  }

  /** What waits in the socket of a loop that stands still is read when it goes on: after its timers. */
  #hear(node: SimulatedNode, read: () => void): void {
    if (node.stalledUntil > this.timeline.now)
      this.timeline.after(node.stalledUntil - this.timeline.now + 10, () => this.#hear(node, read));
    else if (node.powered) read();
  }

  /** The kernel of a node answers whatever its speaker does. */
  #ask(node: SimulatedNode, ip: Ipv4, mac: Mac): void {
    const target = this.nodes.find((other) => other.mac === mac && other.ip === ip);
    if (target === undefined) return;
    this.#pass(node, target, () => this.#pass(target, node, () => this.#hear(node, () => node.speaker?.hearKernel(ip, mac))));
  }
}

/** The address that a text stands for; throws where there is none. */
export function addressOf(text: string): IpAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`no address ${text}`);
  return address;
}
