import { ApiError } from './api-error.ts';

/** A limited number of places: whoever finds none free waits in line, first come, first served. */
export class Places {
  readonly #limit: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A place, to be disposed of after use. Rejects with the signal's reason when that is aborted before. */
  async take(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#taken < this.#limit) this.#taken += 1;
    else await this.#wait(signal);
    return { [Symbol.dispose]: () => this.#giveBack() };
  }

  /** A place that is given back goes straight to the first in line, so it never counts as free in between. */
  #giveBack(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#taken -= 1;
    else first();
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= LONGEST_LINE) {
      return Promise.reject(new ApiError(`more than ${LONGEST_LINE} requests wait for the API server`, { status: 0, reason: 'Busy' }));
    }
    return new Promise((resolve, reject) => {
      const seat = (): void => {
        leave();
        resolve();
      };
      const giveUp = (): void => {
        leave();
        reject(signal.reason);
      };
      const leave = (): void => {
        this.#waiting.delete(seat);
        signal.removeEventListener('abort', giveUp);
      };
      this.#waiting.add(seat);
      signal.addEventListener('abort', giveUp);
    });
  }
}

/** Far more than all queues of a process have workers: beyond it, waiting would only hide a fault. */
const LONGEST_LINE = 10_000;
