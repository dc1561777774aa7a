import { type Clock, type Micros, micros, milliseconds, type Timer } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { objectOf } from '../lib/json.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Aborted, untilAborted } from './aborted.ts';
import type { Api, ApiCall, WritePermit } from './api.ts';
import { isHeldBack, isStatus } from './api-error.ts';
import { type ElectionEffect, type ElectionEvent, type ElectionSettings, type ElectionState, NEWCOMER, step } from './lease-election.ts';
import { type LeaseRecord, leaseObject, leaseRecord, microTime, NO_LEASE } from './lease-record.ts';
import { LeaseTerm } from './lease-term.ts';
import { getObject } from './objects.ts';
import { OwnDeployment } from './own-deployment.ts';
import { keyOf, objectPath, type Resource } from './resource.ts';
import { SleepMeter } from './sleep-meter.ts';
import type { Store } from './store.ts';

/** The stores that an election keeps an eye on, and makes new when it is won. */
export interface ElectionStores {
  open(resource: Resource, project: typeof leaseRecord): Store<LeaseRecord>;
  refresh(signal: AbortSignal): Promise<void>;
}

/** What an election needs of the world. */
export interface ElectionPorts {
  /** Not one that asks for a permit: this is where permits come from. */
  readonly api: Api;
  readonly stores: ElectionStores;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who is a candidate for what. */
export interface Candidacy extends ElectionSettings {
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** The Deployment whose replicas these are, which is to own the Lease; empty for none. */
  readonly deployment: string;
}

/** The work of one term: begins at once, and resolves when `signal` is aborted and all is left in order. */
export type TermWork = (term: LeaseTerm) => (signal: AbortSignal) => Promise<void>;

/** What giving the lease back may cost a process that ends. */
const RELEASE_DEADLINE: Micros = milliseconds(1_000);

/** In place of a text that was told. */
const FAILED_ONCE = 'an attempt failed';

/**
 * Takes part in the election of a leader by a Lease, for as long as the process lives; it steps back to following
 * when another leads, and its stores stay. Needs `get`, `list`, `watch`, `update` and `create` on that one Lease, the last
 * because a replacement of what is not there creates it.
 */
export class LeaseElector implements WritePermit {
  readonly #ports: ElectionPorts;
  readonly #candidacy: Candidacy;
  readonly #sleep: SleepMeter;
  readonly #leases: Resource;
  readonly #deployment: OwnDeployment;
  readonly #closing = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #state: ElectionState = NEWCOMER;
  #term: LeaseTerm | undefined;
  #timer: Timer | undefined;
  #lapse: Timer | undefined;
  #renewed = Promise.withResolvers<void>();
  /** What had been slept when the last renewal was sent. */
  #sleptBefore: Micros = micros(0);
  #lapsed: boolean = false;
  #told = '';

  constructor(candidacy: Candidacy, ports: ElectionPorts) {
    this.#ports = ports;
    this.#candidacy = candidacy;
    this.#sleep = new SleepMeter(ports.clock);
    const { namespace, name, deployment } = candidacy;
    this.#deployment = new OwnDeployment({ api: ports.api, namespace, name: deployment });
    this.#leases = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespace, fieldSelector: `metadata.name=${name}` };
  }

  /** Runs `work` anew for each term until `signal` is aborted, then gives the lease back. Rejects when `work` does. Once only. */
  async run(work: TermWork, signal: AbortSignal): Promise<void> {
    const store = this.#ports.stores.open(this.#leases, leaseRecord);
    using _watch = store.subscribe((key) => this.#take(store.get(key)));
    this.#feed({ kind: 'started' });
    try {
      while (!signal.aborted) await this.#serve(work, signal);
    } finally {
      await this.#resign();
    }
  }

  remaining(): Micros {
    if (this.#state.role !== 'leading') return micros(0);
    return micros(this.#state.until - this.#ports.clock.now() - (this.#sleep.slept() - this.#sleptBefore));
  }

  async whenGranted(signal: AbortSignal): Promise<void> {
    while (this.remaining() <= 0 && !signal.aborted) await untilAborted(this.#renewed.promise, signal);
  }

  async #serve(work: TermWork, signal: AbortSignal): Promise<void> {
    const term = new LeaseTerm(this);
    const close = (): void => term.close();
    signal.addEventListener('abort', close, { once: true });
    this.#term = term;
    try {
      if (this.#state.role === 'leading') this.#begin(term);
      await Promise.race([work(term)(term.signal), this.#ended.promise]);
      using ended = new Aborted(term.signal);
      await ended.promise;
    } finally {
      term.end();
      signal.removeEventListener('abort', close);
    }
  }

  /** What another leader wrote last is in the list that begins now, and nothing is decided before it is known. */
  #begin(term: LeaseTerm): void {
    this.#ports.log.info(`this replica leads: it holds the lease ${this.#title}`, { op: 'election', holder: this.#candidacy.identity });
    this.#ports.stores.refresh(term.signal).then(() => term.begin(), this.#ended.reject);
  }

  get #title(): string {
    return keyOf(this.#candidacy);
  }

  #take(record: LeaseRecord | undefined): void {
    this.#feed(record === undefined ? { kind: 'vanished' } : { kind: 'shown', record });
  }

  #feed(event: ElectionEvent): void {
    const before = holderIn(this.#state);
    const [state, effects] = step(this.#candidacy, this.#state, event, this.#ports.clock.now());
    this.#state = state;
    const holder = holderIn(state);
    if (state.role === 'following' && holder !== '' && holder !== before) {
      this.#ports.log.info(`this replica follows: the lease ${this.#title} is held by ${holder}`, { op: 'election', holder });
    }
    for (const effect of effects) this.#carryOut(effect);
    if (event.kind !== 'written') return;
    this.#renewed.resolve();
    this.#renewed = Promise.withResolvers<void>();
  }

  #carryOut(effect: ElectionEffect): void {
    if (effect.kind === 'wait') this.#wait(effect.delay);
    else if (effect.kind === 'read') this.#ask(() => this.#read());
    else if (effect.kind === 'write') this.#ask(() => this.#write(effect.record, effect.acquired));
    else if (effect.kind === 'lead') this.#lead();
    else if (effect.kind === 'yield') this.#yield();
    else this.#ended.resolve();
  }

  #wait(delay: Micros): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#ports.clock.startTimer(delay, () => this.#feed({ kind: 'due' }));
  }

  #lead(): void {
    if (this.#term?.signal.aborted === false) this.#begin(this.#term);
  }

  #yield(): void {
    this.#term?.end();
    this.#lapse?.[Symbol.dispose]();
    this.#lapsed = false;
    this.#ports.log.warn(`this replica leads no more: the lease ${this.#title} changed hands; nothing is written from here on`, {
      op: 'election',
    });
  }

