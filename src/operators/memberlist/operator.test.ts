import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { RuntimeScene } from '../../../test/support/runtime-scene.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import { reconcileCounters } from '../../kubernetes/work-queue.ts';
import { micros, milliseconds } from '../../lib/clock.ts';
import { MemberlistSecretOperator } from './operator.ts';

const NAMESPACE = 'metallb-system';
const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets', namespace: NAMESPACE };
const DEPLOYMENTS: Resource = { group: 'apps', version: 'v1', plural: 'deployments', namespace: NAMESPACE };
const SECRET_TEXT = 'AAAAAAAAAAAAAAAAAAAAAA';

let scene: RuntimeScene;
let stop: AbortController;
let running: Promise<void>;
let leads: PromiseWithResolvers<void>;
beforeEach(async () => {
  [scene, stop, leads, running] = [await RuntimeScene.open(), new AbortController(), Promise.withResolvers<void>(), Promise.resolve()];
  const metadata = { namespace: NAMESPACE, name: 'controller' };
  scene.server.put(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata });
});
afterEach(async () => {
  stop.abort();
  await running;
  await scene[Symbol.asyncDispose]();
});

function start(deployment = 'controller'): void {
  const { api, stores, clock, log } = scene;
  const counters = reconcileCounters(new RecordingMetrics());
  const world = { namespace: NAMESPACE, name: 'memberlist', deployment, newKey: () => new Uint8Array(16) };
  const leadership = { whenLeading: () => leads.promise, remaining: () => micros(0) };
  running = new MemberlistSecretOperator(world, { api, stores, clock, random: () => 0.5, log, counters, leadership }).start(stop.signal);
}

const secrets = (): readonly object[] => scene.server.list(SECRETS);
const made = (): Promise<void> => eventually(scene.clock, 'the Secret is there', () => secrets().length === 1);
const writes = (): number => scene.server.requests.filter(({ method }) => method !== 'GET').length;

test('it is made by the leader, owned by the Deployment, and its key is nowhere in the log', async () => {
  start();
  await scene.clock.run(milliseconds(60_000));
  expect(scene.server.requests).toEqual([]);
  leads.resolve();
  await made();
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'controller', uid: 'uid-1' }];
  expect(secrets()).toMatchObject([{ metadata: { name: 'memberlist', ownerReferences }, stringData: { secretkey: SECRET_TEXT } }]);
  await scene.clock.run(milliseconds(600_000));
  expect(writes()).toBe(1);
  expect(scene.log.messages()).toEqual(['created the Secret "metallb-system/memberlist" for the memberlist of MetalLB\'s speakers']);
  expect(JSON.stringify(scene.log.lines)).not.toContain(SECRET_TEXT);
});

test('one that is there is left alone, whatever it holds', async () => {
  scene.server.put(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: NAMESPACE, name: 'memberlist' }, data: {} });
  leads.resolve();
  start();
  await eventually(scene.clock, 'it was looked at', () => scene.server.requests.length === 1);
  await scene.clock.run(milliseconds(600_000));
  expect([writes(), scene.log.messages()]).toEqual([0, []]);
});

test.each<{ what: string; deployment: string; prepare: () => void; warnings: number }>([
  { what: 'no Deployment is named', deployment: '', prepare: () => undefined, warnings: 0 },
  { what: 'there is none of that name', deployment: 'other', prepare: () => undefined, warnings: 1 },
  { what: 'it may not be read', deployment: 'controller', prepare: forbidSecondRead, warnings: 1 },
])('$what: it has no owner', async ({ deployment, prepare, warnings }) => {
  prepare();
  leads.resolve();
  start(deployment);
  await made();
  expect(secrets()).not.toMatchObject([{ metadata: { ownerReferences: expect.anything() } }]);
  expect(scene.log.messages('warn')).toHaveLength(warnings);
});

/** The first read is of the Secret, and finds none. */
function forbidSecondRead(): void {
  scene.server.misbehave({ verb: 'get', status: 404, times: 1 });
  scene.server.misbehave({ verb: 'get', status: 403, times: 1 });
}

test('a failure says what is missing, and passes', async () => {
  scene.server.misbehave({ verb: 'write', status: 403, times: 3 });
  leads.resolve();
  start();
  await made();
  expect(scene.log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields.error)).toEqual(
    Array(3).fill(
      'the Secret "metallb-system/memberlist", for which MetalLB\'s speakers wait, is not there: POST /api/v1/namespaces/metallb-system/secrets: 403 Injected: injected 403',
    ),
  );
});

test('another one that was faster counts', async () => {
  scene.server.misbehave({ verb: 'write', status: 409, times: 1 });
  leads.resolve();
  start();
  await eventually(scene.clock, 'it was tried', () => writes() === 1);
  await scene.clock.run(milliseconds(600_000));
  expect([writes(), scene.log.messages()]).toEqual([1, []]);
});
