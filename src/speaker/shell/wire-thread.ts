import { unreachable } from '../../lib/assert.ts';
import { type Clock, type Micros, milliseconds } from '../../lib/clock.ts';
import { pause } from '../../lib/pause.ts';
import type { PlanChange, Report } from '../../model/plan.ts';
import type { Notice, WireSettings } from './messages.ts';
import { PlanQueue } from './plan-queue.ts';
import { type StartWorker, startWorkerThread, type WireWorker } from './wire-worker.ts';

/** What the main thread gives to the thread that owns the wire. */
export interface WireThreadOptions extends WireSettings {
  readonly clock: Clock;
  /** Takes each report, in order. What it throws is not caught. */
  readonly onReport: (report: Report) => void;
  /** A thread has started that knows no plan: give it the whole one by `apply` with `replace`, now or later. */
  readonly onPlanWanted: () => void;
  /** Starts the worker; the real one unless a test says otherwise. */
  readonly startWorker?: StartWorker;
}

/**
 * What the wire thread says of itself: it has the sockets its links need; it lives, but has not; or it said nothing
 * before the deadline, because it is stalled or not there.
 */
export type WireHealth = 'answering' | 'waiting' | 'silent';

/** A thread that lived this long was healthy: the next crash is the first one again. */
const STABLE = milliseconds(60_000);
/** The first restart comes soon, because nobody answers meanwhile; then twice as late each time. */
const FIRST_RESTART_MS = 100;
/** No later than this: a wire without answers is the worst state there is. */
const LAST_RESTART_MS = 10_000;

/**
 * The main thread's face of the wire thread: starts it, feeds it the plan, hands out its reports and starts it again
 * when it dies. Nothing here blocks, and nothing grows with the time the thread is busy: plan changes wait merged by
 * Service while an earlier batch is on its way.
 */
export class WireThread {
  readonly #options: WireThreadOptions;
  readonly #waiting = new PlanQueue();
  readonly #pings = new Map<number, (answering: boolean) => void>();
  #worker: WireWorker | undefined;
  #changesInFlight = false;
  #lastPing = 0;

  constructor(options: WireThreadOptions) {
    this.#options = options;
  }

  /**
   * Runs the thread until `signal` is aborted, restarting it with back-off whenever it ends by itself; each end is
   * reported as one log line. Resolves when the thread is gone; rejects never. Call it once.
   */
  async run(signal: AbortSignal): Promise<void> {
    let crashes = 0;
    while (!signal.aborted) {
      const started = this.#options.clock.now();
      const reason = await this.#live(signal);
      if (signal.aborted) return;
      crashes = this.#options.clock.now() - started > STABLE ? 1 : crashes + 1;
      const delay = Math.min(FIRST_RESTART_MS * 2 ** (crashes - 1), LAST_RESTART_MS);
      this.#logEnd(reason, delay);
      await pause(this.#options.clock, milliseconds(delay), signal);
    }
  }

  /** Gives the thread a change of the plan. Before the thread runs it is kept only until {@link WireThreadOptions.onPlanWanted}. */
  apply(change: PlanChange): void {
    this.#waiting.add(change);
    this.#sendChanges();
  }

  /** Asks whether the thread answers; says `silent` when it did not say so within `deadline`. Rejects never. */
  async ping(deadline: Micros, signal: AbortSignal): Promise<WireHealth> {
    const worker = this.#worker;
    if (worker === undefined || signal.aborted) return 'silent';
    const id = ++this.#lastPing;
    const over = new AbortController();
    let health: WireHealth = 'silent';
    this.#pings.set(id, (answering) => {
      health = answering ? 'answering' : 'waiting';
      over.abort();
    });
    worker.post({ kind: 'ping', id });
    await pause(this.#options.clock, deadline, AbortSignal.any([signal, over.signal]));
    this.#pings.delete(id);
    return health;
  }

  /** Ends the thread now; `run` starts another one. For a thread that reported `broken` or stays `silent`. */
  restart(): void {
    this.#worker?.stop();
  }

  /** One life of the thread: resolves with the reason of its end. */
  async #live(signal: AbortSignal): Promise<string> {
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    const { excludedInterfaces, debug } = this.#options;
    const start = this.#options.startWorker ?? startWorkerThread;
    const worker = start({ excludedInterfaces, debug }, { noticed: (notice) => this.#take(notice), ended: resolve });
    const stop = (): void => worker.stop();
    signal.addEventListener('abort', stop);
    this.#worker = worker;
    this.#waiting.clear();
    this.#changesInFlight = false;
    this.#options.onPlanWanted();
    const reason = await ended;
    signal.removeEventListener('abort', stop);
    this.#worker = undefined;
    return reason;
  }

  #take(notice: Notice): void {
    switch (notice.kind) {
      case 'applied':
        this.#changesInFlight = false;
        this.#sendChanges();
        break;
      case 'pong':
        this.#pings.get(notice.id)?.(notice.answering);
        break;
      case 'reports':
        for (const report of notice.reports) this.#options.onReport(report);
        this.#worker?.post({ kind: 'received' });
        break;
      default:
        unreachable(notice);
    }
  }

  #sendChanges(): void {
    if (this.#worker === undefined || this.#changesInFlight || this.#waiting.empty) return;
    this.#changesInFlight = true;
    this.#worker.post({ kind: 'changes', changes: this.#waiting.take() });
  }

  #logEnd(reason: string, delayMilliseconds: number): void {
    const message = `the wire thread ended and starts again in ${delayMilliseconds} ms; no ARP request is answered until then`;
    this.#options.onReport({ kind: 'log', level: 'error', message, fields: { op: 'wireThread', error: reason } });
  }
}
