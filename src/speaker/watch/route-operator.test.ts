// The operators that follow BGP, against a fake API server: what the wire thread is told.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.ts';
import { pool, service } from '../../../test/support/objects.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { RuntimeScene, SERVICES } from '../../../test/support/runtime-scene.ts';
import { OwnPod } from '../../kubernetes/own-pod.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import type { OperatorPorts } from '../../kubernetes/resource-operator.ts';
import { ApiStatusWriter } from '../../kubernetes/status-writer.ts';
import { reconcileCounters } from '../../kubernetes/work-queue.ts';
import { milliseconds } from '../../lib/clock.ts';
import { formatPrefix } from '../../lib/ip.ts';
import type { BgpChange } from '../../model/bgp-plan.ts';
import { AnnouncementNotices } from './announcement-notices.ts';
import { BgpConfigurationOperator } from './bgp-configuration-operator.ts';
import { BgpStatusOperator } from './bgp-status-operator.ts';
import { Configuration } from './configuration.ts';
import { configurationSource } from './configuration-source.ts';
import { RouteAnnouncer } from './route-announcer.ts';
import { RouteOperator } from './route-operator.ts';

const DRAIN_MILLISECONDS = 5_000;
const NAMESPACE = 'metallb-system';
const METALLB = { group: 'metallb.io', version: 'v1beta1', namespace: NAMESPACE };
const POOLS: Resource = { ...METALLB, plural: 'ipaddresspools' };
const ADVERTISEMENTS: Resource = { ...METALLB, plural: 'bgpadvertisements' };
const PEERS: Resource = { ...METALLB, version: 'v1beta2', plural: 'bgppeers' };
const STATUSES: Resource = { ...METALLB, plural: 'servicebgpstatuses' };
const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets', namespace: NAMESPACE };
const NODES: Resource = { group: '', version: 'v1', plural: 'nodes' };
const SLICES: Resource = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' };

let scene: RuntimeScene;
let end: AbortController;
let running: Promise<unknown>;
let changes: BgpChange[];
let metrics: RecordingMetrics;

async function openScene(): Promise<void> {
  scene = await RuntimeScene.open();
  scene.server.put(POOLS, pool('first', ['203.0.113.0/24']) as unknown as Parameters<typeof scene.server.put>[1]);
  scene.server.put(NODES, { metadata: { name: 'node-1' } });
  scene.server.put(ADVERTISEMENTS, { metadata: { name: 'all', namespace: NAMESPACE }, spec: {} });
  scene.server.put(SERVICES, service({ name: 'web', ips: ['203.0.113.10'] }) as Parameters<typeof scene.server.put>[1]);
  const metadata = { namespace: 'default', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } };
  scene.server.put(SLICES, { metadata, endpoints: [{ nodeName: 'node-2', conditions: { ready: true } }] });
  putPeer({});
}

beforeEach(async () => {
  await openScene();
  start();
});

afterEach(async () => {
  end.abort();
  await running;
  await scene[Symbol.asyncDispose]();
});

function start(): void {
  end = new AbortController();
  changes = [];
  const { clock, log, api, stores } = scene;
  metrics = new RecordingMetrics();
  const ports: OperatorPorts = { api, stores, clock, log, random: () => 0.5, counters: reconcileCounters(metrics) };
  const notices = new AnnouncementNotices({ node: 'node-1', metrics, log, events: { record: () => undefined } });
  const announcer = new RouteAnnouncer({ notices, log, applyToWire: (change) => void changes.push(change) });
  const source = configurationSource(stores, NAMESPACE);
  const configuration = new Configuration({ node: 'node-1', source, log, faultsFound: () => undefined });
  const choices = { loadBalancerClass: undefined, ignoreExcludeLabel: false, drainPause: milliseconds(DRAIN_MILLISECONDS) };
  const routes = new RouteOperator({ node: 'node-1', namespace: NAMESPACE, ...choices, announcer, configuration }, ports);
  const world = { namespace: NAMESPACE, configuration, changed: () => routes.configurationChanged() };
  const ownPod = new OwnPod({ api, log, namespace: NAMESPACE, podName: '' });
  const statusWriter = new ApiStatusWriter({ api, log });
  const statuses = new BgpStatusOperator({ node: 'node-1', namespace: NAMESPACE, ownPod, announcer, statusWriter }, ports);
  running = Promise.all([routes, new BgpConfigurationOperator(world, ports), statuses].map((operator) => operator.start(end.signal)));
}

/** Starts anew while the server has not this kind yet, and waits until everything else is known. */
async function restartWithout(resource: Resource): Promise<void> {
  end.abort();
  await running;
  await scene[Symbol.asyncDispose]();
  await openScene();
  scene.server.uninstall(resource);
  start();
  const asked = (): number => scene.server.requests.filter(({ path }) => path.endsWith(`/${resource.plural}`)).length;
  await happens('the server was asked for it again and again', () => asked() > 3);
}

