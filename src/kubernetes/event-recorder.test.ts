import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { breathe, eventually } from '../../test/support/eventually.ts';
import { RuntimeScene } from '../../test/support/runtime-scene.ts';
import { milliseconds } from '../lib/clock.ts';
import { type JsonObject, objectOf } from '../lib/json.ts';
import type { EventSubject } from './core-event.ts';
import { ApiEventRecorder } from './event-recorder.ts';
import type { Resource } from './resource.ts';

const EVENTS: Resource = { group: '', version: 'v1', plural: 'events' };
const WEB: EventSubject = { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '7' };

let scene: RuntimeScene;
let recorder: ApiEventRecorder;
let end: AbortController;
let ended: Promise<void>;

beforeEach(async () => {
  scene = await RuntimeScene.open();
  let chance = 0;
  const random = (): number => {
    chance = (chance + 0.37) % 1;
    return chance;
  };
  recorder = new ApiEventRecorder({
    api: scene.api,
    clock: scene.clock,
    log: scene.log,
    random,
    component: 'metallb-controller',
    host: '',
  });
  end = new AbortController();
  ended = recorder.run(end.signal);
});
afterEach(async () => {
  end.abort();
  await eventually(scene.clock, 'the recorder ends', await endOf(ended));
  await scene[Symbol.asyncDispose]();
});

async function endOf(promise: Promise<void>): Promise<() => boolean> {
  let over = false;
  promise.then(() => {
    over = true;
  }, undefined);
  return () => over;
}

const stored = (): JsonObject[] => scene.server.list(EVENTS);
const counts = (): unknown[] => stored().map(({ count }) => count);
const writes = (): string[] => scene.server.requests.filter(({ verb }) => verb === 'write').map(({ method }) => method);

async function written(events: number): Promise<void> {
  await eventually(scene.clock, `${events} events`, () => stored().length === events);
  // The answers are on their way: no time may pass on the clock before they have come.
  for (let round = 0; round < 5; round++) await breathe();
}

describe('an event', () => {
  test('is stored as client-go would store it', async () => {
    recorder.record(WEB, 'Normal', 'IPAllocated', 'Assigned IP ["10.0.0.1"]');
    const at = new Date(scene.clock.wallMilliseconds()).toISOString().replace('.000', '');
    await written(1);
    const [{ metadata, ...event } = { metadata: {} }] = stored();
    expect(objectOf(metadata)).toMatchObject({ namespace: 'shop', name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) });
    expect(event).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: WEB,
      type: 'Normal',
      reason: 'IPAllocated',
      message: 'Assigned IP ["10.0.0.1"]',
      source: { component: 'metallb-controller' },
      reportingComponent: 'metallb-controller',
      reportingInstance: '',
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    });
  });

  test('of an object without a namespace lies in default', async () => {
    recorder.record({ ...WEB, kind: 'Node', namespace: undefined }, 'Warning', 'R', 'm');
    await written(1);
    expect(objectOf(stored()[0]?.metadata).namespace).toBe('default');
  });

  test('that happens again is counted up, not stored again; another text is another event', async () => {
    recorder.record(WEB, 'Normal', 'R', 'm');
    await written(1);
    scene.clock.advance(milliseconds(60_000));
    recorder.record(WEB, 'Normal', 'R', 'm');
    recorder.record(WEB, 'Normal', 'R', 'm');
    await eventually(scene.clock, 'the count', () => counts()[0] === 3);
    expect(stored()[0]?.lastTimestamp).not.toBe(stored()[0]?.firstTimestamp);
    recorder.record(WEB, 'Normal', 'R', 'other');
    await written(2);
    expect(writes()[0]).toBe('POST');
    expect(writes().filter((method) => method === 'POST').length).toBe(2);
  });

  test('that happens again ten minutes later is a new one', async () => {
    recorder.record(WEB, 'Normal', 'R', 'm');
    await written(1);
    scene.clock.advance(milliseconds(601_000));
    recorder.record(WEB, 'Normal', 'R', 'm');
    await written(2);
    expect(counts()).toEqual([1, 1]);
  });
});

