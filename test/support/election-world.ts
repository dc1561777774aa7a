import {
  type ElectionEffect,
  type ElectionEvent,
  type ElectionSettings,
  type ElectionState,
  NEWCOMER,
  step,
} from '../../src/kubernetes/lease-election.ts';
import { type LeaseRecord, NO_LEASE } from '../../src/kubernetes/lease-record.ts';
import { type Micros, micros, milliseconds } from '../../src/lib/clock.ts';

/** The defaults of the flags. */
export const SETTINGS: Omit<ElectionSettings, 'identity'> = {
  leaseDuration: milliseconds(15_000),
  renewDeadline: milliseconds(10_000),
  retryPeriod: milliseconds(2_000),
};

/** A request without an answer is given up after this. */
const REQUEST_DEADLINE = SETTINGS.renewDeadline / 2;

/** How often things go wrong. */
interface Trouble {
  readonly loss: number;
  readonly longestDelay: number;
  readonly longestLag: number;
  /** Chance, each second, that a candidate is paused, dies, or ends. */
  readonly mishap: number;
}

const TROUBLE: Trouble = { loss: 0.2, longestDelay: 4_000_000, longestLag: 30_000_000, mishap: 0.03 };
const CALM: Trouble = { loss: 0, longestDelay: 50_000, longestLag: 50_000, mishap: 0 };
const LONGEST_PAUSE = 40_000_000;

/** One process that takes part. Its clock began at another moment than the world's. */
interface Candidate {
  readonly identity: string;
  readonly epoch: number;
  state: ElectionState;
  timer: number;
  pausedUntil: number;
  shownUntil: number;
  alive: boolean;
}

/** Several candidates, one Lease, and a seeded network between them; time is the world's own, in microseconds. */
export class ElectionWorld {
  /** Moments at which more than one might have written. */
  readonly overlaps: string[] = [];
  /** For each lease that was taken from a silent leader: how long that one had stopped writing before. */
  readonly successions: number[] = [];
  /** How often somebody began to lead. */
  terms = 0;
  #now = 0;
  #order = 0;
  #seed: number;
  #trouble: Trouble = TROUBLE;
  #lease: LeaseRecord = NO_LEASE;
  #version = 0;
  #born = 0;
  readonly #events: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  readonly #candidates: Candidate[] = [];
  /** Until when each identity might have written, in the world's time. */
  readonly #until = new Map<string, number>();

  constructor(seed: number, candidates: number) {
    this.#seed = seed;
    for (let count = 0; count < candidates; count++) this.#bear();
    this.#mishaps();
  }

  /** From now on nothing goes wrong; who is paused goes on. */
  calm(): void {
    this.#trouble = CALM;
    for (const candidate of this.#candidates) candidate.pausedUntil = Math.min(candidate.pausedUntil, this.#now);
  }

  run(span: Micros): void {
    const end = this.#now + span;
    for (;;) {
      const next = this.#events.toSorted((one, other) => one.at - other.at || one.order - other.order)[0];
      if (next === undefined || next.at > end) break;
      this.#events.splice(this.#events.indexOf(next), 1);
      this.#now = next.at;
      next.run();
      const writers = this.writers();
      if (writers.length > 1) this.overlaps.push(`${this.#now}: ${writers.join(' and ')}`);
    }
    this.#now = end;
  }

  /** Who might write now, paused or not. */
  writers(): string[] {
    return this.#candidates.filter((candidate) => candidate.alive && this.#remaining(candidate) > 0).map(({ identity }) => identity);
  }

  /** A clean end; another process takes its place. */
  resign(identity: string): void {
    const candidate = this.#candidates.find((one) => one.identity === identity && one.alive);
    if (candidate !== undefined) this.#feed(candidate, { kind: 'resigned' });
  }

  #remaining({ state, epoch }: Candidate): number {
    return state.role === 'leading' ? state.until - (this.#now - epoch) : 0;
  }

  #bear(): void {
    const candidate: Candidate = {
      identity: `candidate-${++this.#born}`,
      epoch: -this.#chance(1_000_000_000),
      state: NEWCOMER,
      timer: 0,
      pausedUntil: 0,
      shownUntil: 0,
      alive: true,
    };
    this.#candidates.push(candidate);
    this.#at(this.#now + this.#chance(3_000_000), () => this.#feed(candidate, { kind: 'started' }));
  }

