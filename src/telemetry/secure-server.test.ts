import { X509Certificate } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { secureRequest } from '../../test/support/secure-request.ts';
import { issueServing } from '../certificates/certificate.ts';
import { milliseconds } from '../lib/clock.ts';
import type { TlsSettings } from '../lib/tls-names.ts';
import { plain, serveHttp } from './http-endpoint.ts';
import type { TlsIdentity } from './secure-server.ts';

const MINUTE = milliseconds(60_000);
const STRICT: TlsSettings = { minVersion: 'TLSv1.3' };

let clock: FakeClock;
let logger: RecordingLogger;
let stop: AbortController;
let closed: Promise<void>;
/** What the endpoint is given when it asks for its identity. */
let identity: () => Promise<TlsIdentity>;
beforeEach(() => {
  clock = new FakeClock(Date.now());
  logger = new RecordingLogger();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await closed;
});

async function freshIdentity(): Promise<TlsIdentity> {
  const validity = { notBefore: Date.now() - 1_000, notAfter: Date.now() + 1_000_000 };
  return await issueServing({ commonName: 'test', dnsNames: [], addresses: [], validity });
}

function serve(settings: TlsSettings = STRICT): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const routes = new Map([['/here', async () => plain(200, 'here')]]);
  const endpoint = { purpose: 'tests', portFlag: '--port', host: '127.0.0.1', port: 0, routes, clock, logger, onListening: resolve };
  closed = serveHttp({ ...endpoint, tls: { identity: () => identity(), settings } }, stop.signal);
  return promise;
}

const fingerprintOf = ({ certificate }: TlsIdentity): string => new X509Certificate(certificate).fingerprint256;

test('what is served is served over TLS 1.3 with the identity', async () => {
  const only = await freshIdentity();
  identity = async () => only;
  const port = await serve();
  expect(await secureRequest(port, '/here')).toMatchObject({
    status: 200,
    body: 'here\n',
    protocol: 'TLSv1.3',
    fingerprint: fingerprintOf(only),
  });
  expect((await secureRequest(port, '/there')).status).toBe(404);
  await expect(secureRequest(port, '/here', { maxVersion: 'TLSv1.2' })).rejects.toThrow();
});

test('an older version is spoken when it is allowed', async () => {
  identity = freshIdentity;
  const port = await serve({ minVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', ecdhCurve: 'X25519' });
  expect((await secureRequest(port, '/here', { maxVersion: 'TLSv1.2' })).protocol).toBe('TLSv1.2');
});

test('plain HTTP gets nothing', async () => {
  identity = freshIdentity;
  const socket = connect(await serve(), '127.0.0.1');
  socket.write('GET /here HTTP/1.1\r\nhost: a\r\n\r\n');
  expect(await text(socket)).not.toContain('here');
  expect(logger.messages('error')).toEqual([]);
});

test('another identity is shown to the next client, a broken one to nobody', async () => {
  const [first, second] = await Promise.all([freshIdentity(), freshIdentity()]);
  identity = async () => first;
  const port = await serve();
  const shown = async (): Promise<string> => (await secureRequest(port, '/here')).fingerprint;
  await clock.run(MINUTE);
  expect(logger.messages('info')).toEqual(['serving tests']);

  identity = async () => second;
  await clock.run(MINUTE);
  expect(await shown()).toBe(fingerprintOf(second));

  identity = async () => ({ certificate: first.certificate, privateKey: second.privateKey });
  for (let minute = 0; minute < 3; minute++) await clock.run(MINUTE);
  expect(await shown()).toBe(fingerprintOf(second));
  expect(logger.messages('error')).toEqual([expect.stringMatching(/^tests stay with the last good certificate: .*key values mismatch/)]);

  identity = async () => first;
  await clock.run(MINUTE);
  expect(await shown()).toBe(fingerprintOf(first));
});

test('without an identity it says so once and begins when there is one', async () => {
  identity = () => Promise.reject(new Error('tls.crt is missing'));
  const listening = serve();
  for (let attempt = 0; attempt < 5; attempt++) await clock.run(milliseconds(30_000));
  expect(logger.messages('error')).toEqual([
    'tests cannot be served without a certificate: tls.crt is missing; trying again until it works',
  ]);
  identity = freshIdentity;
  await clock.run(milliseconds(30_000));
  expect((await secureRequest(await listening, '/here')).status).toBe(200);
});

test('the end leaves no timer behind, also before the beginning', async () => {
  identity = freshIdentity;
  await serve();
  stop.abort();
  await closed;
  expect(clock.timers).toBe(0);

  const late = Promise.withResolvers<TlsIdentity>();
  identity = () => late.promise;
  stop = new AbortController();
  void serve();
  stop.abort();
  late.resolve(await freshIdentity());
  await closed;
  expect(clock.timers).toBe(0);
});
