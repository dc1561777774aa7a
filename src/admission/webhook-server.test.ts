import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { Agent, request } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { connect as connectTls, type PeerCertificate, type SecureVersion } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { milliseconds } from '../lib/clock.ts';
import type { Reviewer } from './admission-handler.ts';
import { newAuthority, newCertificate } from './certificate-maker.ts';
import { type KeyPair, ServingCertificate } from './serving-certificate.ts';
import { WebhookServer, type WebhookServerSettings } from './webhook-server.ts';

const LOOPBACK = '127.0.0.1';
const NAME = 'webhook.metallb-system.svc';
const NOW = Date.now();
const REVIEW = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u-1', operation: 'CREATE', name: 'a' } };
const takes: Reviewer = async () => ({ warnings: [] });

const authority: KeyPair = await newAuthority(NOW);
const pair: KeyPair = await newCertificate(authority, [NAME], NOW);

/** A server on a free port, stopped at the end of the test that made it. */
class Served implements AsyncDisposable {
  readonly log: RecordingLogger = new RecordingLogger();
  readonly clock: FakeClock = new FakeClock();
  readonly certificate: ServingCertificate = new ServingCertificate();
  readonly server: WebhookServer;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(reviewer: Reviewer = takes, settings: Partial<WebhookServerSettings> = {}) {
    const { log, clock, certificate } = this;
    const reviewers = new Map([['/validate', reviewer]]);
    this.server = new WebhookServer({ host: LOOPBACK, port: 0, http2: false, tls: {}, certificate, reviewers, clock, log, ...settings });
    this.#running = this.server.run(this.#stop.signal);
  }

  async listening(): Promise<number> {
    if (this.certificate.current === undefined) this.certificate.set(pair);
    await eventually(this.clock, 'the server listens', () => this.server.fault === undefined);
    return this.server.port ?? 0;
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.stop();
    this.clock.advance(milliseconds(1_000));
    await stopped;
  }
}

/** One review over HTTP/1.1, on a connection of its own unless there is an agent. */
async function ask(
  port: number,
  agent: Agent = new Agent({ ca: authority.certificate }),
): Promise<{ status: number | undefined; body: string }> {
  const headers = { 'content-type': 'application/json' };
  const sent = request({ host: LOOPBACK, port, path: '/validate?timeout=5s', method: 'POST', headers, servername: NAME, agent });
  sent.end(JSON.stringify(REVIEW));
  const [answer] = await once(sent, 'response');
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece);
  return { status: answer.statusCode, body: Buffer.concat(pieces).toString() };
}

/** The certificate that is shown to a new connection, or the code of what went wrong. */
async function shownTo(port: number, maxVersion: SecureVersion = 'TLSv1.3'): Promise<PeerCertificate | string> {
  const socket = connectTls({ host: LOOPBACK, port, servername: NAME, ca: authority.certificate, maxVersion, minVersion: 'TLSv1.2' });
  const { promise, resolve } = Promise.withResolvers<PeerCertificate | string>();
  socket.once('secureConnect', () => resolve(socket.getPeerCertificate()));
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
  const shown = await promise;
  socket.destroy();
  return shown;
}

test('nothing is served before there is a certificate, then reviews are answered', async () => {
  await using served = new Served(async ({ name }) => ({ refusal: `${name} is wrong`, warnings: [] }));
  expect(served.server.fault).toBe('there is no certificate yet');
  const port = await served.listening();
  const { status, body } = await ask(port);
  expect(status).toBe(200);
  expect(JSON.parse(body).response).toMatchObject({ uid: 'u-1', allowed: false, status: { code: 403, message: 'a is wrong' } });
  expect(served.log.messages('info')).toEqual(['serving admission webhooks']);
});

test('another certificate is shown to new connections, and those that are open go on', async () => {
  await using served = new Served();
  const port = await served.listening();
  const agent = new Agent({ ca: authority.certificate, keepAlive: true, maxSockets: 1 });
  await ask(port, agent);
  const before = await shownTo(port);
  served.certificate.set(await newCertificate(authority, [NAME], NOW));
  const after = await shownTo(port);
  expect(before).toHaveProperty('serialNumber');
  expect(after).not.toMatchObject({ serialNumber: (before as PeerCertificate).serialNumber });
  const sent = await ask(port, agent);
  expect(sent.status).toBe(200);
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  agent.destroy();
});