  #at(at: number, run: () => void): void {
    this.#events.push({ at, order: this.#order++, run });
  }

  /** A process that is paused hears everything afterwards, in its order. */
  #deliver(candidate: Candidate, at: number, event: ElectionEvent): void {
    this.#at(at, () => {
      if (candidate.pausedUntil > this.#now) this.#deliver(candidate, candidate.pausedUntil, event);
      else this.#feed(candidate, event);
    });
  }

  #feed(candidate: Candidate, event: ElectionEvent): void {
    if (!candidate.alive) return;
    const settings = { ...SETTINGS, identity: candidate.identity };
    const [state, effects] = step(settings, candidate.state, event, micros(this.#now - candidate.epoch));
    candidate.state = state;
    if (state.role === 'leading') this.#until.set(candidate.identity, candidate.epoch + state.until);
    else this.#until.set(candidate.identity, Math.min(this.#until.get(candidate.identity) ?? 0, this.#now));
    for (const effect of effects) this.#carryOut(candidate, effect);
  }

  #carryOut(candidate: Candidate, effect: ElectionEffect): void {
    if (effect.kind === 'wait') {
      const timer = ++candidate.timer;
      const fire = (): void => {
        if (candidate.timer !== timer) return;
        if (candidate.pausedUntil > this.#now) this.#at(candidate.pausedUntil, fire);
        else this.#feed(candidate, { kind: 'due' });
      };
      this.#at(this.#now + effect.delay, fire);
    } else if (effect.kind === 'read') this.#request(candidate, () => ({ kind: 'read', record: this.#lease }));
    else if (effect.kind === 'write') {
      const sentAt = micros(this.#now - candidate.epoch);
      this.#request(candidate, () => this.#store(effect.record, sentAt));
    } else if (effect.kind === 'lead') this.terms += 1;
    else if (effect.kind === 'end') {
      candidate.alive = false;
      this.#bear();
    }
  }

  /** Either way may be lost or late. A request that is not heard of in time has failed, carried out or not. */
  #request(candidate: Candidate, carryOut: () => ElectionEvent): void {
    const givenUp = this.#now + REQUEST_DEADLINE;
    let over = false;
    const finish = (at: number, event: ElectionEvent): void =>
      this.#at(at, () => {
        if (over) return;
        over = true;
        this.#deliver(candidate, this.#now, event);
      });
    finish(givenUp, { kind: 'failed' });
    if (this.#happens(this.#trouble.loss)) return;
    this.#at(this.#now + this.#chance(this.#trouble.longestDelay), () => {
      const answer = carryOut();
      if (!this.#happens(this.#trouble.loss)) finish(this.#now + this.#chance(this.#trouble.longestDelay), answer);
    });
  }

  #store(record: LeaseRecord, sentAt: Micros): ElectionEvent {
    if (record.version !== this.#lease.version) return { kind: 'conflicted' };
    const before = this.#lease.holder;
    if (before !== '' && record.holder !== '' && before !== record.holder)
      this.successions.push(this.#now - (this.#until.get(before) ?? 0));
    this.#lease = { ...record, version: String(++this.#version) };
    for (const candidate of this.#candidates) this.#show(candidate, this.#lease);
    return { kind: 'written', record: this.#lease, sentAt };
  }

  /** A watch is late, but has one order. */
  #show(candidate: Candidate, record: LeaseRecord): void {
    const lag = this.#chance(this.#happens(0.1) ? this.#trouble.longestLag : this.#trouble.longestDelay / 10);
    candidate.shownUntil = Math.max(candidate.shownUntil, this.#now + lag);
    this.#deliver(candidate, candidate.shownUntil, { kind: 'shown', record });
  }

  #mishaps(): void {
    this.#at(this.#now + 1_000_000, () => {
      for (const candidate of this.#candidates.filter(({ alive }) => alive))
        if (this.#happens(this.#trouble.mishap)) this.#befall(candidate);
      this.#mishaps();
    });
  }

  #befall(candidate: Candidate): void {
    const fate = this.#chance(3);
    if (fate === 0) {
      candidate.alive = false;
      this.#until.set(candidate.identity, Math.min(this.#until.get(candidate.identity) ?? 0, this.#now));
      this.#bear();
    } else if (fate === 1) this.resign(candidate.identity);
    else candidate.pausedUntil = this.#now + this.#chance(LONGEST_PAUSE);
  }

  #happens(chance: number): boolean {
    return this.#chance(1_000_000) < chance * 1_000_000;
  }

  /** A whole number below `limit`: mulberry32. */
  #chance(limit: number): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  }
}
