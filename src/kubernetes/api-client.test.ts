import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { type Answer, ApiPair as Pair } from '../../test/support/api-pair.ts';
import { breathe, eventually } from '../../test/support/eventually.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { milliseconds } from '../lib/clock.ts';
import { ApiClient } from './api-client.ts';

const FOREVER = new AbortController().signal;
const SECRET = 'c2VjcmV0';

const answerWith =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

describe('a request', () => {
  test('carries method, query, body and type, and gives the parsed answer', async () => {
    const heard: unknown[] = [];
    await using pair = await Pair.open((request, response) => {
      request.on('data', (piece: Buffer) => heard.push(piece.toString()));
      request.on('end', () => response.end('{"b":2}'));
      heard.push(request.headers['content-type'], request.headers['user-agent']);
    });
    const query = { limit: 5, watch: undefined, fieldSelector: 'a=b' };
    const answer = await pair.client.request(
      { method: 'PATCH', path: '/x', query, body: { a: 'ä' }, contentType: 'application/merge-patch+json' },
      FOREVER,
    );
    expect(answer).toEqual({ b: 2 });
    expect(pair.seen).toEqual(['PATCH /x?limit=5&fieldSelector=a%3Db']);
    expect(heard).toEqual(['application/merge-patch+json', 'test/1', '{"a":"ä"}']);
  });

  test('keeps its connection', async () => {
    const ports = new Set<number | undefined>();
    await using pair = await Pair.open((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('{}');
    });
    for (let turn = 0; turn < 5; turn++) await pair.get();
    expect(ports.size).toBe(1);
  });

  test('changes wait for a free place, reads do not', async () => {
    const waiting: (() => void)[] = [];
    await using pair = await Pair.open((request, response) => {
      if (request.method === 'GET') response.end('{}');
      else waiting.push(() => response.end('{}'));
    }, 2);
    const writes = [1, 2, 3].map((n) => pair.client.request({ method: 'POST', path: `/${n}` }, FOREVER));
    await eventually(pair.clock, 'two are there', () => waiting.length === 2);
    await pair.get();
    expect(pair.seen).toEqual(['POST /1', 'POST /2', 'GET /x']);
    waiting[0]?.();
    await eventually(pair.clock, 'the third', () => waiting.length === 3);
    for (const end of waiting) end();
    await Promise.all(writes);
  });
});

describe('a refusal', () => {
  const status = (fields: object): string => JSON.stringify({ kind: 'Status', ...fields });
  test.each<{ name: string; answer: Answer; is: object }>([
    {
      name: 'a conflict',
      answer: answerWith(409, status({ code: 409, reason: 'Conflict', message: 'modified' })),
      is: { status: 409, reason: 'Conflict', code: 'API_CONFLICT', retryable: true, message: 'GET /x: 409 Conflict: modified' },
    },
    {
      name: 'a missing right',
      answer: answerWith(403, status({ code: 403, reason: 'Forbidden', message: 'user "u" cannot get x' })),
      is: { status: 403, code: 'API_FORBIDDEN', retryable: false },
    },
    {
      name: 'patience in seconds',
      answer: answerWith(429, status({ code: 429, reason: 'TooManyRequests' }), { 'Retry-After': '3' }),
      is: { status: 429, code: 'API_TOO_MANY_REQUESTS', retryable: true, retryAfter: milliseconds(3_000) },
    },
    {
      name: 'patience as a date',
      answer: answerWith(503, '', { 'Retry-After': new Date(Date.UTC(2026, 0, 1, 0, 0, 9)).toUTCString() }),
      is: { status: 503, retryAfter: milliseconds(9_000) },
    },
    {
      name: 'patience in the body',
      answer: answerWith(504, status({ code: 504, reason: 'Timeout', details: { retryAfterSeconds: 2 } })),
      is: { status: 504, reason: 'Timeout', retryAfter: milliseconds(2_000) },
    },
    {
      name: 'patience beyond measure',
      answer: answerWith(503, '', { 'Retry-After': '999999' }),
      is: { retryAfter: milliseconds(600_000) },
    },
    { name: 'patience that is none', answer: answerWith(503, '', { 'Retry-After': 'soon' }), is: { retryAfter: undefined } },
    {
      name: 'a page of a proxy',
      answer: answerWith(502, '<html>\n<p>no'),
      is: { status: 502, reason: 'Http502', message: 'GET /x: 502 Unknown: <html>' },
    },
    {
      name: 'an answer that is no JSON',
      answer: answerWith(200, `{"token":"${SECRET}`),
      is: { status: 0, reason: 'Malformed', message: 'GET /x: the answer is not JSON' },
    },
  ])('$name', async ({ answer, is }) => {
    await using pair = await Pair.open(answer);
    await expect(pair.get()).rejects.toMatchObject(is);
  });
});

