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
  /** Asks the server for anything; reports to `failed` or `answered` itself and never rejects. */
  readonly probe: () => Promise<void>;
}

/**
 * A watch that waits for its server must notice the return within a second or so. One attempt a process at this
 * interval, instead of one a watch, is what a hundred nodes may cost a server that is just starting.
 */
const PROBE_INTERVAL: Micros = milliseconds(1_000);

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

  /** Another cause than the last one is news, the same one is not. */
  failed(fault: string): void {
    if (this.#fault !== fault) this.#ports.log.error(`${fault}; retrying until it answers`, { op: 'apiserver' });
    this.#fault = fault;
    this.#back ??= Promise.withResolvers<void>();
    this.#timer ??= this.#startProbing();
  }

  /** The server has said something, be it a refusal. */
  answered(): void {
    if (this.#fault === undefined) return;
    this.#fault = undefined;
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
