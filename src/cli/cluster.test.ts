import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { RuntimeScene } from '../../test/support/runtime-scene.ts';
import { createObject } from '../kubernetes/objects.ts';
import { Cluster, KINDS, NODES } from './cluster.ts';
import { CommandError } from './report.ts';

const NAMESPACE = 'metallb-system';
const FOREVER = new AbortController().signal;

let scene: RuntimeScene;
let cluster: Cluster;
beforeEach(async () => {
  scene = await RuntimeScene.open();
  cluster = new Cluster(scene.api, NAMESPACE, FOREVER);
});
afterEach(() => scene[Symbol.asyncDispose]());

test('members of a list are told what they are, and a selector reaches the server', async () => {
  for (const name of ['a', 'b']) {
    await createObject(scene.api, { ...KINDS.l2Statuses, namespace: NAMESPACE }, { metadata: { name } }, FOREVER);
  }
  expect((await cluster.kind('l2Statuses')).items.map(({ kind }) => kind)).toEqual(['ServiceL2Status', 'ServiceL2Status']);
  const { items, fault } = await cluster.list({ ...KINDS.l2Statuses, namespace: NAMESPACE, fieldSelector: 'metadata.name=b' });
  expect(items).toEqual([expect.objectContaining({ metadata: expect.objectContaining({ name: 'b' }) })]);
  expect(fault).toBeUndefined();
});

test.each([
  { status: 403, says: 'you may not list nodes: have the right given to you, or use another context' },
  { status: 404, says: 'the API server knows no such kind as in "list nodes": apply config/crd' },
  { status: 422, says: /^cannot list nodes: / },
])('a refusal with $status is part of the answer', async ({ status, says }) => {
  scene.server.misbehave({ verb: 'list', status, times: 1 });
  expect(await cluster.list(NODES)).toEqual({ items: [], fault: typeof says === 'string' ? says : expect.stringMatching(says) });
});

test('who is nobody to the server is told to log in', async () => {
  scene.server.misbehave({ verb: 'list', status: 401, times: 2 });
  await expect(cluster.list(NODES)).rejects.toThrow(
    new CommandError('the API server does not know who you are: log in anew, as for kubectl'),
  );
});

test('an object that is not there is no fault', async () => {
  expect(await cluster.get(NODES, { name: 'a' })).toEqual({ object: undefined, fault: undefined });
});
