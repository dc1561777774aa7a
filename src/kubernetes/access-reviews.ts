import { createHash } from 'node:crypto';
import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import { objectOf, textOf } from '../lib/json.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Doorkeeper, Verdict } from '../telemetry/metrics-server.ts';
import type { Api } from './api.ts';
import { isStatus } from './api-error.ts';
import { collectionPath } from './resource.ts';

/** What an {@link AccessReviews} needs. */
export interface AccessReviewPorts {
  readonly api: Pick<Api, 'request' | 'reachable'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The path that is asked for, as RBAC names it under `nonResourceURLs`. */
  readonly path: string;
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
}

const TOKEN_REVIEWS = collectionPath({ group: 'authentication.k8s.io', version: 'v1', plural: 'tokenreviews' });
const ACCESS_REVIEWS = collectionPath({ group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews' });

/** A right that is taken away works this long. */
const ALLOWED_FOR: Micros = milliseconds(60_000);
/** A right that is given works after this long. */
const REFUSED_FOR: Micros = milliseconds(10_000);
/** While the API server gives no answer, whoever was let in may go on this long: outages are when metrics are needed. */
const ALLOWED_UNASKED_FOR: Micros = milliseconds(3_600_000);
/** Both questions fit into the ten seconds that Prometheus waits. */
const REVIEW_DEADLINE: Micros = milliseconds(4_000);
/** Several scrapers, each with the token before and after its renewal. */
const MOST_ALLOWED = 64;
/** Kept apart, so that no number of wrong tokens pushes out a right one. */
const MOST_REFUSED = 256;
/** Of the places that all writes of this process share, most stay free. */
const MOST_UNDER_WAY = 4;
/** Tokens not known to be right: so many at once, then one a second. Somebody who tries tokens must not work the API server through us. */
const UNKNOWN_BURST = 20;
const UNKNOWN_INTERVAL: Micros = milliseconds(1_000);
/** Whoever tries tokens must not fill the log either. */
const REPORT_INTERVAL: Micros = milliseconds(60_000);

interface Known {
  readonly verdict: Verdict;
  readonly at: Micros;
}

/**
 * Asks the API server whose token it is (TokenReview), and whether that user may read the path (SubjectAccessReview, verb
 * `get`); remembers the answers for a while, by the hash of the token. A token that is asked for twice at once is one question.
 */
export class AccessReviews implements Doorkeeper {
  readonly #ports: AccessReviewPorts;
  readonly #allowed = new Map<string, Known>();
  readonly #refused = new Map<string, Known>();
  readonly #underWay = new Map<string, Promise<Verdict>>();
  #unknownLeft: number = UNKNOWN_BURST;
  #countedAt: Micros;
  #reported: string | undefined;
  #reportedAt: Micros | undefined;

  constructor(ports: AccessReviewPorts) {
    this.#ports = ports;
    this.#countedAt = ports.clock.now();
  }

  async judge(token: string): Promise<Verdict> {
    const key = createHash('sha256').update(token).digest('base64');
    const allowed = this.#allowed.get(key);
    if (allowed !== undefined && this.#isWithin(allowed, ALLOWED_FOR)) return allowed.verdict;
    const refused = this.#refused.get(key);
    if (refused !== undefined && this.#isWithin(refused, REFUSED_FOR)) return refused.verdict;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return await underWay;
    const obstacle = this.#obstacle(allowed !== undefined);
    if (obstacle !== undefined) return this.#withoutAnswer(key, obstacle);
    const review = this.#review(token, key).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, review);
    return await review;
  }

  #isWithin({ at }: Known, span: Micros): boolean {
    return this.#ports.clock.now() - at < span;
  }

  /** Why nobody is asked now. */
  #obstacle(wasAllowed: boolean): string | undefined {
    if (!this.#ports.api.reachable) return 'the API server cannot be reached, and it alone knows whose token this is';
    if (this.#underWay.size >= MOST_UNDER_WAY) return `${MOST_UNDER_WAY} other tokens are being reviewed, ask again in a moment`;
    if (wasAllowed || this.#takeUnknown()) return undefined;
    return 'too many unknown tokens were tried lately, ask again in a moment';
  }

  #takeUnknown(): boolean {
    const now = this.#ports.clock.now();
    this.#unknownLeft = Math.min(UNKNOWN_BURST, this.#unknownLeft + (now - this.#countedAt) / UNKNOWN_INTERVAL);
    this.#countedAt = now;
    if (this.#unknownLeft < 1) return false;
    this.#unknownLeft -= 1;
    return true;
  }

  async #review(token: string, key: string): Promise<Verdict> {
    try {
      const verdict = await this.#ask(token);
      this.#reported = undefined;
      this.#remember(key, verdict);
      return verdict;
    } catch (thrown) {
      const remedy = isStatus(thrown, 403) ? '; grant create on tokenreviews and subjectaccessreviews, as config/rbac does' : '';
      return this.#withoutAnswer(key, 'the API server did not say whose token this is', `: ${describeError(thrown)}${remedy}`);
    }
  }

  async #ask(token: string): Promise<Verdict> {
    const { status } = await this.#create(TOKEN_REVIEWS, 'authentication.k8s.io/v1', 'TokenReview', { token });
    const { authenticated, user } = objectOf(status);
    const { username, uid, groups, extra } = objectOf(user);
    if (authenticated !== true || textOf(username) === undefined) return { kind: 'unauthenticated' };
    const spec = { user: username, uid, groups, extra, nonResourceAttributes: { path: this.#ports.path, verb: 'get' } };
    const review = await this.#create(ACCESS_REVIEWS, 'authorization.k8s.io/v1', 'SubjectAccessReview', spec);
    return objectOf(review.status).allowed === true ? { kind: 'allowed' } : { kind: 'denied', user: `${username}` };
  }

  async #create(path: string, apiVersion: string, kind: string, spec: object): Promise<Readonly<Record<string, unknown>>> {
    const { api, signal } = this.#ports;
    return objectOf(await api.request({ method: 'POST', path, body: { apiVersion, kind, spec }, deadline: REVIEW_DEADLINE }, signal));
  }

  #remember(key: string, verdict: Verdict): void {
    this.#allowed.delete(key);
    this.#refused.delete(key);
    const [known, most] = verdict.kind === 'allowed' ? [this.#allowed, MOST_ALLOWED] : [this.#refused, MOST_REFUSED];
    known.set(key, { verdict, at: this.#ports.clock.now() });
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
  }

  /** Who was let in lately stays in; the others hear the reason, without the details, which are for the log. */
  #withoutAnswer(key: string, reason: string, details: string = ''): Verdict {
    this.#report(`${reason}${details}`);
    const allowed = this.#allowed.get(key);
    if (allowed !== undefined && this.#isWithin(allowed, ALLOWED_UNASKED_FOR)) return allowed.verdict;
    return { kind: 'unavailable', reason };
  }

  #report(reason: string): void {
    const { clock, log, path, signal } = this.#ports;
    const early = this.#reportedAt !== undefined && clock.now() - this.#reportedAt < REPORT_INTERVAL;
    if (signal.aborted || early || reason === this.#reported) return;
    this.#reported = reason;
    this.#reportedAt = clock.now();
    log.warn(`${path} is refused to who was not let in within the last hour: ${reason}`, { op: 'authorize' });
  }
}
