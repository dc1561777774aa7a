import type { Micros } from '../lib/clock.ts';

/** What the API server is asked for. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** How the body of a PATCH is to be understood. */
export type PatchType = 'application/merge-patch+json' | 'application/json-patch+json' | 'application/apply-patch+yaml';

/** Leave to change something. It is asked in the same instant in which a request goes out, so that no pause comes between. */
export interface WritePermit {
  /** How long a write that goes out now may take to be answered; 0 or less when none may go out. */
  remaining(): Micros;
  /** Resolves when writes may go out; early, without an error, when `signal` is aborted. */
  whenGranted(signal: AbortSignal): Promise<void>;
}

/** One call of the API. */
export interface ApiCall {
  readonly method: Method;
  /** Path without a query, each part already encoded: see `collectionPath` and `objectPath`. */
  readonly path: string;
  /** Parameters; undefined ones are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Type of the body; `application/json` unless told. */
  readonly contentType?: 'application/json' | PatchType;
  /** Longest time from the call to the last byte of the answer, waiting for a free place included; 30 s unless told. */
  readonly deadline?: Micros;
  /**
   * Without it the request goes out unasked. Throws an `ApiError` with the reason `NotPermitted` when it may not go out;
   * when the time is over before it is answered, nothing of it that has not left yet will.
   */
  readonly permit?: WritePermit;
  /** Does not wait for a free place among the writes: others depend on it. */
  readonly urgent?: boolean;
}

/** A watch that the server has accepted. */
export interface ApiStream {
  /**
   * The answer's lines as the server sends them, until it ends the answer. Throws an `ApiError` when the connection
   * breaks, when nothing was heard for as long as was agreed, and when a line is longer than any object may be.
   */
  lines(): AsyncIterable<string>;
}

/** Whether the API server can be reached, so that nobody asks in vain by himself. */
export interface Gate {
  readonly reachable: boolean;
  /** Resolves when the server answers, at once if it did last time; early, without an error, when `signal` is aborted. */
  whenReachable(signal: AbortSignal): Promise<void>;
}

/** The port to one API server. One real client a process, made by `main`; tests have their own. */
export interface Api extends Gate {
  /** The parsed answer. Throws an `ApiError` when there is none or it is a refusal. */
  request(call: ApiCall, signal: AbortSignal): Promise<unknown>;
  /**
   * Opens an answer that does not end. Throws an `ApiError` when the server refuses. `silence` is the longest time
   * without a byte before the connection counts as dead.
   */
  stream(call: ApiCall, silence: Micros, signal: AbortSignal): Promise<ApiStream>;
}
