import { unreachable } from '../../lib/assert.ts';
import { type Clock, type Micros, milliseconds, type Timer } from '../../lib/clock.ts';
import { describeError } from '../../lib/errors.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import type { Ipv6 } from '../../lib/ipv6.ts';
import type { Mac } from '../../lib/mac.ts';
import type { BgpChange } from '../../model/bgp-plan.ts';
import type { Rank } from '../../model/contenders.ts';
import type { PlanChange, WireChange } from '../../model/plan.ts';
import { sealKeyOf } from '../net/seal-key.ts';
import type { TcpAcceptor } from '../net/tcp-acceptor.ts';
import type { TcpConnector } from '../net/tcp-connector.ts';
import { firstRoundOf } from '../protocol/layer2/burst.ts';
import { AddressTallies } from './address-tallies.ts';
import { ARP } from './arp-responder.ts';
import { BgpSessions } from './bgp-sessions.ts';
import { ConflictWatch } from './conflict-watch.ts';
import { type AnswerPorts, FamilyAnswers } from './family-answers.ts';
import { FaultWindow } from './fault-window.ts';
import { KeyRing } from './key-ring.ts';
import type { Notice, Order, SegmentSettings, WireSettings } from './messages.ts';
import { NDP } from './ndp-responder.ts';
import { Outbox } from './outbox.ts';
import { Ownership } from './ownership.ts';
import { type NodeNetwork, Responders } from './responders.ts';
import { SegmentTallies } from './segment-tallies.ts';
import { Segments } from './segments.ts';

/** What the wire thread gets from whoever starts it. */
export interface WireDriverPorts {
  readonly clock: Clock;
  /** Reaches the network of this node; throws a MetalError when it cannot, and is tried again. */
  readonly connect: () => NodeNetwork;
  readonly post: (notice: Notice) => void;
  /** 64 bits that nobody can guess, new at each call. */
  readonly randomBits: () => bigint;
  /** Where a node stands in the order of an address. */
  readonly rank: Rank;
  readonly connector: TcpConnector;
  readonly acceptor: TcpAcceptor;
  /** From 0 to less than 1: spreads what many nodes would do at one moment. */
  readonly random: () => number;
}

/** Counts are for graphs: once a second is finer than any scrape. */
const COUNTS_EVERY = milliseconds(1_000);

/** Speakers say hello without end: what they said is told less often. */
const SEGMENT_COUNTS_EVERY = milliseconds(5_000);

/** The main thread writes all of them to a file. */
const CLAIMS_EVERY = milliseconds(1_000);

/** Sessions that come up one after another are one report. */
const SESSIONS_EVERY = milliseconds(200);

/**
 * The wire thread itself: takes the plan, keeps a responder on each link, and tells the main thread what happens. Drives
 * machines and decides nothing that they can decide.
 */
export class WireDriver implements Disposable {
  readonly #ports: WireDriverPorts;
  readonly #outbox: Outbox;
  readonly #tallies = new AddressTallies();
  readonly #segmentTallies = new SegmentTallies(() => this.#scheduleSegmentCounts());
  readonly #faults = new FaultWindow();
  readonly #arp: FamilyAnswers<Ipv4>;
  readonly #ndp: FamilyAnswers<Ipv6>;
  readonly #keys: KeyRing;
  readonly #ownership: Ownership;
  readonly #conflicts: ConflictWatch;
  /** Absent when this speaker speaks with nobody. */
  readonly #segments: Segments | undefined;
  readonly #responders: Responders;
  readonly #sessions: BgpSessions;
  #countsTimer: Timer | undefined;
  #sessionsTimer: Timer | undefined;
  #claimsTimer: Timer | undefined;
  #segmentCountsTimer: Timer | undefined;
  /** Claims have changed since they were told. */
  #claimsUntold: boolean = false;
  #broken: boolean = false;
  #saidReady: boolean = false;

