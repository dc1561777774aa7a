import { type Clock, type Micros, micros, milliseconds, type Timer } from '../../lib/clock.ts';
import type { IpAddress } from '../../lib/ip.ts';
import type { Mac } from '../../lib/mac.ts';
import type { PlanChange } from '../../model/plan.ts';
import type { Link } from '../net/link-monitor.ts';
import { NetworkError } from '../net/network-error.ts';
import { MAX_RANGES, type PacketFilter } from '../net/packet-filter.ts';
import { type AddressChange, type AddressNumbers, AddressTable, announcedOn } from '../protocol/layer2/address-table.ts';
import type { Sighting } from '../protocol/layer2/sighting.ts';
import type { StandInAnswer } from '../protocol/layer2/stand-ins-events.ts';
import type { AddressTallies } from './address-tallies.ts';
import type { InterfaceSelection } from './interface-selection.ts';
import type { LogLine } from './outbox.ts';
import type { NodeNetwork, OpenFailed, Responder, ResponderProtocol } from './responders.ts';

/** What the responders of all links share, whatever their protocol. */
export interface AnswerPorts {
  readonly clock: Clock;
  readonly tallies: AddressTallies;
  /** Takes a debug line; `undefined` when nobody reads them, so that none is built. */
  readonly debug: ((message: string, fields: Readonly<Record<string, string | number>>) => void) | undefined;
  /** Whether nothing is to be answered and nothing told on the link of that name. */
  silent(link: string): boolean;
  /** Whether what was told on the link of that name is to be told again from time to time. */
  refreshes(link: string): boolean;
  /** Something was counted that has not been reported. */
  counted(): void;
  /** Somebody says that he has an address that is held or looked at here, or that he would like to. */
  sighted(kind: Sighting<unknown>['kind'], address: string, mac: Mac): void;
  /** Code threw while it read a frame; the frame was dropped. */
  faulted(thrown: unknown, link: string): void;
  log(level: LogLine['level'], message: string, fields: LogLine['fields']): void;
}

/** What the responders of one family share. */
export interface ResponderContext<Ip> extends Omit<AnswerPorts, 'sighted'> {
  readonly table: AddressTable<Ip>;
  /** What any node may answer for. */
  readonly planned: AddressTable<Ip>;
  /** A frame on the link of that name says who has an address, or would like to. */
  sighted(sighting: Sighting<Ip>, link: string): void;
  /** The responder was disposed of. */
  closed(responder: AddressResponder<Ip>): void;
}

/** Answers for the addresses of one family on one link, and announces them there. */
export interface AddressResponder<Ip> extends Responder {
  /** Decides in the kernel which frames are worth a look; throws a {@link NetworkError}. */
  setFilter(filter: PacketFilter): void;
  /** The same of what is noted of questions that others answer. */
  setAskerFilter(filter: PacketFilter): void;
  /** Announces addresses unasked, from the first round on. */
  announce(ips: readonly Ip[]): void;
  /** Says nothing more of these addresses. */
  silence(ips: readonly Ip[]): void;
  /** Answers for these addresses with these MACs, which are other nodes', and for no others in that way. */
  standIn(macs: ReadonlyMap<Ip, Mac>): void;
  /** Asks the segment, as one that would like to have it, who has this address. */
  probe(ip: Ip): void;
  /** Tells the segment once where this address is. */
  assure(ip: Ip): void;
}

/** How the addresses of one family are found on a link. */
export interface AddressProtocol<Ip> {
  readonly name: ResponderProtocol['name'];
  readonly numbers: AddressNumbers<Ip>;
  /** The links on which it is spoken. */
  linksOf(selection: InterfaceSelection): readonly Link[];
  /** The program that keeps the questions for these addresses. */
  filterFor(ips: readonly Ip[], maxRanges: number): PacketFilter;
  /** The program that keeps the questions of hosts that would remember the answer. */
  askerFilterFor(ips: readonly Ip[], maxRanges: number): PacketFilter;
  /** Opens a responder; throws a {@link NetworkError}. Nothing is received before its filter is set. */
  open(link: Link, network: NodeNetwork, context: ResponderContext<Ip>, failed: OpenFailed): AddressResponder<Ip>;
}

/** A new filter costs up to a few milliseconds; while changes come one after another it waits this long for more. */
const FILTER_EVERY = milliseconds(20);
/** Questions that nobody notes are no loss for a second, in which a Service that is new has no clients yet. */
const ASKER_FILTER_AFTER = milliseconds(1_000);
/** Each of thousands of addresses may lie alone; a filter that lets more through costs a look, and this one is run for each question on the segment. */
const MAX_ASKER_RANGES = 512;
/** What is gone and still passes the filter costs a look at each of its frames: that can wait for more to go. */
const FILTER_GONE_EVERY = milliseconds(1_000);

