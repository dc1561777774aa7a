import type { JsonObject } from '../lib/json.ts';
import { rfc3339 } from './rfc3339.ts';

/** The object that an event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent or empty for kinds without namespaces: their events lie in `default`. */
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string | undefined;
}

/** Whether an event is of the normal day or wants somebody's attention. */
export type EventType = 'Normal' | 'Warning';

/** The same thing that happened to the same object, once or several times. Instants are milliseconds since 1970. */
export interface Happening {
  readonly subject: EventSubject;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** Where and by whom an event is stored. */
export interface EventOrigin {
  readonly namespace: string;
  readonly name: string;
  readonly component: string;
  readonly host: string;
}

/** The server refuses longer notes in the newer events API, and readers of both expect none. */
const LONGEST_MESSAGE = 1_024;

/** A `v1` Event, as client-go's recorder fills it. */
export function newEvent(happening: Happening, { namespace, name, component, host }: EventOrigin): JsonObject {
  const { subject, type, reason, message, first, last, count } = happening;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name },
    involvedObject: { ...subject },
    type,
    reason,
    message: message.slice(0, LONGEST_MESSAGE),
    source: host === '' ? { component } : { component, host },
    reportingComponent: component,
    reportingInstance: host,
    firstTimestamp: rfc3339(first),
    lastTimestamp: rfc3339(last),
    count,
  };
}

/** What changes in an event that happened again. */
export function countPatch({ last }: Happening, count: number): JsonObject {
  return { count, lastTimestamp: rfc3339(last) };
}
