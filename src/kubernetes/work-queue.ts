import { AssertionError, assert } from '../lib/assert.ts';
import { type Clock, type Micros, milliseconds, type Timer } from '../lib/clock.ts';
import { describeError, MetalError } from '../lib/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Counter, Metrics } from '../telemetry/metrics.ts';
import type { Gate } from './api.ts';
import { ApiError, isHeldBack, isStatus } from './api-error.ts';
import { type BackoffLimits, backoffDelay, type Random } from './backoff.ts';
import { NameLine } from './name-line.ts';

/** Where names wait for their turn. */
export interface NameQueue {
  /** Asks for a turn of `name`. A name that waits already is not added twice; one that has its turn gets another afterwards. */
  add(name: string): void;
  /** The same, not before `delay` is over; the earliest of several counts. */
  addAfter(name: string, delay: Micros): void;
}

/** Turns and failed turns, counted over all queues of a process, and what the queues hold. */
export interface ReconcileCounters {
  readonly updates: Counter;
  readonly errors: Counter;
  /** The queues that run. */
  readonly queues: Set<QueueState>;
}

/** What a queue says of itself. */
export interface QueueState {
  readonly title: string;
  /** Names that wait for a turn now; delayed ones are not counted. */
  readonly size: number;
  /** Names whose last turn failed. */
  readonly failing: number;
}

/** Registers the counters, those of upstream under its names; once a process. */
export function reconcileCounters(metrics: Metrics): ReconcileCounters {
  const queues = new Set<QueueState>();
  const sums = (part: 'size' | 'failing') => () =>
    Array.from(
      Map.groupBy(queues, ({ title }) => title),
      ([controller, all]) => ({ labels: { controller }, value: all.reduce((sum, queue) => sum + queue[part], 0) }),
    );
  metrics.measured('typemetal_workqueue_depth', 'Number of objects that wait to be looked at.', ['controller'], sums('size'));
  metrics.measured(
    'typemetal_workqueue_failing',
    'Number of objects whose last reconciliation failed and will be tried again; the log says why.',
    ['controller'],
    sums('failing'),
  );
  return {
    queues,
    updates: metrics.counter('metallb_k8s_client_updates_total', 'Number of k8s object updates that have been processed.'),
    errors: metrics.counter('metallb_k8s_client_update_errors_total', 'Number of k8s object updates that failed for some reason.'),
  };
}

/** What a queue needs of the world. */
export interface WorkQueuePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly counters: ReconcileCounters;
  /** The API server that the turns need. While it cannot be reached there are none: names wait, and go on at its return. */
  readonly gate?: Gate | undefined;
}

/** How a queue is run; every part has a default. */
export interface WorkQueueLimits {
  /** Turns at the same time, each of another name. */
  readonly workers?: number;
  /** When the signal of a turn is aborted. */
  readonly deadline?: Micros;
  /** Names that may wait. */
  readonly capacity?: number;
}

/** What is done in a turn. It is told which object, never what happened to it, and heeds `signal`. */
export type Reconcile = (name: string, signal: AbortSignal) => Promise<void>;

/** A turn that took longer than it may. */
export class DeadlineError extends MetalError {
  readonly code = 'DEADLINE';
  readonly retryable = true;
}

/** Turns mostly wait for the API server; more at once than its fair share of places only wait there. */
const DEFAULT_WORKERS = 16;
const DEFAULT_DEADLINE: Micros = milliseconds(30_000);
/** Several times the objects of the largest clusters Kubernetes supports: more is a fault that must not take the memory. */
const DEFAULT_CAPACITY = 500_000;
const BACKOFF: BackoffLimits = { first: milliseconds(100), longest: milliseconds(60_000) };

/**
 * Gives names their turns: merged, one turn at a time a name, several names at once. A turn that throws is repeated
 * after a jittered exponential wait of that name (a failure that cannot pass by itself after the longest wait; not
 * before the server's Retry-After), which the next success resets.
 */
export class WorkQueue implements NameQueue, QueueState {
  readonly #title: string;
  readonly #ports: WorkQueuePorts;
  readonly #reconcile: Reconcile;
  readonly #limits: Required<WorkQueueLimits>;
  readonly #line = new NameLine();
  readonly #active = new Map<string, AbortController>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #delayed = new Map<string, { readonly due: Micros; readonly timer: Timer }>();
  readonly #ended = Promise.withResolvers<void>();
  #signal: AbortSignal | undefined;
  #pumping: boolean = false;
  #full: boolean = false;

  constructor(title: string, ports: WorkQueuePorts, reconcile: Reconcile, limits: WorkQueueLimits = {}) {
    this.#title = title;
    this.#ports = ports;
    this.#reconcile = reconcile;
    this.#limits = { workers: DEFAULT_WORKERS, deadline: DEFAULT_DEADLINE, capacity: DEFAULT_CAPACITY, ...limits };
  }

  get title(): string {
    return this.#title;
  }

  get size(): number {
    return this.#line.size;
  }

  get failing(): number {
    return this.#failures.size;
  }

