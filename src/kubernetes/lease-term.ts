import { type Micros, micros } from '../lib/clock.ts';
import { untilAborted } from './aborted.ts';
import type { WritePermit } from './api.ts';
import type { Leadership } from './resource-operator.ts';

/** One term of leadership and the wait before it: what begins with it may write until it ends, and never after. */
export class LeaseTerm implements Leadership, WritePermit {
  readonly #lease: WritePermit;
  readonly #begun = Promise.withResolvers<void>();
  readonly #ending = new AbortController();
  #leads: boolean = false;

  /** `lease` is that of the process: how long its leadership is sure. */
  constructor(lease: WritePermit) {
    this.#lease = lease;
  }

  /** Aborted when the work of the term is to end. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** The process leads, and all that is known is at least as new as that. */
  begin(): void {
    this.#leads = !this.signal.aborted;
    this.#begun.resolve();
  }

  /** Tells the work to end; until {@link end} it may write what it has to say. */
  close(): void {
    this.#ending.abort();
  }

  /** Nothing more is written. */
  end(): void {
    this.#leads = false;
    this.close();
  }

  remaining(): Micros {
    return this.#leads ? this.#lease.remaining() : micros(0);
  }

  async whenLeading(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#begun.promise, signal);
  }

  /** A term that has ended never grants anything again: who waits for it ends with its signal. */
  async whenGranted(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#begun.promise, signal);
    if (this.#leads) await this.#lease.whenGranted(signal);
    else await untilAborted(new Promise(() => undefined), signal);
  }
}
