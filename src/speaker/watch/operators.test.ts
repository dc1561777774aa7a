// Both operators of this room together, against a fake API server: what one announces, the other writes down.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.ts';
import { l2Advertisement, pool, service } from '../../../test/support/objects.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { RuntimeScene, SERVICES } from '../../../test/support/runtime-scene.ts';
import { SoleWire } from '../../../test/support/sole-wire.ts';
import { ConfigurationReport } from '../../kubernetes/configuration-report.ts';
import { ConfigurationStateOperator, speakerState } from '../../kubernetes/configuration-state-operator.ts';
import type { EventRecorder } from '../../kubernetes/event-recorder.ts';
import { OwnPod } from '../../kubernetes/own-pod.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import type { OperatorPorts } from '../../kubernetes/resource-operator.ts';
import { ApiStatusWriter } from '../../kubernetes/status-writer.ts';
import { reconcileCounters } from '../../kubernetes/work-queue.ts';
import { formatAddress } from '../../lib/ip.ts';
import type { PlanChange } from '../../model/plan.ts';
import { AnnouncedServices } from './announced-services.ts';
import { AnnouncementNotices } from './announcement-notices.ts';
import { AnnouncementOperator } from './announcement-operator.ts';
import { Announcer } from './announcer.ts';
import { BgpConfigurationOperator } from './bgp-configuration-operator.ts';
import { Configuration } from './configuration.ts';
import { configurationSource } from './configuration-source.ts';
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
let changes: readonly PlanChange[];
let events: string[];
let announcements: AnnouncementOperator;
let forwards: boolean;

beforeEach(async () => {
  forwards = true;
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
  const wire = new SoleWire((addresses, certain) => announcer.own(addresses, certain));
  changes = wire.changes;
  events = [];
  const { clock, log, api, stores } = scene;
  const metrics = new RecordingMetrics();
  const ports: OperatorPorts = { api, stores, clock, log, random: () => 0.5, counters: reconcileCounters(metrics) };
  const announced = new AnnouncedServices();
  const recorder: EventRecorder = { record: (subject, _type, reason) => void events.push(`${subject.name} ${reason}`) };
  const notices = new AnnouncementNotices({ node: 'node-1', metrics, log, events: recorder });
  const announcer: Announcer = new Announcer({ node: 'node-1', announced, notices, log, applyToWire: (change) => wire.apply(change) });
  const namespace = 'metallb-system';
  const world = { node: 'node-1', namespace, announced };
  const source = configurationSource(stores, namespace);
  const report = new ConfigurationReport(metrics, ['layer2', 'bgp']);
  const configuration = new Configuration({ node: 'node-1', source, log, faultsFound: (part, faults) => report.set(part, faults) });
  const ownPod = new OwnPod({ api, log, namespace, podName: 'speaker-x' });
  const choices = { loadBalancerClass: undefined, ignoreExcludeLabel: false };
  announcements = new AnnouncementOperator({ ...world, ...choices, announcer, configuration, forwards: () => forwards }, ports);
  const statusWriter = new ApiStatusWriter({ api, log });
  const statuses = new L2StatusOperator({ ...world, ownPod, statusWriter }, ports);
  const bgp = new BgpConfigurationOperator({ namespace, configuration, changed: () => undefined }, ports);
  const state = new ConfigurationStateOperator({ namespace, identity: speakerState('node-1'), report, ownPod }, ports);
  speaker = Promise.all([announcements, statuses, bgp, state].map((operator) => operator.start(end.signal)));
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

/** What was asked of the server, but for the ConfigurationState, which is written when it suits. */
const requestsSince = (first: number): typeof scene.server.requests =>
  scene.server.requests.slice(first).filter(({ path }) => !path.includes('configurationstates'));

const spoken = (): string[] =>
  changes.map((change) => {
    if (change.kind === 'announce' && change.announcement.candidacy?.self === false) return 'leave to others';
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
      status: {
        ...{ node: 'node-1', serviceName: 'web', serviceNamespace: 'default', interfaces: [] },
        observedGeneration: 1,
        conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1, reason: 'Reconciled', message: '' }],
      },
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

test('a node that does not forward yet leaves its Services to others, and announces them when it does', async () => {
  await happens('announced', () => changes.length === 1);
  end.abort();
  await speaker;
  forwards = false;
  start();
  await happens('left to others', () => spoken().at(-1) === 'leave to others');
  forwards = true;
  announcements.nodeForwards();
  await happens('announced again', () => spoken().at(-1) === 'announce 203.0.113.10');
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
  expect(requestsSince(before).map(({ method }) => method)).toEqual(['DELETE']);
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
  const writes = requestsSince(before).filter(({ verb }) => verb === 'write');
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
  expect(spoken().at(-1)).toBe('leave to others');
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

describe('what there is about BGP', () => {
  const PEERS: Resource = { group: 'metallb.io', version: 'v1beta2', plural: 'bgppeers', namespace: 'metallb-system' };
  const STATES: Resource = { ...METALLB, plural: 'configurationstates' };
  const peer = (name: string, spec: object): object => ({ metadata: { name, namespace: 'metallb-system', uid: name }, spec });
  const state = (): string => JSON.stringify(scene.server.list(STATES).map(({ status }) => status));

  test('is judged for this node alone, and the ConfigurationState says it', async () => {
    await happens('a good state', () => state().includes('"Valid"'));
    put(PEERS, peer('elsewhere', { myASN: 0, nodeSelectors: [{ matchLabels: { rack: 'b' } }] }));
    put(PEERS, peer('here', { myASN: 0 }));
    await happens('a bad state', () => state().includes('"Invalid"'));
    expect(state()).toContain('configuration error: BGPPeer here: parsing peer here missing local ASN');
    expect(state()).not.toContain('elsewhere');
    scene.server.put(NODES, { metadata: { name: 'node-1', labels: { rack: 'b' } } });
    await happens('the other one is of this node now', () => state().includes('parsing peer elsewhere missing local ASN'));
    scene.server.remove(PEERS, 'metallb-system/here');
    scene.server.remove(PEERS, 'metallb-system/elsewhere');
    await happens('a good state again', () => state().includes('"Valid"'));
    expect(scene.log.messages('error')).toEqual(['failed to parse the configuration', 'failed to parse the configuration']);
  });

  test('and is not known stops no announcement', async () => {
    end.abort();
    await speaker;
    await using earlier = scene;
    scene = new RuntimeScene(earlier.server);
    earlier.server.uninstall(PEERS);
    start();
    await happens('announced', () => spoken().includes('announce 203.0.113.10'));
    end.abort();
    await speaker;
  });
});

test('a configuration without any Service is read too', async () => {
  scene.server.remove(SERVICES, 'default/web');
  put(POOLS, pool('second', ['nonsense']));
  await happens('the refusal is said', () => scene.log.messages('error').includes('failed to parse the configuration'));
});
