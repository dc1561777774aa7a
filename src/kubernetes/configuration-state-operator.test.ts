import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import { RuntimeScene } from '../../test/support/runtime-scene.ts';
import { milliseconds } from '../lib/clock.ts';
import { ConfigurationReport } from './configuration-report.ts';
import { CONTROLLER_STATE, ConfigurationStateOperator, speakerState } from './configuration-state-operator.ts';
import { OwnPod } from './own-pod.ts';
import type { Resource } from './resource.ts';
import { reconcileCounters } from './work-queue.ts';

const namespace = 'metallb-system';
const STATES: Resource = { group: 'metallb.io', version: 'v1beta1', plural: 'configurationstates', namespace };
const PODS: Resource = { group: '', version: 'v1', plural: 'pods' };

let scene: RuntimeScene;
let report: ConfigurationReport;
let end: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  scene = await RuntimeScene.open();
  scene.server.put(PODS, { metadata: { name: 'controller-x', namespace } });
});

afterEach(async () => {
  end.abort();
  await running;
  await scene[Symbol.asyncDispose]();
});

function start(podName: string = 'controller-x'): void {
  const { api, stores, clock, log } = scene;
  const metrics = new RecordingMetrics();
  end = new AbortController();
  report = new ConfigurationReport(metrics, ['pools']);
  const ownPod = new OwnPod({ api, log, namespace, podName });
  const ports = { api, stores, clock, log, random: () => 0.5, counters: reconcileCounters(metrics) };
  running = new ConfigurationStateOperator({ namespace, identity: CONTROLLER_STATE, report, ownPod }, ports).start(end.signal);
}

const state = (): Record<string, never> | undefined => scene.server.list(STATES)[0] as Record<string, never> | undefined;
const result = (): unknown => (state()?.status as { result?: string } | undefined)?.result;
const podUid = (): unknown => scene.server.list(PODS)[0]?.metadata.uid;
const writes = (): string[] => scene.server.requests.filter(({ verb }) => verb === 'write').map(({ method, path }) => `${method} ${path}`);
const happens = (what: string, holds: () => boolean): Promise<void> => eventually(scene.clock, what, holds);

async function rest(): Promise<void> {
  const until = scene.clock.now() + milliseconds(20_000);
  await happens('time passes', () => scene.clock.now() >= until);
}

test('the object is made with its labels and its owner, and says what was found', async () => {
  start();
  report.set('pools', []);
  await happens('a result', () => result() === 'Valid');
  expect(state()).toMatchObject({
    metadata: {
      name: 'controller',
      labels: { 'metallb.io/component-type': 'controller' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'controller-x', uid: podUid() }],
    },
    status: {
      observedGeneration: 1,
      errorSummary: '',
      conditions: [
        { type: 'poolReconcilerValid', status: 'True', reason: 'Reconciled', message: '' },
        { type: 'Ready', status: 'True', reason: 'Reconciled', message: '', observedGeneration: 1 },
      ],
    },
  });
  report.set('pools', ['a']);
  await happens('a bad result', () => result() === 'Invalid');
  expect(state()).toMatchObject({ status: { errorSummary: 'configuration error: a' } });
  const before = writes().length;
  report.set('pools', ['a']);
  await rest();
  expect(writes()).toHaveLength(before);
  const applied = scene.server.requests.find(({ path }) => path.endsWith('/status'));
  expect(applied?.query).toContain('fieldManager=poolReconciler&force=true');
});

test('it is made anew when it is deleted', async () => {
  start();
  report.set('pools', ['a']);
  await happens('a result', () => result() === 'Invalid');
  scene.server.remove(STATES, `${namespace}/controller`);
  await happens('a result again', () => result() === 'Invalid');
});

test('while nothing is read an earlier result stays for a while, then it is unknown', async () => {
  start();
  report.set('pools', []);
  await happens('a result', () => result() === 'Valid');
  end.abort();
  await running;
  await using earlier = scene;
  scene = new RuntimeScene(earlier.server);
  const before = writes().length;
  start();
  await happens('five seconds pass', () => scene.clock.now() >= milliseconds(5_000));
  expect(writes()).toHaveLength(before);
  await happens('it is unknown', () => result() === 'Unknown');
  report.set('pools', []);
  await happens('it is known', () => result() === 'Valid');
  end.abort();
  await running;
});

test('the object of an earlier pod is taken over', async () => {
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'controller-w', uid: 'pod-0' };
  scene.server.put(STATES, { metadata: { name: 'controller', namespace, ownerReferences: [owner] } });
  start();
  report.set('pools', []);
  await happens('a result', () => result() === 'Valid');
  expect(state()).toMatchObject({ metadata: { ownerReferences: [{ uid: podUid() }], labels: CONTROLLER_STATE.labels } });
});

test.each([
  { what: 'outside of a pod', podName: '', says: [] },
  { what: 'with a pod of another name', podName: 'nobody', says: [expect.stringContaining(`no pod "${namespace}/nobody"`)] },
])('$what nobody owns it', async ({ podName, says }) => {
  start(podName);
  report.set('pools', []);
  await happens('a result', () => result() === 'Valid');
  expect(state()).toMatchObject({ metadata: { ownerReferences: [] } });
  expect(scene.log.messages('warn')).toEqual(says);
});

test('without the right to read its pod it says so, and nobody owns it', async () => {
  scene.server.misbehave({ verb: 'get', status: 403, times: 1 });
  start();
  report.set('pools', []);
  await happens('a result', () => result() === 'Valid');
  expect(scene.log.messages('warn')).toEqual([expect.stringContaining(`no right to read pod "${namespace}/controller-x"`)]);
});

test('a speaker has one of its own, by its node', () => {
  expect(speakerState('node-1')).toEqual({
    name: 'speaker-node-1',
    labels: { 'metallb.io/component-type': 'speaker', 'metallb.io/node-name': 'node-1' },
    conditionType: 'configReconcilerValid',
    fieldManager: 'configReconciler',
  });
});
