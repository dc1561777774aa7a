import { assert } from '../../../lib/assert.ts';
import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import { MultiMap } from '../../../lib/multi-map.ts';
import { sameTexts } from '../../../lib/order.ts';
import type { Conflict, ConflictEffect, ConflictEvent, ConflictKind, Holding } from './conflict-events.ts';
import { advance, conclude, type Look, newLook, noteHeld, noteProbed, SAY_FROM_ROUND, wait } from './look.ts';

/** What {@link ConflictDetection} is made with. */
export interface ConflictOptions {
  /** From 0 to less than 1: hosts that were started together must not ask together for ever. */
  readonly random: () => number;
}

/** Addresses of this node. */
interface Owned extends Holding {
  /** Whoever answers within {@link OWN_ANSWERS} of this answers a probe. */
  probedAt: Micros | undefined;
  /** The node that has answered this probe, and the one that has answered the probe before. */
  answeredBy: string;
  answeredBefore: string;
  /** When each of the addresses was defended last. */
  readonly defendedAt: Map<string, Micros>;
}

/** A thousand new addresses are looked at in a second: two frames each, as many as a segment takes in bursts. */
const FIRST_SPACING: Micros = milliseconds(1);
/** What is looked at again, or is this node's, can wait: 200 a second. */
const AGAIN_SPACING: Micros = milliseconds(5);
/** Each own address is asked for so often: who has taken it without a word is seen by nothing else. */
const OWN_EVERY: Micros = milliseconds(60_000);
const OWN_ANSWERS: Micros = milliseconds(1_000);
/** RFC 5227, Section 2.4 (b): more often would be a fight that no client survives. */
const DEFEND_INTERVAL: Micros = milliseconds(10_000);
/**
 * Of thousands of addresses that one host claims a hundred are defended in a second, ten of them at once: as much as a burst of its own would
 * take of the segment is its due, not what a stranger pleases.
 */
const DEFEND_SPACING: Micros = milliseconds(10);
const DEFEND_AHEAD: Micros = milliseconds(90);
/** People read no more: the others have their turn when they are defended next. */
const SAY_SPACING: Micros = milliseconds(100);
const SAY_AHEAD: Micros = milliseconds(900);
/** While a stranger stays people are told again so often. */
const SAY_EVERY: Micros = milliseconds(60_000);
/** A loop that comes so much too late has not read the answers that lie in its sockets. */
const LATE: Micros = milliseconds(20);

/**
 * Whether somebody else has an address that this node would take, or has (RFC 5227; RFC 4862, Section 5.4). What is new is asked for before it is
 * taken, and left alone while a stranger answers; what is this node's is defended, but not more often than every ten seconds.
 * Nodes of the cluster are no strangers: claims decide between them. No I/O: it is given events and returns what to do.
 */
export class ConflictDetection {
  readonly #options: ConflictOptions;
  readonly #looks = new Map<string, Look>();
  /** In the order in which they are probed. */
  readonly #owned = new Map<string, Owned>();
  /** Which keys an address is of. */
  readonly #keys = new MultiMap<string, string>();
  #effects: ConflictEffect[] = [];
  #now: Micros = micros(0);
  #wakeAt: Micros | undefined;
  /** The first moments at which another first look, and another one of the rest, may begin. */
  #firstAt: Micros = micros(0);
  #againAt: Micros = micros(0);
  /** When the next own address is asked for. */
  #ownAt: Micros = micros(0);
  /** Who claims the addresses that are to be defended when it is their turn. */
  readonly #claimed = new Map<string, Conflict>();
  /** When the next one is defended, and when people are told of the next one. */
  #defendAt: Micros = micros(0);
  #sayAt: Micros = micros(0);

  constructor(options: ConflictOptions) {
    this.#options = options;
  }