describe('many events', () => {
  test('an event whose object the server has dropped is stored anew', async () => {
    recorder.record(WEB, 'Normal', 'R', 'm');
    await written(1);
    const { namespace, name } = objectOf(stored()[0]?.metadata);
    scene.server.remove(EVENTS, `${namespace}/${name}`);
    recorder.record(WEB, 'Normal', 'R', 'm');
    await written(1);
    expect(counts()).toEqual([1]);
  });

  test('those that are the same before the first is written are one', async () => {
    scene.server.misbehave({ verb: 'write', status: 500, times: 1 });
    for (let times = 0; times < 20; times++) recorder.record(WEB, 'Normal', 'R', 'm');
    await written(1);
    expect(counts()).toEqual([20]);
  });

  test('one that happens again while it is being written is counted up afterwards', async () => {
    const gate = Promise.withResolvers<void>();
    scene.server.writeGate = gate.promise;
    recorder.record(WEB, 'Normal', 'R', 'm');
    await eventually(scene.clock, 'the first is there', () => writes().length === 1);
    recorder.record(WEB, 'Normal', 'R', 'm');
    for (let round = 0; round < 20; round++) await breathe();
    expect(writes()).toEqual(['POST']);
    gate.resolve();
    await eventually(scene.clock, 'the count', () => counts()[0] === 2);
    expect(writes()).toEqual(['POST', 'PATCH']);
  });

  test('several are written at the same time', async () => {
    const gate = Promise.withResolvers<void>();
    scene.server.writeGate = gate.promise;
    for (let index = 0; index < 10; index++) recorder.record({ ...WEB, uid: `u${index}` }, 'Normal', 'R', 'm');
    await eventually(scene.clock, 'four are there', () => writes().length === 4);
    gate.resolve();
    await written(10);
  });

  test('one object cannot flood the others', async () => {
    for (let times = 0; times < 1_000; times++) recorder.record(WEB, 'Normal', 'R', `m${times}`);
    recorder.record({ ...WEB, uid: 'u2', name: 'other' }, 'Normal', 'R', 'm');
    await written(26);
  });
});

describe('when the server will not', () => {
  test.each([429, 500, 503])('%d: it is tried again', async (status) => {
    scene.server.misbehave({ verb: 'write', status, retryAfterSeconds: 2, times: 3 });
    recorder.record(WEB, 'Normal', 'R', 'm');
    await written(1);
    expect(writes().length).toBe(4);
  });

  test('a name that is taken is replaced', async () => {
    scene.server.misbehave({ verb: 'write', status: 409, times: 1 });
    recorder.record(WEB, 'Normal', 'R', 'm');
    await written(1);
  });

  test('a refusal is told once, and loses the event alone', async () => {
    scene.server.misbehave({ verb: 'write', status: 403, times: 2 });
    recorder.record(WEB, 'Normal', 'One', 'm');
    await eventually(scene.clock, 'the first', () => writes().length === 1);
    recorder.record(WEB, 'Normal', 'Two', 'm');
    await eventually(scene.clock, 'the second', () => writes().length === 2);
    recorder.record(WEB, 'Normal', 'Three', 'm');
    await written(1);
    expect(scene.log.messages('warn')).toEqual(['event One of Service shop/web was refused and is lost, as others may be']);
  });

  test('events wait while it is away', async () => {
    await scene.server.goAway();
    recorder.record(WEB, 'Normal', 'R', 'm');
    await eventually(scene.clock, 'it is noticed', () => !scene.api.reachable);
    await scene.clock.run(milliseconds(60_000));
    await scene.server.comeBack();
    await written(1);
  });

  test('a line that is too long loses its oldest, and says so', async () => {
    await scene.server.goAway();
    for (let index = 0; index < 20_100; index++) recorder.record({ ...WEB, uid: `u${index}`, name: `s${index}` }, 'Normal', 'R', 'm');
    expect(scene.log.messages('warn')).toEqual(['more than 20000 events wait to be written: the oldest are dropped']);
  });
});

describe('the end', () => {
  test('what waits is still written', async () => {
    for (let index = 0; index < 10; index++) recorder.record({ ...WEB, uid: `u${index}` }, 'Normal', 'R', 'm');
    end.abort();
    await written(10);
    await ended;
  });

  test('but not for longer than two seconds', async () => {
    scene.server.misbehave({ verb: 'write', status: 503, times: 1_000 });
    recorder.record(WEB, 'Normal', 'R', 'm');
    await eventually(scene.clock, 'a first attempt', () => writes().length > 0);
    end.abort();
    const over = await endOf(ended);
    const began = scene.clock.now();
    await eventually(scene.clock, 'the end', over);
    expect(scene.clock.now() - began).toBeLessThanOrEqual(2_100_000);
    expect(scene.log.messages('warn')).toEqual(['1 events could not be written before the end']);
  });
});
