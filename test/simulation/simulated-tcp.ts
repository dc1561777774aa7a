import { formatAddress, type IpAddress } from '../../src/lib/ip.ts';
import type { TcpConnection, TcpListener, TcpTarget } from '../../src/speaker/net/tcp-connector.ts';
import type { Timeline } from './timeline.ts';

/** One direction between two hosts. */
export interface Way {
  /** Nothing passes; TCP sends it again until it does. */
  stalled: boolean;
  delayMicros: number;
}

/** Takes a connection that comes in: who hears it, or nothing where nobody listens. */
export type Accept = (connection: SimulatedConnection, from: SimulatedHost) => TcpListener;

/** A machine as TCP sees it. Its program is one loop, which may stand still; what comes meanwhile waits in order. */
export class SimulatedHost {
  readonly address: IpAddress;
  readonly siblings: readonly IpAddress[];
  readonly ends: Set<SimulatedConnection> = new Set();
  powered: boolean = true;
  accept: Accept | undefined;
  readonly #timeline: Timeline;
  #stalledUntil = 0;
  #waiting: (() => void)[] = [];

  constructor(timeline: Timeline, address: IpAddress, siblings: readonly IpAddress[] = []) {
    this.#timeline = timeline;
    this.address = address;
    this.siblings = siblings;
  }

  /** Whether its loop stands still. */
  get stalled(): boolean {
    return this.#stalledUntil > this.#timeline.now || this.#waiting.length > 0;
  }

  /** Has the loop do something as soon as it turns. */
  run(act: () => void): void {
    if (this.stalled) this.#waiting.push(act);
    else act();
  }

  /** The loop stands still until `until`; a time that is past lets it go on. */
  stallUntil(until: number): void {
    this.#stalledUntil = until;
    this.#timeline.after(until - this.#timeline.now, () => this.#turn());
  }

  /** The power is gone: nobody is told. */
  powerOff(): void {
    this.powered = false;
    this.#waiting = [];
    for (const end of this.ends) end.vanish();
  }

  #turn(): void {
    if (this.#stalledUntil > this.#timeline.now) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const act of waiting) act();
  }
}

/** Octets that a kernel takes before its program has to keep them. */
const KERNEL_OCTETS = 64 * 1_024;
/** A segment, or a request to connect, that got lost is sent again after this. */
const RETRANSMISSION = 200_000;
const SYN_RETRANSMISSION = 1_000_000;
/** The most that the other side takes in one read. */
const LONGEST_READ = 64 * 1_024;
/** How long a connection that was ended tries to hand over what was sent. */
const END_DEADLINE = 1_000_000;

/** Hosts and the ways between them. */
export class SimulatedTcp {
  readonly timeline: Timeline;
  readonly random: () => number;
  readonly hosts: SimulatedHost[] = [];
  readonly #ways = new Map<SimulatedHost, Map<SimulatedHost, Way>>();

  constructor(timeline: Timeline, random: () => number) {
    this.timeline = timeline;
    this.random = random;
  }

  addHost(address: IpAddress, siblings: readonly IpAddress[] = []): SimulatedHost {
    const host = new SimulatedHost(this.timeline, address, siblings);
    this.hosts.push(host);
    return host;
  }

  way(from: SimulatedHost, to: SimulatedHost): Way {
    const ways = this.#ways.get(from) ?? new Map<SimulatedHost, Way>();
    this.#ways.set(from, ways);
    const way = ways.get(to) ?? { stalled: false, delayMicros: 500 };
    ways.set(to, way);
    return way;
  }

  /** Begins to connect, as a kernel does. */
  connect(from: SimulatedHost, target: TcpTarget, listener: TcpListener): SimulatedConnection {
    const text = formatAddress(target.address);
    const to = this.hosts.find(({ address }) => formatAddress(address) === text);
    if (to === undefined) throw new Error(`there is no host ${text}`);
    const near = new SimulatedConnection(this, from, to, listener);
    this.#ask(near);
    return near;
  }

  /** A random span around the delay of a way. */
  delay(from: SimulatedHost, to: SimulatedHost): number {
    return this.way(from, to).delayMicros * (0.5 + this.random());
  }

  /** Has something arrive once, unless the way lets nothing pass at this moment. */
  once(from: SimulatedHost, to: SimulatedHost, act: () => void): void {
    if (!this.way(from, to).stalled) this.timeline.after(this.delay(from, to), () => to.powered && act());
  }

  #ask(near: SimulatedConnection): void {
    const { host: from, other: to } = near;
    if (near.over) return;
    const lost = !from.powered || !to.powered || this.way(from, to).stalled || this.way(to, from).stalled;
    if (lost) this.timeline.after(SYN_RETRANSMISSION, () => this.#ask(near));
    else this.timeline.after(this.delay(from, to) + this.delay(to, from), () => this.#answer(near));
  }

  #answer(near: SimulatedConnection): void {
    const { host: from, other: to } = near;
    if (near.over) return;
    if (to.accept === undefined) {
      near.closed('the connection was refused');
      return;
    }
    const far = new SimulatedConnection(this, to, from, undefined);
    far.join(near, to.accept(far, from));
    near.join(far);
  }
}

