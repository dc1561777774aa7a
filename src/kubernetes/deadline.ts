import { type Clock, type Micros, micros, type Timer } from '../lib/clock.ts';

/**
 * A signal that is aborted with its parent, or when its time is over, whichever comes first. To be disposed of when
 * the work is done: it then leaves nothing behind on a parent that lives as long as the process.
 */
export class Deadline implements Disposable {
  readonly #ending = new AbortController();
  readonly #parent: AbortSignal;
  readonly #clock: Clock;
  #due: Micros;
  #timer: Timer;
  readonly #follow = (): void => this.#ending.abort(this.#parent.reason);
  #expired: boolean = false;

  constructor(clock: Clock, delay: Micros, parent: AbortSignal) {
    this.#parent = parent;
    this.#clock = clock;
    this.#due = micros(clock.now() + delay);
    this.#timer = this.#start(delay);
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

  /** Ends it `delay` from now, if it would not end sooner anyway. */
  shorten(delay: Micros): void {
    const due = micros(this.#clock.now() + delay);
    if (due >= this.#due) return;
    this.#due = due;
    this.#timer[Symbol.dispose]();
    this.#timer = this.#start(delay);
  }

  /** Lifts the time limit; the signal goes on following its parent. */
  disarm(): void {
    this.#timer[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#parent.removeEventListener('abort', this.#follow);
  }

  #start(delay: Micros): Timer {
    return this.#clock.startTimer(delay, () => {
      this.#expired = true;
      this.#ending.abort();
    });
  }
}