  constructor(settings: WireSettings, ports: WireDriverPorts) {
    this.#ports = ports;
    const outbox = new Outbox(ports.clock, (reports) => ports.post({ kind: 'reports', reports }));
    this.#outbox = outbox;
    const answers: AnswerPorts = {
      clock: ports.clock,
      tallies: this.#tallies,
      debug: settings.debug ? (message, fields) => outbox.log('debug', message, fields) : undefined,
      silent: (link) => this.#segments?.isSilent(link) === true,
      refreshes: (link) => this.#segments?.isCutOff(link) !== true,
      counted: () => this.#scheduleCounts(),
      sighted: (kind, address, mac) => this.#sighted(kind, address, mac),
      faulted: (thrown, link) => this.#faulted(thrown, link),
      log: (level, message, fields) => outbox.log(level, message, fields),
    };
    this.#arp = new FamilyAnswers(ARP, answers);
    this.#ndp = new FamilyAnswers(NDP, answers);
    const { segment } = settings;
    this.#ownership = this.#ownershipOf(settings, answers);
    this.#conflicts = this.#conflictsOf(answers);
    this.#keys = keysOf(segment, ports.clock.now());
    this.#segments = segment === undefined ? undefined : this.#segmentsOf(segment, answers);
    this.#responders = new Responders({
      clock: ports.clock,
      excluded: settings.excludedInterfaces.map((pattern) => new RegExp(pattern)),
      connect: ports.connect,
      // What is heard of a link comes first to the one that says whether the others may speak there.
      protocols: [...(this.#segments === undefined ? [] : [this.#segments]), this.#arp, this.#ndp],
      debug: answers.debug,
      log: answers.log,
      namesChanged: (names) => outbox.state({ kind: 'interfaces', names }),
      complete: () => this.#tellReady(),
    });
    const { clock, random, connector } = ports;
    const changed = (): void => this.#scheduleSessions();
    const sessionPorts = { clock, random, connector, node: settings.node, log: answers.log, changed };
    const { bgpListenPort: port = 0, heldSessions = [] } = settings;
    const listen = port === 0 ? undefined : { port, acceptor: ports.acceptor };
    this.#sessions = new BgpSessions(sessionPorts, heldSessions, listen);
  }

  /** Begins to watch the links and to answer on them. */
  start(): void {
    this.#ownership.start();
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
      case 'key':
        this.#keys.change(sealKeyOf(order.key), this.#ports.clock.now());
        break;
      case 'end':
        this.#segments?.sayFarewell();
        if (this.#claimsUntold) this.#tellClaims();
        this.#outbox.flush();
        this.#sessions.leave(order.drain, () => this.#ports.post({ kind: 'ended' }));
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
    this.#sessionsTimer?.[Symbol.dispose]();
    this.#claimsTimer?.[Symbol.dispose]();
    this.#segmentCountsTimer?.[Symbol.dispose]();
    this.#sessions[Symbol.dispose]();
    this.#responders[Symbol.dispose]();
    this.#ownership[Symbol.dispose]();
    this.#conflicts[Symbol.dispose]();
    this.#arp[Symbol.dispose]();
    this.#ndp[Symbol.dispose]();
    this.#outbox[Symbol.dispose]();
  }

  #segmentsOf({ node, timing, gone: knownGone }: SegmentSettings, { clock, log, faulted }: AnswerPorts): Segments {
    return new Segments({
      ...{
        clock,
        node,
        timing,
        keys: this.#keys,
        tallies: this.#segmentTallies,
        knownGone,
        log,
        faulted,
        randomBits: this.#ports.randomBits,
      },
      claims: () => this.#ownership.claims,
      owners: () => this.#ownership.owners,
      heard: (event) => this.#ownership.take(event),
      rank: this.#ports.rank,
      listening: () => this.#ownership.listening,
      ready: () => this.#ownership.ready,
      addressesOf: (other, link) => this.#ownership.addressesOf(other, link),
      standIn: (link, answers) => {
        this.#arp.standIn(link, answers);
        this.#ndp.standIn(link, answers);
      },
      standingIn: (addresses, begun) => this.#outbox.state({ kind: 'standing-in', addresses, begun }),
      // Who listens says hello often too: others answer by what they know.
      announcesOn: (link) => this.#ownership.listening || this.#arp.announcesOn(link) || this.#ndp.announcesOn(link),
      reannounce: (link) => {
        this.#arp.reannounce(link);
        this.#ndp.reannounce(link);
      },
      linksChanged: (view) => this.#ownership.take({ kind: 'linked', view }),
      goneChanged: (nodes) => {
        this.#ownership.take({ kind: 'gone', nodes });
        this.#outbox.state({ kind: 'gone', nodes });
      },
    });
  }

