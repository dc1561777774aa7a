import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { RuntimeScene } from '../../test/support/runtime-scene.ts';
import type { ApiError } from '../kubernetes/api-error.ts';
import { milliseconds } from '../lib/clock.ts';
import { Cluster, type Listing, NODES } from './cluster.ts';
import { PatientApi } from './patient-api.ts';

let scene: RuntimeScene;
beforeEach(async () => {
  scene = await RuntimeScene.open();
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Lists while the clock goes on; what came of it, and how long it took. */
async function listing(): Promise<Listing & { readonly microseconds: number }> {
  const cluster = new Cluster(new PatientApi(scene.api, scene.clock), 'metallb-system', new AbortController().signal);
  const begun = scene.clock.now();
  let answer: Listing | undefined;
  const asked = cluster.list(NODES).then((found) => {
    answer = found;
  });
  await eventually(scene.clock, 'an answer', () => answer !== undefined);
  await asked;
  return { items: [], fault: 'none', ...answer, microseconds: scene.clock.now() - begun };
}

test('what is put off is asked again when the server says', async () => {
  scene.server.misbehave({ verb: 'list', status: 429, retryAfterSeconds: 2, times: 3 });
  const { fault, microseconds } = await listing();
  expect(fault).toBeUndefined();
  expect(microseconds).toBeGreaterThanOrEqual(milliseconds(6_000));
});

test('a server that puts off for ever, or does not say how long, is believed', async () => {
  scene.server.misbehave({ verb: 'list', status: 429, retryAfterSeconds: 1, times: 11 });
  expect(await listing()).toMatchObject({ items: [], fault: expect.stringMatching(/^cannot list nodes: /) });
  scene.server.misbehave({ verb: 'list', status: 429, times: 1 });
  expect(await listing()).toMatchObject({ fault: expect.stringMatching(/^cannot list nodes: /) });
  expect((await listing()).fault).toBeUndefined();
});

test('other refusals are no reason to wait, and who is in no mood to wait is not kept', async () => {
  const api = new PatientApi(scene.api, scene.clock);
  scene.server.misbehave({ verb: 'list', status: 503, retryAfterSeconds: 1, times: 1 });
  const path = '/api/v1/nodes';
  await expect(api.request({ method: 'GET', path }, new AbortController().signal)).rejects.toMatchObject({ status: 503 });
  scene.server.misbehave({ verb: 'list', status: 429, retryAfterSeconds: 60, times: 1 });
  const end = new AbortController();
  const asked = api.request({ method: 'GET', path }, end.signal).catch((thrown: ApiError) => thrown);
  await eventually(
    scene.clock,
    'the refusal',
    () => scene.server.requests.filter((request) => request.path === path).length === 2,
    milliseconds(0),
  );
  end.abort(new Error('enough'));
  expect(await asked).toMatchObject({ message: 'enough' });
});
