import { objectOf } from '../../../src/lib/json.ts';
import type { Change, StoredObject } from './object-store.ts';

/** Which objects a list or a watch is about. */
export interface Selection {
  readonly collection: string;
  readonly namespace: string | undefined;
  /** Path and value of a field selector such as `spec.type=LoadBalancer`. */
  readonly field: readonly [path: string, value: string] | undefined;
}

/** Whether a selection covers an object. */
export function selects({ namespace, field }: Selection, object: StoredObject): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  return field === undefined || valueAt(object, field[0]) === field[1];
}

/** The event that a watch of a selection sends for a change: what leaves the selection is deleted to that watch. */
export function eventFor(
  selection: Selection,
  { type, object, before, collection }: Change,
): { type: string; object: StoredObject } | undefined {
  if (collection !== selection.collection) return undefined;
  const was = before !== undefined && selects(selection, before);
  const is = type !== 'DELETED' && selects(selection, object);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object };
  return was ? { type: 'DELETED', object } : undefined;
}

function valueAt(object: StoredObject, path: string): unknown {
  let value: unknown = object;
  for (const name of path.split('.')) value = objectOf(value)[name];
  return value;
}