test.each<{ minVersion: SecureVersion | undefined; offered: SecureVersion; works: boolean }>([
  { minVersion: undefined, offered: 'TLSv1.3', works: true },
  { minVersion: undefined, offered: 'TLSv1.2', works: false },
  { minVersion: 'TLSv1.2', offered: 'TLSv1.2', works: true },
])('least TLS version $minVersion, offered $offered', async ({ minVersion, offered, works }) => {
  await using served = new Served(takes, { tls: minVersion === undefined ? {} : { minVersion } });
  const shown = await shownTo(await served.listening(), offered);
  expect(typeof shown === 'object').toBe(works);
});

describe('HTTP/2', () => {
  async function version(http2: boolean): Promise<string | false | null> {
    await using served = new Served(takes, { http2 });
    const port = await served.listening();
    const socket = connectTls({ host: LOOPBACK, port, servername: NAME, ca: authority.certificate, ALPNProtocols: ['h2', 'http/1.1'] });
    await once(socket, 'secureConnect');
    const { alpnProtocol } = socket;
    socket.destroy();
    return alpnProtocol;
  }

  test('is spoken only where it was asked for', async () => {
    expect(await version(false)).toBe('http/1.1');
    expect(await version(true)).toBe('h2');
  });

  test('carries reviews, and HTTP/1.1 does beside it', async () => {
    await using served = new Served(takes, { http2: true });
    const port = await served.listening();
    expect(await ask(port)).toMatchObject({ status: 200 });
    const session = connectHttp2(`https://${LOOPBACK}:${port}`, { ca: authority.certificate, servername: NAME });
    const stream = session.request({ ':method': 'POST', ':path': '/validate', 'content-type': 'application/json' });
    stream.end(JSON.stringify(REVIEW));
    const [headers] = await once(stream, 'response');
    stream.resume();
    await once(stream, 'close');
    session.close();
    expect(headers[':status']).toBe(200);
  });
});

test('a port that is taken is said once and tried until it is free', async () => {
  const taker = createServer().listen(0, LOOPBACK);
  await once(taker, 'listening');
  const { port } = taker.address() as AddressInfo;
  await using served = new Served(takes, { port });
  served.certificate.set(pair);
  await eventually(served.clock, 'several attempts', () => served.clock.now() > milliseconds(10_000));
  expect(served.log.messages('error')).toEqual([
    `port ${port} for admission webhooks is taken by another process: stop that one, or choose another port with --webhook-port; trying again until it works`,
  ]);
  expect(served.server.fault).toContain('is taken by another process');
  taker.close();
  expect(await ask(await served.listening())).toMatchObject({ status: 200 });
});

test('what is no TLS, and what is no HTTP, costs nobody else', async () => {
  await using served = new Served();
  const port = await served.listening();
  const plain = connect(port, LOOPBACK).on('error', () => undefined);
  plain.end('GET / HTTP/1.1\r\n\r\n');
  await once(plain, 'close');
  const socket = connectTls({ host: LOOPBACK, port, servername: NAME, ca: authority.certificate });
  socket.write('rubbish\r\n\r\n');
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  socket.destroy();
  expect(await ask(port)).toMatchObject({ status: 200 });
  expect(served.log.messages('warn')).toEqual([]);
});

describe('the end', () => {
  test('a review under way gets its answer, then all connections are closed', async () => {
    const decided = Promise.withResolvers<void>();
    const served = new Served(async () => {
      await decided.promise;
      return { warnings: [] };
    });
    const port = await served.listening();
    const agent = new Agent({ ca: authority.certificate, keepAlive: true });
    const asked = ask(port, agent);
    await eventually(served.clock, 'the review is under way', () => Object.keys(agent.sockets).length > 0);
    await shownTo(port);
    const stopped = served.stop();
    decided.resolve();
    expect(await asked).toMatchObject({ status: 200 });
    await stopped;
    agent.destroy();
    await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
  });

  test('a review that takes longer than a second does not hold it up', async () => {
    const served = new Served(() => new Promise(() => undefined));
    const port = await served.listening();
    const asked = ask(port).catch((error: Error) => error.message);
    await eventually(served.clock, 'the review has its deadline', () => served.clock.timers > 0);
    const stopped = served.stop();
    await eventually(served.clock, 'the last answers have had their time', () => served.clock.timers === 0);
    await stopped;
    expect(await asked).toEqual(expect.anything());
  });

  test('without a certificate there is nothing to end', async () => {
    await new Served().stop();
  });
});
