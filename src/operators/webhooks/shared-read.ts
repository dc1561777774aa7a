/**
 * Something that is read for many at once, and never older than the question: who asks gets a reading that began after he
 * asked. One is under way at a time, and all who come meanwhile share the next one.
 */
export class SharedRead<Value> {
  readonly #read: () => Promise<Value>;
  #running: Promise<unknown> | undefined;
  #next: Promise<Value> | undefined;

  constructor(read: () => Promise<Value>) {
    this.#read = read;
  }

  /** The next reading. Rejects as it does; the one after begins all the same. */
  get(): Promise<Value> {
    if (this.#running === undefined) return this.#begin();
    this.#next ??= this.#running.then(() => this.#begin());
    return this.#next;
  }

  #begin(): Promise<Value> {
    const reading = this.#read();
    this.#next = undefined;
    const ended = reading.then(
      () => undefined,
      () => undefined, // who asked is told
    );
    this.#running = ended;
    void ended.then(() => {
      if (this.#running === ended) this.#running = undefined;
    });
    return reading;
  }
}
