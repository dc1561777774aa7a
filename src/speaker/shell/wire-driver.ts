import { unreachable } from '../../lib/assert.ts';
import { type Clock, type Micros, micros, milliseconds, type Timer } from '../../lib/clock.ts';
import { describeError } from '../../lib/errors.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import type { PlanChange } from '../../model/plan.ts';
import { NetworkError } from '../net/network-error.ts';
import { arpRequestFilter, MAX_RANGES } from '../net/packet-filter.ts';
import { type AddressChange, AddressTable, announcedOn } from '../protocol/layer2/address-table.ts';
import { AddressTallies } from './address-tallies.ts';
import type { ArpResponder } from './arp-responder.ts';
import { FaultWindow } from './fault-window.ts';
import type { Notice, Order, WireSettings } from './messages.ts';
import { Outbox } from './outbox.ts';
import { type NodeNetwork, Responders } from './responders.ts';

/** What the wire thread gets from whoever starts it. */
export interface WireDriverPorts {
  readonly clock: Clock;
  /** Reaches the network of this node; throws a MetalError when it cannot, and is tried again. */
  readonly connect: () => NodeNetwork;
  readonly post: (notice: Notice) => void;
}

/** Counts are for graphs: once a second is finer than any scrape. */
const COUNTS_EVERY = milliseconds(1_000);

/** A new filter costs up to a few milliseconds; while changes come one after another it waits this long for more. */
const FILTER_EVERY = milliseconds(20);

/**
 * The wire thread itself: takes the plan, keeps a responder on each link, and tells the main thread what happens. Drives
 * machines and decides nothing that they can decide.
 */
export class WireDriver implements Disposable {
  readonly #ports: WireDriverPorts;
  readonly #outbox: Outbox;
  readonly #table = new AddressTable();
  readonly #tallies = new AddressTallies();
  readonly #faults = new FaultWindow();
  readonly #responders: Responders;
  #countsTimer: Timer | undefined;
  #filterTimer: Timer | undefined;
  #filteredAt: Micros = micros(-FILTER_EVERY);
  #maxRanges: number = MAX_RANGES;
  #broken: boolean = false;
  #saidReady: boolean = false;
  #saidNoNdp: boolean = false;

