const NOTHING: ReadonlySet<never> = new Set<never>();

/** Several values under each key. A key is kept for as long as there is a value under it. */
export class MultiMap<Key, Value> {
  readonly #values = new Map<Key, Set<Value>>();

  /** How many keys have values. */
  get size(): number {
    return this.#values.size;
  }

  has(key: Key): boolean {
    return this.#values.has(key);
  }

  /** The values under a key, in the order in which they came. */
  get(key: Key): ReadonlySet<Value> {
    return this.#values.get(key) ?? NOTHING;
  }

  /** Puts a value under a key; once, however often it is put there. */
  add(key: Key, value: Value): void {
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, new Set([value]));
    else values.add(value);
  }

  /** Takes a value away from a key; nothing when it is not there. */
  delete(key: Key, value: Value): void {
    const values = this.#values.get(key);
    values?.delete(value);
    if (values?.size === 0) this.#values.delete(key);
  }
}
