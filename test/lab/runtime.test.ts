import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ControlPlane } from '../../hack/kubernetes/control-plane.ts';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { kindsServed } from '../../hack/lab/product.ts';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { ApiEventRecorder } from '../../src/kubernetes/event-recorder.ts';
import { loadConfig } from '../../src/kubernetes/kube-config.ts';
import type { Resource } from '../../src/kubernetes/resource.ts';
import { WatchedStores } from '../../src/kubernetes/resource-stores.ts';
import { ApiStatusWriter, type StatusTarget } from '../../src/kubernetes/status-writer.ts';
import type { Store } from '../../src/kubernetes/store.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../../src/lib/json.ts';
import { SYSTEM_CLOCK } from '../../src/program/system-clock.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

/** The runtime of src/kubernetes before a real API server: what the fake one takes for granted is true. */

const CONFIG = join(import.meta.dirname, '../../config');
const NAMESPACE = 'metallb-system';
/** The servers may have to be found or built first. */
const START_MILLISECONDS = 600_000;
const SOON = { withinMilliseconds: 60_000 };

const SERVICES: Resource = { group: '', version: 'v1', plural: 'services' };
const BALANCED: Resource = { ...SERVICES, fieldSelector: 'spec.type=LoadBalancer' };
const POOLS: Resource = { group: 'metallb.io', version: 'v1beta1', plural: 'ipaddresspools', namespace: NAMESPACE };

let plane: ControlPlane;

beforeAll(async () => {
  plane = await ControlPlane.start();
  await plane.kubectl(['create', 'namespace', NAMESPACE]);
  await plane.kubectl(['apply', '-f', join(CONFIG, 'crd')]);
  await kindsServed(plane);
}, START_MILLISECONDS);
afterAll(() => plane?.[Symbol.asyncDispose]());

/** One client and its stores, as a process has them. */
class Process implements AsyncDisposable {
  readonly log = new RecordingLogger();
  readonly end = new AbortController();
  readonly api: ApiClient;
  readonly stores: WatchedStores;
  readonly #running: Promise<void>;

  constructor(kubeconfig: string) {
    const ports = { clock: SYSTEM_CLOCK, random: Math.random, log: this.log };
    this.api = new ApiClient({ ...ports, config: loadConfig({ kubeconfig, environment: {} }), userAgent: 'typemetal-test/0' });
    this.stores = new WatchedStores({ ...ports, api: this.api });
    this.#running = this.stores.run(this.end.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end.abort();
    await this.#running;
    this.api[Symbol.dispose]();
  }
}

let admin: Process;
beforeEach(() => {
  admin = new Process(plane.adminKubeconfig);
});
afterEach(() => admin[Symbol.asyncDispose]());

const signal = (): AbortSignal => admin.end.signal;
const path = (name: string = ''): string => `/api/v1/namespaces/default/services${name === '' ? '' : `/${name}`}`;

async function createService(name: string, type: string = 'LoadBalancer'): Promise<StatusTarget> {
  const body = { metadata: { name, namespace: 'default' }, spec: { type, ports: [{ port: 80 }] } };
  const { metadata } = objectOf(await admin.api.request({ method: 'POST', path: path(), body }, signal()));
  const { uid, resourceVersion } = objectOf(metadata);
  return { namespace: 'default', name, uid: `${uid}`, resourceVersion: `${resourceVersion}` };
}

async function deleteService(name: string): Promise<void> {
  await admin.api.request({ method: 'DELETE', path: path(name) }, signal());
}

const typeOf = (object: JsonObject): string | undefined => textOf(objectOf(object.spec).type);

/** Waits for what a store holds under a key. */
async function holds<Value>(store: Store<Value>, key: string, value: Value | undefined): Promise<void> {
  await eventually(`${key} is ${value}`, async () => store.get(key) === value, SOON);
}

describe('following', () => {
  test('a field selector: what leaves it is gone', async () => {
    await createService('first');
    await createService('plain', 'ClusterIP');
    const store = admin.stores.open(BALANCED, typeOf);
    await store.whenSynced(signal());
    expect([store.get('default/first'), store.get('default/plain')]).toEqual(['LoadBalancer', undefined]);
    await createService('second');
    await holds(store, 'default/second', 'LoadBalancer');
    const body = { spec: { type: 'ClusterIP' } };
    await admin.api.request({ method: 'PATCH', path: path('first'), body, contentType: 'application/merge-patch+json' }, signal());
    await deleteService('second');
    await holds(store, 'default/first', undefined);
    await holds(store, 'default/second', undefined);
    expect(admin.log.messages('error')).toEqual([]);
    for (const name of ['first', 'plain']) await deleteService(name);
  });

  test('through a server that dies and comes back, with a deletion in between', async () => {
    await createService('lost');
    const store = admin.stores.open(SERVICES, typeOf);
    await store.whenSynced(signal());
    await plane.apiServer.kill();
    await eventually('the loss is noticed', async () => !admin.api.reachable, SOON);
    await plane.startApiServer();
    await using other = new Process(plane.adminKubeconfig);
    await other.api.request({ method: 'DELETE', path: path('lost') }, signal());
    await createService('later');
    await holds(store, 'default/lost', undefined);
    await holds(store, 'default/later', 'LoadBalancer');
    expect(admin.log.messages('error').length).toBe(1);
    await deleteService('later');
  });

  test('a right that is missing is named in one line', async () => {
    await plane.kubectl(['create', 'serviceaccount', 'nobody']);
    await using nobody = new Process(await plane.serviceAccountKubeconfig('default', 'nobody'));
    nobody.stores.open(SERVICES, typeOf);
    await eventually('it is said', async () => nobody.log.messages('error').length > 0, SOON);
    const [line] = nobody.log.lines;
    expect(line?.message).toBe(
      'not allowed to watch services in all namespaces: apply config/rbac, or correct the rights of this service account',
    );
    expect(line?.fields.error).toContain('User "system:serviceaccount:default:nobody" cannot watch resource "services"');
    expect(nobody.stores.missing).toEqual(['services']);
  });
});

