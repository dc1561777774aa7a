import { readMac } from '../../src/lib/binary.ts';
import { formatIpv6, type Ipv6 } from '../../src/lib/ipv6.ts';
import { BROADCAST_MAC, isStation, type Mac } from '../../src/lib/mac.ts';
import type { GroupMembership, OpenMembership } from '../../src/speaker/net/group-membership.ts';
import type { Link, LinkListener, LinkMonitor } from '../../src/speaker/net/link-monitor.ts';
import { type NetworkError, networkError } from '../../src/speaker/net/network-error.ts';
import type { PacketFilter } from '../../src/speaker/net/packet-filter.ts';
import type { FrameBatch, PacketListener, PacketNetwork, PacketSocket, PacketSocketOptions } from '../../src/speaker/net/packet-socket.ts';
import { PACKET_CLASS, runFilter } from './filter-machine.ts';

/** ENODEV and ENOMEM of Linux, negative. */
const NO_DEVICE = -19;
const NO_MEMORY = -12;

const SHORTEST_FRAME = 14;
/** What waits in a socket that wakes nobody, and more is lost. */
const QUEUED_FRAMES = 256;

/**
 * A node with links and nothing behind them but each other: what leaves one link arrives at the one it is wired to.
 * Frames and news are delivered in a later round of the event loop, as the kernel does it; `settle()` waits for them.
 */
export class FakeNodeNetwork {
  readonly #links = new Map<number, Link>();
  readonly #wires = new Map<number, readonly number[]>();
  readonly #sockets = new Set<FakePacketSocket>();
  readonly #monitors = new Set<FakeLinkMonitor>();
  readonly #memberships = new Set<FakeMembership>();
  /** Every frame that left, with the name of its link; the test empties it as it likes. */
  readonly sent: { readonly link: string; readonly frame: DataView }[] = [];
  /** Thrown by the next `open` and by all after it, while set. */
  refusal: NetworkError | undefined;
  /** What each attempt to join a group is told while it is set. */
  membershipRefusal: NetworkError | undefined;
  /** Programs with more instructions are refused, as by a kernel with little memory for options. */
  longestFilter: number = Number.POSITIVE_INFINITY;
  /** Lets every frame through, as a filter does that is too coarse; what reads must stand it. */
  ignoresFilters = false;
  /** Each rest that was set on an open socket, behind its purpose. Nothing here rests. */
  readonly rests: string[] = [];
  /** How often any program was attached. */
  filtersSet = 0;

