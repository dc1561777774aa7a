// Both operators of this room together, against a fake API server: what one announces, the other writes down.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.ts';
import { l2Advertisement, pool, service } from '../../../test/support/objects.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { RuntimeScene, SERVICES } from '../../../test/support/runtime-scene.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import type { OperatorPorts } from '../../kubernetes/resource-operator.ts';
import { ApiStatusWriter } from '../../kubernetes/status-writer.ts';
import { reconcileCounters } from '../../kubernetes/work-queue.ts';
import { formatAddress } from '../../lib/ip.ts';
import type { PlanChange } from '../../model/plan.ts';
import { AnnouncedServices } from './announced-services.ts';
import { AnnouncementOperator } from './announcement-operator.ts';
import { Announcer } from './announcer.ts';
import { L2StatusOperator } from './l2-status-operator.ts';

const METALLB = { group: 'metallb.io', version: 'v1beta1', namespace: 'metallb-system' };
const POOLS: Resource = { ...METALLB, plural: 'ipaddresspools' };
const ADVERTISEMENTS: Resource = { ...METALLB, plural: 'l2advertisements' };
const STATUSES: Resource = { ...METALLB, plural: 'servicel2statuses' };
const NODES: Resource = { group: '', version: 'v1', plural: 'nodes' };
const SLICES: Resource = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' };

interface L2Status {
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences: readonly object[];
  };
  readonly status?: { readonly node: string; readonly serviceName: string; readonly interfaces: readonly object[] };
}

let scene: RuntimeScene;
let end: AbortController;
let speaker: Promise<unknown>;
let changes: PlanChange[];
let events: string[];
let announcements: AnnouncementOperator;

beforeEach(async () => {
  scene = await RuntimeScene.open();
  put(POOLS, pool('first', ['203.0.113.0/24']));
  put(ADVERTISEMENTS, l2Advertisement('everywhere'));
  scene.server.put(NODES, { metadata: { name: 'node-1' } });
  putService('web', '203.0.113.10');
  start();
});

afterEach(async () => {
  end.abort();
  await speaker;
  await scene[Symbol.asyncDispose]();
});

/** The speaker of node-1, without its wire thread. */
function start(): void {
  end = new AbortController();
  changes = [];
  events = [];
  const { clock, log, api, stores } = scene;
  const metrics = new RecordingMetrics();
  const ports: OperatorPorts = { api, stores, clock, log, random: () => 0.5, counters: reconcileCounters(metrics) };
  const announced = new AnnouncedServices();
  const announcer = new Announcer({
    node: 'node-1',
    announced,
    metrics,
    log,
    events: { record: (subject, _type, reason) => void events.push(`${subject.name} ${reason}`) },
    applyToWire: (change) => void changes.push(change),
  });
  const world = { node: 'node-1', namespace: 'metallb-system', announced };
  const choices = { loadBalancerClass: undefined, ignoreExcludeLabel: false };
  announcements = new AnnouncementOperator({ ...world, ...choices, announcer, metrics }, ports);
  const statusWriter = new ApiStatusWriter({ api, log });
  const statuses = new L2StatusOperator({ ...world, podName: 'speaker-x', statusWriter }, ports);
  speaker = Promise.all([announcements.start(end.signal), statuses.start(end.signal)]);
}

/** Stores an object made of the typed builders. */
function put(resource: Resource, object: object): void {
  scene.server.put(resource, object as Parameters<typeof scene.server.put>[1]);
}

function putService(name: string, ...ips: string[]): void {
  put(SERVICES, service({ name, ips }));
  const metadata = { namespace: 'default', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } };
  scene.server.put(SLICES, { metadata, endpoints: [{ nodeName: 'node-2', conditions: { ready: true } }] });
}

function statuses(): L2Status[] {
  return scene.server.list(STATUSES) as unknown as L2Status[];
}

const spoken = (): string[] =>
  changes.map((change) => {
    if (change.kind === 'announce') return `announce ${change.announcement.addresses.map(formatAddress).join()}`;
    return change.kind === 'withdraw' ? `withdraw ${change.service}` : 'replace';
  });

const happens = (what: string, holds: () => boolean): Promise<void> => eventually(scene.clock, what, holds);

test('a Service with an address is announced, and one object says so', async () => {
  await happens('the status is written', () => statuses()[0]?.status !== undefined);
  expect(spoken()).toEqual(['announce 203.0.113.10']);
  expect(events).toEqual(['web nodeAssigned']);
  expect(statuses()).toMatchObject([
    {
      metadata: {
        labels: { 'metallb.io/node': 'node-1', 'metallb.io/service-name': 'web', 'metallb.io/service-namespace': 'default' },
        ownerReferences: [],
      },
      status: { node: 'node-1', serviceName: 'web', serviceNamespace: 'default', interfaces: [] },
    },
  ]);
  expect(scene.log.messages('warn')).toEqual([expect.stringContaining('no pod "metallb-system/speaker-x"')]);
});

