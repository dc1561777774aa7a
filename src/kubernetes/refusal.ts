import type { IncomingHttpHeaders } from 'node:http';
import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import { integerOf, objectOf, textOf } from '../lib/json.ts';
import type { ApiCall } from './api.ts';
import { ApiError } from './api-error.ts';

/** A server that asks for more patience than this is treated as if it had asked for this much. */
const LONGEST_PATIENCE: Micros = milliseconds(600_000);

/** Longest quotation of the server in an error: its refusals can list every field of an object. */
const LONGEST_QUOTE = 1_000;

/** The error that a `metav1.Status` object stands for, as the body of an answer or within a watch. */
export function refusalOf(asked: string, status: unknown, fallbackCode: number, retryAfter?: Micros): ApiError {
  const { code, reason, message, details } = objectOf(status);
  const number = integerOf(code) ?? fallbackCode;
  const word = textOf(reason) ?? 'Unknown';
  const seconds = integerOf(objectOf(details).retryAfterSeconds);
  const words = (textOf(message) ?? 'no reason given').slice(0, LONGEST_QUOTE);
  return new ApiError(`${asked}: ${number} ${word}: ${words}`, {
    status: number,
    reason: word === 'Unknown' ? `Http${number}` : word,
    retryAfter: retryAfter ?? (seconds === undefined ? undefined : patience(seconds)),
  });
}

/** The error that an answer stands for whose status code is not one of success. */
export function refusalOfAnswer(call: ApiCall, statusCode: number, headers: IncomingHttpHeaders, body: string, clock: Clock): ApiError {
  return refusalOf(`${call.method} ${call.path}`, statusIn(body), statusCode, retryAfterOf(headers, clock));
}

/** What stands before the API server (a proxy, a load balancer) answers in other words than Kubernetes' own. */
function statusIn(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return { message: body.trim().split('\n', 1)[0] };
  }
}

/** Seconds, or a date (RFC 9110, Section 10.2.3). */
function retryAfterOf(headers: IncomingHttpHeaders, clock: Clock): Micros | undefined {
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return patience(Number(text));
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : patience((date - clock.wallMilliseconds()) / 1_000);
}

function patience(seconds: number): Micros {
  return Math.min(LONGEST_PATIENCE, Math.max(0, seconds) * 1_000_000) as Micros;
}
