import type { Micros } from '../lib/clock.ts';
import { MetalError } from '../lib/errors.ts';

/** What a refusal or a failed call carries beside its text. */
export interface ApiFailure {
  /** Status code of the answer; 0 when there was no answer. */
  readonly status: number;
  /** Kubernetes' word for it (`Conflict`, `NotFound`, `Expired`, ...), or ours: `Unreachable`, `NotPermitted`, `Timeout`, `Malformed`. */
  readonly reason: string;
  /** How long the server wants to be left alone. */
  readonly retryAfter?: Micros | undefined;
  readonly cause?: unknown;
}

/** A call of the API that did not give what was asked for. The text names the call and the server's words, never a secret. */
export class ApiError extends MetalError {
  readonly code: string;
  readonly retryable: boolean;
  readonly status: number;
  readonly reason: string;
  readonly retryAfter: Micros | undefined;

  constructor(message: string, { status, reason, retryAfter, cause }: ApiFailure) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = `API_${reason.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}`;
    this.retryable = status === 0 || status === 409 || status === 410 || status === 429 || status >= 500;
    this.status = status;
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

/** Whether `thrown` is the API's refusal with `status`: 404 for gone, 409 for changed meanwhile. */
export function isStatus(thrown: unknown, status: number): thrown is ApiError {
  return thrown instanceof ApiError && thrown.status === status;
}

/** Whether the server could not be reached at all. The client has logged that once already: others need not. */
export function isUnreachable(thrown: unknown): thrown is ApiError {
  return thrown instanceof ApiError && thrown.status === 0 && thrown.reason === 'Unreachable';
}

/** Whether nothing was sent because it could not be or must not be now: the gate tells when it makes sense again. */
export function isHeldBack(thrown: unknown): thrown is ApiError {
  return isUnreachable(thrown) || (thrown instanceof ApiError && thrown.status === 0 && thrown.reason === 'NotPermitted');
}
