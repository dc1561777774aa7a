import { type JsonObject, objectOf } from '../../../src/lib/json.ts';

/** An object with at least a name. */
export interface StoredObject extends JsonObject {
  readonly metadata: JsonObject & { readonly name: string; readonly namespace?: string };
}

/** One step of the history. */
export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly collection: string;
  /** After the change; the last state for a deletion, with the version of the deletion. */
  readonly object: StoredObject;
  /** Before the change. */
  readonly before: StoredObject | undefined;
}

/** The etcd of the fake: objects by collection (`/api/v1/services`) and key, one version for all, and their history. */
export class ObjectStore {
  readonly #collections = new Map<string, Map<string, StoredObject>>();
  #history: Change[] = [];
  #version = 100;
  #compacted = 0;
  #uids = 0;
  #listener: (change: Change) => void = () => undefined;

  /** The version of the last change. */
  get version(): number {
    return this.#version;
  }

  /** Changes up to this version are forgotten. */
  get compacted(): number {
    return this.#compacted;
  }

  /** Calls `listener` after each change, from now on. */
  listen(listener: (change: Change) => void): void {
    this.#listener = listener;
  }

  get(collection: string, key: string): StoredObject | undefined {
    return this.#collections.get(collection)?.get(key);
  }

  /** All objects of a collection, or those of one namespace, sorted by key. */
  list(collection: string, namespace?: string): StoredObject[] {
    const all = [...(this.#collections.get(collection) ?? new Map<string, StoredObject>())];
    const wanted = all.filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace);
    return wanted.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, object]) => object);
  }

  /** Stores `object` under its key, new or in place of what is there; gives it with its version, identity and generation. */
  put(collection: string, object: StoredObject): StoredObject {
    const key = storeKey(object);
    const before = this.get(collection, key);
    this.#version += 1;
    const uid = before?.metadata.uid ?? `uid-${++this.#uids}`;
    const metadata = { ...object.metadata, uid, generation: generationOf(object, before), resourceVersion: String(this.#version) };
    const stored: StoredObject = { ...object, metadata };
    const objects = this.#collections.get(collection) ?? new Map<string, StoredObject>();
    this.#collections.set(collection, objects.set(key, stored));
    this.#record({ version: this.#version, type: before === undefined ? 'ADDED' : 'MODIFIED', collection, object: stored, before });
    return stored;
  }

  /** Removes an object and gives what it was; `undefined` when there is none. */
  remove(collection: string, key: string): StoredObject | undefined {
    const before = this.get(collection, key);
    if (before === undefined) return undefined;
    this.#collections.get(collection)?.delete(key);
    this.#version += 1;
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(this.#version) } };
    this.#record({ version: this.#version, type: 'DELETED', collection, object, before });
    return before;
  }

  /** What changed in a collection after `version`, oldest first. */
  changesAfter(version: number, collection: string): Change[] {
    return this.#history.filter((change) => change.version > version && change.collection === collection);
  }

  /** Forgets the history: who is behind must list. */
  compact(): void {
    this.#compacted = this.#version;
    this.#history = [];
  }

  #record(change: Change): void {
    this.#history.push(change);
    this.#listener(change);
  }
}

/** `namespace/name`, or the name alone. */
export function storeKey({ metadata: { namespace, name } }: StoredObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Grows with the desired state: everything but metadata and status. */
function generationOf(object: StoredObject, before: StoredObject | undefined): number {
  const last = objectOf(before?.metadata).generation;
  if (typeof last !== 'number' || before === undefined) return 1;
  return JSON.stringify(desired(object)) === JSON.stringify(desired(before)) ? last : last + 1;
}

function desired(object: StoredObject): JsonObject {
  return { ...object, metadata: undefined, status: undefined };
}
