/** When there was a session with a peer. */
export interface SessionPast {
  /** In the same life of the kernel, before this thread started. */
  readonly before: boolean;
  /** Since it started. */
  readonly since: boolean;
}

/** Which sessions there were, by their keys. */
export class SessionHistory {
  readonly #before: ReadonlySet<string>;
  readonly #since = new Set<string>();

  /** `before` has the keys of those that an earlier process or thread had. */
  constructor(before: readonly string[]) {
    this.#before = new Set(before);
  }

  /** What is known of the session with that key. */
  of(key: string): SessionPast {
    return { before: this.#before.has(key), since: this.#since.has(key) };
  }

  /** Takes that it is up. */
  established(key: string): void {
    this.#since.add(key);
  }
}
