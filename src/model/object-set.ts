import type { ObjectMeta } from '../crds/meta.ts';
import { compareTexts } from '../lib/order.ts';
import type { Result } from '../lib/result.ts';

/** Why an object is not used as it stands. */
export interface Refusal {
  /** Upstream's words. */
  readonly text: string;
  /** Whether an object that it names may simply not be there yet. */
  readonly transient: boolean;
}

/** All objects of one kind: those in use, and why others are not used as they stand. */
export interface ObjectSet<Value> {
  /** By name, the oldest first. */
  readonly inUse: ReadonlyMap<string, Value>;
  /** By name. An object may be here and in use too: in its last good form, or without what does not fit others. */
  readonly refused: ReadonlyMap<string, Refusal>;
}

/** What is known of every object that was checked. */
export interface Checked {
  readonly name: string;
  /** Another object of the same name has another one. */
  readonly uid: string;
}

/** How the objects of one kind are checked: each by itself, then beside the older ones. */
export interface Rules<Source, Value> {
  /** Never throws, whatever the spec is. */
  parse(object: Source): Result<Value, Refusal>;
  /** Why it cannot be used beside `older`; `undefined` when it can. */
  conflict(value: Value, older: ReadonlyMap<string, Value>): Refusal | undefined;
}

/** Refused for good: only a change of the configuration helps. */
export function refusal(text: string): Refusal {
  return { text, transient: false };
}

/**
 * Checks objects of one kind. A bad one is refused alone; of two that conflict the younger one is, and at equal age the
 * one later by name, so that every process and every restart decides the same. A refused one goes on as it last was in
 * `previous`, unless that conflicts with an older one.
 */
export function parseObjects<Source extends { readonly metadata: ObjectMeta }, Value extends Checked>(
  objects: readonly Source[],
  { parse, conflict }: Rules<Source, Value>,
  previous: ObjectSet<Value> | undefined,
): ObjectSet<Value> {
  const inUse = new Map<string, Value>();
  const refused = new Map<string, Refusal>();
  for (const object of [...objects].sort(byAge)) {
    const { name, uid = '' } = object.metadata;
    const parsed = parse(object);
    const fault = parsed.ok ? conflict(parsed.value, inUse) : parsed.error;
    if (fault !== undefined) refused.set(name, fault);
    const last = previous?.inUse.get(name);
    if (parsed.ok && fault === undefined) inUse.set(name, parsed.value);
    else if (last !== undefined && last.uid === uid && conflict(last, inUse) === undefined) inUse.set(name, last);
  }
  return { inUse, refused };
}

/** Orders objects: the older first, at equal age by name. For `Array.sort`. */
export function byAge(
  { metadata: left }: { readonly metadata: ObjectMeta },
  { metadata: right }: { readonly metadata: ObjectMeta },
): number {
  // RFC 3339 texts of the API server are all in UTC and of one length, so they sort as they are.
  return compareTexts(left.creationTimestamp ?? '', right.creationTimestamp ?? '') || compareTexts(left.name, right.name);
}
