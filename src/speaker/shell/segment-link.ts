import { type Clock, type Micros, micros, milliseconds, type Timer } from '../../lib/clock.ts';
import type { IpAddress } from '../../lib/ip.ts';
import { type Ipv4, ipv4Of, UNSPECIFIED_IPV4 } from '../../lib/ipv4.ts';
import { formatMac, type Mac, ZERO_MAC } from '../../lib/mac.ts';
import type { Rank } from '../../model/contenders.ts';
import type { Link } from '../net/link-monitor.ts';
import { arpReplyFilter, everyFrameFilter } from '../net/packet-filter.ts';
import type { FrameBatch, PacketSocket } from '../net/packet-socket.ts';
import { LOOP_STALL, type Verdict } from '../protocol/layer2/peer.ts';
import { Peers } from '../protocol/layer2/peers.ts';
import type { PeersEffect, PeersEvent, PeersTiming } from '../protocol/layer2/peers-events.ts';
import { StandIns } from '../protocol/layer2/stand-ins.ts';
import type { StandInAnswer, StandInsEvent } from '../protocol/layer2/stand-ins-events.ts';
import { ARP_REQUEST, decodeArpFrame, encodeArpFrame, newArpFrame } from '../wire/arp.ts';
import { ETHER_TYPE_ARP } from '../wire/ethernet.ts';
import { ETHER_TYPE_SEGMENT, encodeSegmentFrame, LONGEST_SEGMENT_FRAME, SEAL_LENGTH, type SegmentMessage } from '../wire/segment.ts';
import { FrameReader } from './frame-reader.ts';
import { InTurn } from './in-turn.ts';
import type { KeyRing } from './key-ring.ts';
import type { LogLine } from './outbox.ts';
import type { NodeNetwork, OpenFailed, Responder } from './responders.ts';
import type { SegmentTallies } from './segment-tallies.ts';
import { standInLine } from './stand-in-text.ts';
import { meaningOf } from './verdict-text.ts';

/** What the segments of all links share. */
export interface SegmentContext {
  readonly clock: Clock;
  readonly node: string;
  readonly timing: PeersTiming;
  readonly keys: KeyRing;
  readonly tallies: SegmentTallies;
  /** Nodes that an earlier thread held for gone. */
  readonly knownGone: readonly string[];
  /** 64 bits that nobody can guess. */
  randomBits(): bigint;
  log(level: LogLine['level'], message: string, fields: LogLine['fields']): void;
  /** Whether this node announces something on the link of that name. */
  announcesOn(link: string): boolean;
  /** The nodes that have addresses, as far as this one knows. */
  owners(): ReadonlySet<string>;
  /** What the next hello says of claims. */
  claims(): { readonly digest: number; readonly damped: boolean };
  /** A speaker of this link says hello, or whose addresses are. */
  heard(segment: SegmentLink, effect: PeersEffect & { readonly kind: 'greeted' | 'claimed' }): void;
  /** Where a node stands in an order. */
  readonly rank: Rank;
  /** Whether this node has not heard yet what others know, since its speaker started. */
  listening(): boolean;
  /** Whether this node answers for all by now that was its own before its speaker started. */
  ready(): boolean;
  /** The addresses that another node has and announces on the link of that name, as far as this one knows. */
  addressesOf(node: string, link: string): readonly IpAddress[];
  /** Answer on this link for these addresses of other nodes, and for no others. */
  standIn(segment: SegmentLink, answers: readonly StandInAnswer[]): void;
  /** This node has begun to answer for another one. */
  standInBegun(): void;
  /** Announce everything on the link of that name again. */
  reannounce(link: string): void;
  /** These nodes are not there, as seen from this link. */
  gone(segment: SegmentLink, nodes: readonly string[]): void;
  /** This link keeps nothing more of a node that has been gone for long. */
  forgotten(segment: SegmentLink, node: string): void;
  /** Code threw while it read a frame; the frame was dropped. */
  faulted(thrown: unknown, link: string): void;
  /** A link has lost its signal, has it again, or may be answered on again: whom it hears counts only with one. */
  hearingChanged(): void;
  /** What is thought of a node of this link has changed; tells whether another link hears it. */
  judged(segment: SegmentLink, node: string, verdict: Verdict): boolean;
  closed(segment: SegmentLink): void;
}

/**
 * What is known of the others of a link. It outlasts the sockets: a link that was down has the same neighbours, and one of them that
 * died meanwhile is missed only by who has known it.
 */
