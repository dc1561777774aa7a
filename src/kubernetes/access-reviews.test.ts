import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { milliseconds } from '../lib/clock.ts';
import { objectOf, textOf } from '../lib/json.ts';
import type { Verdict } from '../telemetry/metrics-server.ts';
import { AccessReviews } from './access-reviews.ts';
import type { ApiCall } from './api.ts';
import { ApiError } from './api-error.ts';

const ALLOWED: Verdict = { kind: 'allowed' };
const UNAUTHENTICATED: Verdict = { kind: 'unauthenticated' };
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** An API server that knows the user of each token, and who may read. */
class Reviewer {
  reachable = true;
  readonly calls: ApiCall[] = [];
  readonly users: Map<string, object> = new Map([
    ['prometheus', { username: 'prometheus', uid: 'u', groups: ['g'], extra: { 'a.b/c': ['d'] } }],
    ['stranger', { username: 'system:serviceaccount:default:default' }],
  ]);
  readonly readers: Set<string> = new Set(['prometheus']);
  failure: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  async request(call: ApiCall): Promise<unknown> {
    this.calls.push(call);
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    const { kind, spec } = objectOf(call.body);
    if (kind === 'SubjectAccessReview') return { status: { allowed: this.readers.has(`${objectOf(spec).user}`) } };
    const user = this.users.get(textOf(objectOf(spec).token) ?? '');
    return { status: user === undefined ? { user: {}, error: 'invalid bearer token' } : { authenticated: true, user } };
  }
}

let api: Reviewer;
let clock: FakeClock;
let log: RecordingLogger;
let reviews: AccessReviews;
beforeEach(() => {
  [api, clock, log] = [new Reviewer(), new FakeClock(), new RecordingLogger()];
  reviews = new AccessReviews({ api, clock, log, path: '/metrics', signal: new AbortController().signal });
});

const kinds = (): readonly unknown[] => api.calls.map(({ body }) => objectOf(body).kind);
const pass = (span: number): void => clock.advance(milliseconds(span));

describe('judge', () => {
  test.each<{ token: string; verdict: Verdict; asked: readonly string[] }>([
    { token: 'prometheus', verdict: ALLOWED, asked: ['TokenReview', 'SubjectAccessReview'] },
    {
      token: 'stranger',
      verdict: { kind: 'denied', user: 'system:serviceaccount:default:default' },
      asked: ['TokenReview', 'SubjectAccessReview'],
    },
    { token: 'garbage', verdict: UNAUTHENTICATED, asked: ['TokenReview'] },
  ])('$token: $verdict', async ({ token, verdict, asked }) => {
    expect(await reviews.judge(token)).toEqual(verdict);
    expect(kinds()).toEqual(asked);
  });

  test('asks for all that is known of the user, and for no more than the path', async () => {
    await reviews.judge('prometheus');
    expect(api.calls.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      {
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'prometheus' } },
      },
      {
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: {
            user: 'prometheus',
            uid: 'u',
            groups: ['g'],
            extra: { 'a.b/c': ['d'] },
            nonResourceAttributes: { path: '/metrics', verb: 'get' },
          },
        },
      },
    ]);
  });

  test('a token in use twice at once is one question', async () => {
    expect(await Promise.all([reviews.judge('prometheus'), reviews.judge('prometheus')])).toEqual([ALLOWED, ALLOWED]);
    expect(kinds()).toHaveLength(2);
  });
});

