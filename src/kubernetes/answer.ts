import type { IncomingMessage } from 'node:http';
import type { Clock, Micros, Timer } from '../lib/clock.ts';
import type { ApiCall } from './api.ts';
import { ApiError } from './api-error.ts';
import { describeConnectionFault } from './connection-fault.ts';
import { LineCutter } from './line-cutter.ts';

/** A page of 500 objects is a few megabytes; an answer beyond this is not one of ours. */
const LONGEST_ANSWER_BYTES = 256 * 1024 * 1024;

/** The whole body of an answer. Throws an ApiError when it is too long, and what Node throws when it breaks off. */
export async function bodyOf(call: ApiCall, answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > LONGEST_ANSWER_BYTES) {
      answer.destroy();
      throw new ApiError(`${call.method} ${call.path}: the answer is longer than ${LONGEST_ANSWER_BYTES} bytes`, {
        status: 0,
        reason: 'TooLong',
      });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** A body as JSON; `undefined` for an empty one. The error does not quote the body, which may be a Secret. */
export function parseBody(call: ApiCall, body: string): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    throw new ApiError(`${call.method} ${call.path}: the answer is not JSON`, { status: 0, reason: 'Malformed' });
  }
}

/** How long an endless answer may go on. */
export interface Listening {
  readonly clock: Clock;
  /** Longest time without a byte. */
  readonly silence: Micros;
  readonly signal: AbortSignal;
}

/** The lines of an answer as they come, see `ApiStream`. The connection is closed when the loop over them is left. */
export async function* linesOf(call: ApiCall, answer: IncomingMessage, { clock, silence, signal }: Listening): AsyncGenerator<string> {
  const cutter = new LineCutter();
  using ear = new Ear(clock, silence, () => answer.destroy(silentError(call, silence)));
  const abort = (): void => void answer.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    for await (const piece of answer as AsyncIterable<Buffer>) {
      ear.heard();
      yield* cutter.cut(piece);
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown instanceof ApiError ? thrown : brokenError(call, thrown, 'within');
  } finally {
    signal.removeEventListener('abort', abort);
    answer.destroy();
  }
}

/** The error of a connection that broke, before or within the answer. */
export function brokenError(call: ApiCall, thrown: unknown, where: 'before' | 'within'): ApiError {
  const text = `${call.method} ${call.path}: ${describeConnectionFault(thrown)} ${where} the answer`;
  return new ApiError(text, { status: 0, reason: 'Broken' });
}

function silentError(call: ApiCall, silence: Micros): ApiError {
  const text = `${call.method} ${call.path}: nothing heard for ${silence / 1_000_000} s, the connection counts as dead`;
  return new ApiError(text, { status: 0, reason: 'Silent' });
}

/** Calls `dead` once nothing was heard for a while. One timer a silence, not one a piece: pieces come by the thousand. */
class Ear implements Disposable {
  readonly #clock: Clock;
  readonly #silence: Micros;
  readonly #dead: () => void;
  #last: Micros;
  #timer: Timer;

  constructor(clock: Clock, silence: Micros, dead: () => void) {
    this.#clock = clock;
    this.#silence = silence;
    this.#dead = dead;
    this.#last = clock.now();
    this.#timer = clock.startTimer(silence, () => this.#check());
  }

  heard(): void {
    this.#last = this.#clock.now();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #check(): void {
    const left = this.#last + this.#silence - this.#clock.now();
    if (left <= 0) this.#dead();
    else this.#timer = this.#clock.startTimer(left as Micros, () => this.#check());
  }
}
