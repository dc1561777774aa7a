import { assert } from '../../../lib/assert.ts';
import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import { type Ipv4, UNSPECIFIED_IPV4 } from '../../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../../lib/mac.ts';
import { compareTexts } from '../../../lib/order.ts';
import type { Hello, SegmentFrame, SegmentMessage } from '../../wire/segment.ts';
import { Challenges } from './challenges.ts';
import { decideDoubt, doubtDue, isOver, newDoubt, nextLookAt, stepDoubt } from './doubt.ts';
import { greetingOf, takeRepetition } from './greeting.ts';
import { NameTurns } from './name-turns.ts';
import { believe, heardLately, isGone, LOOP_STALL, type Peer, sameNames, strangeAt, type Verdict } from './peer.ts';
import { PeerTable } from './peer-table.ts';
import type { PeersEffect, PeersEvent, PeersTiming } from './peers-events.ts';
import { GONE_FOR, Rumors } from './rumors.ts';

/** What {@link Peers} is made with. */
export interface PeersOptions {
  readonly node: string;
  readonly timing: PeersTiming;
  /** 64 bits that nobody can guess, new at each call. */
  readonly nonce: () => bigint;
  /** Nodes that were gone when this one was heard last: they are until they are heard. */
  readonly gone: readonly string[];
  /** The nodes that have addresses, by what is known of claims: those are free as long as it is known that their owner is gone. */
  readonly owners: () => ReadonlySet<string>;
  /** What the next hello says of claims. */
  readonly claims: () => { readonly digest: number; readonly damped: boolean };
}

/** Claims may be this many frames late: they mean the same in whatever order they come, and a table is many frames. */
const OVERTAKEN = 64;
/** Who is gone for long is looked for so often: a sixtieth of the time after which nobody needs to know it. */
const FORGET_EVERY: Micros = milliseconds(10_000);
/** A segment carries no more hellos than this, each second. */
const MAX_HELLOS_A_SECOND = 2_000;
/** Who is suspected says hello at once, but not more often than this. */
const QUICK_HELLO: Micros = milliseconds(20);
/** Who meets somebody says hello soon, so that one that starts learns whose addresses are before it takes any. */
const WELCOME: Micros = milliseconds(100);
/** Hellos by which a peer says that it hears nobody, before it is doubted for that. */
const DEAF_HELLOS = 3;
/** While all is well the kernels of peers are asked so often, along with a hello of this node: only who is known to answer may be declared dead by silence. */
const HEALTH_PAUSE: Micros = milliseconds(10_000);
const HEALTH_MISSES = 3;
/** After a round of doubt that changed nothing the next one waits for so many of the node's hellos: a witness needs a new one. */
const DOUBT_PAUSES = 1.5;
/** It also waits so long for each peer, so that many doubters do not flood one. */
const DOUBT_SPREAD: Micros = milliseconds(10);
/** A word about the dead that comes before everybody could be heard would be a guess. */
const FIRST_WORD: Micros = milliseconds(1_500);

type Sighting = Extract<SegmentMessage, { kind: 'suspect' | 'heard' }>;

/**
 * Which nodes of one link are there: hears their hellos, and before it calls one dead it asks that node's kernel and the
 * other speakers. A node whose speaker is silent while its kernel answers is away, and keeps what it has for a time of
 * grace; one that only this node does not hear is cut off from here, which changes nothing. No I/O: it is given events and
 * returns what to do.
 */
