import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { type SecureRequestOptions, secureRequest } from '../../test/support/secure-request.ts';
import { issueServing } from '../certificates/certificate.ts';
import { milliseconds } from '../lib/clock.ts';
import { serveMetrics, type Verdict } from './metrics-server.ts';
import { createPrometheusMetrics } from './prometheus-metrics.ts';

let port: number;
let verdict: Verdict;
let tokens: string[];
let expositions: number;
const clock = new FakeClock(Date.now());
const logger = new RecordingLogger();
let stop: AbortController;
let closed: Promise<void>;

beforeEach(async () => {
  [stop, verdict, tokens, expositions] = [new AbortController(), { kind: 'allowed' }, [], 0];
  const registry = createPrometheusMetrics({ processMetrics: false });
  const updates = registry.counter('metallb_k8s_client_updates_total', 'Updates');
  const expose = (): Promise<string> => {
    expositions++;
    updates.add(1);
    return registry.expose();
  };
  const validity = { notBefore: Date.now() - 1_000, notAfter: Date.now() + 1_000_000 };
  const own = await issueServing({ commonName: 'test', dnsNames: [], addresses: [], validity });
  const judge = async (token: string): Promise<Verdict> => {
    tokens.push(token);
    return verdict;
  };
  const { promise, resolve } = Promise.withResolvers<number>();
  const tls = { identity: async () => own, settings: { minVersion: 'TLSv1.3' } } as const;
  const settings = { metrics: { expose }, doorkeeper: { judge }, tls, port: 0, logger, clock, onListening: resolve };
  closed = serveMetrics(settings, stop.signal);
  port = await promise;
});
afterEach(async () => {
  stop.abort();
  await closed;
});

test('the registry is served as text to who may read it, on all addresses', async () => {
  const answer = await secureRequest(port, '/metrics', { authorization: 'Bearer good' });
  expect([answer.status, answer.contentType]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  expect(answer.body).toContain('\nmetallb_k8s_client_updates_total 1\n');
  expect(logger.lines.at(-1)).toEqual({ level: 'info', message: 'serving metrics', fields: { op: 'listen', address: `*:${port}` } });
});

describe('who is let in', () => {
  test.each<{ authorization: string | undefined; asked: readonly string[] }>([
    { authorization: undefined, asked: [] },
    { authorization: '', asked: [] },
    { authorization: 'Bearer', asked: [] },
    { authorization: 'Bearer ', asked: [] },
    { authorization: 'Basic YTpi', asked: [] },
    { authorization: 'Bearer a b', asked: [] },
    { authorization: 'Bearer good', asked: ['good'] },
    { authorization: 'bearer  good', asked: ['good'] },
  ])('$authorization: $asked is asked about', async ({ authorization, asked }) => {
    const { status } = await secureRequest(port, '/metrics', authorization === undefined ? {} : { authorization });
    expect([status, tokens]).toEqual([asked.length === 0 ? 401 : 200, asked]);
  });

  test.each<{ is: Verdict; status: number; body: string }>([
    { is: { kind: 'unauthenticated' }, status: 401, body: 'Unauthorized\n' },
    {
      is: { kind: 'denied', user: 'system:serviceaccount:a:b' },
      status: 403,
      body: 'Authorization denied for user system:serviceaccount:a:b\n',
    },
    { is: { kind: 'unavailable', reason: 'nobody is there' }, status: 503, body: 'nobody is there\n' },
  ])('$is.kind: $status, and nothing is written', async ({ is, status, body }) => {
    verdict = is;
    expect(await secureRequest(port, '/metrics', { authorization: 'Bearer t' })).toMatchObject({ status, body });
    expect(expositions).toBe(0);
  });

  test.each<{ path: string; options: SecureRequestOptions; status: number }>([
    { path: '/', options: {}, status: 404 },
    { path: '/metrics/', options: { authorization: 'Bearer good' }, status: 404 },
    { path: '/metrics', options: { authorization: 'Bearer good', method: 'POST' }, status: 405 },
  ])('$path, $options: $status without a question', async ({ path, options, status }) => {
    expect((await secureRequest(port, path, options)).status).toBe(status);
    expect(tokens).toEqual([]);
  });
});

test('however many ask, the text is written at most twice a second', async () => {
  const ask = (): Promise<{ readonly status: number }> => secureRequest(port, '/metrics', { authorization: 'Bearer good' });
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  expect([new Set(answers.map(({ status }) => status)), expositions]).toEqual([new Set([200]), 1]);
  clock.advance(milliseconds(499));
  await ask();
  expect(expositions).toBe(1);
  clock.advance(milliseconds(1));
  await ask();
  expect(expositions).toBe(2);
});