function putPeer(spec: object): void {
  const whole = { myASN: 64_512, peerASN: 64_600, peerAddress: '198.51.100.1', ...spec };
  scene.server.put(PEERS, { metadata: { name: 'tor', namespace: NAMESPACE, uid: 'peer', generation: 1 }, spec: whole });
}

function putService(name: string, ip: string): void {
  scene.server.put(SERVICES, service({ name, ips: [ip] }) as Parameters<typeof scene.server.put>[1]);
}

function putSecret(password: string): void {
  const metadata = { name: 'auth', namespace: NAMESPACE };
  scene.server.put(SECRETS, { metadata, type: 'kubernetes.io/basic-auth', data: { password: btoa(password) } });
}

/** What the wire thread was told, in short. */
function told(): string[] {
  return shortOf(changes);
}

function shortOf(some: readonly BgpChange[]): string[] {
  return some.map((change) => {
    if (change.kind === 'route') return `route ${change.routes.map(({ prefix }) => formatPrefix(prefix)).join()}`;
    if (change.kind === 'drain') return `drain ${change.draining}`;
    return `${change.kind} ${change.peers.map(({ name, password }) => `${name} ${password ?? '-'}`).join()}`;
  });
}

const happens = (what: string, holds: () => boolean): Promise<void> => eventually(scene.clock, what, holds);

test('the whole plan comes first, with its routes and its peers', async () => {
  await happens('the plan is there', () => changes.length > 0);
  expect(told()[0]).toBe('replace-bgp tor -');
  expect(changes[0]).toMatchObject({ routes: [{ service: 'default/web', routes: [{ prefix: { length: 32 } }] }] });
});

test.each([
  { what: 'advertisements', resource: ADVERTISEMENTS },
  { what: 'peers', resource: PEERS },
  { what: 'pools', resource: POOLS },
])('no plan goes out before all $what are known: a peer would take it for the whole', async ({ resource }) => {
  await restartWithout(resource);
  expect(changes).toEqual([]);
  scene.server.install(resource);
  await happens('the plan is there', () => changes.length > 0);
  expect(told()[0]).toBe('replace-bgp tor -');
  expect(changes[0]).toMatchObject({ routes: [{ service: 'default/web', routes: [{ prefix: { length: 32 } }] }] });
});

test('routes follow Services, endpoints, Nodes and advertisements', async () => {
  await happens('the plan is there', () => changes.length > 0);
  changes = [];
  const next = async (what: string): Promise<string | undefined> => {
    await happens(what, () => told().some((text) => text.startsWith('route')));
    const texts = told().filter((text) => text.startsWith('route'));
    changes = [];
    return texts.at(-1);
  };
  const condition = { type: 'NetworkUnavailable', status: 'True' };
  scene.server.put(NODES, { metadata: { name: 'node-1' }, status: { conditions: [condition] } });
  expect(await next('the node has no network')).toBe('route ');
  scene.server.put(NODES, { metadata: { name: 'node-1' } });
  expect(await next('the node is back')).toBe('route 203.0.113.10/32');
  scene.server.put(ADVERTISEMENTS, { metadata: { name: 'all', namespace: NAMESPACE }, spec: { aggregationLength: 26 } });
  expect(await next('an aggregate is announced')).toBe('route 203.0.113.0/26');
  scene.server.remove(SLICES, 'default/web-1');
  expect(await next('nothing serves')).toBe('route ');
});

const LABELS = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' };

test.each([
  { by: 'the label', metadata: { labels: LABELS }, reason: 'nodeLabeledExcludeBalancers' },
  { by: 'the annotation', metadata: { annotations: { 'metallb.io/bgp-drain': '' } }, reason: 'nodeDrained' },
])('a node that is to leave, by $by, says so first', async ({ metadata, reason }) => {
  await happens('the plan is there', () => changes.length > 0);
  const told = (): string[] => shortOf(changes.filter(({ kind }) => kind !== 'peers'));
  changes = [];
  scene.server.put(NODES, { metadata: { name: 'node-1', ...metadata } });
  await happens('routers are told', () => changes.length > 0);
  await happens('the log says it', () => scene.log.lines.some(({ message }) => message.includes('its routes go after 5 s')));
  expect(told()).toEqual(['drain true']);
  scene.clock.advance(milliseconds(DRAIN_MILLISECONDS));
  await happens('the routes are gone', () => told().length > 1);
  expect(told()).toEqual(['drain true', 'route ']);
  expect(scene.log.lines.findLast(({ fields }) => fields.event === 'serviceWithdrawn')?.fields.reason).toBe(reason);
  scene.server.put(NODES, { metadata: { name: 'node-1' } });
  await happens('the routes are back', () => told().length > 3);
  expect(told().slice(2)).toEqual(['drain false', 'route 203.0.113.10/32']);
});