/** The addresses of one family that are held, of which the responders of this family answer and tell: on each link its own. */
export class FamilyAnswers<Ip> implements ResponderProtocol, Disposable {
  readonly #protocol: AddressProtocol<Ip>;
  readonly #context: ResponderContext<Ip>;
  readonly #table: AddressTable<Ip>;
  /** The addresses that would be held, if nobody else had them. */
  readonly #looked: AddressTable<Ip>;
  /** The addresses of the whole plan, whoever has them: who asks for them is noted. */
  readonly #planned: AddressTable<Ip>;
  readonly #responders = new Set<AddressResponder<Ip>>();
  /** What is another node's and answered for here, by the name of the link. */
  readonly #lent = new Map<string, ReadonlyMap<Ip, Mac>>();
  /** What the filter of every link lets through. */
  #filtered: ReadonlySet<Ip> = new Set();
  #filterTimer: Timer | undefined;
  /** When the timer fires. */
  #filterAt: number = Number.POSITIVE_INFINITY;
  #filteredAt: Micros = micros(-FILTER_EVERY);
  #maxRanges: number = MAX_RANGES;
  #askerTimer: Timer | undefined;

  constructor(protocol: AddressProtocol<Ip>, ports: AnswerPorts) {
    this.#protocol = protocol;
    this.#table = new AddressTable(protocol.numbers);
    this.#looked = new AddressTable(protocol.numbers);
    this.#planned = new AddressTable(protocol.numbers);
    const sighted: ResponderContext<Ip>['sighted'] = (sighting, link) => this.#sighted(sighting, link, ports);
    this.#context = {
      ...ports,
      table: this.#table,
      planned: this.#planned,
      sighted,
      closed: (responder) => void this.#responders.delete(responder),
    };
  }

  get name(): ResponderProtocol['name'] {
    return this.#protocol.name;
  }

  linksOf(selection: InterfaceSelection): readonly Link[] {
    return this.#protocol.linksOf(selection);
  }

  open(link: Link, network: NodeNetwork, failed: OpenFailed): Responder {
    const responder = this.#protocol.open(link, network, this.#context, failed);
    this.#responders.add(responder);
    responder.standIn(this.#lent.get(link.name) ?? new Map());
    // What is about to leave the filters of the others, and may come back before it does, is not in this one.
    if (this.#filterTimer !== undefined) this.#filterAll();
    else this.#installFilter([responder], this.#wanted());
    if (this.#planned.size > 0) this.#noteAskers([responder]);
    return responder;
  }

  /** Takes changes of what the nodes of the cluster may announce: who asks for it is noted, whoever answers. */
  plan(changes: readonly PlanChange[]): void {
    const done = this.#planned.apply(changes);
    if (!done.some(({ before, after }) => (before === undefined) !== (after === undefined))) return;
    this.#askerTimer ??= this.#context.clock.startTimer(ASKER_FILTER_AFTER, () => {
      this.#askerTimer = undefined;
      this.#noteAskers([...this.#responders]);
    });
  }

  /** Takes a batch of plan changes; what it changes on a link is announced or silenced there. Gives how many are announced anew on the link that has most of them. */
  apply(changes: readonly PlanChange[]): number {
    const done = this.#table.apply(changes);
    this.#refilter(done);
    return Math.max(0, ...Array.from(this.#responders, (responder) => this.#tell(responder, done)));
  }

  /** Answers on the link of that name for these addresses of other nodes, and for no others. */
  standIn(link: string, answers: readonly StandInAnswer[]): void {
    const { family, of } = this.#protocol.numbers;
    const lent = answers.filter(({ address }) => address.family === family).map(({ address, mac }) => [of(address), mac] as const);
    if (lent.length === 0 && !this.#lent.has(link)) return;
    this.#lent.set(link, new Map(lent));
    if (lent.length === 0) this.#lent.delete(link);
    this.#scheduleFilter(FILTER_EVERY);
    for (const responder of this.#responders) if (responder.link.name === link) responder.standIn(new Map(lent));
  }

  /** Takes changes of what would be announced here if nobody else had it: what is heard of that is told from now on. */
  look(changes: readonly PlanChange[]): void {
    this.#refilter(this.#looked.apply(changes));
  }

  /** Asks who has this address, wherever it is announced or would be. */
  probe(address: IpAddress): void {
    const { family, of } = this.#protocol.numbers;
    if (address.family !== family) return;
    const ip = of(address);
    // The answer would not come through.
    if (this.#filterTimer !== undefined && !this.#filtered.has(ip)) this.#filterAll();
    for (const responder of this.#responders) if (this.#concerns(ip, responder.link.name)) responder.probe(ip);
  }

  /** Tells once where this address is, wherever it is announced. */
  assure(address: IpAddress): void {
    const { family, of } = this.#protocol.numbers;
    if (address.family !== family) return;
    const held = this.#table.find(of(address));
    for (const responder of this.#responders) if (announcedOn(held, responder.link.name)) responder.assure(of(address));
  }

  /** Whether anything is announced on the link of that name. */
  announcesOn(link: string): boolean {
    for (const held of this.#table.all()) if (announcedOn(held, link)) return true;
    return false;
  }

  /** Announces all that is held on the link of that name again. */
  reannounce(link: string): void {
    for (const responder of this.#responders) if (responder.link.name === link) responder.announceAll();
  }

  /** Announces the addresses of these Services again, wherever they are announced. */
  defend(services: readonly string[]): void {
    const held = new Set(services.flatMap((service) => this.#table.heldBy(service)));
    for (const responder of this.#responders) {
      responder.announce([...held].filter((one) => announcedOn(one, responder.link.name)).map(({ ip }) => ip));
    }
  }

  [Symbol.dispose](): void {
    this.#filterTimer?.[Symbol.dispose]();
    this.#askerTimer?.[Symbol.dispose]();
  }

  #concerns(ip: Ip, link: string): boolean {
    return announcedOn(this.#table.find(ip), link) || announcedOn(this.#looked.find(ip), link);
  }

  #sighted({ kind, ip, mac }: Sighting<Ip>, link: string, ports: AnswerPorts): void {
    if (this.#concerns(ip, link)) ports.sighted(kind, this.#protocol.numbers.format(ip), mac);
  }

  /** Announces what is new on this link, and says how many that are; what was there before, by whichever Service, is not announced again. */
  #tell(responder: AddressResponder<Ip>, changes: readonly AddressChange<Ip>[]): number {
    const link = responder.link.name;
    const appeared = (change: AddressChange<Ip>): boolean => announcedOn(change.after, link) && !announcedOn(change.before, link);
    const disappeared = (change: AddressChange<Ip>): boolean => announcedOn(change.before, link) && !announcedOn(change.after, link);
    const ips = changes.filter(appeared).map(({ ip }) => ip);
    responder.silence(changes.filter(disappeared).map(({ ip }) => ip));
    responder.announce(ips);
    return ips.length;
  }

  /** An address that was looked at and is held now, or that came back in time, is in the filter already. */
  #refilter(changes: readonly AddressChange<Ip>[]): void {
    const held = (ip: Ip): boolean => this.#table.find(ip) !== undefined || this.#looked.find(ip) !== undefined;
    if (changes.some(({ ip }) => held(ip) && !this.#filtered.has(ip))) this.#scheduleFilter(FILTER_EVERY);
    else if (changes.some(({ ip }) => !held(ip) && this.#filtered.has(ip))) this.#scheduleFilter(FILTER_GONE_EVERY);
  }

  #scheduleFilter(every: Micros): void {
    const { clock } = this.#context;
    const at = Math.max(clock.now(), this.#filteredAt + every);
    if (this.#filterAt <= at) return;
    this.#filterTimer?.[Symbol.dispose]();
    this.#filterAt = at;
    if (at > clock.now()) this.#filterTimer = clock.startTimer(micros(at - clock.now()), () => this.#filterAll());
    else this.#filterAll();
  }

  #filterAll(): void {
    this.#filterTimer?.[Symbol.dispose]();
    this.#filterTimer = undefined;
    this.#filterAt = Number.POSITIVE_INFINITY;
    const ips = this.#wanted();
    this.#filtered = new Set(ips);
    this.#installFilter([...this.#responders], ips);
    this.#filteredAt = this.#context.clock.now();
  }

  #wanted(): readonly Ip[] {
    const held = Array.from([...this.#table.all(), ...this.#looked.all()], ({ ip }) => ip);
    return [...held, ...[...this.#lent.values()].flatMap((lent) => [...lent.keys()])];
  }

  /** One program for all links: which link announces which address is decided here, for what the program lets through. */
  #installFilter(responders: readonly AddressResponder<Ip>[], ips: readonly Ip[]): void {
    const filter = this.#protocol.filterFor(ips, this.#maxRanges);
    try {
      for (const responder of responders) responder.setFilter(filter);
    } catch (thrown) {
      if (!(thrown instanceof NetworkError)) throw thrown;
      this.#filterRefused(thrown, responders, ips);
    }
  }

  /** One program for all links here too. */
  #noteAskers(responders: readonly AddressResponder<Ip>[]): void {
    const ips = Array.from(this.#planned.all(), ({ ip }) => ip);
    for (let ranges = MAX_ASKER_RANGES; ; ranges = ranges >> 1) {
      try {
        const filter = this.#protocol.askerFilterFor(ips, ranges);
        for (const responder of responders) responder.setAskerFilter(filter);
        return;
      } catch (thrown) {
        if (!(thrown instanceof NetworkError)) throw thrown;
        if (thrown.code === 'ENOMEM' && ranges > 1) continue;
        this.#context.log('warn', thrown.message, { op: 'noteAskers' });
        return;
      }
    }
  }

  /** The kernel has less room for programs than they may have instructions: a coarser one lets more through, never less. */
  #filterRefused(error: NetworkError, responders: readonly AddressResponder<Ip>[], ips: readonly Ip[]): void {
    if (error.code === 'ENOMEM' && this.#maxRanges > 1) {
      this.#maxRanges = this.#maxRanges >> 1;
      this.#installFilter(responders, ips);
      return;
    }
    // The next change tries again.
    this.#filtered = new Set();
    this.#context.log('error', error.message, { op: 'setFilter' });
  }
}

/** The addresses that are announced on the link of that name. */
export function heldOn<Ip>(table: AddressTable<Ip>, link: string): Ip[] {
  const ips: Ip[] = [];
  for (const held of table.all()) if (announcedOn(held, link)) ips.push(held.ip);
  return ips;
}