describe('statuses', () => {
  test("a Service's status and annotation in one conditional request that leaves the rest alone", async () => {
    const writer = new ApiStatusWriter({ api: admin.api, log: admin.log });
    const target = await createService('status');
    const change = {
      status: { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } },
      annotations: { 'metallb.io/ip-allocated-from-pool': 'p' },
    };
    expect(await writer.write(SERVICES, target, change, signal())).toBe('written');
    const stored = objectOf(await admin.api.request({ method: 'GET', path: path('status') }, signal()));
    expect(stored).toMatchObject({
      metadata: { annotations: change.annotations },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
      status: { loadBalancer: { ingress: [{ ip: '198.51.100.1', ipMode: 'VIP' }] } },
    });
    expect(await writer.write(SERVICES, target, change, signal())).toBe('conflict');
    await deleteService('status');
    expect(await writer.write(SERVICES, target, change, signal())).toBe('gone');
  });

  test('of a pool; a field that the definition lacks is told and not sent again', async () => {
    const writer = new ApiStatusWriter({ api: admin.api, log: admin.log });
    const body = {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name: 'pool' },
      spec: { addresses: ['198.51.100.0/24'] },
    };
    const collection = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/ipaddresspools`;
    const { metadata } = objectOf(await admin.api.request({ method: 'POST', path: collection, body }, signal()));
    const { uid, resourceVersion } = objectOf(metadata);
    const target = { namespace: NAMESPACE, name: 'pool', uid: `${uid}`, resourceVersion: `${resourceVersion}` };
    const counters = { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 255, availableIPv6: 0 };
    const change = { status: { ...counters, fromTheFuture: 7 } };
    expect(await writer.write(POOLS, target, change, signal())).toBe('written');
    expect(admin.log.messages('warn')).toEqual([expect.stringContaining('did not keep status.fromTheFuture of ipaddresspools.metallb.io')]);
    const stored = objectOf(await admin.api.request({ method: 'GET', path: `${collection}/pool` }, signal()));
    expect(stored.status).toEqual(counters);
    const now = { ...target, resourceVersion: `${objectOf(stored.metadata).resourceVersion}` };
    expect(await writer.write(POOLS, now, change, signal())).toBe('not-kept');
    // Another writer with the same change learns that it changes nothing.
    expect(await new ApiStatusWriter({ api: admin.api, log: admin.log }).write(POOLS, now, change, signal())).toBe('not-kept');
  });
});

test('an event that happens again is one object with a count, as kubectl shows it', async () => {
  const ports = { api: admin.api, clock: SYSTEM_CLOCK, random: Math.random, log: admin.log };
  const recorder = new ApiEventRecorder({ ...ports, component: 'metallb-controller', host: '' });
  const end = new AbortController();
  const running = recorder.run(end.signal);
  const { uid } = await createService('eventful');
  const subject = { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'eventful', uid };
  const events = async (): Promise<JsonObject[]> => {
    const query = { fieldSelector: `involvedObject.uid=${uid}` };
    const list = objectOf(await admin.api.request({ method: 'GET', path: '/api/v1/namespaces/default/events', query }, signal()));
    return listOf(list.items).map(objectOf);
  };
  recorder.record(subject, 'Normal', 'IPAllocated', 'Assigned IP ["198.51.100.1"]');
  await eventually('the event', async () => (await events()).length === 1, SOON);
  recorder.record(subject, 'Normal', 'IPAllocated', 'Assigned IP ["198.51.100.1"]');
  recorder.record(subject, 'Warning', 'not enough clusterips', 'Service requires dual stack but not enough clusterips []');
  // At its end a recorder has half a second, which a busy server may need for one request.
  const all = async (): Promise<boolean> => {
    const counts = (await events()).map(({ count }) => count);
    return counts.length === 2 && counts.includes(2);
  };
  await eventually('both are counted', all, SOON);
  end.abort();
  await running;
  const stored = await events();
  expect(stored.map(({ type, reason, count }) => `${type} ${reason} ${count}`).toSorted((one, other) => (one < other ? -1 : 1))).toEqual([
    'Normal IPAllocated 2',
    'Warning not enough clusterips 1',
  ]);
  expect(await plane.kubectl(['describe', 'service', 'eventful'])).toMatch(
    /Normal\s+IPAllocated\s+.*x2.*metallb-controller\s+Assigned IP \["198.51.100.1"\]/,
  );
  await deleteService('eventful');
});
