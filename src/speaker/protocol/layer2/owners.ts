import { assert } from '../../../lib/assert.ts';
import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import { formatAddress } from '../../../lib/ip.ts';
import type { Claim } from '../../wire/segment.ts';
import { Acquaintances } from './acquaintances.ts';
import { ClaimNews } from './claim-news.ts';
import { beats, ClaimTable } from './claim-table.ts';
import { Orphans } from './orphans.ts';
import type { OwnersEffect, OwnersEvent, OwnersOptions, ScopedCandidacy, Succession } from './owners-events.ts';
import { LOOP_STALL } from './peer.ts';
import { type LinksView, reachOn } from './presence.ts';
import { NEXT_TURN, Ranking } from './ranking.ts';
import { Remembered } from './remembered.ts';
import { hasOthers, leavesWithoutSignal, leavingFor, mayKeep, objectionTo, placeAmong } from './succession.ts';
import { comesInFrame, LISTEN, passes, type Situation, turnOf } from './turn.ts';
import { claimBy, nextEpoch, noteDisplaced, type Vacant, vacancyOf, Watched } from './watched-address.ts';

const ONE_TURN: Micros = milliseconds(50);
/** A claim of a node that seems to be gone is news of it, from somebody who hears it: its next hello comes within this time. */
const RUMOR: Micros = milliseconds(1_100);
/**
 * Which node answers for which address. Whoever may and comes first in the order claims an address that is free; a claim has
 * an epoch, the higher one counts for everybody, and an owner that lives keeps what it has. What each node knows is
 * compared by a digest in its hellos, and sent where it differs. No I/O: it is given events and returns what to do.
 */
export class Owners {
  readonly #options: OwnersOptions;
  readonly #table = new ClaimTable();
  readonly #watched = new Map<string, Watched>();
  readonly #answering = new Set<string>();
  readonly #view: Acquaintances;
  readonly #news = new ClaimNews();
  readonly #ranking = new Ranking();
  readonly #orphans = new Orphans();
  readonly #remembered: Remembered;
  /** Until when the owner of an address is taken to be there though it seems to be gone. */
  readonly #rumors = new Map<string, Micros>();
  /** When to look at an address again. */
  readonly #due = new Map<string, Micros>();
  /** The addresses that this node would take if nobody answered for them. */
  readonly #looking = new Set<string>();
  #effects: OwnersEffect[] = [];
  #now: Micros = micros(0);
  #wakeAt: Micros | undefined;
  #listening: boolean = true;
  #complete: boolean = false;
  #links: LinksView | undefined;

  constructor(options: OwnersOptions) {
    this.#options = options;
    this.#view = new Acquaintances(options.node, options.looks);
    this.#remembered = new Remembered(options.node);
    this.#listening = options.listens;
  }

  /** What the next hello says of the claims that this node knows. */
  get digest(): number {
    return this.#table.digest;
  }

  /** Whether this node lost its addresses so often that others should come first for a while. */
  damped(now: Micros): boolean {
    return this.#view.damping.damped(now);
  }

  /** Whether this node has not heard yet what others know. */
  get listening(): boolean {
    return this.#listening;
  }

  /** The addresses that this node answers for. */
  get answering(): ReadonlySet<string> {
    return this.#answering;
  }

  /** The claim that counts for an address, as far as this node knows. */
  claimOf(text: string): Claim | undefined {
    return this.#table.get(text);
  }

  /** All claims that count, as far as this node knows. */
  claims(): Iterable<Claim> {
    return this.#table.claims();
  }

  /** Whether another speaker was ever heard. */
  get met(): boolean {
    return this.#view.met;
  }

  /** Whether a hello of that node changes nothing; when something is due, the wake-up that was asked for comes by itself. */
  knows(node: string, digest: number, damped: boolean): boolean {
    return !this.#listening && this.#view.knows(node, digest, damped, this.digest);
  }