export interface Neighbourhood {
  readonly peers: Peers;
  readonly standIns: StandIns;
}

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;

/** On a link that is back, or whose signal is, others may have taken what was this node's: so long it listens before it answers. */
const LISTEN_AFTER_RETURN: Micros = milliseconds(300);
/** Where some dozens speak a hello comes every few milliseconds: few are read at once. Less than what a hello may be late. */
const REST_MILLISECONDS = 4;
/** Of a hundred speakers a hello comes each millisecond, and a reading costs more than a hello. Much less than the turn of a successor. */
const LONG_REST_MILLISECONDS = 20;
/** So many are heard: fewer seldom say more than one thing within a short rest. */
const MANY_SPEAKERS = 50;
/** A loop that turns so much too late may have been held for dead, and what it is asked then was asked long ago ... */
const STALL: Micros = milliseconds(250);
/** ... so that it says nothing until it has read what others have said meanwhile. */
const LISTEN_AFTER_STALL: Micros = milliseconds(100);

/** Speaks with the other speakers of one link: two sockets, a timer and the machine that they drive. */
export class SegmentLink implements Responder {
  readonly #context: SegmentContext;
  /** Whom this link knows; another one of its name goes on with it. */
  readonly neighbourhood: Neighbourhood;
  readonly #peers: Peers;
  readonly #standIns: StandIns;
  readonly #frames: PacketSocket;
  readonly #answers: PacketSocket;
  readonly #reader: FrameReader;
  readonly #boot: bigint;
  readonly #question = newArpFrame();
  readonly #octets = new Uint8Array(this.#question.buffer);
  readonly #turns = new InTurn<PeersEvent>((event) => {
    for (const effect of this.#peers.step(event)) this.#carryOut(effect);
  });
  #sequence = 0;
  #rest: number = REST_MILLISECONDS;
  #link: Link;
  #timer: Timer | undefined;
  #returning: Timer | undefined;
  #dueAt: Micros;
  #quietUntil: Micros = micros(0);

  /** Opens the sockets and says hello; throws a NetworkError. `before` is what an earlier link of that name knew. */
  constructor(link: Link, { packets }: NodeNetwork, context: SegmentContext, failed: OpenFailed, before?: Neighbourhood) {
    this.#link = link;
    this.#context = context;
    this.#reader = new FrameReader(context);
    this.#boot = context.randomBits();
    this.#dueAt = context.clock.now();
    this.neighbourhood = before ?? neighbourhoodOf(link.name, context);
    ({ peers: this.#peers, standIns: this.#standIns } = this.neighbourhood);
    const purpose = `speaking with other speakers on ${link.name}`;
    const frames = { link: link.index, purpose, etherType: ETHER_TYPE_SEGMENT, filter: everyFrameFilter(LONGEST_SEGMENT_FRAME) };
    this.#frames = packets.open(
      { ...frames, keptOctets: LONGEST_SEGMENT_FRAME, restMilliseconds: REST_MILLISECONDS },
      { received: (batch) => this.#each(batch, (octets, length) => this.#read(octets, length)), failed },
    );
    try {
      const answers = { link: link.index, purpose, etherType: ETHER_TYPE_ARP, filter: arpReplyFilter() };
      const received = (batch: FrameBatch): void => this.#each(batch, (octets, length) => this.#hearKernel(octets, length));
      this.#answers = packets.open(answers, { received, failed });
    } catch (thrown) {
      this.#frames[Symbol.dispose]();
      throw thrown;
    }
    this.#begin(before !== undefined);
  }

  #begin(again: boolean): void {
    // While the speaker itself has to listen first, the owners say what may be answered.
    if (this.#link.carrier && !this.#context.listening()) this.#listen();
    // Nobody's silence counts for which the link was closed: said before anything else is asked of those who know the others.
    if (again) this.#step({ kind: 'started', now: this.#context.clock.now() });
    if (again) this.#context.standIn(this, this.#standIns.answers);
    this.ownersChanged();
    this.describe();
    this.#step({ kind: 'started', now: this.#context.clock.now() });
  }

  get link(): Link {
    return this.#link;
  }

  set link(link: Link) {
    const returned = link.carrier && !this.#link.carrier;
    const changed = link.carrier !== this.#link.carrier;
    this.#link = link;
    // Without a signal nobody is heard, and that says nothing of them; when it is back, everybody has another chance.
    if (!link.carrier) this.#timer?.[Symbol.dispose]();
    else if (returned) this.#listen();
    else this.describe();
    if (changed) this.#context.hearingChanged();
  }

  /** Whether there is a signal, and others were heard since there is one. */
  get state(): 'open' | 'dark' | 'listening' {
    if (!this.#link.carrier) return 'dark';
    return this.#returning === undefined ? 'open' : 'listening';
  }

  /** Whether nothing is to be answered here: there is no signal, or others have not been heard yet since there is one, or since this loop stood still. */
  get silent(): boolean {
    if (this.state !== 'open') return true;
    const now = this.#context.clock.now();
    return now < this.#quietUntil || now - this.#dueAt > STALL;
  }

  #listen(): void {
    this.#returning?.[Symbol.dispose]();
    this.#returning = this.#context.clock.startTimer(LISTEN_AFTER_RETURN, () => {
      this.#returning = undefined;
      this.#context.reannounce(this.#link.name);
      this.#context.hearingChanged();
    });
  }

  get queueOctets(): number {
    return this.#frames.queueOctets;
  }

  takeDrops(): number {
    return this.#frames.takeDrops();
  }

  /** Says hello: what is announced is the business of others. */
  announceAll(): void {
    this.#step({ kind: 'started', now: this.#context.clock.now() });
    this.describe();
  }

  /** Tells the others how this node can be asked, and how often to expect a hello; any number of times. */
  describe(): void {
    if (!this.#link.carrier) return;
    const ready = this.#context.ready();
    this.#standIn({ kind: 'described', ready });
    const busy = this.#context.announcesOn(this.#link.name) || this.#standIns.active;
    this.#step({ kind: 'described', now: this.#context.clock.now(), askable: askableOf(this.#link), busy, ready });
  }

  /** Other addresses may be somebody's than before. */
  ownersChanged(): void {
    this.#standIn({ kind: 'owners-changed' });
  }

  /** Tells the others that this speaker ends and comes back. */
  sayFarewell(): void {
    this.#step({ kind: 'ending', now: this.#context.clock.now() });
  }

  /**
   * Has what waits for the end of a rest taken: it may be what is about to be missed. Not so when this loop is as late as one that stood still: then
   * all get another chance first.
   */
  catchUp(late: Micros): void {
    if (late < LOOP_STALL) this.#frames.read();
  }

  /** Whether this link has heard others, and hears nobody now. */
  get alone(): boolean {
    return this.#peers.alone;
  }

  /** Whether this link hears that node; without a signal it hears nobody. */
  hears(node: string): boolean {
    return this.#link.carrier && this.#peers.hears(node);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#returning?.[Symbol.dispose]();
    this.#frames[Symbol.dispose]();
    this.#answers[Symbol.dispose]();
    this.#context.standIn(this, []);
    this.#context.closed(this);
  }

  #each(batch: FrameBatch, read: (octets: DataView, length: number) => void): void {
    for (let index = 0; index < batch.count; index++) {
      try {
        read(batch.frame(index), batch.length(index));
      } catch (thrown) {
        this.#context.faulted(thrown, this.#link.name);
      }
    }
  }

  #read(octets: DataView, length: number): void {
    if (!this.#link.carrier) return;
    const now = this.#context.clock.now();
    const frame = this.#reader.read(octets, length, now, this.#link.name);
    if (frame !== undefined) this.#step({ kind: 'received', now, frame });
  }

  #hearKernel(octets: DataView, length: number): void {
    const decoded = decodeArpFrame(octets, length);
    if (!decoded.ok) return;
    const { senderIp: ip, senderMac: mac } = decoded.value;
    this.#step({ kind: 'answered', now: this.#context.clock.now(), ip, mac });
  }

  /** Says something to one speaker of this link, or to all. */
  say(destination: Mac, message: SegmentMessage): void {
    if (this.#link.carrier) this.#send(destination, message);
  }

  /** What one event causes is taken when all that it asks for is done: the last wake-up counts. */
  #step(event: PeersEvent): void {
    if (event.now - this.#dueAt > STALL) this.#quietUntil = micros(event.now + LISTEN_AFTER_STALL);
    this.#turns.add(event);
  }

  #carryOut(effect: PeersEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect.destination, effect.message);
        break;
      case 'ask':
        this.#ask(effect.ip, effect.mac);
        break;
      case 'gone':
        this.#context.gone(this, effect.nodes);
        break;
      case 'greeted':
      case 'claimed':
        this.#context.heard(this, effect);
        if (effect.kind === 'greeted' && !this.#standIns.hearsAgain(effect.node, effect, this.#context.clock.now())) this.#standIn(effect);
        break;
      case 'reannounce':
        this.#context.reannounce(this.#link.name);
        break;
      case 'judged':
        this.#context.tallies.judged(effect.node, effect.verdict, micros(this.#context.clock.now() - effect.silence));
        this.#logVerdict(effect, this.#context.judged(this, effect.node, effect.verdict));
        this.#standIn(effect);
        break;
      case 'forgotten':
        this.#context.tallies.forgotten(effect.node);
        this.#context.forgotten(this, effect.node);
        break;
      case 'wake-at':
        this.#wakeAt(effect.at);
        break;
    }
  }

  #standIn(event: Unstamped<StandInsEvent>): void {
    const { active } = this.#standIns;
    for (const effect of this.#standIns.step({ ...event, now: this.#context.clock.now() } as StandInsEvent)) {
      if (effect.kind === 'answer') this.#context.standIn(this, effect.answers);
      else {
        const { message, fields } = standInLine(effect, this.#link.name);
        this.#context.log('info', message, fields);
      }
      if (effect.kind === 'begun') this.#context.standInBegun();
    }
    // Others have to notice soon when this node does not answer any more.
    if (active !== this.#standIns.active) this.describe();
  }

  #wakeAt(at: Micros): void {
    this.#timer?.[Symbol.dispose]();
    const { clock } = this.#context;
    this.#dueAt = at;
    this.#timer = clock.startTimer(micros(at - clock.now()), () => {
      this.catchUp(micros(clock.now() - at));
      // A socket that fails then has ended this.
      if (this.#timer !== undefined) this.#step({ kind: 'woke', now: clock.now() });
    });
    const rest = this.#peers.there < MANY_SPEAKERS ? REST_MILLISECONDS : LONG_REST_MILLISECONDS;
    if (rest !== this.#rest) this.#frames.setRest(rest);
    this.#rest = rest;
  }

  #send(destination: Mac, message: SegmentMessage): void {
    const { clock, keys, node } = this.#context;
    const header = { destination, source: this.#link.mac, node, boot: this.#boot, sequence: ++this.#sequence, message };
    // Who knows both keys takes the first frame, and the second, of the same number, for the repetition that it is.
    for (const key of keys.signing(clock.now())) {
      const octets = encodeSegmentFrame({ ...header, keyId: key.id });
      const signed = octets.subarray(0, octets.length - SEAL_LENGTH);
      octets.set(key.sign(signed).subarray(0, SEAL_LENGTH), signed.length);
      this.#frames.send(octets);
    }
    this.#context.tallies.sent(message.kind);
  }

  /** As a host without an address asks (RFC 5227, Section 2.1.1): a kernel answers and learns nothing. */
  #ask(ip: Ipv4, mac: Mac): void {
    const { mac: own } = this.#link;
    const frame = { destination: mac, source: own, operation: ARP_REQUEST, senderMac: own, senderIp: UNSPECIFIED_IPV4 };
    encodeArpFrame({ ...frame, targetMac: ZERO_MAC, targetIp: ip }, this.#question);
    this.#answers.send(this.#octets);
  }

  #logVerdict({ node, verdict, silence }: PeersEffect & { readonly kind: 'judged' }, elsewhere: boolean): void {
    const fields = {
      event: 'peerJudged',
      node,
      verdict,
      interface: this.#link.name,
      milliseconds: Math.round(silence / 1_000),
      mac: formatMac(this.#link.mac),
    };
    this.#context.log(verdict === 'alive' ? 'info' : 'warn', meaningOf(verdict, node, elsewhere), fields);
  }
}

function neighbourhoodOf(name: string, context: SegmentContext): Neighbourhood {
  const { node, timing, knownGone: gone, randomBits: nonce, rank } = context;
  return {
    peers: new Peers({ node, timing, nonce, gone, owners: () => context.owners(), claims: () => context.claims() }),
    standIns: new StandIns({ node, rank, addressesOf: (other) => context.addressesOf(other, name) }),
  };
}

/** An address of this node for which its own kernel answers on this link. */
function askableOf({ addresses }: Link): Ipv4 {
  const first = addresses.find(({ address }) => address.family === 'IPv4');
  return first === undefined ? UNSPECIFIED_IPV4 : ipv4Of(first.address);
}