  #ownershipOf({ node, segment }: WireSettings, { clock }: AnswerPorts): Ownership {
    return new Ownership({
      ...{ clock, node, rank: this.#ports.rank, segmented: segment !== undefined, memory: segment?.memory },
      // What nobody else knows need not be remembered.
      knownChanged: () => {
        if (segment !== undefined) this.#scheduleClaims();
        this.#segments?.ownersChanged();
      },
      answer: (changes) => {
        // Of many addresses the main thread hears when the segment has heard of all: what is written of them takes the same processors.
        this.#outbox.rest(firstRoundOf(Math.max(this.#arp.apply(changes), this.#ndp.apply(changes))));
        this.#segments?.describe();
      },
      defend: (services) => {
        this.#arp.defend(services);
        this.#ndp.defend(services);
      },
      look: (key, announcements, place, from) => this.#conflicts.look(key, announcements, place, from),
      lookAway: (key) => this.#conflicts.lookAway(key),
      // Without other speakers to hear nobody can tell a stranger from a node.
      keep: (key, announcements) => segment !== undefined && this.#conflicts.own(key, announcements),
      send: (to, message) => this.#segments?.say(to, message),
      catchUp: (late) => this.#segments?.catchUp(late),
      listened: () => this.#segments?.describe(),
      silentSince: (other) => this.#segmentTallies.silentSince(other),
      taken: (taking) => this.#outbox.taken(taking),
      owned: (addresses, certain) => this.#outbox.state({ kind: 'owned', addresses, certain }),
    });
  }

  #conflictsOf({ clock, log }: AnswerPorts): ConflictWatch {
    const families = [this.#arp, this.#ndp];
    return new ConflictWatch({
      ...{ clock, random: this.#ports.random, log },
      look: (changes) => {
        for (const family of families) family.look(changes);
      },
      probe: (address) => {
        for (const family of families) family.probe(address);
      },
      assure: (address) => {
        for (const family of families) family.assure(address);
      },
      free: (address) => this.#ownership.take({ kind: 'free', address }),
      found: (conflict) => this.#outbox.conflict(conflict),
    });
  }

  /** What another interface of this node says on the same segment is no news. */
  #sighted(kind: 'held' | 'probed', address: string, mac: Mac): void {
    if (!this.#responders.isOwn(mac)) this.#conflicts.sighted(kind, address, mac, this.#segments?.nodeOf(mac));
  }

  #apply(changes: readonly WireChange[]): void {
    const announcements: PlanChange[] = [];
    const routes: BgpChange[] = [];
    for (const change of changes) {
      if (change.kind === 'announce' || change.kind === 'withdraw' || change.kind === 'replace') announcements.push(change);
      else routes.push(change);
    }
    if (announcements.length > 0) {
      // Where there is nobody else this node has answered whoever has asked.
      if (this.#segments !== undefined) for (const family of [this.#arp, this.#ndp]) family.plan(announcements);
      this.#ownership.apply(announcements);
      this.#segments?.ownersChanged();
      this.#segments?.describe();
    }
    this.#sessions.apply(routes);
  }

  #scheduleSessions(): void {
    this.#sessionsTimer ??= this.#ports.clock.startTimer(SESSIONS_EVERY, () => {
      this.#sessionsTimer = undefined;
      this.#outbox.state({ kind: 'sessions', sessions: this.#sessions.reports(), refused: this.#sessions.refused });
    });
  }

  #scheduleClaims(): void {
    this.#claimsUntold = true;
    if (this.#claimsTimer === undefined) this.#tellClaims();
  }

  #tellClaims(): void {
    this.#claimsUntold = false;
    this.#outbox.state({ kind: 'claims', ...this.#ownership.known });
    this.#claimsTimer?.[Symbol.dispose]();
    this.#claimsTimer = this.#ports.clock.startTimer(CLAIMS_EVERY, () => {
      this.#claimsTimer = undefined;
      if (this.#claimsUntold) this.#tellClaims();
    });
  }

  #scheduleCounts(): void {
    this.#countsTimer ??= this.#ports.clock.startTimer(COUNTS_EVERY, () => {
      this.#countsTimer = undefined;
      this.#outbox.counts(() => this.#tallies.take());
    });
  }

  #scheduleSegmentCounts(): void {
    this.#segmentCountsTimer ??= this.#ports.clock.startTimer(SEGMENT_COUNTS_EVERY, () => {
      this.#segmentCountsTimer = undefined;
      this.#outbox.state({ kind: 'segment', counts: this.#segmentTallies.counts });
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
}

function keysOf(segment: SegmentSettings | undefined, now: Micros): KeyRing {
  const { key = '', replacedKey: replaced } = segment ?? {};
  return new KeyRing(sealKeyOf(key), now, replaced === undefined ? undefined : { key: sealKeyOf(replaced.key), age: replaced.age });
}
