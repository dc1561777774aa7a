import type { JsonObject } from '../lib/json.ts';
import type { ObjectName, Resource } from './resource.ts';

/** The object whose status is written, as it was when the status was decided. */
export interface StatusTarget extends ObjectName {
  readonly uid: string;
  /** The write is refused (`conflict`) when the object has changed since. */
  readonly resourceVersion: string;
  /** Absent for kinds that have none. */
  readonly generation?: number | undefined;
}

/** What to write, as a merge patch: absent fields stay, `null` removes, lists are replaced whole. */
export interface StatusChange {
  readonly status: JsonObject;
  /** Core kinds only: a custom resource's status request leaves the metadata as it is. */
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/**
 * What became of a write: `written`; `conflict`, the object changed meanwhile and its next event decides anew; `gone`,
 * the object is no more; `not-kept`, the server dropped a part of it, so that the same change is not sent again for
 * this generation of the object.
 */
export type WriteOutcome = 'written' | 'conflict' | 'gone' | 'not-kept';

/** Writes statuses. One request a call. */
export interface StatusWriter {
  /** Throws an `ApiError` for whatever is not a {@link WriteOutcome}. */
  write(resource: Resource, target: StatusTarget, change: StatusChange, signal: AbortSignal): Promise<WriteOutcome>;
}
