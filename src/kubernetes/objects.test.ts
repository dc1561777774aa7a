import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { RuntimeScene } from '../../test/support/runtime-scene.ts';
import { objectOf } from '../lib/json.ts';
import { createObject, deleteObject, getObject } from './objects.ts';
import type { Resource } from './resource.ts';

const STATUSES: Resource = { group: 'metallb.io', version: 'v1beta1', plural: 'servicel2statuses', namespace: 'metallb-system' };
const NAME = { namespace: 'metallb-system', name: 'l2-a' };
const FOREVER = new AbortController().signal;

let scene: RuntimeScene;
beforeEach(async () => {
  scene = await RuntimeScene.open();
});
afterEach(() => scene[Symbol.asyncDispose]());

test('created, read, and deleted only while it is the one that was meant', async () => {
  const { api } = scene;
  expect(await getObject(api, STATUSES, NAME, FOREVER)).toBeUndefined();
  const created = await createObject(api, STATUSES, { metadata: { name: 'l2-a' } }, FOREVER);
  expect(objectOf(created.metadata)).toMatchObject({ ...NAME, resourceVersion: '101' });
  await expect(createObject(api, STATUSES, { metadata: { name: 'l2-a' } }, FOREVER)).rejects.toMatchObject({ status: 409 });
  expect(await getObject(api, STATUSES, NAME, FOREVER)).toEqual(created);
  await deleteObject(api, STATUSES, { ...NAME, uid: 'another' }, FOREVER);
  expect(scene.server.list(STATUSES).length).toBe(1);
  await deleteObject(api, STATUSES, { ...NAME, uid: `${objectOf(created.metadata).uid}` }, FOREVER);
  await deleteObject(api, STATUSES, NAME, FOREVER);
  expect(scene.server.list(STATUSES)).toEqual([]);
});

test('another refusal is the caller’s', async () => {
  for (const verb of ['get', 'write'] as const) scene.server.misbehave({ verb, status: 403, times: 1 });
  await expect(getObject(scene.api, STATUSES, NAME, FOREVER)).rejects.toMatchObject({ status: 403 });
  await expect(deleteObject(scene.api, STATUSES, NAME, FOREVER)).rejects.toMatchObject({ status: 403 });
});
