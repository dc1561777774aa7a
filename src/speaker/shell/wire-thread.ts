import { unreachable } from '../../lib/assert.ts';
import { type Clock, type Micros, micros, milliseconds } from '../../lib/clock.ts';
import { pause } from '../../lib/pause.ts';
import type { OwnersMemory, Report, WireChange } from '../../model/plan.ts';
import type { Notice, WireSettings } from './messages.ts';
import { PlanQueue } from './plan-queue.ts';
import { type StartWorker, startWorkerThread, type WireWorker } from './wire-worker.ts';

/** What the main thread gives to the thread that owns the wire. */
export interface WireThreadOptions extends Omit<WireSettings, 'heldSessions'> {
  readonly clock: Clock;
  /** Takes each report, in order. What it throws is not caught. */
  readonly onReport: (report: Report) => void;
  /** A thread has started that knows no plan: give it the whole one by `apply` with `replace` and `replace-bgp`, now or later. */
  readonly onPlanWanted: () => void;
  /** Which BGP sessions there were until now, as {@link WireSettings} has them. */
  readonly heldSessions?: () => readonly string[];
  /** What was known of owners until now. */
  readonly memory?: () => OwnersMemory | undefined;
  /** How long routers have to move their traffic when the process ends for good; `undefined`, as without it, when it comes again. */
  readonly drainAtEnd?: () => Micros | undefined;
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
/** What the thread has to say to its peers at the end takes it a millisecond. */
const END_DEADLINE = milliseconds(500);
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
  #key: string;
  /** The key that was changed last, and when. */
  #replacedKey: { readonly key: string; readonly at: Micros } | undefined;
  /** What the last thread said of who is gone: the next one begins with it. */
  #gone: readonly string[] = [];
  /** Aborted when the thread has taken its leave, or is gone. */
  readonly #left = new AbortController();

  constructor(options: WireThreadOptions) {
    this.#options = options;
    this.#key = options.segment?.key ?? '';
  }

  /** Gives the thread, and each that follows it, a key to sign with; says whether it is another one. */
  setKey(key: string): boolean {
    if (key === this.#key) return false;
    this.#replacedKey = { key: this.#key, at: this.#options.clock.now() };
    this.#key = key;
    this.#worker?.post({ kind: 'key', key });
    return true;
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
  apply(change: WireChange): void {
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
    const start = this.#options.startWorker ?? startWorkerThread;
    const worker = start(this.#settings(), { noticed: (notice) => this.#take(notice), ended: resolve });
    const stop = (): void => void this.#end(worker);
    signal.addEventListener('abort', stop);
    this.#worker = worker;
    this.#waiting.clear();
    this.#changesInFlight = false;
    this.#options.onPlanWanted();
    const reason = await ended;
    if (signal.aborted) this.#left.abort();
    signal.removeEventListener('abort', stop);
    this.#worker = undefined;
    return reason;
  }

  /** What a thread that starts now is given. */
  #settings(): WireSettings {
    const { node, excludedInterfaces, debug, segment, bgpListenPort = 0 } = this.#options;
    const settings = { node, excludedInterfaces, debug, bgpListenPort, heldSessions: this.#options.heldSessions?.() ?? [] };
    if (segment === undefined) return settings;
    const memory = this.#options.memory?.();
    return { ...settings, segment: { ...segment, key: this.#key, replacedKey: this.#replaced(), gone: this.#gone, memory } };
  }

  /** An age, not a time: each thread counts its time from its own start. */
  #replaced(): { readonly key: string; readonly age: Micros } | undefined {
    if (this.#replacedKey === undefined) return undefined;
    const { key, at } = this.#replacedKey;
    return { key, age: micros(this.#options.clock.now() - at) };
  }

  /** Lets the thread take its leave, and ends it when that is done or takes too long. */
  async #end(worker: WireWorker): Promise<void> {
    const drain = this.#options.drainAtEnd?.();
    worker.post({ kind: 'end', drain });
    await pause(this.#options.clock, micros(END_DEADLINE + (drain ?? 0)), this.#left.signal);
    worker.stop();
  }

  #take(notice: Notice): void {
    switch (notice.kind) {
      case 'ended':
        this.#left.abort();
        break;
      case 'applied':
        this.#changesInFlight = false;
        this.#sendChanges();
        break;
      case 'pong':
        this.#pings.get(notice.id)?.(notice.answering);
        break;
      case 'reports':
        for (const report of notice.reports) this.#report(report);
        this.#worker?.post({ kind: 'received' });
        break;
      default:
        unreachable(notice);
    }
  }

  #report(report: Report): void {
    if (report.kind === 'gone') this.#gone = report.nodes;
    this.#options.onReport(report);
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