  add(name: string): void {
    if (this.#active.has(name)) this.#again.add(name);
    else if (this.#hasRoomFor(name)) this.#line.add(name);
    this.#pump();
  }

  addAfter(name: string, delay: Micros): void {
    const due = (this.#ports.clock.now() + delay) as Micros;
    const earlier = this.#delayed.get(name);
    if (this.#signal?.aborted === true || (earlier !== undefined && earlier.due <= due)) return;
    if (earlier === undefined && this.#delayed.size >= this.#limits.capacity) {
      this.add(name);
      return;
    }
    earlier?.timer[Symbol.dispose]();
    const timer = this.#ports.clock.startTimer(delay, () => {
      this.#delayed.delete(name);
      this.add(name);
    });
    this.#delayed.set(name, { due, timer });
  }

  /**
   * Gives turns until `signal` is aborted, then resolves when the turns under way have ended; what still waits is
   * dropped. Rejects with an AssertionError as soon as a turn throws one. Once only.
   */
  async run(signal: AbortSignal): Promise<void> {
    assert(this.#signal === undefined, `queue ${this.#title} runs already`);
    this.#signal = signal;
    const stop = (): void => this.#stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    this.#ports.counters.queues.add(this);
    this.#pump();
    try {
      await this.#ended.promise;
    } finally {
      this.#ports.counters.queues.delete(this);
      signal.removeEventListener('abort', stop);
    }
  }

  #stop(): void {
    for (const { timer } of this.#delayed.values()) timer[Symbol.dispose]();
    this.#delayed.clear();
    for (const ending of this.#active.values()) ending.abort(this.#signal?.reason);
    if (this.#active.size === 0) this.#ended.resolve();
  }

  #hasRoomFor(name: string): boolean {
    const room = this.#line.has(name) || this.#line.size < this.#limits.capacity;
    if (!room && !this.#full) {
      this.#ports.log.error('the work queue is full: objects are left as they are until they change or this program restarts', {
        controller: this.#title,
        name,
        waiting: this.#line.size,
      });
    }
    this.#full = !room;
    return room;
  }

  /** Turns start from the event loop's next round: a thousand quick ones must not keep sockets and timers waiting. */
  #pump(): void {
    if (this.#pumping || this.#signal === undefined || this.#signal.aborted) return;
    if (this.#line.size === 0 || this.#active.size >= this.#limits.workers) return;
    this.#pumping = true;
    const signal = this.#signal;
    setImmediate(() => {
      const start = (): void => {
        this.#pumping = false;
        this.#startTurns();
      };
      const { gate } = this.#ports;
      if (gate === undefined || gate.reachable) start();
      else gate.whenReachable(signal).then(start, start);
    });
  }

  #startTurns(): void {
    const signal = this.#signal;
    while (signal !== undefined && !signal.aborted && this.#active.size < this.#limits.workers) {
      const name = this.#line.take();
      if (name === undefined) return;
      const ending = new AbortController();
      this.#active.set(name, ending);
      this.#turn(name, ending).then(
        () => this.#endTurn(name, signal),
        (bug) => this.#ended.reject(bug),
      );
    }
  }

  #endTurn(name: string, signal: AbortSignal): void {
    this.#active.delete(name);
    if (this.#again.delete(name)) this.#line.add(name);
    if (signal.aborted && this.#active.size === 0) this.#ended.resolve();
    this.#pump();
  }

  async #turn(name: string, ending: AbortController): Promise<void> {
    const { clock, counters } = this.#ports;
    const seconds = this.#limits.deadline / 1_000_000;
    const expire = (): void => ending.abort(new DeadlineError(`not done after ${seconds} s`));
    using _timer = clock.startTimer(this.#limits.deadline, expire);
    counters.updates.add(1);
    try {
      await this.#reconcile(name, ending.signal);
      this.#failures.delete(name);
    } catch (thrown) {
      if (thrown instanceof AssertionError) throw thrown;
      if (this.#signal?.aborted === false) this.#fail(name, thrown);
    }
  }

  #fail(name: string, thrown: unknown): void {
    const { counters, log, random } = this.#ports;
    // The gate says when to try again: no name waits longer for having met a closed one more often.
    const failures = isHeldBack(thrown) ? 1 : (this.#failures.get(name) ?? 0) + 1;
    this.#failures.set(name, failures);
    counters.errors.add(1);
    const delay = retryDelay(thrown, failures, random);
    // Both are reported elsewhere or part of a normal day: the client logs an absent server, a conflict brings an event.
    const level = isHeldBack(thrown) || isStatus(thrown, 409) ? 'debug' : 'error';
    log[level](`reconcile failed, next attempt in ${(delay / 1_000_000).toFixed(1)} s`, {
      op: 'reconcile',
      controller: this.#title,
      name,
      error: describeError(thrown),
    });
    this.addAfter(name, delay);
  }
}

function retryDelay(thrown: unknown, failures: number, random: Random): Micros {
  const hopeless = thrown instanceof MetalError && !thrown.retryable;
  const own = hopeless ? BACKOFF.longest : backoffDelay(BACKOFF, failures, random);
  const asked = thrown instanceof ApiError ? (thrown.retryAfter ?? 0) : 0;
  return Math.max(own, asked) as Micros;
}