describe('what is remembered', () => {
  test('a right for a minute: one that is taken away works no longer', async () => {
    await reviews.judge('prometheus');
    api.readers.clear();
    pass(MINUTE - 1);
    expect(await reviews.judge('prometheus')).toEqual(ALLOWED);
    pass(1);
    expect(await reviews.judge('prometheus')).toMatchObject({ kind: 'denied' });
  });

  test('a refusal for ten seconds: one who is let in later has to wait no longer', async () => {
    await reviews.judge('stranger');
    api.readers.add('system:serviceaccount:default:default');
    pass(10 * SECOND - 1);
    expect(await reviews.judge('stranger')).toMatchObject({ kind: 'denied' });
    pass(1);
    expect(await reviews.judge('stranger')).toEqual(ALLOWED);
  });

  test('wrong tokens without number do not push out a right one, and few reach the API server', async () => {
    await reviews.judge('prometheus');
    api.calls.length = 0;
    for (let token = 0; token < 1_000; token++) await reviews.judge(`garbage ${token}`);
    expect(api.calls).toHaveLength(19);
    expect(await reviews.judge('one more')).toEqual({
      kind: 'unavailable',
      reason: 'too many unknown tokens were tried lately, ask again in a moment',
    });
    pass(MINUTE);
    for (let token = 0; token < 1_000; token++) await reviews.judge(`more garbage ${token}`);
    expect(await reviews.judge('prometheus')).toEqual(ALLOWED);
    expect(api.calls).toHaveLength(19 + 20 + 2);
    expect(log.messages()).toHaveLength(2);
  });
});

describe('an API server that gives no answer', () => {
  test.each<{ what: string; happens: () => void }>([
    { what: 'that is away', happens: () => Object.assign(api, { reachable: false }) },
    { what: 'that takes too long', happens: () => Object.assign(api, { failure: new ApiError('late', { status: 0, reason: 'Timeout' }) }) },
    { what: 'that refuses', happens: () => Object.assign(api, { failure: new ApiError('no', { status: 403, reason: 'Forbidden' }) }) },
  ])('$what: who was let in goes on for an hour, others wait', async ({ happens }) => {
    await reviews.judge('prometheus');
    await reviews.judge('stranger');
    happens();
    pass(HOUR - 1);
    expect(await reviews.judge('prometheus')).toEqual(ALLOWED);
    expect(await reviews.judge('stranger')).toMatchObject({ kind: 'unavailable' });
    pass(1);
    expect(await reviews.judge('prometheus')).toMatchObject({ kind: 'unavailable' });
    expect(log.messages()).toHaveLength(1);
  });

  test('is not asked while it is away', async () => {
    api.reachable = false;
    expect(await reviews.judge('prometheus')).toEqual({
      kind: 'unavailable',
      reason: 'the API server cannot be reached, and it alone knows whose token this is',
    });
    expect(api.calls).toEqual([]);
  });

  test('a right that is missing is said to the log with its remedy, to the client without', async () => {
    api.failure = new ApiError('POST: 403 Forbidden: User "controller" cannot create', { status: 403, reason: 'Forbidden' });
    expect(await reviews.judge('prometheus')).toEqual({ kind: 'unavailable', reason: 'the API server did not say whose token this is' });
    expect(log.messages('warn')).toEqual([
      '/metrics is refused to who was not let in within the last hour: the API server did not say whose token this is: POST: 403 Forbidden: User "controller" cannot create; grant create on tokenreviews and subjectaccessreviews, as config/rbac does',
    ]);
  });

  test('never sees more than four questions at once', async () => {
    const gate = Promise.withResolvers<void>();
    api.gate = gate.promise;
    const answers = Array.from({ length: 10 }, (_, token) => reviews.judge(`token ${token}`));
    expect(api.calls).toHaveLength(4);
    gate.resolve();
    const verdicts = await Promise.all(answers);
    expect(verdicts.map(({ kind }) => kind)).toEqual([...Array(4).fill('unauthenticated'), ...Array(6).fill('unavailable')]);
    expect(await reviews.judge('prometheus')).toEqual(ALLOWED);
  });
});

test('at the end of the process nothing more is said', async () => {
  const ended = AbortSignal.abort();
  reviews = new AccessReviews({ api, clock, log, path: '/metrics', signal: ended });
  api.failure = new Error('aborted');
  expect(await reviews.judge('prometheus')).toMatchObject({ kind: 'unavailable' });
  expect(log.messages()).toEqual([]);
});
