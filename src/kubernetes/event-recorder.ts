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

/** Tells people, by Event objects, what happened to an object. */
export interface EventRecorder {
  /** Never waits, never throws. The same event again within ten minutes raises the count of the first. */
  record(subject: EventSubject, type: EventType, reason: string, message: string): void;
}
