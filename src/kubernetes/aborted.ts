/** A promise that resolves when `signal` is aborted, as something to race against. Disposing leaves nothing on the signal. */
export class Aborted implements Disposable {
  readonly promise: Promise<void>;
  readonly #signal: AbortSignal;
  readonly #listener: () => void;

  constructor(signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.promise = promise;
    this.#signal = signal;
    this.#listener = () => resolve();
    signal.addEventListener('abort', this.#listener, { once: true });
    if (signal.aborted) resolve();
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#listener);
  }
}

/** Waits for `event`, or until `signal` is aborted; the caller looks at the signal. */
export async function untilAborted(event: Promise<void>, signal: AbortSignal): Promise<void> {
  using aborted = new Aborted(signal);
  await Promise.race([event, aborted.promise]);
}
