import { expect, test } from '@jest/globals';
import { type Micros, micros, milliseconds } from '../lib/clock.ts';
import { untilAborted } from './aborted.ts';
import type { Api, ApiCall, WritePermit } from './api.ts';
import { PermittedApi } from './permitted-api.ts';

const FOREVER = new AbortController().signal;

/** A server and a permit that can both go away. */
class Scene implements WritePermit, Api {
  readonly calls: ApiCall[] = [];
  readonly api = new PermittedApi(this, this);
  granted: PromiseWithResolvers<void> | undefined;
  returned: PromiseWithResolvers<void> | undefined;

  remaining(): Micros {
    return this.granted === undefined ? milliseconds(10) : micros(0);
  }

  async whenGranted(signal: AbortSignal): Promise<void> {
    if (this.granted !== undefined) await untilAborted(this.granted.promise, signal);
  }

  get reachable(): boolean {
    return this.returned === undefined;
  }

  async whenReachable(signal: AbortSignal): Promise<void> {
    if (this.returned !== undefined) await untilAborted(this.returned.promise, signal);
  }

  async request(call: ApiCall): Promise<unknown> {
    this.calls.push(call);
    return 'answer';
  }

  async stream(call: ApiCall): Promise<never> {
    this.calls.push(call);
    throw new Error('no stream');
  }
}

test.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('a %s asks for the permit', async (method) => {
  const scene = new Scene();
  expect(await scene.api.request({ method, path: '/x' }, FOREVER)).toBe('answer');
  expect(scene.calls).toEqual([{ method, path: '/x', permit: scene }]);
});

test('reads and watches ask nobody', async () => {
  const scene = new Scene();
  await scene.api.request({ method: 'GET', path: '/x' }, FOREVER);
  await expect(scene.api.stream({ method: 'GET', path: '/y' }, milliseconds(1), FOREVER)).rejects.toThrow('no stream');
  expect(scene.calls).toEqual([
    { method: 'GET', path: '/x' },
    { method: 'GET', path: '/y' },
  ]);
});

test('as a gate it is open when the server answers and writes are permitted', async () => {
  const scene = new Scene();
  expect(scene.api.reachable).toBe(true);
  const [granted, returned] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  scene.granted = granted;
  scene.returned = returned;
  expect(scene.api.reachable).toBe(false);
  let open = false;
  const waiting = scene.api.whenReachable(FOREVER).then(() => {
    open = true;
  });
  scene.returned = undefined;
  returned.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(open).toBe(false);
  scene.granted = undefined;
  granted.resolve();
  await waiting;
  expect(scene.api.reachable).toBe(true);
});

test('who waits at the gate may give up', async () => {
  const scene = new Scene();
  scene.granted = Promise.withResolvers<void>();
  const ending = new AbortController();
  const waiting = scene.api.whenReachable(ending.signal);
  ending.abort();
  await waiting;
});
