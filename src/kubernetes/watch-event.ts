import { type JsonObject, objectOf, textOf } from '../lib/json.ts';
import { ApiError } from './api-error.ts';
import { refusalOf } from './refusal.ts';
import { keyOf } from './resource.ts';

/** One line of a watch, understood. */
export type WatchEvent =
  /** An object came (`ADDED`) or changed (`MODIFIED`): which of the two makes no difference to a cache. */
  | { readonly type: 'present'; readonly key: string; readonly resourceVersion: string; readonly object: JsonObject }
  | { readonly type: 'gone'; readonly key: string; readonly resourceVersion: string }
  /** Nothing before `resourceVersion` is still to come; `initialEnd` closes the objects that a streaming list begins with. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string; readonly initialEnd: boolean };

/** Set on the bookmark that ends the initial events (Kubernetes API concepts, "Streaming lists"). */
const INITIAL_END_ANNOTATION = 'k8s.io/initial-events-end';

/** Reads one line. Throws an ApiError: the server's own for an ERROR event, `Malformed` for what is no event. */
export function parseWatchEvent(line: string, watched: string): WatchEvent {
  const { type, object: unchecked } = objectOf(parseLine(line, watched));
  const object = objectOf(unchecked);
  if (type === 'ERROR') throw refusalOf(`watch of ${watched}`, object, 500);
  const metadata = objectOf(object.metadata);
  const resourceVersion = textOf(metadata.resourceVersion) ?? '';
  if (type === 'BOOKMARK') {
    return { type: 'bookmark', resourceVersion, initialEnd: objectOf(metadata.annotations)[INITIAL_END_ANNOTATION] === 'true' };
  }
  const key = objectKey(object);
  if (key === undefined) throw malformed(watched);
  if (type === 'ADDED' || type === 'MODIFIED') return { type: 'present', key, resourceVersion, object };
  if (type === 'DELETED') return { type: 'gone', key, resourceVersion };
  throw malformed(watched);
}

/** The key of an object of the API, `undefined` when it has no name and so is none. */
export function objectKey(object: JsonObject): string | undefined {
  const { name, namespace } = objectOf(object.metadata);
  return typeof name === 'string' && name !== '' ? keyOf({ name, namespace: textOf(namespace) }) : undefined;
}

/**
 * Whether resource version `one` is older than `other`. Versions are decimal numbers of any length; where one is not,
 * nothing is known of their order and the answer is no.
 */
export function isOlder(one: string, other: string): boolean {
  if (!DECIMAL.test(one) || !DECIMAL.test(other)) return false;
  return one.length === other.length ? one < other : one.length < other.length;
}

const DECIMAL = /^[1-9]\d*$/;

function parseLine(line: string, watched: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw malformed(watched);
  }
}

function malformed(watched: string): ApiError {
  return new ApiError(`watch of ${watched}: a line is not a watch event`, { status: 0, reason: 'Malformed' });
}
