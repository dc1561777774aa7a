import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { milliseconds } from '../lib/clock.ts';
import { type Answer, plain, serveHttp } from './http-endpoint.ts';

const LOOPBACK = '127.0.0.1';

/** An endpoint on a free port (or on `port`), stopped at the end of the test that made it. */
class Served implements AsyncDisposable {
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly clock: FakeClock = new FakeClock();
  readonly closed: Promise<void>;
  readonly port: Promise<number>;
  readonly #stop: AbortController = new AbortController();

  constructor(route: () => Promise<Answer>, port = 0) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.port = promise;
    const { logger, clock } = this;
    const settings = {
      purpose: 'tests',
      portFlag: '--test-port',
      host: LOOPBACK,
      port,
      routes: new Map([['/here', route]]),
      logger,
      clock,
    };
    this.closed = serveHttp({ ...settings, onListening: resolve }, this.#stop.signal);
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    return await fetch(`http://${LOOPBACK}:${await this.port}${path}`, init);
  }

  /** Everything that comes back for bytes sent over a connection of their own, until the server closes it. */
  async tell(bytes: string): Promise<string> {
    const socket = connect(await this.port, LOOPBACK);
    socket.on('error', () => socket.destroy());
    const pieces: Buffer[] = [];
    socket.on('data', (piece) => pieces.push(piece));
    socket.write(bytes);
    await once(socket, 'close');
    return Buffer.concat(pieces).toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.closed;
  }
}

/** A port that another server holds until it is freed. */
class TakenPort implements AsyncDisposable {
  readonly #server = createServer().listen(0, LOOPBACK);

  async number(): Promise<number> {
    if (!this.#server.listening) await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.#server[Symbol.asyncDispose]();
  }
}

async function here(): Promise<Answer> {
  return plain(200, 'here');
}

describe('serveHttp', () => {
  test.each<{ method: string; path: string; status: number; body: string }>([
    { method: 'GET', path: '/here', status: 200, body: 'here\n' },
    { method: 'GET', path: '/here?verbose', status: 200, body: 'here\n' },
    { method: 'HEAD', path: '/here', status: 200, body: '' },
    { method: 'GET', path: '/there', status: 404, body: 'not found; there is /here\n' },
    { method: 'GET', path: '/here/', status: 404, body: 'not found; there is /here\n' },
    { method: 'DELETE', path: '/here', status: 405, body: 'only GET and HEAD are answered\n' },
  ])('$method $path: $status', async ({ method, path, status, body }) => {
    await using served = new Served(here);
    const response = await served.ask(path, { method });
    expect([response.status, await response.text()]).toEqual([status, body]);
  });

  test('a body is refused unread and its connection closed', async () => {
    await using served = new Served(here);
    const reply = await served.tell('POST /here HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nfirst');
    expect(reply).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close/i);
    expect(await served.tell('GET /here HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n')).toMatch(/^HTTP\/1\.1 413 /);
  });

  test.each<{ what: string; bytes: string; status: string }>([
    { what: 'garbage', bytes: 'garbage\r\n\r\n', status: '400' },
    { what: 'a header without end', bytes: `GET /here HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`, status: '431' },
  ])('$what is answered $status', async ({ bytes, status }) => {
    await using served = new Served(here);
    expect((await served.tell(bytes)).slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    expect((await served.ask('/here')).status).toBe(200);
  });

  test('a route that fails is one line in the log and 500', async () => {
    await using served = new Served(async () => {
      throw new Error('the registry is broken');
    });
    expect((await served.ask('/here')).status).toBe(500);
    expect(served.logger.messages('error')).toEqual(['tests: cannot answer /here: the registry is broken']);
  });

  test('connections beyond the limit are dropped, those within it are served', async () => {
    const everybody = Promise.withResolvers<void>();
    const counts = { asked: 0, dropped: 0 };
    const count = (what: 'asked' | 'dropped'): void => {
      counts[what]++;
      if (counts.asked + counts.dropped === 40) everybody.resolve();
    };
    await using served = new Served(async () => {
      count('asked');
      await everybody.promise;
      return plain(200, 'here');
    });
    const port = await served.port;
    const sockets = Array.from({ length: 40 }, () => connect(port, LOOPBACK).on('error', () => undefined));
    for (const socket of sockets) socket.on('close', () => count('dropped')).write('GET /here HTTP/1.1\r\nhost: a\r\n\r\n');
    await everybody.promise;
    expect(counts).toEqual({ asked: 32, dropped: 8 });
  });
});

describe('a port that is taken', () => {
  test('is said once, and bound when it becomes free', async () => {
    await using taken = new TakenPort();
    const port = await taken.number();
    await using served = new Served(here, port);
    while (served.clock.timers === 0) await served.clock.run(milliseconds(0));
    await served.clock.run(milliseconds(10_000));
    expect(served.logger.messages('error')).toEqual([
      `port ${port} for tests is taken by another process: stop that one, or choose another port with --test-port; trying again until it works`,
    ]);
    await taken[Symbol.asyncDispose]();
    while (served.logger.messages('info').length === 0) await served.clock.run(milliseconds(30_000));
    expect((await served.ask('/here')).status).toBe(200);
    expect(served.logger.messages('error')).toHaveLength(1);
  });

  test('does not hold up the end', async () => {
    await using taken = new TakenPort();
    const port = await taken.number();
    {
      await using served = new Served(here, port);
      while (served.clock.timers === 0) await served.clock.run(milliseconds(0));
    }
    expect.assertions(0);
  });
});

describe('the end', () => {
  test('closes idle connections too', async () => {
    const served = new Served(here);
    await served.ask('/here');
    await served[Symbol.asyncDispose]();
    await expect(served.ask('/here')).rejects.toThrow();
  });

  test('that comes before the start is over leaves nothing behind', async () => {
    const served = new Served(here);
    await served[Symbol.asyncDispose]();
    await served.clock.run(milliseconds(0));
    expect(served.logger.messages()).toEqual([]);
  });
});