  /** Takes one event. */
  step(event: OwnersEvent): readonly OwnersEffect[] {
    assert(event.now >= this.#now, 'time steps back');
    this.#now = event.now;
    this.#view.pass(event.now);
    this.#ranking.renew();
    this.#effects = [];
    this.#noticeStall();
    this.#take(event);
    // Nearly all hellos, which come by the hundred, say nothing new: they cost nothing that grows with the number of addresses.
    const due = event.now >= (this.#wakeAt ?? Number.POSITIVE_INFINITY);
    if (event.kind === 'greeted' && !this.#view.fresh && !this.#listening && !due) return this.#effects;
    if (this.#listening && this.#hasListened()) {
      this.#listening = false;
      this.#resume(this.#remembered.listened());
      this.#considerAll();
    }
    // Behind a frame there are others, and the claim of whose turn it was before may be among them: what is due waits for the wake-up.
    for (const [text, at] of comesInFrame(event) ? [] : this.#due) if (at <= this.#now) this.#consider(text);
    const ended = this.#complete ? this.#orphans.take(this.#view, this.#table, this.#watched, this.#now) : [];
    for (const [text, claim] of ended) this.#change(text, claim);
    for (const { to, message } of this.#news.take(this.#table, this.#now)) this.#effects.push({ kind: 'send', to, message });
    this.#setWake();
    return this.#effects;
  }

  #take(event: OwnersEvent): void {
    switch (event.kind) {
      case 'woke':
        break;
      case 'started':
        this.#view.start(event.now);
        break;
      case 'remembered':
        this.#view.met ||= event.memory.met;
        this.#resume(this.#remembered.take(event.memory, event.now));
        break;
      case 'planned':
        for (const candidacy of event.candidacies) this.#plan(candidacy);
        for (const text of event.ended) this.#end(text);
        break;
      case 'plan-complete':
        this.#complete = true;
        for (const [text, { owner }] of [...this.#table.entries()]) if (owner === this.#options.node) this.#consider(text);
        break;
      case 'greeted':
        this.#greet(event.node, event.digest, event.damped);
        break;
      case 'claimed':
        for (const claim of event.claims) this.#hear(event.node, claim);
        break;
      case 'free':
        if (this.#looking.has(event.address)) this.#consider(event.address, true);
        break;
      case 'gone':
        this.#view.lose(event.nodes);
        this.#considerAll();
        break;
      case 'linked':
        this.#relinkAll(event.view);
        break;
    }
  }

  /** Goes on with what was this node's. */
  #resume(claims: readonly Claim[]): void {
    for (const claim of claims) {
      const text = formatAddress(claim.address);
      this.#change(text, claim);
      this.#consider(text);
    }
  }

  #noticeStall(): void {
    if (this.#wakeAt === undefined || this.#now - this.#wakeAt < LOOP_STALL) return;
    const soon = micros(this.#now + ONE_TURN);
    for (const [text, at] of this.#due) if (at < soon) this.#due.set(text, soon);
    for (const watched of this.#watched.values()) watched.noticeStall(this.#now);
  }

  #plan(candidacy: ScopedCandidacy): void {
    const text = formatAddress(candidacy.address);
    const watched = this.#watched.get(text) ?? new Watched(candidacy, this.#options.rank, this.#now);
    this.#watched.set(text, watched.replan(candidacy, this.#now));
    this.#relink(text, watched);
  }

  #relinkAll(view: LinksView): void {
    this.#links = view;
    for (const [text, watched] of this.#watched) if (watched.candidacy.links !== undefined) this.#relink(text, watched);
  }

  #relink(text: string, watched: Watched): void {
    if (this.#links !== undefined) watched.relink(reachOn(watched.candidacy.links, this.#links), this.#now);
    this.#consider(text);
  }

  #end(text: string): void {
    this.#remembered.forget(text);
    if (this.#watched.delete(text)) this.#consider(text);
  }

  #greet(node: string, digest: number, damped: boolean): void {
    this.#view.greet(node, digest, damped, this.digest);
    for (const message of this.#view.lessonFor(node, this.#table)) this.#effects.push({ kind: 'send', to: node, message });
    if (this.#view.fresh) this.#welcome();
  }

  /** Whoever comes is given time to take what is new and its own. */
  #welcome(): void {
    for (const watched of this.#watched.values()) {
      if (watched.vacancy?.why === 'new') watched.vacancy = { why: 'new', since: this.#now };
    }
    this.#considerAll();
  }

  #hasListened(): boolean {
    return this.#now - this.#view.startedAt >= LISTEN || this.#view.allKnow(this.digest);
  }

  #considerAll(): void {
    for (const text of this.#watched.keys()) this.#consider(text);
  }

  #hear(from: string, claim: Claim): void {
    const text = formatAddress(claim.address);
    const known = this.#table.get(text);
    if (known === undefined && (claim.owner === '' || (this.#table.full && !this.#watched.has(text)))) return;
    if (known !== undefined && !beats(claim, known, text, this.#options.rank)) {
      this.#correct(from, claim, known, text);
      return;
    }
    this.#table.set(text, claim, this.#now);
    this.#remembered.forget(text);
    if (this.#view.isGone(claim.owner)) this.#rumors.set(text, micros(this.#now + RUMOR));
    else this.#rumors.delete(text);
    if (known?.owner === this.#options.node && !known.leaving && claim.epoch > known.epoch) this.#noteLoss(text, claim.owner);
    this.#consider(text);
  }

  /** Whoever claims for himself what is this node's has not heard of it, and has told the segment. */
  #correct(from: string, claim: Claim, known: Claim, text: string): void {
    const { node } = this.#options;
    if (known.owner !== node || claim.owner !== from || from === node || claim.leaving) return;
    this.#news.correct(from, known);
    if (!this.#answering.has(text) || this.#watched.get(text)?.mayBeDefended(this.#now) !== true) return;
    this.#effects.push({ kind: 'defend', address: text });
  }

  #noteLoss(text: string, to: string): void {
    if (to === '' || to === this.#options.node) return;
    const watched = this.#watched.get(text);
    // Whoever gives way to a preferred one does what was asked of it.
    if (this.#answering.has(text) && watched?.prefers(to, this.#options.node) !== true) this.#view.damping.lost(this.#now);
    if (watched !== undefined) noteDisplaced(watched, this.#now);
  }

  /** What is to be done about one address, as things are; `free` if nobody answers for it. Any number of times. */
  #consider(text: string, free: boolean = false): void {
    this.#due.delete(text);
    const looked = this.#looking.delete(text);
    const claim = this.#table.get(text);
    const watched = this.#watched.get(text);
    if (claim?.owner === this.#options.node && (!claim.leaving || watched === undefined)) this.#keep(text, claim, watched);
    else if (claim !== undefined && this.#isHeld(text, claim)) this.#leaveToOwner(text, claim, watched);
    else if (watched === undefined) this.#stop(text);
    else if (claim !== undefined || !this.#isRemembered(text, watched)) this.#succeed(text, this.#table.get(text), watched, free);
    if (looked && !this.#looking.has(text)) this.#effects.push({ kind: 'look-away', address: text });
  }

  /** Whether an address is left to whoever had it when this node's last process ended; its epoch counts also when it is not. */
  #isRemembered(text: string, { candidacy: { contenders } }: Watched): boolean {
    const kept = this.#remembered.get(text);
    if (kept === undefined) return false;
    const until = this.#view.isGone(kept.owner) ? this.#now : this.#remembered.heldUntil(text, contenders);
    if (until > this.#now) {
      this.#due.set(text, micros(until));
      return true;
    }
    this.#remembered.forget(text);
    this.#table.set(text, this.#view.isGone(kept.owner) ? kept : { ...kept, owner: '' }, this.#now);
    return false;
  }

  #isHeld(text: string, { owner, leaving }: Claim): boolean {
    if (owner === '' || leaving) return false;
    const rumored = (this.#rumors.get(text) ?? 0) > this.#now;
    if (!rumored) this.#rumors.delete(text);
    return rumored || !this.#view.isGone(owner);
  }

  #keep(text: string, claim: Claim, watched: Watched | undefined): void {
    if (watched !== undefined && mayKeep(watched, this.#view)) {
      this.#goOn(text, claim, watched);
    } else if (!this.#complete) {
      if (watched === undefined) this.#stop(text);
    } else if (watched !== undefined && this.#view.met && hasOthers(watched.candidacy, this.#view)) this.#giveUp(text, claim, watched);
    else {
      this.#change(text, { ...claim, epoch: nextEpoch(claim), owner: '' });
      this.#stop(text);
      if (watched !== undefined) this.#due.set(text, this.#now); // it is free now
    }
  }

  /** Answers for what is this node's, unless it can say it nowhere and others can. */
  #goOn(text: string, claim: Claim, watched: Watched): void {
    if (!this.#answering.has(text)) this.#answer(text, 'resumed', this.#options.node);
    const leavesAt = this.#links?.speaking === true ? leavesWithoutSignal(watched, this.#view) : undefined;
    if (leavesAt !== undefined && leavesAt <= this.#now) this.#giveUp(text, claim, watched);
    else if (leavesAt !== undefined) this.#due.set(text, leavesAt);
  }

  /** Leaves an address to whoever comes next, and answers until it is claimed. */
  #giveUp(text: string, claim: Claim, watched: Watched): void {
    watched.vacancy = { why: 'left', since: this.#now };
    this.#change(text, { ...claim, epoch: nextEpoch(claim), owner: this.#options.node, leaving: true });
    if (this.#answering.has(text)) this.#due.set(text, micros(this.#now + leavingFor(watched.candidacy, this.#view)));
  }

  #leaveToOwner(text: string, { owner }: Claim, watched: Watched | undefined): void {
    this.#stop(text);
    if (watched === undefined) return;
    watched.vacancy = undefined;
    const soon = watched.reach.absent.has(owner) && !this.#ranking.affords(watched);
    if (soon) return void this.#due.set(text, micros(this.#now + NEXT_TURN));
    const objection = this.#view.met ? objectionTo(owner, watched, this.#view) : undefined;
    const due = watched.object(objection, this.#now);
    const rumor = this.#rumors.get(text);
    if (rumor !== undefined) this.#due.set(text, rumor);
    if (objection === undefined || due === undefined || rumor !== undefined) return;
    if (due <= this.#now) this.#claim(text, watched, objection.why, owner);
    else this.#due.set(text, due);
  }

  /** An address that is free; `seen` if nobody answers for it either. */
  #succeed(text: string, claim: Claim | undefined, watched: Watched, seen: boolean): void {
    const why = vacancyOf(claim);
    if (watched.vacancy?.why !== why) watched.vacancy = { why, since: this.#now };
    watched.grudge = undefined;
    const answers = this.#answering.has(text);
    const situation = this.#situation(answers);
    const due = turnOf(watched, watched.vacancy, claim, situation);
    if (due !== undefined && due <= this.#now) {
      const sure = seen || answers || !this.#options.looks || (this.#view.met && this.#table.hadOwner(text));
      if (sure) this.#claim(text, watched, why === 'new' ? 'free' : why, claim?.owner ?? '');
      else this.#look(text, watched, claim?.owner ?? '');
      return;
    }
    if (due !== undefined) this.#due.set(text, due);
    else if (passes(watched, claim, situation)) this.#change(text, claimBy(this.#options.node, watched, claim, true));
    this.#endLeaving(text, watched, watched.vacancy);
  }

  #situation(answers: boolean): Situation {
    const [has, watches] = [this.#answering.size, this.#watched.size];
    return { view: this.#view, now: this.#now, listening: this.#listening, answers, has, watches, ranking: this.#ranking };
  }

  /** Nobody came next in time, or nobody is to come. */
  #endLeaving(text: string, { candidacy, reach }: Watched, { why, since }: Vacant): void {
    // Nobody hears what is answered without a signal: it is this node's when that is back, unless somebody has taken it.
    if (!this.#answering.has(text) || (candidacy.self && reach.mute)) return;
    const end = micros(since + leavingFor(candidacy, this.#view));
    if (end <= this.#now || why === 'new') this.#stop(text);
    else this.#due.set(text, micros(Math.min(this.#due.get(text) ?? end, end)));
  }

  #look(text: string, { order }: Watched, from: string): void {
    this.#looking.add(text);
    const heirs = order.filter(({ node }) => node !== from);
    this.#effects.push({ kind: 'look', address: text, place: placeAmong(heirs, this.#view), from });
  }

  #claim(text: string, watched: Watched, why: Succession, from: string): void {
    watched.vacancy = undefined;
    watched.grudge = undefined;
    this.#answer(text, why, from);
    this.#change(text, claimBy(this.#options.node, watched, this.#table.get(text), false));
  }

  #answer(text: string, why: Succession, from: string): void {
    if (this.#answering.has(text)) return;
    this.#answering.add(text);
    this.#effects.push({ kind: 'own', address: text, why, from });
  }

  #stop(text: string): void {
    if (!this.#answering.delete(text)) return;
    const claim = this.#table.get(text);
    const to = claim === undefined || claim.leaving ? '' : claim.owner;
    this.#effects.push({ kind: 'disown', address: text, to });
  }

  #change(text: string, claim: Claim): void {
    this.#table.set(text, claim, this.#now);
    this.#news.changed(text, this.#now);
  }

  #setWake(): void {
    let at = Math.min(this.#listening ? this.#view.startedAt + LISTEN : Number.POSITIVE_INFINITY, this.#news.nextAt, this.#orphans.nextAt);
    for (const due of this.#due.values()) at = Math.min(at, due);
    this.#wakeAt = at === Number.POSITIVE_INFINITY ? undefined : micros(Math.max(at, this.#now));
    if (this.#wakeAt !== undefined) this.#effects.push({ kind: 'wake-at', at: this.#wakeAt });
  }
}