test('a Service that goes is withdrawn, and its object with it', async () => {
  await happens('the status is written', () => statuses()[0]?.status !== undefined);
  scene.server.remove(SERVICES, 'default/web');
  await happens('the status is gone', () => statuses().length === 0);
  expect(spoken()).toEqual(['announce 203.0.113.10', 'withdraw default/web']);
});

test('the last endpoint goes with its slice: withdrawn; another comes: announced', async () => {
  await happens('announced', () => changes.length === 1);
  scene.server.remove(SLICES, 'default/web-1');
  await happens('withdrawn', () => changes.length === 2);
  putService('web', '203.0.113.10');
  await happens('announced again', () => changes.length === 3);
  expect(spoken()).toEqual(['announce 203.0.113.10', 'withdraw default/web', 'announce 203.0.113.10']);
});

test('what changes on a node without touching its candidacy asks nothing of anybody', async () => {
  await happens('the status is written', () => statuses()[0]?.status !== undefined);
  const before = scene.server.requests.length;
  scene.server.put(NODES, {
    metadata: { name: 'node-1', annotations: { heartbeat: '1' } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  scene.server.put(NODES, { metadata: { name: 'node-1', labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } } });
  await happens('an excluded node withdraws', () => spoken().at(-1) === 'withdraw default/web');
  await happens('the status is gone', () => statuses().length === 0);
  expect(scene.server.requests.slice(before).map(({ method }) => method)).toEqual(['DELETE']);
});

test('a restarted speaker keeps its object and writes nothing; the object of a dead owner goes', async () => {
  await happens('the status is written', () => statuses()[0]?.status !== undefined);
  const [own] = statuses();
  end.abort();
  await speaker;
  const labels = { ...own?.metadata.labels, 'metallb.io/node': 'node-9' };
  const metadata = { name: 'l2-left', namespace: 'metallb-system', labels };
  scene.server.put(STATUSES, { metadata, status: { node: 'node-9', serviceName: 'web', serviceNamespace: 'default' } });
  putService('quiet', '203.0.113.11');
  const before = scene.server.requests.length;
  await using earlier = scene;
  scene = new RuntimeScene(earlier.server);
  start();
  await happens('the second Service has its object', () => statuses().some(({ status }) => status?.serviceName === 'quiet'));
  await happens('the left object is gone', () => !statuses().some((status) => status.metadata.name === 'l2-left'));
  const writes = scene.server.requests.slice(before).filter(({ verb }) => verb === 'write');
  expect(new Set(writes.map(({ method }) => method))).toEqual(new Set(['DELETE', 'PATCH', 'POST']));
  expect(writes).toHaveLength(3);
  expect(statuses().some(({ metadata: { name } }) => name === own?.metadata.name)).toBe(true);
  end.abort();
  await speaker;
});

test('an advertisement for interfaces the node lacks: said by event, announced when the link comes', async () => {
  await happens('announced', () => changes.length === 1);
  announcements.setLocalInterfaces(['eth0']);
  put(ADVERTISEMENTS, l2Advertisement('everywhere', { interfaces: ['eth7'] }));
  await happens('said', () => events.includes('web announceFailed'));
  expect(spoken().at(-1)).toBe('withdraw default/web');
  announcements.setLocalInterfaces(['eth0', 'eth7']);
  await happens('announced on it', () => spoken().at(-1) === 'announce 203.0.113.10');
  await happens('the object names it', () => JSON.stringify(statuses()[0]?.status?.interfaces) === '[{"name":"eth7"}]');
});

test('an object with our name that lost its labels makes room', async () => {
  await happens('the status is written', () => statuses()[0]?.status !== undefined);
  const [own] = statuses();
  if (own === undefined) throw new Error('there is none');
  scene.server.put(STATUSES, { ...own, metadata: { ...own.metadata, labels: {}, namespace: 'metallb-system' } } as never);
  await happens('it has its labels again', () =>
    statuses().some((each) => each.metadata.labels['metallb.io/node'] === 'node-1' && each.status !== undefined),
  );
  expect(statuses()).toHaveLength(1);
});

test('a node of another name than any in the cluster is warned of', async () => {
  scene.server.remove(NODES, 'node-1');
  await happens('the warning', () => scene.log.messages('warn').some((line) => line.startsWith('no Node "node-1" in the cluster')));
});
