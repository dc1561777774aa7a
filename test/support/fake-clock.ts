import { type Clock, type Micros, micros, type Timer } from '../../src/lib/clock.ts';

interface Pending {
  readonly due: Micros;
  /** Timers of the same instant fire in the order they were started. */
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that stands still until the test moves it. Timers fire within `advance` and `run`, in order, and nowhere else. */
export class FakeClock implements Clock {
  readonly #pending = new Set<Pending>();
  readonly #wallAtStart: number;
  #now: Micros = micros(0);
  #started = 0;
  #slept: Micros = micros(0);

  /** `wallAtStart` is the hour when `now` is 0, in milliseconds since 1970; a fixed day of 2026 unless told. */
  constructor(wallAtStart: number = Date.UTC(2026, 0, 1)) {
    this.#wallAtStart = wallAtStart;
  }

  now(): Micros {
    return this.#now;
  }

  wallMilliseconds(): number {
    return this.#wallAtStart + Math.floor((this.#now + this.#slept) / 1_000);
  }

  startTimer(delay: Micros, fire: () => void): Timer {
    const timer: Pending = { due: micros(this.#now + Math.max(0, delay)), order: this.#started++, fire };
    this.#pending.add(timer);
    return { [Symbol.dispose]: () => void this.#pending.delete(timer) };
  }

  /** Timers that were started and have neither fired nor been disposed of. */
  get timers(): number {
    return this.#pending.size;
  }

  /** The instant at which the next timer fires, if there is one. */
  get nextDue(): Micros | undefined {
    return this.#next()?.due;
  }

  /** Moves on by `delay` and fires what falls due on the way, at its own instant, timers started meanwhile included. */
  advance(delay: Micros): void {
    const end = micros(this.#now + delay);
    while (this.#fireNext(end));
    this.#now = end;
  }

  /** Moves on by `delay` without firing anything, as a busy process does: what fell due fires late, at the next move. */
  stall(delay: Micros): void {
    this.#now = micros(this.#now + delay);
  }

  /** What a suspended machine does: only the hour moves on; the monotonic clock and the timers know nothing of it. */
  sleep(delay: Micros): void {
    this.#slept = micros(this.#slept + delay);
  }

  /** As `advance`, but lets promises and immediates settle before the first timer and after each. */
  async run(delay: Micros): Promise<void> {
    const end = micros(this.#now + delay);
    await settle();
    while (this.#fireNext(end)) await settle();
    this.#now = end;
    await settle();
  }

  #fireNext(end: Micros): boolean {
    const next = this.#next();
    if (next === undefined || next.due > end) return false;
    this.#pending.delete(next);
    this.#now = micros(Math.max(this.#now, next.due));
    next.fire();
    return true;
  }

  #next(): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#pending) {
      if (next === undefined || timer.due < next.due || (timer.due === next.due && timer.order < next.order)) next = timer;
    }
    return next;
  }
}

/** Rounds of the event loop after which a chain of promises and immediates of ordinary length has run dry. */
const SETTLING_ROUNDS = 8;

/** Lets everything run that waits for neither a timer nor a socket. */
export async function settle(): Promise<void> {
  for (let round = 0; round < SETTLING_ROUNDS; round++) await new Promise((resolve) => setImmediate(resolve));
}
