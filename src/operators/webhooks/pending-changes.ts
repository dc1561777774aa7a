import { type Micros, micros, milliseconds } from '../../lib/clock.ts';
import type { Change, ConfigurationObject } from '../../model/admission.ts';
import type { ConfigurationKind, ConfigurationObjects } from '../../model/configuration.ts';
import { REVIEWED_KINDS } from './configuration-kinds.ts';

/** A change that was let in and may not be stored yet. */
interface PendingChange {
  readonly kind: ConfigurationKind;
  readonly name: string;
  readonly object: ConfigurationObject | undefined;
  /** What it replaces; `undefined` for a creation. */
  readonly base: ConfigurationObject | undefined;
  readonly expires: Micros;
  /** The turn at which it was seen to be stored. */
  stored: number | undefined;
}

/** When a reading began: what was seen to be stored later, it may not show. */
export interface ReadingBegan {
  readonly turn: number;
  readonly at: Micros;
}

/** What the API server lets in, it stores within milliseconds; after this long it has not, for a reason of its own. */
const LIFETIME: Micros = milliseconds(500);
/** Of more at once the oldest are forgotten: a condition says later what slipped through. */
const MOST = 1_000;

/**
 * The changes that were let in a moment ago. Two that contradict each other may be reviewed before the first one is
 * stored: what is read then does not show it, but this does.
 */
export class PendingChanges {
  readonly #changes = new Map<string, PendingChange>();
  #turn = 0;

  /** Takes notice that a reading begins. */
  begin(now: Micros): ReadingBegan {
    this.#turn += 1;
    return { turn: this.#turn, at: now };
  }

  /** Takes notice of a change that was let in. One whose name the server has yet to choose cannot be remembered. */
  add({ kind, name, object, oldObject }: Change, now: Micros): void {
    if (name === '') return;
    const id = idOf(kind, name);
    // Behind the others, so that the first is the oldest.
    this.#changes.delete(id);
    this.#changes.set(id, { kind, name, object, base: oldObject, expires: micros(now + LIFETIME), stored: undefined });
    const [oldest] = this.#changes.keys();
    if (this.#changes.size > MOST && oldest !== undefined) this.#changes.delete(oldest);
  }

  /**
   * Takes notice of what is stored under a name; it may be late. The server gives an object its identity before it asks,
   * so a creation is known again, also when it is deleted right behind that.
   */
  seen(kind: ConfigurationKind, name: string, uid: string | undefined): void {
    const change = this.#changes.get(idOf(kind, name));
    if (change === undefined || uid === undefined || uid !== change.object?.metadata.uid) return;
    this.#turn += 1;
    change.stored ??= this.#turn;
  }

  /** What a reading has given, as it will be when all of them are stored. */
  over(objects: ConfigurationObjects, began: ReadingBegan): ConfigurationObjects {
    const pending = [...this.#changes.values()].filter(({ expires }) => expires > began.at);
    if (pending.length === 0) return objects;
    const lists = REVIEWED_KINDS.map(({ kind, list }) => {
      const ofKind = pending.filter((change) => change.kind === kind);
      return [list, overList(objects[list], ofKind, began)];
    });
    return { ...objects, ...Object.fromEntries(lists) };
  }
}

function overList(
  read: readonly ConfigurationObject[],
  changes: readonly PendingChange[],
  began: ReadingBegan,
): readonly ConfigurationObject[] {
  const byName = new Map(read.map((object) => [object.metadata.name, object]));
  const missing = changes.filter((change) => isMissing(change, byName.get(change.name), began));
  const names = new Set(missing.map(({ name }) => name));
  const objects = missing.flatMap(({ object }) => (object === undefined ? [] : [object]));
  return [...read.filter(({ metadata }) => !names.has(metadata.name)), ...objects];
}

/**
 * Whether a reading does not show a change yet. A creation is there under its name, or it was seen before the reading
 * began and is gone again; any other change is there when the version that it replaces is not.
 */
function isMissing({ base, stored }: PendingChange, read: ConfigurationObject | undefined, began: ReadingBegan): boolean {
  if (base === undefined) return read === undefined && (stored === undefined || stored > began.turn);
  return read?.metadata.uid === base.metadata.uid && read?.metadata.resourceVersion === base.metadata.resourceVersion;
}

function idOf(kind: ConfigurationKind, name: string): string {
  return `${kind}/${name}`;
}
