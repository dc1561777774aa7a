import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { breathe, eventually } from '../../../test/support/eventually.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { RuntimeScene } from '../../../test/support/runtime-scene.ts';
import { OwnPod } from '../../kubernetes/own-pod.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import type { OperatorPorts } from '../../kubernetes/resource-operator.ts';
import { reconcileCounters } from '../../kubernetes/work-queue.ts';
import { OwnDaemonSet } from './own-daemon-set.ts';

const NAMESPACE = 'metallb-system';
const DRAIN_SECONDS = 30;
const PODS: Resource = { group: '', version: 'v1', plural: 'pods', namespace: NAMESPACE };
const DAEMON_SETS: Resource = { group: 'apps', version: 'v1', plural: 'daemonsets', namespace: NAMESPACE };

let scene: RuntimeScene;
let end: AbortController;
let running: Promise<void>;
let daemonSet: OwnDaemonSet;

beforeEach(async () => {
  scene = await RuntimeScene.open();
  end = new AbortController();
});

afterEach(async () => {
  end.abort();
  await running;
  await scene[Symbol.asyncDispose]();
});

/** Starts the speaker's part in a pod whose owner is of this kind, and waits until it has found them. */
async function start(kind: string): Promise<void> {
  putDaemonSet('other');
  putDaemonSet('speaker');
  const uid = scene.server.list(DAEMON_SETS).find(({ metadata }) => metadata.name === 'speaker')?.metadata.uid;
  const ownerReferences = [
    { apiVersion: 'v1', kind: 'Node', name: 'other' },
    { apiVersion: 'apps/v1', kind, name: 'speaker', uid, controller: true },
  ];
  scene.server.put(PODS, { metadata: { name: 'speaker-x', namespace: NAMESPACE, ownerReferences } });
  const { api, stores, clock, log } = scene;
  const ports: OperatorPorts = { api, stores, clock, log, random: () => 0.5, counters: reconcileCounters(new RecordingMetrics()) };
  const ownPod = new OwnPod({ api, log, namespace: NAMESPACE, podName: 'speaker-x' });
  daemonSet = new OwnDaemonSet({ namespace: NAMESPACE, ownPod, drainSeconds: DRAIN_SECONDS }, ports);
  running = daemonSet.start(end.signal);
  await eventually(scene.clock, 'the pod was read', () => scene.server.requests.some(({ path }) => path.endsWith('/pods/speaker-x')));
}

/** Its pods have a second more than the drain to end, unless said. */
function putDaemonSet(name: string, more: object = {}, pod: object = { terminationGracePeriodSeconds: DRAIN_SECONDS + 1 }): void {
  scene.server.put(DAEMON_SETS, { metadata: { name, namespace: NAMESPACE, ...more }, spec: { template: { spec: pod } } });
}

async function becomesRemoved(): Promise<void> {
  await eventually(scene.clock, 'it is removed', () => daemonSet.removed);
  await eventually(scene.clock, 'it is said', () => scene.log.lines.length > 0);
  expect(scene.log.lines.map(({ message }) => message)).toEqual([expect.stringContaining('the DaemonSet of this speaker was removed')]);
}

test('a DaemonSet that is there, and one that goes', async () => {
  await start('DaemonSet');
  scene.server.remove(DAEMON_SETS, `${NAMESPACE}/other`);
  expect(daemonSet.removed).toBe(false);
  scene.server.remove(DAEMON_SETS, `${NAMESPACE}/speaker`);
  await becomesRemoved();
});

test('one that waits for its pods before it goes', async () => {
  await start('DaemonSet');
  putDaemonSet('speaker', { deletionTimestamp: '2026-01-01T00:00:00Z' });
  await becomesRemoved();
});

test('one of the same name is another one', async () => {
  await start('DaemonSet');
  scene.server.remove(DAEMON_SETS, `${NAMESPACE}/speaker`);
  putDaemonSet('speaker');
  await becomesRemoved();
});

test('who runs in none is never removed', async () => {
  await start('Node');
  scene.server.remove(DAEMON_SETS, `${NAMESPACE}/speaker`);
  await eventually(scene.clock, 'it is noticed', () => scene.stores.synced);
  expect(daemonSet.removed).toBe(false);
});

test('one that gives less time to end than a removal takes is told of, once', async () => {
  const killedAfter = (seconds: number): string =>
    `a speaker that is removed is killed after ${seconds} s, before its routers have had the 30 s of --bgp-drain to move their traffic: ` +
    'raise terminationGracePeriodSeconds of its DaemonSet';
  const warned = (): readonly string[] => scene.log.messages('warn');
  await start('DaemonSet');
  putDaemonSet('speaker', {}, { terminationGracePeriodSeconds: 10 });
  await eventually(scene.clock, 'it is said', () => warned().length === 1);
  putDaemonSet('speaker', { annotations: { a: 'b' } }, { terminationGracePeriodSeconds: 10 });
  await breathe();
  // Without a word on it Kubernetes has 30.
  putDaemonSet('speaker', {}, {});
  await eventually(scene.clock, 'it is said anew', () => warned().length > 1);
  expect(warned()).toEqual([10, 30].map(killedAfter));
});
