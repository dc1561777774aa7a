import type { Report } from './programs.ts';

/** Often enough that nobody thinks it hangs, seldom enough to leave a log readable. */
const INTERVAL_MILLISECONDS = 15_000;

/** A time span for people: `45 s`, `2 min 10 s`. */
export function spanText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Reports every 15 seconds how long something has taken so far and how far it is, until it is disposed of. */
export class Ticker implements Disposable {
  readonly #timer: NodeJS.Timeout;

  constructor(report: Report, progress: () => string, intervalMilliseconds: number = INTERVAL_MILLISECONDS) {
    const began = performance.now();
    this.#timer = setInterval(() => report(`  ${spanText(performance.now() - began)}: ${progress()}`), intervalMilliseconds);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
