import { untilAborted } from './aborted.ts';
import type { Resource } from './resource.ts';
import type { Index, Store } from './store.ts';

/** The one writable implementation of {@link Store}: whoever fills it sees the side that changes it. */
export class Cache<Projection> implements Store<Projection> {
  readonly resource: Resource;
  readonly #entries = new Map<string, Projection>();
  /** By the function they were asked for with. */
  readonly #indexes = new Map<ValuesOf<Projection>, CacheIndex<Projection>>();
  readonly #listeners = new Set<(key: string) => void>();
  readonly #firstSync = Promise.withResolvers<void>();
  #synced: boolean = false;

  constructor(resource: Resource) {
    this.resource = resource;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Projection | undefined {
    return this.#entries.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  entries(): IterableIterator<[string, Projection]> {
    return this.#entries.entries();
  }

  index(valuesOf: ValuesOf<Projection>): Index<Projection> {
    const known = this.#indexes.get(valuesOf);
    if (known !== undefined) return known;
    const index = new CacheIndex(valuesOf);
    for (const [key, projection] of this.#entries) index.add(key, projection);
    this.#indexes.set(valuesOf, index);
    return index;
  }

  subscribe(listener: (key: string) => void): Disposable {
    // A listener of its own, so that the same function may be subscribed twice and each subscription ends alone.
    const own = (key: string): void => listener(key);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    if (!this.#synced) await untilAborted(this.#firstSync.promise, signal);
  }

  /** Holds `projection` under `key`, or nothing if it is `undefined`, then tells the listeners. */
  set(key: string, projection: Projection | undefined): void {
    const before = this.#entries.get(key);
    if (before === undefined && projection === undefined) return;
    if (before !== undefined) for (const index of this.#indexes.values()) index.remove(key, before);
    if (projection === undefined) this.#entries.delete(key);
    else {
      this.#entries.set(key, projection);
      for (const index of this.#indexes.values()) index.add(key, projection);
    }
    for (const listener of this.#listeners) listener(key);
  }

  /** A whole list has been taken in: what is not among `present` has vanished meanwhile, and the store is synced. */
  finishList(present: ReadonlySet<string>): void {
    for (const key of [...this.#entries.keys()]) if (!present.has(key)) this.set(key, undefined);
    this.#synced = true;
    this.#firstSync.resolve();
  }
}

type ValuesOf<Projection> = (projection: Projection, key: string) => Iterable<string>;

/** What an index gives for a value that no object has. */
const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

class CacheIndex<Projection> implements Index<Projection> {
  readonly #valuesOf: ValuesOf<Projection>;
  readonly #byValue = new Map<string, Map<string, Projection>>();

  constructor(valuesOf: ValuesOf<Projection>) {
    this.#valuesOf = valuesOf;
  }

  get(value: string): ReadonlyMap<string, Projection> {
    return this.#byValue.get(value) ?? NOTHING;
  }

  add(key: string, projection: Projection): void {
    for (const value of this.#valuesOf(projection, key)) {
      const found = this.#byValue.get(value);
      if (found === undefined) this.#byValue.set(value, new Map<string, Projection>().set(key, projection));
      else found.set(key, projection);
    }
  }

  remove(key: string, projection: Projection): void {
    for (const value of this.#valuesOf(projection, key)) {
      const found = this.#byValue.get(value);
      found?.delete(key);
      if (found?.size === 0) this.#byValue.delete(value);
    }
  }
}