describe('time', () => {
  test('a request without an answer ends at its deadline', async () => {
    await using pair = await Pair.open(() => undefined);
    const call = pair.get();
    await eventually(pair.clock, 'it is there', () => pair.seen.length === 1);
    pair.clock.advance(milliseconds(30_000));
    await expect(call).rejects.toMatchObject({ code: 'API_TIMEOUT', retryable: true, message: 'GET /x: no answer within 30 s' });
  });

  test('an answer that stops in the middle too', async () => {
    await using pair = await Pair.open((_request, response) => void response.write('{'));
    const call = pair.get();
    await eventually(pair.clock, 'it is there', () => pair.seen.length === 1);
    await breathe();
    pair.clock.advance(milliseconds(30_000));
    await expect(call).rejects.toMatchObject({ code: 'API_TIMEOUT' });
  });

  test('the caller may give up, before and meanwhile', async () => {
    await using pair = await Pair.open(() => undefined);
    const ending = new AbortController();
    const call = pair.get('/x', ending.signal);
    await eventually(pair.clock, 'it is there', () => pair.seen.length === 1);
    ending.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await expect(pair.get('/x', ending.signal)).rejects.toThrow('enough');
    expect(pair.seen.length).toBe(1);
    expect(pair.clock.timers).toBe(0);
  });
});

describe('a plug-in that never gives its credentials', () => {
  let folder = '';
  let client: ApiClient;
  let clock: FakeClock;
  let log: RecordingLogger;
  const pidFile = (): string => join(folder, 'pid');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plugin-'));
    clock = new FakeClock();
    log = new RecordingLogger();
    const exec = { command: '/bin/sh', args: ['-c', `echo $$ > ${pidFile()}.new; mv ${pidFile()}.new ${pidFile()}; exec sleep 100`] };
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'c', server: 'https://127.0.0.1:1', skipTLSVerify: true }, { name: 'u', exec });
    client = new ApiClient({ config, clock, random: () => 0.5, log, userAgent: 'test/1' });
  });

  afterEach(() => {
    client[Symbol.dispose]();
    process.kill(Number(readFileSync(pidFile(), 'utf8')));
    rmSync(folder, { recursive: true });
  });

  test('does not keep a request beyond its deadline, and is named', async () => {
    const call = client.request({ method: 'GET', path: '/x' }, FOREVER).catch((thrown: unknown) => thrown);
    await eventually(clock, 'it runs', () => existsSync(pidFile()), milliseconds(0));
    clock.advance(milliseconds(30_000));
    const text =
      'there are no credentials for the API server at https://127.0.0.1:1: the plug-in that the kubeconfig names has not given any yet';
    expect(await call).toMatchObject({ code: 'API_UNREACHABLE', message: text });
    for (let probes = 0; probes < 3; probes++) {
      clock.advance(milliseconds(5_000));
      await breathe();
    }
    expect(log.messages('error')).toEqual([`${text}; retrying until it answers`]);
  });

  test('does not keep who wants to end', async () => {
    const ending = new AbortController();
    const call = client.stream({ method: 'GET', path: '/x' }, milliseconds(1_000), ending.signal).catch((thrown: unknown) => thrown);
    await eventually(clock, 'it runs', () => existsSync(pidFile()), milliseconds(0));
    ending.abort('enough');
    expect(await call).toBe('enough');
    expect(log.lines).toEqual([]);
  });
});

