import { AssertionError } from '../lib/assert.ts';
import { type Clock, type Micros, micros, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../lib/json.ts';
import { pause } from '../lib/pause.ts';
import type { Logger } from '../telemetry/logger.ts';
import { untilAborted } from './aborted.ts';
import type { Api, ApiCall } from './api.ts';
import { ApiError, isStatus, isUnreachable } from './api-error.ts';
import { type BackoffLimits, backoffDelay, type Random } from './backoff.ts';
import { Deadline } from './deadline.ts';
import { collectionPath, type Resource, titleOf } from './resource.ts';
import { isMendedByPeople, WatchComplaints } from './watch-complaints.ts';
import { isOlder, objectKey, parseWatchEvent, type WatchEvent } from './watch-event.ts';

/** What a watcher needs of the world. */
export interface WatcherPorts {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Where a watcher puts what it learns. It is called synchronously, in the order of the server's history. */
export interface WatchSink {
  /** The object is there and looks like this. The object may be kept by nobody: it is large. */
  present(key: string, object: JsonObject): void;
  gone(key: string): void;
  /** A whole list has been given by `present`: whatever is not in `keys` is gone. */
  listed(keys: ReadonlySet<string>): void;
}

/** Objects a page: what kubectl and client-go ask for. */
const PAGE_SIZE = 500;

/** A page of large objects from a busy server. */
const PAGE_DEADLINE: Micros = milliseconds(60_000);

/** Watches are asked to end after this long or up to twice as long: so that those of many nodes do not end together. */
const SHORTEST_WATCH_SECONDS = 240;

/** A watch that is silent this much longer than the server was to keep it has lost its server. */
const SILENCE_MARGIN: Micros = milliseconds(30_000);

/**
 * Servers without streaming lists refuse them; one that only ignores the request is found out by this. Longer than a
 * request may take to be answered at all, which says nothing of the kind.
 */
const INITIAL_EVENTS_DEADLINE: Micros = milliseconds(45_000);

/** A watch that ends sooner was not served, whatever the server called it. */
const SHORTEST_LIFE: Micros = milliseconds(1_000);

/** The longest wait is how late a watch may be when a server returns that answers with errors while it starts. */
const BACKOFF: BackoffLimits = { first: milliseconds(200), longest: milliseconds(5_000) };

/** Servers in good order refuse too: come later (429), begin anew (410), both mostly while they start. More in a row is news. */
const USUAL_REFUSALS = 8;

/** What only a person can mend (no such resource, no right) needs no haste. */
const MENDED_BY_PEOPLE: BackoffLimits = { first: milliseconds(1_000), longest: milliseconds(15_000) };

/**
 * After this many failures in a row a server that answers a watch with an error of its own is asked for a list: it may
 * have been restored from a backup and know nothing of our version yet. One that is busy (429) is spared the list.
 */
const WATCHES_BEFORE_LIST = 3;

/**
 * Follows one resource: a list, then a watch from where the list ended, for ever. Whatever the server or the network
 * does, it goes on from where it was, or lists again; a list says what has vanished, so no deletion is lost. What comes
 * twice or late again is left out.
 */
export class Watcher {
  readonly #title: string;
  readonly #resource: Resource;
  readonly #ports: WatcherPorts;
  readonly #sink: WatchSink;
  readonly #complaints: WatchComplaints;
  /** The version up to which all is known; absent when a list is needed. */
  #position: string | undefined;
  #failures = 0;
  #streaming: boolean = true;
  #fieldSelector: string | undefined;
  /** Ends what is under way, so that a list is begun anew. */
  #round = new AbortController();
  /** Resolves when a list that began after the last demand has been taken in. */
  #demand: PromiseWithResolvers<void> | undefined;

  constructor(resource: Resource, ports: WatcherPorts, sink: WatchSink) {
    this.#title = titleOf(resource);
    this.#resource = resource;
    this.#ports = ports;
    this.#sink = sink;
    this.#complaints = new WatchComplaints(resource, ports.log);
    this.#fieldSelector = resource.fieldSelector;
  }

  /** Follows until `signal` is aborted. Rejects only with an AssertionError: a bug in whoever listens. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#round = new AbortController();
      // Here and not where it was asked for: what was under way then may have moved on since.
      if (this.#demand !== undefined) this.#position = undefined;
      const round = AbortSignal.any([signal, this.#round.signal]);
      try {
        await this.#follow(round);
      } catch (thrown) {
        if (thrown instanceof AssertionError) throw thrown;
        if (!round.aborted) await this.#recover(thrown, round);
      }
    }
  }

  /**
   * Reads all objects anew, from the server's newest state, whatever is under way; resolves when that has been taken
   * in, or early when `signal` is aborted. What is known is kept meanwhile.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    this.#demand ??= Promise.withResolvers<void>();
    this.#round.abort();
    await untilAborted(this.#demand.promise, signal);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    if (this.#position === undefined && !this.#streaming) await this.#list(signal);
    await this.#watch(signal);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const present = new Set<string>();
    let next: string | undefined;
    let version = '';
    do {
      const query = { ...this.#selectors(), limit: PAGE_SIZE, continue: next };
      const call: ApiCall = { method: 'GET', path: collectionPath(this.#resource), query, deadline: PAGE_DEADLINE };
      const page = objectOf(await this.#ports.api.request(call, signal));
      this.#takePage(page, present);
      const metadata = objectOf(page.metadata);
      next = textOf(metadata.continue);
      version = textOf(metadata.resourceVersion) ?? '';
    } while (next !== undefined && next !== '');
    this.#finishList(present, version, signal);
  }

  /** Members of a list of a built-in kind do not say what they are; the list does. */
  #takePage(page: JsonObject, present: Set<string>): void {
    const apiVersion = page.apiVersion;
    const kind = textOf(page.kind)?.replace(/List$/, '');
    for (const item of listOf(page.items)) {
      const object = { apiVersion, kind, ...objectOf(item) };
      const key = objectKey(object);
      if (key === undefined) continue;
      present.add(key);
      this.#sink.present(key, object);
    }
  }

  #finishList(present: ReadonlySet<string>, version: string, signal: AbortSignal): void {
    // Another list has been asked for meanwhile: this one is too old to answer that.
    signal.throwIfAborted();
    this.#sink.listed(present);
    this.#position = version;
    this.#demand?.resolve();
    this.#demand = undefined;
    // Failures go on being counted: a watch that is refused right behind each list must not make a list each time.
    this.#complaints.listed();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { api, clock, random } = this.#ports;
    const seconds = Math.round(SHORTEST_WATCH_SECONDS * (1 + random()));
    const query = { ...this.#selectors(), ...this.#startingPoint(), watch: true, allowWatchBookmarks: true, timeoutSeconds: seconds };
    const call: ApiCall = { method: 'GET', path: collectionPath(this.#resource), query };
    const opened = clock.now();
    using limit = new Deadline(clock, INITIAL_EVENTS_DEADLINE, signal);
    if (this.#position !== undefined) limit.disarm();
    let served: Micros | undefined;
    try {
      const stream = await api.stream(call, micros(seconds * 1_000_000 + SILENCE_MARGIN), limit.signal);
      served = clock.now();
      await this.#takeEvents(stream.lines(), limit, signal);
      signal.throwIfAborted();
    } catch (thrown) {
      // A watch with nothing to tell has served too: when it breaks, that is the first failure again.
      if (served !== undefined && this.#position !== undefined && clock.now() - served >= SHORTEST_LIFE) this.#failures = 0;
      if (!limit.expired) throw thrown;
      // The server has taken the request for a plain watch.
      this.#streaming = false;
      return;
    }
    if (clock.now() - opened < SHORTEST_LIFE) throw new ApiError(`watch of ${this.#title}: ended at once`, { status: 0, reason: 'Broken' });
    this.#failures = 0;
    this.#complaints.watched();
  }

  /** Without a position the watch begins with all objects, the streaming list; `limit` is for these. */
  async #takeEvents(lines: AsyncIterable<string>, limit: Deadline, signal: AbortSignal): Promise<void> {
    let initial = this.#position === undefined ? new Set<string>() : undefined;
    for await (const line of lines) {
      const event = parseWatchEvent(line, this.#title);
      if (initial === undefined) this.#take(event);
      else if (event.type === 'bookmark' && event.initialEnd) {
        limit.disarm();
        this.#finishList(initial, event.resourceVersion, signal);
        initial = undefined;
      } else this.#takeInitial(event, initial);
    }
  }

  #takeInitial(event: WatchEvent, initial: Set<string>): void {
    if (event.type === 'bookmark') return;
    if (event.type === 'present') initial.add(event.key);
    else initial.delete(event.key);
    this.#deliver(event);
  }

  #take(event: WatchEvent): void {
    // The history of a resource has one order: what is older than the last event has been told before.
    if (this.#position !== undefined && isOlder(event.resourceVersion, this.#position)) return;
    this.#deliver(event);
    if (event.resourceVersion !== '') this.#position = event.resourceVersion;
    this.#failures = 0;
    this.#complaints.watched();
  }

  #deliver(event: WatchEvent): void {
    if (event.type === 'present') this.#sink.present(event.key, event.object);
    else if (event.type === 'gone') this.#sink.gone(event.key);
  }

  #selectors(): { fieldSelector: string | undefined; labelSelector: string | undefined } {
    return { fieldSelector: this.#fieldSelector, labelSelector: this.#resource.labelSelector };
  }

  #startingPoint(): ApiCall['query'] {
    if (this.#position !== undefined) return { resourceVersion: this.#position };
    return { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
  }

  /** Learns from a failure and waits as long as it asks for. */
  async #recover(thrown: unknown, signal: AbortSignal): Promise<void> {
    if (this.#asksForLess(thrown)) return;
    this.#failures += 1;
    this.#tell(thrown);
    if (needsList(thrown) || (this.#failures >= WATCHES_BEFORE_LIST && isServerError(thrown))) this.#position = undefined;
    const { api, clock, random } = this.#ports;
    if (isUnreachable(thrown)) await api.whenReachable(signal);
    const own = backoffDelay(limitsFor(thrown), this.#failures, random);
    const asked = thrown instanceof ApiError ? (thrown.retryAfter ?? 0) : 0;
    await pause(clock, micros(Math.max(asked, own)), signal);
  }

  /** A watch that breaks once is nothing to tell people of; what they must mend is, at once. */
  #tell(thrown: unknown): void {
    const verb = this.#position === undefined && !this.#streaming ? 'list' : 'watch';
    const usual = isStatus(thrown, 429) || isStatus(thrown, 410) ? USUAL_REFUSALS : 1;
    if (isMendedByPeople(thrown) || (this.#failures > usual && !isUnreachable(thrown))) this.#complaints.failed(thrown, verb);
    else this.#ports.log.debug(`${verb} of ${this.#title} is begun anew`, { op: 'watch', error: describeError(thrown) });
  }

  /** Older servers know neither every field selector nor streaming lists: each is given up once, at the first refusal. */
  #asksForLess(thrown: unknown): boolean {
    if (isStatus(thrown, 400) && this.#fieldSelector !== undefined) {
      this.#fieldSelector = undefined;
      this.#position = undefined;
      return true;
    }
    const refused = isStatus(thrown, 400) || isStatus(thrown, 422);
    if (!refused || !this.#streaming || this.#position !== undefined) return false;
    this.#streaming = false;
    return true;
  }
}

function isServerError(thrown: unknown): boolean {
  return thrown instanceof ApiError && thrown.status >= 500;
}

function limitsFor(thrown: unknown): BackoffLimits {
  if (isMendedByPeople(thrown)) return MENDED_BY_PEOPLE;
  return isUnreachable(thrown) ? AFTER_RETURN : BACKOFF;
}

/** When a server returns, all watches of a process do: not in the same instant. */
const AFTER_RETURN: BackoffLimits = { first: milliseconds(200), longest: milliseconds(200) };

/** Whether the place where the watch stood is lost (410, another resource behind the name) or in doubt (a torn line). */
function needsList(thrown: unknown): boolean {
  if (!(thrown instanceof ApiError)) return true;
  const { status, reason } = thrown;
  if (status === 0) return reason === 'Malformed';
  return status < 500 && status !== 429 && status !== 401 && status !== 403;
}