test('a node that is wanted back in the meantime keeps its routes', async () => {
  await happens('the plan is there', () => changes.length > 0);
  changes = [];
  scene.server.put(NODES, { metadata: { name: 'node-1', labels: LABELS } });
  await happens('routers are told', () => changes.length > 0);
  scene.server.put(NODES, { metadata: { name: 'node-1' } });
  await happens('routers are told otherwise', () => changes.some((change) => change.kind === 'drain' && !change.draining));
  scene.clock.advance(milliseconds(2 * DRAIN_MILLISECONDS));
  scene.server.put(SERVICES, service({ name: 'web', ips: ['203.0.113.11'] }) as Parameters<typeof scene.server.put>[1]);
  await happens('the next change is there', () => changes.some(({ kind }) => kind === 'route'));
  expect(shortOf(changes.filter(({ kind }) => kind === 'route'))).toEqual(['route 203.0.113.11/32']);
});

test('a node that is to leave already at the start announces nothing', async () => {
  end.abort();
  await running;
  scene.server.put(NODES, { metadata: { name: 'node-1', labels: LABELS } });
  start();
  await happens('the plan is there', () => changes.length > 0);
  expect(changes[0]).toMatchObject({ kind: 'replace-bgp', routes: [] });
});

describe('with many Services present', () => {
  const MANY = 120;
  /** The turns that one change may take, over all operators: its own, that of the status object, and that of an echo of it. */
  const FEW = 8;

  beforeEach(async () => {
    for (let number = 0; number < MANY; number++) {
      const metadata = { namespace: 'default', name: `many-${number}`, labels: { 'kubernetes.io/service-name': `many-${number}` } };
      scene.server.put(SLICES, { metadata, endpoints: [{ nodeName: 'node-2', conditions: { ready: true } }] });
      putService(`many-${number}`, `203.0.113.${100 + number}`);
    }
    await happens(
      'all are announced, and that is said',
      () => scene.server.list(STATUSES).filter(({ status }) => status !== undefined).length > MANY,
    );
    await scene.clock.run(milliseconds(1_000));
    changes = [];
  });

  test.each<{ what: string; act: () => void; changed: string }>([
    { what: 'a Service', act: () => putService('web', '203.0.113.11'), changed: 'route 203.0.113.11/32' },
    { what: 'the timers of a peer', act: () => putPeer({ holdTime: '30s' }), changed: 'peers tor -' },
    {
      what: 'the status of a pool, and a Service',
      act: () => {
        scene.server.put(POOLS, { ...pool('first', ['203.0.113.0/24']), status: { assignedIPv4: 7 } } as unknown as Parameters<
          typeof scene.server.put
        >[1]);
        putService('web', '203.0.113.11');
      },
      changed: 'route 203.0.113.11/32',
    },
  ])('a change of $what takes as much work as with one', async ({ act, changed }) => {
    const before = turns();
    act();
    await happens('it is told', () => told().includes(changed));
    await scene.clock.run(milliseconds(1_000));
    expect(told()).toEqual([changed]);
    expect(turns() - before).toBeLessThanOrEqual(FEW);
  });

  function turns(): number {
    return metrics.value('metallb_k8s_client_updates_total', {}) ?? 0;
  }
});

test('a password comes from its Secret, and is followed', async () => {
  await happens('the plan is there', () => changes.length > 0);
  putPeer({ passwordSecret: { name: 'auth' } });
  putSecret('one');
  await happens('the password is known', () => told().at(-1) === 'peers tor one');
  putSecret('two');
  await happens('the other one is', () => told().at(-1) === 'peers tor two');
  expect(scene.log.lines.map(({ message, fields }) => JSON.stringify([message, fields])).join()).not.toMatch(/"(?:one|two)"/);
});

test('one object says to whom the Service is announced, and goes when it is not any more', async () => {
  const said = (): unknown[] => scene.server.list(STATUSES).map(({ status }) => status);
  const peersOf = (): string => JSON.stringify(said().map((status) => (status as { readonly peers?: unknown } | undefined)?.peers));
  await happens('it is said', () => peersOf() === '[["tor"]]');
  const names = { node: 'node-1', serviceName: 'web', serviceNamespace: 'default', peers: ['tor'] };
  const ready = { type: 'Ready', status: 'True', observedGeneration: 1, reason: 'Reconciled', message: '' };
  expect(said()).toEqual([{ ...names, observedGeneration: 1, conditions: [{ ...ready, lastTransitionTime: expect.any(String) }] }]);
  const metadata = { name: 'second', namespace: NAMESPACE, uid: 'second', generation: 1 };
  scene.server.put(PEERS, { metadata, spec: { myASN: 64_512, peerASN: 64_600, peerAddress: '198.51.100.2' } });
  await happens('both are said', () => peersOf() === '[["second","tor"]]');
  scene.server.remove(SLICES, 'default/web-1');
  await happens('nothing is said', () => said().length === 0);
});
