import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import { untilAborted } from './aborted.ts';
import type { Gate } from './api.ts';
import type { Random } from './backoff.ts';

/** What the watch over one API server needs. */
export interface ReachabilityPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Asks the server whether it is ready; reports to `failed` or `answered` itself and never rejects. */
  readonly probe: () => Promise<void>;
}

/**
 * A watch that waits for its server must notice the return within a second or so. One attempt a process at this
 * interval, instead of one a watch, is what a hundred nodes may cost a server that is just starting.
 */
const PROBE_INTERVAL: Micros = milliseconds(1_000);

/**
 * A server that starts answers before it has read who may do what and what it stores, and refuses what it allows a
 * second later. One that has refused for this long means it, and those who asked have to hear so.
 */
const STARTING: Micros = milliseconds(10_000);

/** A new cause that lasts for this long is worth another line. */
const STAYS: Micros = milliseconds(10_000);

/**
 * Knows whether the API server can be reached: says once when it cannot, however many ask in vain, and once when it is
 * back; meanwhile one probe at a time looks for it.
 */
export class Reachability implements Gate, Disposable {
  readonly #server: string;
  readonly #ports: ReachabilityPorts;
  #fault: string | undefined;
  #back: PromiseWithResolvers<void> | undefined;
  #timer: Disposable | undefined;
  #refusedSince: Micros | undefined;
  /** The latest cause, when it is another than was said, and since when it has been this one. */
  #other: { readonly fault: string; readonly since: Micros } | undefined;

  constructor(server: string, ports: ReachabilityPorts) {
    this.#server = server;
    this.#ports = ports;
  }

  get reachable(): boolean {
    return this.#fault === undefined;
  }

  async whenReachable(signal: AbortSignal): Promise<void> {
    if (this.#back !== undefined) await untilAborted(this.#back.promise, signal);
  }

  /** Another cause than the one that was said is news, but only when it stays: a busy server goes away in several ways at once. */
  failed(fault: string): void {
    if (this.#isNews(fault)) {
      this.#ports.log.error(`${fault}; retrying until it answers`, { op: 'apiserver' });
      this.#fault = fault;
      this.#other = undefined;
    }
    this.#refusedSince = undefined;
    this.#back ??= Promise.withResolvers<void>();
    this.#timer ??= this.#startProbing();
  }

  /** The server has answered with this HTTP status; a refusal counts too, but that of a server which may be starting not at once. */
  answered(status: number): void {
    if (this.#fault === undefined || (mayPassWithStart(status) && this.#starting())) return;
    this.#fault = undefined;
    this.#other = undefined;
    this[Symbol.dispose]();
    this.#ports.log.info(`the API server at ${this.#server} answers again`, { op: 'apiserver' });
    this.#back?.resolve();
    this.#back = undefined;
  }

  /** Ends the probing. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #isNews(fault: string): boolean {
    if (this.#fault === undefined) return true;
    const now = this.#ports.clock.now();
    if (fault === this.#fault) this.#other = undefined;
    else if (this.#other?.fault !== fault) this.#other = { fault, since: now };
    return this.#other !== undefined && now - this.#other.since >= STAYS;
  }

  #starting(): boolean {
    const now = this.#ports.clock.now();
    this.#refusedSince ??= now;
    return now - this.#refusedSince < STARTING;
  }

  #startProbing(): Disposable {
    const { clock, random, probe } = this.#ports;
    const delay = PROBE_INTERVAL * (1 - random() / 2);
    return clock.startTimer(delay as Micros, () => {
      // Disposed of or answered meanwhile: then there is no timer to replace.
      const again = (): void => {
        if (this.#timer !== undefined) this.#timer = this.#startProbing();
      };
      probe().then(again, again);
    });
  }
}

/** Not known to it yet (401), not allowed yet (403), not ready yet (429, 5xx). */
function mayPassWithStart(status: number): boolean {
  return status === 401 || status === 403 || status === 429 || status >= 500;
}
