import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { milliseconds } from '../lib/clock.ts';
import { AdmissionHandler, type HttpAnswer, type Reviewer } from './admission-handler.ts';

const REVIEW = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u-1', operation: 'CREATE', name: 'a' } };
const JSON_TYPE = 'application/json';

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly type?: string;
  readonly body?: string;
}

class Scene {
  readonly clock: FakeClock = new FakeClock();
  readonly log: RecordingLogger = new RecordingLogger();
  readonly ending: AbortController = new AbortController();
  readonly #handler: AdmissionHandler;

  constructor(reviewer: Reviewer) {
    const { clock, log } = this;
    this.#handler = new AdmissionHandler({ reviewers: new Map([['/validate', reviewer]]), clock, log });
  }

  ask({ path = '/validate', method = 'POST', type = JSON_TYPE, body = JSON.stringify(REVIEW) }: Asked = {}): Promise<HttpAnswer> {
    const stream = new PassThrough();
    const request = Object.assign(stream, { url: path, method, headers: { 'content-type': type } });
    stream.end(body);
    return this.#handler.answer(request as unknown as IncomingMessage, this.ending.signal);
  }
}

const takes: Reviewer = async () => ({ warnings: [] });
/** Ends only when it is told to. */
const hangs: Reviewer = (_request, signal) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('told to end'))));

test('a verdict comes back under the uid of the request', async () => {
  const scene = new Scene(async ({ name }) => ({ refusal: `${name} is wrong`, warnings: [] }));
  const answer = await scene.ask({ path: '/validate?timeout=5s', type: 'application/json; charset=utf-8' });
  expect(answer).toMatchObject({ status: 200, contentType: JSON_TYPE });
  expect(JSON.parse(answer.body).response).toMatchObject({ uid: 'u-1', allowed: false, status: { message: 'a is wrong' } });
  expect(scene.log.lines).toEqual([]);
});

test.each<Asked & { status: number; says: string }>([
  { path: '/convert', status: 404, says: 'there is no webhook at this path' },
  { method: 'GET', status: 405, says: 'only POST is answered' },
  { type: 'text/plain', status: 415, says: 'the body must be application/json' },
  { body: '{', status: 400, says: 'the body is not JSON' },
  { body: ' '.repeat(8 * 1024 * 1024 + 1), status: 413, says: 'the body has more than 8388608 bytes' },
])('$status: $says', async ({ status, says, ...asked }) => {
  const scene = new Scene(takes);
  for (let time = 0; time < 3; time++) expect(await scene.ask(asked)).toMatchObject({ status, body: `${says}\n` });
  expect(scene.log.messages('warn')).toEqual([`an admission request was answered with ${status}: ${says}`]);
  await scene.ask();
  await scene.ask(asked);
  expect(scene.log.messages('warn')).toHaveLength(2);
});

test('who cannot decide says why, and the failure policy decides', async () => {
  const scene = new Scene(async () => {
    throw new Error('the API server cannot be reached');
  });
  const answer = await scene.ask();
  expect(answer).toMatchObject({ status: 500, body: 'the change cannot be checked: the API server cannot be reached\n' });
});

test('what takes too long is answered in time, is told to end, and holds up nobody', async () => {
  let slow: boolean = true;
  const told: AbortSignal[] = [];
  const scene = new Scene((request, signal) => {
    told.push(signal);
    return slow ? hangs(request, signal) : takes(request, signal);
  });
  const late = scene.ask();
  await settle();
  slow = false;
  expect(await scene.ask()).toMatchObject({ status: 200 });
  await scene.clock.run(milliseconds(3_999));
  expect(told.map(({ aborted }) => aborted)).toEqual([false, false]);
  await scene.clock.run(milliseconds(1));
  expect(told.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(await late).toMatchObject({ status: 504, body: 'the change was not checked within 4 s\n' });
  expect(scene.clock.timers).toBe(0);
});

test('a work that does not heed its end is not waited for', async () => {
  const scene = new Scene(() => new Promise(() => undefined));
  const late = scene.ask();
  await scene.clock.run(milliseconds(4_000));
  expect(await late).toMatchObject({ status: 504 });
});

test('more at once than there are places: the rest can come again', async () => {
  const scene = new Scene(hangs);
  const asked = Array.from({ length: 129 }, () => scene.ask());
  expect(await asked.at(-1)).toMatchObject({ status: 503, body: '128 reviews are under way\n' });
  await scene.clock.run(milliseconds(4_000));
  for (const answer of asked.slice(0, -1)) expect(await answer).toMatchObject({ status: 504 });
});

test('an end cuts short what is under way', async () => {
  const scene = new Scene(hangs);
  const answer = scene.ask();
  await settle();
  scene.ending.abort();
  expect(await answer).toMatchObject({ status: 503, body: 'this controller is ending\n' });
  expect(await scene.ask()).toMatchObject({ status: 503 });
});