  readonly packets: PacketNetwork = { open: (options, listener) => this.#open(options, listener) };

  readonly watchLinks = (listener: LinkListener): LinkMonitor => {
    const monitor = new FakeLinkMonitor(
      listener,
      () => this.links,
      (ended) => this.#monitors.delete(ended),
    );
    this.#monitors.add(monitor);
    return monitor;
  };

  readonly openMembership: OpenMembership = (link, failed) => {
    const membership: FakeMembership = new FakeMembership(
      link.index,
      () => {
        if (this.membershipRefusal !== undefined) failed(this.membershipRefusal);
        return this.membershipRefusal === undefined;
      },
      () => this.#memberships.delete(membership),
    );
    this.#memberships.add(membership);
    return membership;
  };

  /** The groups that are joined on a link, sorted. */
  groupsOn(index: number): string[] {
    const groups = [...this.#memberships].filter(({ link }) => link === index).flatMap(({ joined }) => [...joined]);
    return groups.map(formatIpv6).sort();
  }

  /** The links as they are now, by number. */
  get links(): readonly Link[] {
    return [...this.#links.values()].sort((left, right) => left.index - right.index);
  }

  /** How many sockets are open. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Adds a link, up and with carrier unless `link` says otherwise, or changes the one with that number. */
  put(link: Pick<Link, 'index'> & Partial<Link>): void {
    const present = this.#links.get(link.index) ?? newLink(link.index);
    this.#links.set(link.index, { ...present, ...link });
    this.#tell();
  }

  /** Takes a link away; the sockets on it hear nothing more. */
  remove(index: number): void {
    this.#links.delete(index);
    this.#tell();
  }

  /** Wires two links to each other. */
  wire(left: number, right: number): void {
    this.join([left, right]);
  }

  /** Puts links on one switch; one alone is cut off. */
  join(links: readonly number[]): void {
    for (const link of links)
      this.#wires.set(
        link,
        links.filter((other) => other !== link),
      );
  }

  /** A frame comes in on a link from somewhere. */
  receive(index: number, frame: Uint8Array): void {
    const copy = frame.slice();
    const copied = new DataView(copy.buffer);
    for (const socket of this.#sockets)
      if (socket.options.link === index) socket.offer(copied, this.#links.get(index), this.ignoresFilters);
  }

  /** The sockets on a link fail. */
  failSockets(index: number, error: NetworkError): void {
    for (const socket of [...this.#sockets]) if (socket.options.link === index) socket.listener.failed(error);
  }

  /** The monitors fail. */
  failMonitors(error: NetworkError): void {
    for (const monitor of [...this.#monitors]) monitor.listener.failed(error);
  }

  #open(options: PacketSocketOptions, listener: PacketListener): PacketSocket {
    if (this.refusal !== undefined) throw this.refusal;
    if (!this.#links.has(options.link)) throw networkError(options.purpose, NO_DEVICE);
    const socket: FakePacketSocket = new FakePacketSocket(options, listener, {
      send: (frame) => this.#send(options.link, frame),
      checkFilter: (filter) => this.#checkFilter(filter, options.purpose),
      rested: (milliseconds) => void this.rests.push(`${options.purpose}: ${milliseconds}`),
      closed: () => void this.#sockets.delete(socket),
    });
    this.#sockets.add(socket);
    return socket;
  }

  #checkFilter(filter: PacketFilter, purpose: string): void {
    if (filter.length > this.longestFilter) throw networkError(purpose, NO_MEMORY);
    this.filtersSet++;
  }

  #send(index: number, frame: Uint8Array): boolean {
    const link = this.#links.get(index);
    if (link === undefined || !link.up || frame.length < SHORTEST_FRAME) return false;
    const copy = frame.slice();
    this.sent.push({ link: link.name, frame: new DataView(copy.buffer) });
    for (const other of this.#wires.get(index) ?? []) if (this.#links.get(other)?.up) this.receive(other, copy);
    return true;
  }

  #tell(): void {
    for (const monitor of this.#monitors) monitor.tell();
  }
}

function newLink(index: number): Link {
  return {
    index,
    name: `eth${index}`,
    mac: (0x0200_0000_0000 + index) as Mac,
    up: true,
    carrier: true,
    broadcast: true,
    noArp: false,
    enslaved: false,
    addresses: [],
  };
}

interface FakeKernel {
  send(frame: Uint8Array): boolean;
  checkFilter(filter: PacketFilter): void;
  rested(milliseconds: number): void;
  closed(): void;
}

class FakePacketSocket implements PacketSocket {
  readonly options: PacketSocketOptions;
  readonly listener: PacketListener;
  /** Nothing is ever lost here, but a size is a size. */
  readonly queueOctets: number = 425_984;
  readonly #kernel: FakeKernel;
  #filter: PacketFilter;
  #queue: DataView[] = [];
  #open: boolean = true;

  constructor(options: PacketSocketOptions, listener: PacketListener, kernel: FakeKernel) {
    kernel.checkFilter(options.filter);
    this.options = options;
    this.listener = listener;
    this.#kernel = kernel;
    this.#filter = options.filter;
  }

  offer(frame: DataView, link: Link | undefined, unfiltered: boolean): void {
    if (link === undefined || !link.up) return;
    const kept = unfiltered ? frame.byteLength : this.#keptOf(frame, link);
    if (kept === 0) return;
    this.#queue.push(new DataView(frame.buffer, 0, Math.min(kept, frame.byteLength)));
    const attended = this.options.unreadOctets === undefined;
    if (!attended && this.#queue.length > QUEUED_FRAMES) this.#queue.pop();
    if (attended && this.#queue.length === 1) setImmediate(() => this.#deliver());
  }

  setRest(milliseconds: number): void {
    this.#kernel.rested(milliseconds);
  }

  setFilter(filter: PacketFilter): void {
    this.#kernel.checkFilter(filter);
    this.#filter = filter;
  }

  send(frame: Uint8Array): boolean {
    return this.#open && this.#kernel.send(frame);
  }

  read(): void {
    if (this.#queue.length > 0) this.#deliver();
  }

  takeDrops(): number {
    return 0;
  }

  [Symbol.dispose](): void {
    this.#open = false;
    this.#kernel.closed();
  }

  #keptOf(frame: DataView, link: Link): number {
    if (frame.byteLength < SHORTEST_FRAME || frame.getUint16(12) !== this.options.etherType) return 0;
    return runFilter(this.#filter, frame, classOf(frame, link));
  }

  #deliver(): void {
    const frames = this.#queue;
    this.#queue = [];
    const batch: FrameBatch = {
      count: frames.length,
      frame: (index) => frames[index] ?? new DataView(new ArrayBuffer(0)),
      length: (index) => frames[index]?.byteLength ?? 0,
    };
    if (this.#open) this.listener.received(batch);
  }
}

function classOf(frame: DataView, link: Link): number {
  const destination = readMac(frame, 0);
  if (destination === BROADCAST_MAC) return PACKET_CLASS.broadcast;
  if (!isStation(destination)) return PACKET_CLASS.multicast;
  return destination === link.mac ? PACKET_CLASS.host : PACKET_CLASS.otherHost;
}

class FakeLinkMonitor implements LinkMonitor {
  readonly listener: LinkListener;
  readonly #read: () => readonly Link[];
  readonly #ended: (self: FakeLinkMonitor) => void;
  #said = '';
  #open: boolean = true;

  constructor(listener: LinkListener, read: () => readonly Link[], ended: (self: FakeLinkMonitor) => void) {
    this.listener = listener;
    this.#read = read;
    this.#ended = ended;
    this.tell();
  }

  tell(): void {
    setImmediate(() => {
      const links = this.#read();
      const said = JSON.stringify(links, (_, value) => (typeof value === 'bigint' ? String(value) : value));
      if (!this.#open || said === this.#said) return;
      this.#said = said;
      this.listener.changed(links);
    });
  }

  rescan(): void {
    this.tell();
  }

  [Symbol.dispose](): void {
    this.#open = false;
    this.#ended(this);
  }
}

class FakeMembership implements GroupMembership {
  readonly link: number;
  readonly joined = new Set<Ipv6>();
  readonly #waiting = new Set<Ipv6>();
  readonly #allowed: () => boolean;
  readonly #ended: () => void;

  constructor(link: number, allowed: () => boolean, ended: () => void) {
    this.link = link;
    this.#allowed = allowed;
    this.#ended = ended;
  }

  join(group: Ipv6): void {
    if (this.joined.has(group)) return;
    this.#waiting.add(group);
    this.retry();
  }

  leave(group: Ipv6): void {
    this.#waiting.delete(group);
    this.joined.delete(group);
  }

  retry(): void {
    for (const group of this.#waiting) {
      if (!this.#allowed()) return;
      this.joined.add(group);
      this.#waiting.delete(group);
    }
  }

  [Symbol.dispose](): void {
    this.#ended();
  }
}