  constructor(settings: WireSettings, ports: WireDriverPorts) {
    this.#ports = ports;
    const outbox = new Outbox((reports) => ports.post({ kind: 'reports', reports }));
    this.#outbox = outbox;
    this.#responders = new Responders({
      clock: ports.clock,
      excluded: settings.excludedInterfaces.map((pattern) => new RegExp(pattern)),
      connect: ports.connect,
      context: {
        clock: ports.clock,
        table: this.#table,
        tallies: this.#tallies,
        debug: settings.debug ? (message, fields) => outbox.log('debug', message, fields) : undefined,
        counted: () => this.#scheduleCounts(),
        faulted: (thrown, link) => this.#faulted(thrown, link),
      },
      log: (level, message, fields) => outbox.log(level, message, fields),
      namesChanged: (names) => outbox.state({ kind: 'interfaces', names }),
      opened: (responder) => this.#opened(responder),
      complete: () => this.#tellReady(),
    });
  }

  /** Begins to watch the links and to answer on them. */
  start(): void {
    this.#responders.start();
  }

  /** Takes an order of the main thread. */
  take(order: Order): void {
    switch (order.kind) {
      case 'changes':
        this.#apply(order.changes);
        this.#ports.post({ kind: 'applied' });
        break;
      case 'ping':
        this.#ports.post({ kind: 'pong', id: order.id, answering: this.#responders.complete });
        break;
      case 'received':
        this.#outbox.received();
        break;
      default:
        unreachable(order);
    }
  }

  [Symbol.dispose](): void {
    this.#countsTimer?.[Symbol.dispose]();
    this.#filterTimer?.[Symbol.dispose]();
    this.#responders[Symbol.dispose]();
  }

  #apply(changes: readonly PlanChange[]): void {
    const done = this.#table.apply(changes);
    if (done.some(({ before, after }) => (before === undefined) !== (after === undefined))) this.#scheduleFilter();
    for (const responder of this.#responders.all()) this.#tell(responder, done);
    this.#warnOfIpv6(changes);
  }

  /** Announces what is new on this link; what was there before, by whichever Service, is not announced again. */
  #tell(responder: ArpResponder, changes: readonly AddressChange[]): void {
    const link = responder.link.name;
    const appeared = (change: AddressChange): boolean => announcedOn(change.after, link) && !announcedOn(change.before, link);
    const disappeared = (change: AddressChange): boolean => announcedOn(change.before, link) && !announcedOn(change.after, link);
    responder.silence(changes.filter(disappeared).map(({ ip }) => ip));
    responder.announce(changes.filter(appeared).map(({ ip }) => ip));
  }

  #opened(responder: ArpResponder): void {
    this.#installFilter([responder]);
    const ips: Ipv4[] = [];
    for (const held of this.#table.all()) if (announcedOn(held, responder.link.name)) ips.push(held.ip);
    responder.announce(ips);
  }

  #scheduleFilter(): void {
    if (this.#filterTimer !== undefined) return;
    const wait = this.#filteredAt + FILTER_EVERY - this.#ports.clock.now();
    if (wait > 0) this.#filterTimer = this.#ports.clock.startTimer(micros(wait), () => this.#filterAll());
    else this.#filterAll();
  }

  #filterAll(): void {
    this.#filterTimer = undefined;
    this.#installFilter([...this.#responders.all()]);
    this.#filteredAt = this.#ports.clock.now();
  }

  /** One program for all links: which link announces which address is decided here, for what the program lets through. */
  #installFilter(responders: readonly ArpResponder[]): void {
    const ips = Array.from(this.#table.all(), ({ ip }) => ip);
    const filter = arpRequestFilter(ips, this.#maxRanges);
    try {
      for (const responder of responders) responder.setFilter(filter);
    } catch (thrown) {
      if (!(thrown instanceof NetworkError)) throw thrown;
      this.#filterRefused(thrown, responders);
    }
  }

  /** The kernel has less room for programs than they may have instructions: a coarser one lets more through, never less. */
  #filterRefused(error: NetworkError, responders: readonly ArpResponder[]): void {
    if (error.code === 'ENOMEM' && this.#maxRanges > 1) {
      this.#maxRanges = this.#maxRanges >> 1;
      this.#installFilter(responders);
      return;
    }
    this.#outbox.log('error', error.message, { op: 'setFilter' });
  }

  #scheduleCounts(): void {
    this.#countsTimer ??= this.#ports.clock.startTimer(COUNTS_EVERY, () => {
      this.#countsTimer = undefined;
      this.#outbox.counts(() => this.#tallies.take());
    });
  }

  #tellReady(): void {
    if (this.#saidReady) return;
    this.#saidReady = true;
    this.#outbox.state({ kind: 'ready' });
  }

  #faulted(thrown: unknown, link: string): void {
    if (this.#broken) return; // it is said, and a restart is under way
    const message = describeError(thrown);
    this.#outbox.log('error', 'code threw while it read a frame; the frame was dropped', {
      op: 'receive',
      interface: link,
      error: message,
    });
    if (!this.#faults.add(this.#ports.clock.now())) return;
    this.#broken = true;
    this.#outbox.state({ kind: 'broken', message });
  }

  #warnOfIpv6(changes: readonly PlanChange[]): void {
    if (this.#saidNoNdp) return;
    const announcements = changes.flatMap((change) => {
      if (change.kind === 'announce') return [change.announcement];
      return change.kind === 'replace' ? change.announcements : [];
    });
    if (!announcements.some(({ addresses }) => addresses.some(({ family }) => family === 'IPv6'))) return;
    this.#saidNoNdp = true;
    this.#outbox.log('warn', 'IPv6 addresses are not announced by layer 2: NDP is not answered yet, only ARP for IPv4', { op: 'layer2' });
  }
}
