import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type AdmissionRequest, admissionReview, parseAdmissionReview, type Verdict } from './admission-review.ts';
import { type BodyFault, BodyReader, LONGEST_BODY_BYTES } from './request-body.ts';

/** Decides about one change. It settles soon after `signal` is aborted; what it rejects with is why nobody could decide. */
export type Reviewer = (request: AdmissionRequest, signal: AbortSignal) => Promise<Verdict>;

/** What the server sends. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What requests are answered with. */
export interface AdmissionHandlerSettings {
  /** Who decides, by path. */
  readonly reviewers: ReadonlyMap<string, Reviewer>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Below the time-out of config/webhook, so that the API server hears why, and the one who asked it. */
const REVIEW_DEADLINE: Micros = milliseconds(4_000);
/** Reviews at the same time. One takes milliseconds; who comes beyond them is told at once and can come again. */
const MOST_REVIEWS = 128;

const BODY_FAULTS: Readonly<Record<BodyFault, HttpAnswer>> = {
  'too long': line(413, `the body has more than ${LONGEST_BODY_BYTES} bytes`),
  busy: line(503, 'too many bytes of other requests are being read'),
  'broken off': line(400, 'the body broke off'),
};

/**
 * Answers the requests of the API server. A change that is decided is 200 with an AdmissionReview, whatever was decided;
 * any other status says that nobody decided, and `failurePolicy` says what becomes of the change then.
 */
export class AdmissionHandler {
  readonly #settings: AdmissionHandlerSettings;
  readonly #bodies: BodyReader = new BodyReader();
  /** Faults that were logged: each once, until a request is answered as it should be. */
  readonly #said = new Set<string>();
  #reviews = 0;

  constructor(settings: AdmissionHandlerSettings) {
    this.#settings = settings;
  }

  /** The answer to one request. Never rejects; when `ending` is aborted, nobody decides any more. */
  async answer(request: IncomingMessage | Http2ServerRequest, ending: AbortSignal): Promise<HttpAnswer> {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const reviewer = this.#settings.reviewers.get(path);
    if (reviewer === undefined) return this.#refuse(line(404, 'there is no webhook at this path'), 'path');
    if (request.method !== 'POST') return this.#refuse(line(405, 'only POST is answered'), 'method');
    if (!isJson(request.headers['content-type'])) return this.#refuse(line(415, 'the body must be application/json'), 'type');
    if (this.#reviews >= MOST_REVIEWS) return this.#refuse(line(503, `${MOST_REVIEWS} reviews are under way`), 'busy');
    this.#reviews += 1;
    try {
      return await this.#withinDeadline(ending, (signal) => this.#review(request, reviewer, signal));
    } finally {
      this.#reviews -= 1;
    }
  }

  async #review(request: IncomingMessage | Http2ServerRequest, reviewer: Reviewer, signal: AbortSignal): Promise<HttpAnswer> {
    const body = await this.#bodies.read(request);
    if ('fault' in body) return this.#refuse(BODY_FAULTS[body.fault], body.fault);
    const review = parseAdmissionReview(body.text);
    if (!review.ok) return this.#refuse(line(400, review.error), 'review');
    try {
      const verdict = await reviewer(review.value, signal);
      this.#said.clear();
      return { status: 200, contentType: 'application/json', body: JSON.stringify(admissionReview(review.value.uid, verdict)) };
    } catch (thrown) {
      // Late is late, whatever the interrupted work says about it.
      if (signal.aborted) throw thrown;
      return this.#refuse(line(500, `the change cannot be checked: ${describeError(thrown)}`), 'review failed');
    }
  }

  /** What is not decided within the deadline gets an answer all the same; the work is told to end and costs nobody else. */
  async #withinDeadline(ending: AbortSignal, work: (signal: AbortSignal) => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const late = new AbortController();
    const { promise, resolve } = Promise.withResolvers<HttpAnswer>();
    using _deadline = this.#settings.clock.startTimer(REVIEW_DEADLINE, () => {
      resolve(this.#refuse(line(504, `the change was not checked within ${REVIEW_DEADLINE / 1_000_000} s`), 'late'));
      late.abort();
    });
    const stop = (): void => {
      resolve(line(503, 'this controller is ending'));
      late.abort(ending.reason);
    };
    ending.addEventListener('abort', stop, { once: true });
    if (ending.aborted) stop();
    try {
      return await Promise.race([promise, work(late.signal).catch(() => promise)]);
    } finally {
      ending.removeEventListener('abort', stop);
    }
  }

  #refuse(answer: HttpAnswer, fault: string): HttpAnswer {
    if (!this.#said.has(fault)) {
      this.#settings.log.warn(`an admission request was answered with ${answer.status}: ${answer.body.trimEnd()}`, { op: 'admission' });
    }
    this.#said.add(fault);
    return answer;
  }
}

function line(status: number, text: string): HttpAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(?:;|$)/i.test(contentType ?? '');
}
