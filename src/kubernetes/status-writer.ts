import { type JsonObject, listOf, objectOf } from '../lib/json.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Api } from './api.ts';
import { isStatus } from './api-error.ts';
import { keyOf, type ObjectName, objectPath, type Resource, titleOf } from './resource.ts';

/** The object whose status is written, as it was when the status was decided. */
export interface StatusTarget extends ObjectName {
  readonly uid: string;
  /** The write is refused (`conflict`) when the object has changed since. */
  readonly resourceVersion: string;
}

/** What to write, as a merge patch: absent fields stay, `null` removes, lists are replaced whole. */
export interface StatusChange {
  readonly status: JsonObject;
  /** Core kinds only: a custom resource's status request leaves the metadata as it is. */
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/**
 * What became of a write: `written`, the object is another now, and an event will show it; `conflict`, the object
 * changed meanwhile and its next event decides anew; `gone`, the object is no more; `not-kept`, the object stands as it
 * was and no event will come, because the server drops what is missing.
 */
export type WriteOutcome = 'written' | 'conflict' | 'gone' | 'not-kept';

/** A change that the server keeps only in part. */
interface PartlyKept {
  readonly text: string;
  /** Of the object with what was kept. A later one may lack that too, so that the change is worth another write. */
  readonly resourceVersion: unknown;
}

/** Writes statuses. One request a call, or none for what the server is known not to keep. */
export interface StatusWriter {
  /** Throws an `ApiError` for whatever is not a {@link WriteOutcome}. */
  write(resource: Resource, target: StatusTarget, change: StatusChange, signal: AbortSignal): Promise<WriteOutcome>;
}

/** Objects remembered whose status the server keeps only in part; the oldest are forgotten first and cost one write more. */
const MOST_REMEMBERED = 10_000;

/**
 * Writes by a merge patch of the status subresource that carries the resource version: one request, conditional, and
 * nothing that the projection left out is lost. Needs the verb `patch` on `RESOURCE/status`.
 */
export class ApiStatusWriter implements StatusWriter {
  readonly #api: Api;
  readonly #log: Logger;
  /** By object: the last such change. */
  readonly #partlyKept = new Map<string, PartlyKept>();
  readonly #told = new Set<string>();

  constructor({ api, log }: { readonly api: Api; readonly log: Logger }) {
    this.#api = api;
    this.#log = log;
  }

  async write(resource: Resource, target: StatusTarget, change: StatusChange, signal: AbortSignal): Promise<WriteOutcome> {
    const id = `${titleOf(resource)} ${target.uid}`;
    const text = JSON.stringify(change);
    const { annotations, status } = change;
    const { resourceVersion } = target;
    const known = this.#partlyKept.get(id);
    if (known?.text === text && known.resourceVersion === resourceVersion) return 'not-kept';
    const body = { metadata: { resourceVersion, annotations }, status };
    const path = objectPath(resource, target, 'status');
    try {
      const stored = objectOf(
        await this.#api.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' }, signal),
      );
      const storedVersion = objectOf(stored.metadata).resourceVersion;
      const lost = lostField(status, stored.status, 'status');
      if (lost !== undefined) {
        this.#remember(id, { text, resourceVersion: storedVersion });
        this.#tell(resource, target, lost);
      }
      return storedVersion === resourceVersion ? 'not-kept' : 'written';
    } catch (thrown) {
      if (isStatus(thrown, 409)) return 'conflict';
      if (isStatus(thrown, 404)) return 'gone';
      throw thrown;
    }
  }

  #remember(id: string, change: PartlyKept): void {
    const [oldest] = this.#partlyKept.keys();
    if (this.#partlyKept.size >= MOST_REMEMBERED && oldest !== undefined) this.#partlyKept.delete(oldest);
    this.#partlyKept.set(id, change);
  }

  /** Once a field: the other objects of the kind lose it too. */
  #tell(resource: Resource, target: ObjectName, field: string): void {
    const title = titleOf(resource);
    const id = `${title} ${field.replace(/\d+/g, '')}`;
    if (this.#told.has(id)) return;
    this.#told.add(id);
    this.#log.warn(
      `the API server did not keep ${field} of ${title} ${keyOf(target)} as written: its definition of ${title} is another, apply config/crd`,
      {
        op: 'status',
      },
    );
  }
}

/** The first field of a merge patch that `kept` does not show, `undefined` when it shows all. What the server adds is its own affair. */
function lostField(sent: unknown, kept: unknown, path: string): string | undefined {
  // What is empty on the wire may be absent in the store.
  if (sent === null) return kept === undefined || kept === null ? undefined : path;
  if (Array.isArray(sent)) {
    const members = listOf(kept);
    if (members.length !== sent.length) return path;
    return firstLost(sent.map((member, index) => lostField(member, members[index], `${path}[${index}]`)));
  }
  if (typeof sent !== 'object') return sent === undefined || sent === kept ? undefined : path;
  const fields = objectOf(kept);
  return firstLost(Object.entries(sent).map(([name, value]) => lostField(value, fields[name], `${path}.${name}`)));
}

function firstLost(found: readonly (string | undefined)[]): string | undefined {
  return found.find((path) => path !== undefined);
}
