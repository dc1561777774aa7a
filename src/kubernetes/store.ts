import type { JsonObject } from '../lib/json.ts';
import type { Resource } from './resource.ts';

/** Finds the objects of a store by something that they say of themselves. */
export interface Index<Projection> {
  /** The objects indexed under `value`, by key; in no order, and not to be kept over a wait. */
  get(value: string): ReadonlyMap<string, Projection>;
}

/**
 * What is known of the objects of one resource: a projection of each, by key. Shared by all who look at that resource,
 * read-only to them. Each object is as the server had it at some moment; what is known may be late, and while a list is
 * taken in again some objects are later than others.
 */
export interface Store<Projection> {
  readonly resource: Resource;
  /** Whether a whole list has been taken in. Stays true through later failures: old knowledge is better than none. */
  readonly synced: boolean;
  readonly size: number;
  get(key: string): Projection | undefined;
  keys(): IterableIterator<string>;
  entries(): IterableIterator<[string, Projection]>;
  /**
   * An index that the store keeps current. `valuesOf` is pure; an object is found under each value it gives. It stays for
   * as long as the store: the same function gives the same index, so those who come and go bring the same one.
   */
  index(valuesOf: (projection: Projection, key: string) => Iterable<string>): Index<Projection>;
  /**
   * Calls `listener` with the key of each object that came, changed or went, after the store has changed. It runs
   * within the watch, so it only enqueues. Disposing ends it.
   */
  subscribe(listener: (key: string) => void): Disposable;
  /** Resolves when `synced`; early, without an error, when `signal` is aborted. */
  whenSynced(signal: AbortSignal): Promise<void>;
}

/**
 * Makes what a store keeps of one object, or `undefined` when the object is of no interest. Pure and total: it gets
 * whatever the server sent, so it reads through src/lib/json. If it throws all the same, that is a bug: it is logged
 * once with the object's name, and the object is treated as of no interest until it changes.
 */
export type Project<Projection> = (object: JsonObject) => Projection | undefined;
