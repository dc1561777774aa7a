import type { Clock, Micros, Timer } from '../lib/clock.ts';

/**
 * A signal that is aborted with its parent, or when its time is over, whichever comes first. To be disposed of when
 * the work is done: it then leaves nothing behind on a parent that lives as long as the process.
 */
export class Deadline implements Disposable {
  readonly #ending = new AbortController();
  readonly #parent: AbortSignal;
  readonly #timer: Timer;
  readonly #follow = (): void => this.#ending.abort(this.#parent.reason);
  #expired: boolean = false;

  constructor(clock: Clock, delay: Micros, parent: AbortSignal) {
    this.#parent = parent;
    this.#timer = clock.startTimer(delay, () => {
      this.#expired = true;
      this.#ending.abort();
    });
    parent.addEventListener('abort', this.#follow, { once: true });
    if (parent.aborted) this.#follow();
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Whether the time was over before the parent was aborted. */
  get expired(): boolean {
    return this.#expired && !this.#parent.aborted;
  }

  /** Lifts the time limit; the signal goes on following its parent. */
  disarm(): void {
    this.#timer[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#parent.removeEventListener('abort', this.#follow);
  }
}
