import { type Clock, type Micros, micros, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';
import type { Logger } from '../telemetry/logger.ts';
import { untilAborted } from './aborted.ts';
import type { Api } from './api.ts';
import { ApiError, isHeldBack, isStatus } from './api-error.ts';
import { type BackoffLimits, backoffDelay, type Random } from './backoff.ts';
import { countPatch, type EventSubject, type EventType, type Happening, newEvent } from './core-event.ts';
import { NameLine } from './name-line.ts';
import { collectionPath, keyOf, objectPath, type Resource } from './resource.ts';
import { SpamFilter } from './spam-filter.ts';

/** Tells people, by Event objects, what happened to an object. */
export interface EventRecorder {
  /**
   * Never waits, never throws. The same event again within ten minutes raises the count of the first; of one object
   * more than 25 at once, or later more than one in five minutes, are left out.
   */
  record(subject: EventSubject, type: EventType, reason: string, message: string): void;
}

/** What the recorder of one process is made of. */
export interface EventRecorderPorts {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Who reports: `metallb-controller`, `metallb-speaker`. */
  readonly component: string;
  /** The node it reports from, empty where that says nothing. */
  readonly host: string;
}

/** An event object that may be counted up, and how far it has been. */
interface Series {
  readonly name: string;
  readonly count: number;
  readonly at: Micros;
}

/** An event of each of some ten thousand Services, which a start may bring at once. */
const LONGEST_LINE = 20_000;
/** Events are the least urgent thing that is written: they leave most places to statuses. */
const SENDERS = 4;
/** client-go counts up for as long. */
const SERIES_LASTS: Micros = milliseconds(600_000);
const MOST_SERIES = 4_096;
const MOST_ATTEMPTS = 10;
/** What may be spent on telling the last events: who leads next waits for it. */
const FLUSH_DEADLINE: Micros = milliseconds(500);
const BACKOFF: BackoffLimits = { first: milliseconds(500), longest: milliseconds(30_000) };

/** Writes events as `v1` objects from a bounded line of its own. Needs `create` and `patch` on events. */
export class ApiEventRecorder implements EventRecorder {
  readonly #ports: EventRecorderPorts;
  readonly #filter: SpamFilter;
  readonly #line = new NameLine();
  readonly #pending = new Map<string, Happening>();
  readonly #active = new Set<string>();
  readonly #series = new Map<string, Series>();
  #bell = Promise.withResolvers<void>();
  #overflowing: boolean = false;
  #refused: number | undefined;

  constructor(ports: EventRecorderPorts) {
    this.#ports = ports;
    this.#filter = new SpamFilter(ports.clock);
  }

  record(subject: EventSubject, type: EventType, reason: string, message: string): void {
    if (!this.#filter.admit(subject.uid)) return;
    const key = JSON.stringify([subject.uid, subject.namespace, subject.name, type, reason, message]);
    const at = this.#ports.clock.wallMilliseconds();
    this.#keep(key, { subject, type, reason, message, first: at, last: at, count: 1 });
    this.#ring();
  }

  /**
   * Writes events until `signal` is aborted, then for a moment more what still waits. Never rejects. Once only.
   */
  async run(signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const { clock, log } = this.#ports;
    using closing = new DisposableStack();
    const flush = (): void => {
      this.#ring();
      closing.use(clock.startTimer(FLUSH_DEADLINE, () => end.abort()));
    };
    signal.addEventListener('abort', flush, { once: true });
    if (signal.aborted) flush();
    await Promise.all(Array.from({ length: SENDERS }, () => this.#send(signal, end.signal)));
    signal.removeEventListener('abort', flush);
    if (this.#pending.size > 0) log.warn(`${this.#pending.size} events could not be written before the end`, { op: 'events' });
  }

  /** Wakes all senders that have nothing to do; those that fall asleep from now on wait for the next time. */
  #ring(): void {
    this.#bell.resolve();
    this.#bell = Promise.withResolvers<void>();
  }

  /** An event that waits already is counted up; the oldest gives way when too many wait. */
  #keep(key: string, happening: Happening): void {
    const waiting = this.#pending.get(key);
    if (waiting === undefined) this.#makeRoom();
    this.#pending.set(key, waiting === undefined ? happening : merge(waiting, happening));
    if (!this.#active.has(key)) this.#line.add(key);
  }

  #makeRoom(): void {
    const full = this.#line.size >= LONGEST_LINE;
    const oldest = full ? this.#line.take() : undefined;
    if (oldest !== undefined) this.#pending.delete(oldest);
    if (full && !this.#overflowing) {
      this.#ports.log.warn(`more than ${LONGEST_LINE} events wait to be written: the oldest are dropped`, { op: 'events' });
    }
    this.#overflowing = full;
  }

  async #send(signal: AbortSignal, end: AbortSignal): Promise<void> {
    while (!end.aborted) {
      const key = this.#line.take();
      if (key !== undefined) await this.#deliver(key, end);
      else if (signal.aborted) return;
      else await untilAborted(this.#bell.promise, signal);
    }
  }

  /** Writes what is pending under a key, however often it takes; what comes meanwhile has its turn afterwards. */
  async #deliver(key: string, end: AbortSignal): Promise<void> {
    this.#active.add(key);
    for (let attempt = 1; !end.aborted; attempt++) {
      const happening = this.#pending.get(key);
      if (happening === undefined) break;
      this.#pending.delete(key);
      const fault = await this.#write(key, happening, end).catch((thrown: unknown) => thrown);
      if (fault === undefined) break;
      const retryable = fault instanceof ApiError && fault.retryable && (attempt < MOST_ATTEMPTS || isHeldBack(fault));
      if (!(retryable || end.aborted)) {
        this.#tellRefusal(happening, fault);
        break;
      }
      await this.#postpone(key, happening, fault, attempt, end);
    }
    this.#active.delete(key);
    if (this.#pending.has(key)) this.#line.add(key);
  }

  async #postpone(key: string, happening: Happening, fault: unknown, attempt: number, end: AbortSignal): Promise<void> {
    const later = this.#pending.get(key);
    this.#pending.set(key, later === undefined ? happening : merge(happening, later));
    const { api, clock, random } = this.#ports;
    if (isHeldBack(fault)) await api.whenReachable(end);
    const asked = fault instanceof ApiError ? (fault.retryAfter ?? 0) : 0;
    await pause(clock, micros(Math.max(asked, backoffDelay(BACKOFF, attempt, random))), end);
  }

  /** Gives `undefined` once the event is stored. */
  async #write(key: string, happening: Happening, end: AbortSignal): Promise<undefined> {
    const known = this.#series.get(key);
    const now = this.#ports.clock.now();
    const alive = known !== undefined && now - known.at < SERIES_LASTS;
    const series = (alive ? await this.#countUp(known, happening, end) : undefined) ?? (await this.#create(happening, end));
    this.#refused = undefined;
    this.#series.delete(key);
    this.#series.set(key, { ...series, at: now });
    const [oldest] = this.#series.keys();
    if (this.#series.size > MOST_SERIES && oldest !== undefined) this.#series.delete(oldest);
    return undefined;
  }

  /** `undefined` when the server has dropped the event object: it keeps them for an hour or so. */
  async #countUp(known: Series, happening: Happening, end: AbortSignal): Promise<Omit<Series, 'at'> | undefined> {
    const count = known.count + happening.count;
    const path = objectPath(EVENTS, { namespace: namespaceOf(happening), name: known.name });
    const body = countPatch(happening, count);
    try {
      await this.#ports.api.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' }, end);
      return { name: known.name, count };
    } catch (thrown) {
      if (isStatus(thrown, 404)) return undefined;
      throw thrown;
    }
  }

  async #create(happening: Happening, end: AbortSignal): Promise<Omit<Series, 'at'>> {
    const { api, random, component, host } = this.#ports;
    const namespace = namespaceOf(happening);
    const name = `${happening.subject.name.slice(0, LONGEST_PREFIX)}.${randomHex(random)}`;
    const body = newEvent(happening, { namespace, name, component, host });
    await api.request({ method: 'POST', path: collectionPath({ ...EVENTS, namespace }), body }, end);
    return { name, count: happening.count };
  }

  /** One line for as long as the server says the same of all. */
  #tellRefusal({ subject, reason }: Happening, fault: unknown): void {
    const status = fault instanceof ApiError ? fault.status : 0;
    if (this.#refused === status) return;
    this.#refused = status;
    this.#ports.log.warn(`event ${reason} of ${subject.kind} ${keyOf(subject)} was refused and is lost, as others may be`, {
      op: 'events',
      error: describeError(fault),
    });
  }
}

const EVENTS: Resource = { group: '', version: 'v1', plural: 'events' };

/** A name is a DNS subdomain of at most 253 characters; the rest of it is a dot and sixteen digits. */
const LONGEST_PREFIX = 230;

/** Sixteen digits: two processes that report on one object in the same instant do not meet. */
function randomHex(random: Random): string {
  const eight = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return eight() + eight();
}

function namespaceOf({ subject }: Happening): string {
  return subject.namespace === undefined || subject.namespace === '' ? 'default' : subject.namespace;
}

function merge(earlier: Happening, later: Happening): Happening {
  return { ...later, first: earlier.first, count: earlier.count + later.count };
}