/** One end of a connection: octets in order, in whatever pieces; a kernel that keeps some; a peer that may be gone. */
export class SimulatedConnection implements TcpConnection {
  readonly host: SimulatedHost;
  readonly other: SimulatedHost;
  /** The program does not read. */
  unread: boolean = false;
  /** Ended by this side, or known to be over. */
  over: boolean = false;
  /** The moment at which octets last came, and how long none may come; the router says what the two have agreed on. */
  heardAt = 0;
  mostSilence: number = Number.POSITIVE_INFINITY;
  readonly #tcp: SimulatedTcp;
  #listener: TcpListener | undefined;
  #peer: SimulatedConnection | undefined;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #full: boolean = false;
  #ending: boolean = false;
  #pumping: boolean = false;

  constructor(tcp: SimulatedTcp, host: SimulatedHost, other: SimulatedHost, listener: TcpListener | undefined) {
    this.#tcp = tcp;
    this.host = host;
    this.other = other;
    this.#listener = listener;
    host.ends.add(this);
  }

  /** The two have agreed on how long one may be silent. */
  agreed(holdMicros: number): void {
    if (this.#peer === undefined) return;
    this.#peer.heardAt = this.#tcp.timeline.now;
    this.#peer.mostSilence = holdMicros;
  }

  /** The other end is there. */
  join(peer: SimulatedConnection, listener: TcpListener | undefined = this.#listener): void {
    this.#peer = peer;
    this.#listener = listener;
    const { address: local, siblings } = this.host;
    this.host.run(() => this.#listener?.connected({ local, localPort: 40_000, siblings }));
  }

  get pendingOctets(): number {
    return Math.max(0, this.#queued - KERNEL_OCTETS);
  }

  send(octets: Uint8Array): void {
    if (this.over) return;
    this.#queue.push(octets);
    this.#queued += octets.length;
    if (this.pendingOctets > 0) this.#full = true;
    else this.#tcp.timeline.after(0, () => this.#drained());
    this.#pump(this.#tcp.delay(this.host, this.other));
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    this.#ending = true;
    this.#listener = undefined;
    this.#pump(this.#tcp.delay(this.host, this.other));
    this.#tcp.timeline.after(END_DEADLINE, () => this.#ending && this[Symbol.dispose]());
  }

  [Symbol.dispose](): void {
    const peer = this.#peer;
    this.vanish();
    if (peer !== undefined) this.#tcp.once(this.host, this.other, () => peer.closed('the peer reset the connection'));
  }

  /** Nothing of it is left on this host, and the other end is not told. */
  vanish(): void {
    this.over = true;
    this.#ending = false;
    this.#listener = undefined;
    this.#queue = [];
    this.#queued = 0;
    this.#peer = undefined;
    this.host.ends.delete(this);
  }

  /** It is over for this side, whose program hears so. */
  closed(cause: string): void {
    const listener = this.#listener;
    if (!this.host.ends.has(this)) return;
    this.vanish();
    this.host.run(() => listener?.closed(cause));
  }

  #drained(): void {
    this.host.run(() => this.#listener?.drained());
  }

  #pump(after: number): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#tcp.timeline.after(after, () => {
      this.#pumping = false;
      this.#move();
    });
  }

  #move(): void {
    const peer = this.#peer;
    if (peer === undefined || !this.host.powered) return;
    const { host, other } = this;
    if (!other.powered || peer.unread || this.#tcp.way(host, other).stalled) this.#pump(RETRANSMISSION);
    // A kernel that knows nothing of the connection says so.
    else if (!other.ends.has(peer)) this.#tcp.once(other, host, () => this.closed('the peer reset the connection'));
    else this.#hand(peer);
  }

  #hand(peer: SimulatedConnection): void {
    const { other } = this;
    const octets = this.#take();
    if (octets.length > 0) other.run(() => peer.#read(octets));
    if (this.#full && this.pendingOctets === 0) {
      this.#full = false;
      this.#drained();
    }
    if (this.#queued > 0) this.#pump(this.#tcp.random() * 200);
    else if (this.#ending) this.#finish(peer);
  }

  #read(octets: Uint8Array): void {
    this.heardAt = this.#tcp.timeline.now;
    this.#listener?.received(octets);
  }

  #finish(peer: SimulatedConnection): void {
    this.vanish();
    peer.closed('the peer closed the connection');
  }

  /** Some of the octets: a part of a message, or several messages. */
  #take(): Uint8Array {
    const chance = this.#tcp.random();
    const most = chance < 0.05 ? 1 : chance < 0.2 ? 1 + Math.floor(this.#tcp.random() * 40) : LONGEST_READ;
    const taken: number[] = [];
    let [first] = this.#queue;
    while (first !== undefined && taken.length < most) {
      const part = first.subarray(0, most - taken.length);
      for (const octet of part) taken.push(octet);
      if (part.length === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(part.length);
      [first] = this.#queue;
    }
    this.#queued -= taken.length;
    return Uint8Array.from(taken);
  }
}