  /** Whatever comes of it is the event of its end. */
  #ask(request: () => Promise<ElectionEvent>): void {
    request()
      .catch((thrown: unknown) => this.#failure(thrown))
      .then((event) => {
        if (!this.#closing.signal.aborted) this.#feed(event);
      })
      .catch(this.#ended.reject);
  }

  async #read(): Promise<ElectionEvent> {
    const { api } = this.#ports;
    const found = await getObject(api, this.#leases, this.#candidacy, this.#closing.signal);
    return { kind: 'read', record: found === undefined ? NO_LEASE : leaseRecord(found) };
  }

  async #write(record: LeaseRecord, acquired: boolean): Promise<ElectionEvent> {
    const { api, clock } = this.#ports;
    const { namespace, name, deployment, renewDeadline } = this.#candidacy;
    const owners = deployment === '' ? [] : await this.#deployment.references(this.#closing.signal);
    const now = microTime(clock.wallMilliseconds());
    const place = { namespace, name, ...(owners.length > 0 && { ownerReferences: owners }) };
    const lease = leaseObject(acquired ? { ...record, acquireTime: now } : record, place, now);
    const [sentAt, slept] = [clock.now(), this.#sleep.slept()];
    // Half of the time in which one must succeed, so that there is a second attempt.
    const deadline = micros(record.holder === '' ? RELEASE_DEADLINE : renewDeadline / 2);
    const call: ApiCall = { method: 'PUT', path: objectPath(this.#leases, { namespace, name }), body: lease, urgent: true, deadline };
    const stored = leaseRecord(objectOf(await api.request(call, this.#closing.signal)));
    if (record.holder !== '') this.#noteRenewal(micros(sentAt + renewDeadline), slept);
    return { kind: 'written', record: stored, sentAt };
  }

  #noteRenewal(until: Micros, slept: Micros): void {
    const { clock, log } = this.#ports;
    this.#sleptBefore = slept;
    this.#lapse?.[Symbol.dispose]();
    this.#lapse = clock.startTimer(micros(until - clock.now()), () => this.#tellLapse());
    if (this.#lapsed) log.info(`the lease ${this.#title} is renewed, this replica writes again`, { op: 'election' });
    this.#lapsed = false;
    this.#told = '';
  }

  #tellLapse(): void {
    this.#lapsed = true;
    const { api, log } = this.#ports;
    // Who cannot reach the server has been told so: one line for one cause.
    log[api.reachable ? 'warn' : 'debug'](`the lease ${this.#title} could not be renewed in time: nothing is written until it is`, {
      op: 'election',
    });
  }

  #failure(thrown: unknown): ElectionEvent {
    if (isStatus(thrown, 409) || isStatus(thrown, 404) || isStatus(thrown, 422)) return { kind: 'conflicted' };
    const { api, log } = this.#ports;
    const { signal } = this.#closing;
    const text = describeError(thrown);
    // An absent server is told by the client; its return is worth an attempt at once.
    if (isHeldBack(thrown)) api.whenReachable(signal).then(() => this.#feed({ kind: 'due' }), this.#ended.reject);
    // One alone is mostly a server that ends, or one that has yet to learn who may do what: the next attempt is soon.
    else if (this.#told === '') this.#told = FAILED_ONCE;
    else {
      if (text !== this.#told && !signal.aborted) log.error(`the lease ${this.#title} cannot be had: ${text}`, { op: 'election' });
      this.#told = text;
    }
    return { kind: 'failed' };
  }

  async #resign(): Promise<void> {
    this.#term = undefined;
    this.#feed({ kind: 'resigned' });
    const { clock } = this.#ports;
    using _limit = clock.startTimer(micros(2 * RELEASE_DEADLINE), () => this.#ended.resolve());
    try {
      await this.#ended.promise;
    } finally {
      this.#closing.abort();
      this.#timer?.[Symbol.dispose]();
      this.#lapse?.[Symbol.dispose]();
    }
  }
}

function holderIn(state: ElectionState): string {
  return state.role === 'following' || state.role === 'leading' ? (state.record?.holder ?? '') : '';
}