describe('connections', () => {
  test('one that the server closes while a request is on its way is no failure', async () => {
    let requests = 0;
    await using pair = await Pair.open((request, response) => {
      requests += 1;
      if (requests === 2) request.socket.resetAndDestroy();
      else response.end('{}');
    });
    await pair.get();
    await expect(pair.get()).resolves.toEqual({});
    expect(requests).toBe(3);
  });

  test('but something that creates is not sent twice', async () => {
    let requests = 0;
    await using pair = await Pair.open((request, response) => {
      requests += 1;
      if (requests === 2) request.socket.resetAndDestroy();
      else response.end('{}');
    });
    await pair.get();
    await expect(pair.client.request({ method: 'POST', path: '/x' }, FOREVER)).rejects.toMatchObject({
      code: 'API_BROKEN',
      retryable: true,
    });
    expect([requests, pair.client.reachable, pair.log.lines]).toEqual([2, true, []]);
  });

  test('an answer that is cut is told from one that never began', async () => {
    await using pair = await Pair.open((request, response) => {
      response.write('{');
      setImmediate(() => request.socket.resetAndDestroy());
    });
    await expect(pair.get()).rejects.toMatchObject({
      code: 'API_BROKEN',
      retryable: true,
      message: 'GET /x: the connection was cut within the answer',
    });
    expect(pair.client.reachable).toBe(true);
  });

  test('a refused credential is got anew once', async () => {
    let requests = 0;
    await using pair = await Pair.open((_request, response) => {
      requests += 1;
      response.writeHead(requests === 1 ? 401 : 200).end('{}');
    });
    await expect(pair.get()).resolves.toEqual({});
    expect(requests).toBe(2);
  });
});

describe('a stream', () => {
  test('gives lines until it ends', async () => {
    await using pair = await Pair.open((_request, response) => {
      response.write('a\nb');
      setImmediate(() => response.end('c\nd'));
    });
    const stream = await pair.client.stream({ method: 'GET', path: '/x' }, milliseconds(1_000), FOREVER);
    const lines: string[] = [];
    for await (const line of stream.lines()) lines.push(line);
    expect(lines).toEqual(['a', 'bc']);
  });

  test('that falls silent counts as dead, however often it spoke before', async () => {
    let speak: (text: string) => void = () => undefined;
    await using pair = await Pair.open((_request, response) => {
      response.flushHeaders();
      speak = (text) => void response.write(text);
    });
    const stream = await pair.client.stream({ method: 'GET', path: '/x' }, milliseconds(1_000), FOREVER);
    const lines: string[] = [];
    const read = (async () => {
      for await (const line of stream.lines()) lines.push(line);
    })();
    const dead = expect(read).rejects.toMatchObject({
      code: 'API_SILENT',
      message: 'GET /x: nothing heard for 1 s, the connection counts as dead',
    });
    for (const line of ['a', 'b', 'c']) {
      pair.clock.advance(milliseconds(900));
      speak(`${line}\n`);
      while (lines.at(-1) !== line) await breathe();
    }
    pair.clock.advance(milliseconds(1_000));
    await dead;
  });

  test('is closed when the reader leaves', async () => {
    let closed = false;
    await using pair = await Pair.open((_request, response) => {
      response.write('a\n');
      response.on('close', () => {
        closed = true;
      });
    });
    const stream = await pair.client.stream({ method: 'GET', path: '/x' }, milliseconds(1_000), FOREVER);
    for await (const line of stream.lines()) if (line === 'a') break;
    await eventually(pair.clock, 'it is closed', () => closed);
    expect(pair.clock.timers).toBe(0);
  });

  test('is refused as a request is', async () => {
    await using pair = await Pair.open(answerWith(410, '{"code":410,"reason":"Expired","message":"too old"}'));
    await expect(pair.client.stream({ method: 'GET', path: '/x' }, milliseconds(1_000), FOREVER)).rejects.toMatchObject({
      status: 410,
      code: 'API_EXPIRED',
    });
  });
});