export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new PeerTable();
  readonly #rumors = new Rumors();
  readonly #challenges = new Challenges();
  #effects: PeersEffect[] = [];
  #now: Micros = micros(0);
  #startedAt: Micros = micros(0);
  #askable: Ipv4 = UNSPECIFIED_IPV4;
  #busy: boolean = false;
  #ready: boolean = false;
  #restarting: boolean = false;
  #helloAt: Micros = micros(0);
  #wakeAt: Micros | undefined;
  #saidHelloAt: Micros = micros(0);
  #said: string | undefined;
  #forgetAt: Micros = micros(0);
  readonly #turns = new NameTurns();
  /** What an earlier thread knew, until this one starts. */
  #inherited: readonly string[];
  /** Whether others were heard and nobody is now. */
  alone: boolean = false;
  /** Something has changed that may concern other peers or an earlier wake-up. */
  #unsettled: boolean = false;
  #listed: boolean = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#inherited = options.gone;
  }

  /** Takes one event. */
  step(event: PeersEvent): readonly PeersEffect[] {
    assert(event.now >= this.#now, 'time steps back');
    this.#now = event.now;
    this.#noticeStall();
    const repeated = event.kind === 'received' ? this.#repeated(event.frame) : undefined;
    if (repeated !== undefined) return repeated;
    this.#effects = [];
    this.#unsettled = this.alone;
    this.#take(event);
    // There are many of these, and mostly they change nothing.
    if ((event.kind === 'received' || event.kind === 'answered') && !this.#unsettled && this.#helloAt > event.now) return this.#effects;
    for (const peer of this.#peers.all()) this.#look(peer);
    this.#forgetGone();
    if (this.#peers.isAlone(this.#now) !== this.alone) this.#helloAt = this.#now;
    if (this.#helloAt <= this.#now) this.#sayHello();
    for (const node of this.#rumors.questions(this.#now)) this.#suspect(node, 0n, 0);
    this.#tellGone();
    this.#effects.push({ kind: 'wake-at', at: this.#nextWake() });
    return this.#effects;
  }

  /** What a hello causes that says what the one before said, while nothing is in question: of a hundred nodes nearly all are such. */
  #repeated(frame: SegmentFrame): readonly PeersEffect[] | undefined {
    const peer = this.alone || this.#helloAt <= this.#now ? undefined : this.#peers.get(frame.node);
    const repetition = peer === undefined ? undefined : takeRepetition(peer, frame, this.#now);
    if (repetition !== undefined) this.#hearOfGone(repetition.hello);
    return repetition?.greeted;
  }

  #take(event: PeersEvent): void {
    switch (event.kind) {
      case 'woke':
        break;
      case 'started':
        this.#startedAt = event.now;
        this.#helloAt = event.now;
        this.#rumors.hear(this.#inherited, event.now);
        this.#inherited = [];
        this.#peers.forgetSilence(this.#now);
        break;
      case 'received':
        this.#receive(event.frame);
        break;
      case 'answered':
        this.#peers.answered(event.ip, event.mac);
        break;
      case 'described':
        if (event.askable !== this.#askable || event.busy !== this.#busy || event.ready !== this.#ready) this.#helloAt = event.now;
        ({ askable: this.#askable, busy: this.#busy, ready: this.#ready } = event);
        break;
      case 'ending':
        this.#restarting = true;
        this.#helloAt = event.now;
        break;
    }
  }

  /** What was said while this loop stood still is about to be read: all that are there get another chance to be heard. */
  #noticeStall(): void {
    if (this.#wakeAt === undefined || this.#now - this.#wakeAt < LOOP_STALL) return;
    this.#peers.forgetSilence(this.#now);
    // Frames may come before the wake-up that is late: once is enough.
    this.#wakeAt = undefined;
  }

  #receive(frame: SegmentFrame): void {
    const { node, message } = frame;
    if (node === this.#options.node) return;
    const known = this.#peers.get(node);
    if (message.kind === 'challenge') this.#answer(frame.source, message.nonce);
    else if (known?.boot === frame.boot) this.#heard(known, frame);
    else if (message.kind === 'response') this.#verify(frame, message.nonce);
    else if (message.kind === 'hello') this.#challenge(frame);
  }

  /** A frame of a boot that is believed. Older frames and repeated ones are of no interest, but for claims. */
  #heard(peer: Peer, { sequence, source, message }: SegmentFrame): void {
    if (message.kind === 'claims' && sequence > peer.sequence - OVERTAKEN) {
      this.#effects.push({ kind: 'claimed', node: peer.node, mac: source, claims: message.claims });
    }
    if (sequence <= peer.sequence) return;
    peer.sequence = sequence;
    peer.mac = source;
    if (message.kind === 'hello') this.#greet(peer, message);
    else if (message.kind === 'suspect') this.#witness(peer, message);
    else if (message.kind === 'heard') this.#learn(message);
  }

  #greet(peer: Peer, hello: Hello): void {
    peer.heardAt = this.#now;
    peer.interval = milliseconds(hello.intervalMilliseconds);
    if (this.#wakeAt === undefined || strangeAt(peer) < this.#wakeAt || !sameNames(peer.lists, hello.gone)) this.#unsettled = true;
    if (peer.askable !== hello.askable) peer.answers = false;
    peer.askable = hello.askable;
    peer.restarting = hello.restarting;
    if (peer.lists.size > 0 || hello.gone.length > 0) peer.lists = new Set(hello.gone);
    this.#hearOfGone(hello);
    // Who hears nobody may be deaf: what it says is no sign that it can be reached.
    peer.deafHellos = hello.alone ? peer.deafHellos + 1 : 0;
    peer.repetition = undefined;
    if (hello.alone) this.#unsettled = true;
    if (hello.alone) return;
    peer.doubt = undefined;
    const returned = isGone(peer);
    this.#judge(peer, 'alive');
    if (returned) this.#effects.push({ kind: 'reannounce' });
    const greeting = greetingOf(peer, hello, this.#options.timing);
    peer.repetition = { hello, greeted: [greeting] };
    this.#effects.push(greeting);
  }

  /** Of those it has heard itself this node knows better. */
  #hearOfGone({ gone }: Hello): void {
    if (gone.length === 0) return;
    const strange = gone.filter((node) => node !== this.#options.node && this.#peers.get(node) === undefined);
    this.#rumors.hear(strange, this.#now);
  }

  /** Says what it has heard, if that is more than the asker has. */
  #witness(asker: Peer, { node, boot, sequence }: Sighting): void {
    if (node === this.#options.node) {
      this.#sayHelloSoon(QUICK_HELLO);
      return;
    }
    const suspect = this.#peers.get(node);
    if (suspect === undefined || isGone(suspect)) return;
    const more = suspect.boot === boot ? suspect.sequence > sequence : heardLately(suspect, this.#now);
    if (!more) return;
    const message: SegmentMessage = { kind: 'heard', node, boot: suspect.boot, sequence: suspect.sequence };
    this.#effects.push({ kind: 'send', destination: asker.mac, message });
  }

  /** A witness counts who has heard what is new to this node: of a dead one all have heard the same. */
  #learn({ node, boot, sequence }: Sighting): void {
    this.#rumors.dispel(node, this.#now);
    const peer = this.#peers.get(node);
    if (peer?.doubt === undefined) return;
    if (peer.boot === boot && sequence <= Math.max(peer.sequence, peer.reported)) return;
    peer.doubt.witnessed = true;
    peer.witnessedAt = this.#now;
    if (peer.boot === boot) peer.reported = sequence;
  }

  /** Says hello as soon as the last one is so long ago. */
  #sayHelloSoon(pause: Micros): void {
    this.#helloAt = micros(Math.min(this.#helloAt, Math.max(this.#now, this.#saidHelloAt + this.#paced(pause))));
    this.#unsettled = true;
  }

  #answer(destination: Mac, nonce: bigint): void {
    if (this.#challenges.mayAnswer(this.#now)) this.#effects.push({ kind: 'send', destination, message: { kind: 'response', nonce } });
  }

  #challenge(hello: SegmentFrame): void {
    if (!this.#challenges.isDue(hello, this.#now)) return;
    const nonce = this.#options.nonce();
    this.#challenges.give(hello, nonce, this.#now);
    this.#effects.push({ kind: 'send', destination: hello.source, message: { kind: 'challenge', nonce } });
  }

  #verify(frame: SegmentFrame, nonce: bigint): void {
    const hello = this.#challenges.answered(frame, nonce);
    const peer = hello === undefined ? undefined : (this.#peers.get(frame.node) ?? this.#meet(frame));
    if (hello === undefined || peer === undefined) return;
    believe(peer, frame);
    // It may have been away for so long because it was cut off, and somebody on its side may have taken over meanwhile.
    if (this.#rumors.forget(peer.node)) this.#effects.push({ kind: 'reannounce' });
    this.#sayHelloSoon(WELCOME);
    if (hello.message.kind === 'hello') this.#greet(peer, hello.message);
  }

  /** When there are too many, whoever is gone for the longest time goes. */
  #meet(frame: SegmentFrame): Peer | undefined {
    const longest = this.#peers.full ? this.#peers.longestGone() : undefined;
    if (longest !== undefined) this.#forget(longest);
    return this.#peers.full ? undefined : this.#peers.add(frame, this.#now);
  }

  /** What the time that has passed means for one peer. */
  #look(peer: Peer): void {
    if (isGone(peer)) return;
    if (peer.doubt === undefined) {
      if (doubtDue(peer) <= this.#now || peer.deafHellos >= DEAF_HELLOS) peer.doubt = newDoubt(peer, this.#now);
      else if (peer.healthAt <= this.#now) this.#checkHealth(peer);
    }
    if (peer.doubt === undefined) return;
    if (stepDoubt(peer.doubt, this.#now)) {
      this.#ask(peer);
      this.#suspect(peer.node, peer.boot, Math.max(peer.sequence, peer.reported));
    }
    if (isOver(peer.doubt, this.#now)) this.#decide(peer);
  }

  #suspect(node: string, boot: bigint, sequence: number): void {
    this.#effects.push({ kind: 'send', destination: BROADCAST_MAC, message: { kind: 'suspect', node, boot, sequence } });
  }

  #ask(peer: Peer): void {
    if (peer.askable !== UNSPECIFIED_IPV4) this.#effects.push({ kind: 'ask', ip: peer.askable, mac: peer.mac });
  }

  #checkHealth(peer: Peer): void {
    peer.healthAt = micros(this.#now + HEALTH_PAUSE);
    peer.healthMisses++;
    if (peer.healthMisses > HEALTH_MISSES) peer.answers = false;
    this.#ask(peer);
  }

  #decide(peer: Peer): void {
    const { speakerGrace, restartGrace } = this.#options.timing;
    const grace = peer.restarting ? restartGrace : speakerGrace;
    const verdict = decideDoubt(peer, { now: this.#now, grace, missed: this.#peers.lists(peer.node) });
    peer.doubt = undefined;
    peer.deafHellos = 0;
    const pause = Math.max(DOUBT_PAUSES * peer.interval, this.#peers.there * DOUBT_SPREAD);
    peer.doubtFrom = micros(this.#now + pause);
    this.#judge(peer, verdict);
  }

  #judge(peer: Peer, verdict: Verdict): void {
    if (peer.verdict === verdict) return;
    this.#unsettled = true;
    if (verdict === 'away') peer.awaySince = this.#now;
    peer.verdict = verdict;
    peer.judgedAt = this.#now;
    this.#effects.push({ kind: 'judged', node: peer.node, verdict, silence: micros(this.#now - peer.heardAt) });
  }

  /** Who is gone long enough is forgotten, but for those whose addresses nobody has taken: to others these would seem to be there. */
  #forgetGone(): void {
    if (this.#now < this.#forgetAt) return;
    this.#forgetAt = micros(this.#now + FORGET_EVERY);
    const names = [...this.#peers.gone(this.#now - GONE_FOR), ...this.#rumors.old(this.#now)];
    if (names.length === 0) return;
    const owners = this.#options.owners();
    for (const name of names) if (!owners.has(name)) this.#forget(name);
  }

  #forget(node: string): void {
    this.#rumors.retire(node, this.#now);
    if (this.#peers.delete(node)) this.#effects.push({ kind: 'forgotten', node });
  }

  #sayHello(): void {
    const { busyInterval, idleInterval } = this.#options.timing;
    const interval = this.#paced(this.#busy ? busyInterval : idleInterval);
    this.alone = this.#peers.isAlone(this.#now);
    const message: SegmentMessage = {
      kind: 'hello',
      intervalMilliseconds: Math.round(interval / 1_000),
      askable: this.#askable,
      restarting: this.#restarting,
      starting: !this.#ready,
      alone: this.alone,
      ...this.#options.claims(),
      gone: this.#turns.next(this.#goneNodes()),
    };
    this.#effects.push({ kind: 'send', destination: BROADCAST_MAC, message });
    this.#saidHelloAt = this.#now;
    this.#helloAt = micros(this.#now + interval);
  }

  /** All together say no more hellos than a segment carries, however good the reason is for one more. */
  #paced(pause: Micros): Micros {
    return micros(Math.max(pause, ((this.#peers.there + 1) / MAX_HELLOS_A_SECOND) * 1_000_000));
  }

  /** Whether that node was heard and is not gone. */
  hears(node: string): boolean {
    return this.#peers.isThere(node);
  }

  /** How many nodes were heard and are not gone. */
  get there(): number {
    return this.#peers.there;
  }

  /** The nodes that were heard here and are gone, and those of which others say so. */
  #goneNodes(): string[] {
    return [...this.#peers.gone(), ...this.#rumors.names()].sort(compareTexts);
  }

  #tellGone(): void {
    this.#noticeListing();
    if (this.#now - this.#startedAt < FIRST_WORD) return;
    const nodes = this.#goneNodes();
    const said = nodes.join();
    if (said === this.#said) return;
    this.#said = said;
    this.#effects.push({ kind: 'gone', nodes });
  }

  /** Whoever was thought to be dead has been replaced meanwhile, and must tell the segment that it is back. */
  #noticeListing(): void {
    const before = this.#listed;
    this.#listed = this.#peers.lists(this.#options.node);
    if (before && !this.#listed) this.#effects.push({ kind: 'reannounce' });
  }

  #nextWake(): Micros {
    let at: number = this.#helloAt;
    if (this.#now - this.#startedAt < FIRST_WORD) at = Math.min(at, this.#startedAt + FIRST_WORD);
    for (const peer of this.#peers.all()) at = Math.min(at, nextLookAt(peer));
    this.#wakeAt = micros(Math.max(at, this.#now));
    return this.#wakeAt;
  }
}