  /** Takes one event. */
  step(event: ConflictEvent): readonly ConflictEffect[] {
    assert(event.now >= this.#now, 'time steps back');
    this.#now = event.now;
    this.#effects = [];
    switch (event.kind) {
      case 'look':
        this.#look(event, event.place, event.except);
        break;
      case 'own':
        this.#own(event);
        break;
      case 'drop':
        this.#drop(event.key);
        break;
      case 'held':
        this.#hear(event.address, event);
        break;
      case 'probed':
        for (const key of this.#keys.get(event.address)) {
          const look = this.#looks.get(key);
          if (look !== undefined) noteProbed(look, event.node, event.now);
        }
        break;
      case 'woke':
        this.#wake();
        break;
    }
    return this.#effects;
  }

  #look(holding: Holding, place: number, except: string): void {
    const known = this.#looks.get(holding.key);
    if (known !== undefined && sameTexts(known.addresses, holding.addresses)) {
      known.place = place;
      known.except = except;
      return;
    }
    this.#drop(holding.key);
    const at = micros(Math.max(this.#now, this.#firstAt));
    this.#firstAt = micros(at + FIRST_SPACING);
    const look = newLook(holding, place, except, at);
    this.#looks.set(holding.key, look);
    this.#index(holding);
    this.#advance(look);
    this.#wakeBy(look.at);
  }

  #own({ key, addresses }: Holding): void {
    const known = this.#owned.get(key);
    if (known !== undefined && sameTexts(known.addresses, addresses)) return;
    this.#drop(key);
    this.#owned.set(key, { key, addresses, probedAt: undefined, answeredBy: '', answeredBefore: '', defendedAt: new Map() });
    this.#index({ key, addresses });
    const soon = micros(Math.floor(this.#now + OWN_EVERY / this.#owned.size));
    this.#ownAt = this.#owned.size === 1 ? soon : micros(Math.min(this.#ownAt, soon));
    this.#wakeBy(this.#ownAt);
  }

  #drop(key: string): void {
    const holding = this.#looks.get(key) ?? this.#owned.get(key);
    if (holding === undefined) return;
    this.#looks.delete(key);
    this.#owned.delete(key);
    for (const address of holding.addresses) {
      this.#keys.delete(address, key);
      this.#claimed.delete(address);
    }
  }

  #index({ key, addresses }: Holding): void {
    for (const address of addresses) this.#keys.add(address, key);
  }

  #hear(address: string, { mac, node }: ConflictEvent & { readonly kind: 'held' }): void {
    for (const key of this.#keys.get(address)) {
      const of = (stranger: ConflictKind): Conflict => ({ what: node === undefined ? stranger : 'kernel', address, mac, node: node ?? '' });
      const [look, owned] = [this.#looks.get(key), this.#owned.get(key)];
      if (look !== undefined) noteHeld(look, of('stranger'));
      else if (owned !== undefined) this.#defend(owned, of('thief'));
    }
  }

  #defend(owned: Owned, conflict: Conflict): void {
    if (conflict.what === 'kernel') {
      this.#hearNode(owned, conflict);
      return;
    }
    const { address } = conflict;
    const defendedAt = owned.defendedAt.get(address);
    if (defendedAt !== undefined && this.#now - defendedAt < DEFEND_INTERVAL) return;
    owned.defendedAt.set(address, this.#now);
    this.#claimed.set(address, conflict);
    this.#defendClaimed();
  }

  #defendClaimed(): void {
    for (const [address, conflict] of this.#claimed) {
      if (this.#now < this.#defendAt) {
        this.#wakeBy(this.#defendAt);
        return;
      }
      this.#defendAt = micros(Math.max(this.#defendAt, this.#now - DEFEND_AHEAD) + DEFEND_SPACING);
      this.#claimed.delete(address);
      this.#effects.push({ kind: 'defend', address });
      if (this.#now < this.#sayAt) continue;
      this.#sayAt = micros(Math.max(this.#sayAt, this.#now - SAY_AHEAD) + SAY_SPACING);
      this.#effects.push({ kind: 'found', ...conflict });
    }
  }

  /** Unasked, or once, it is a speaker that takes the address and whose claim is on the way, or has not heard yet that it lost it. */
  #hearNode(owned: Owned, conflict: Conflict): void {
    if (owned.probedAt === undefined || this.#now - owned.probedAt > OWN_ANSWERS || owned.answeredBy !== '') return;
    owned.answeredBy = conflict.node;
    if (owned.answeredBefore === conflict.node) this.#effects.push({ kind: 'found', ...conflict });
  }

  #wake(): void {
    let next = Number.POSITIVE_INFINITY;
    const late = this.#wakeAt !== undefined && this.#now - this.#wakeAt >= LATE;
    if (late) for (const look of this.#looks.values()) if (look.step === 'end' && look.at <= this.#now) wait(look, this.#now);
    this.#wakeAt = undefined;
    for (const look of [...this.#looks.values()]) this.#advance(look);
    this.#probeOwn();
    this.#defendClaimed();
    for (const { at } of this.#looks.values()) next = Math.min(next, at);
    if (this.#owned.size > 0) next = Math.min(next, this.#ownAt);
    if (next !== Number.POSITIVE_INFINITY) this.#wakeBy(micros(next));
  }

  #advance(look: Look): void {
    if (look.at > this.#now) return;
    if (look.step === 'end') this.#conclude(look);
    else {
      for (const address of look.addresses) this.#effects.push({ kind: 'probe', address });
      advance(look, this.#now);
    }
  }

  #conclude(look: Look): void {
    const { answer, stranger: before } = look;
    const outcome = conclude(look, this.#options.random());
    if (outcome.kind === 'again') {
      const at = micros(this.#now + outcome.after);
      look.at = outcome.slow ? micros(Math.max(at, this.#againAt)) : at;
      if (outcome.slow) this.#againAt = micros(look.at + AGAIN_SPACING);
      this.#tellStranger(look);
      return;
    }
    if (answer?.what === 'kernel') this.#effects.push({ kind: 'found', ...answer });
    if (before !== undefined) this.#effects.push({ kind: 'over', address: before.conflict.address, mac: before.conflict.mac });
    this.#drop(look.key);
    this.#effects.push({ kind: 'free', key: look.key });
  }

  /** Whoever comes first tells people of it. */
  #tellStranger({ place, stranger }: Look): void {
    if (place > 0 || stranger === undefined || stranger.rounds < SAY_FROM_ROUND) return;
    if (stranger.saidAt !== undefined && this.#now - stranger.saidAt < SAY_EVERY) return;
    stranger.saidAt = this.#now;
    this.#effects.push({ kind: 'found', ...stranger.conflict });
  }

  /** One after another, so that all of them have had their turn in a minute. */
  #probeOwn(): void {
    const [next] = this.#owned.values();
    if (next === undefined || this.#ownAt > this.#now) return;
    this.#owned.delete(next.key);
    this.#owned.set(next.key, next);
    next.probedAt = this.#now;
    next.answeredBefore = next.answeredBy;
    next.answeredBy = '';
    for (const address of next.addresses) this.#effects.push({ kind: 'probe', address });
    const pause = Math.max((OWN_EVERY / this.#owned.size) * (0.9 + 0.2 * this.#options.random()), AGAIN_SPACING);
    this.#ownAt = micros(Math.floor(this.#now + pause));
  }

  /** Wakes no later than that: what was to come sooner and is dropped since wakes it for nothing. */
  #wakeBy(at: Micros): void {
    if (this.#wakeAt !== undefined && this.#wakeAt <= at) return;
    this.#wakeAt = micros(Math.max(at, this.#now));
    this.#effects.push({ kind: 'wake-at', at: this.#wakeAt });
  }
}
