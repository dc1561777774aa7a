// Both operators that give out addresses, over a fake API server: what users see of pools and Services.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { pool, type ServiceOptions, service } from '../../test/support/objects.ts';
import { RecordingMetrics } from '../../test/support/recording-metrics.ts';
import { RuntimeScene, SERVICES } from '../../test/support/runtime-scene.ts';
import type { IPAddressPool, IPAddressPoolStatus } from '../crds/ip-address-pool.ts';
import type { Resource } from '../kubernetes/resource.ts';
import type { OperatorPorts } from '../kubernetes/resource-operator.ts';
import { ApiStatusWriter, type StatusWriter } from '../kubernetes/status-writer.ts';
import { reconcileCounters } from '../kubernetes/work-queue.ts';
import { milliseconds } from '../lib/clock.ts';
import { POOL_ANNOTATION, type ServiceFacts, serviceFacts } from '../model/service.ts';
import { Allocation } from './allocation.ts';

const POOLS: Resource = { group: 'metallb.io', version: 'v1beta1', plural: 'ipaddresspools' };
const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces' };

let scene: RuntimeScene;
let end: AbortController;
let running: Promise<void>;
let events: string[];
let metrics: RecordingMetrics;
/** Comes before each status is written, and after it has been. */
let before: () => Promise<void>;
let after: () => void;

beforeEach(async () => {
  scene = await RuntimeScene.open();
  before = () => Promise.resolve();
  after = () => undefined;
  putPool(pool('p', ['10.0.0.0/29']));
});

afterEach(async () => {
  await stop();
  await scene[Symbol.asyncDispose]();
});

function start(ownClass?: string): void {
  end = new AbortController();
  events = [];
  metrics = new RecordingMetrics();
  const { api, stores, clock, log } = scene;
  const ports: OperatorPorts = { api, stores, clock, log, random: () => 0.5, counters: reconcileCounters(metrics) };
  const writer = new ApiStatusWriter({ api, log });
  const statuses: StatusWriter = {
    write: async (...call) => {
      await before();
      const outcome = await writer.write(...call);
      after();
      return outcome;
    },
  };
  const recorder = { record: (subject: { name: string }, _type: string, reason: string) => void events.push(`${subject.name} ${reason}`) };
  const world = { namespace: 'metallb-system', ownClass, statuses, events: recorder, metrics };
  running = new Allocation(world, ports).start(end.signal);
}

async function stop(): Promise<void> {
  end.abort();
  await running;
}

function putPool(object: IPAddressPool): void {
  scene.server.put(POOLS, object as unknown as Parameters<typeof scene.server.put>[1]);
}

function putService(options: ServiceOptions): void {
  scene.server.put(SERVICES, service(options) as unknown as Parameters<typeof scene.server.put>[1]);
}

function stored(name: string): ServiceFacts | undefined {
  return scene.server
    .list(SERVICES)
    .map((each) => serviceFacts(each))
    .find((each) => each.name === name);
}

const ips = (name: string): string | undefined =>
  stored(name)
    ?.ingress.map(({ ip }) => ip)
    .join(' ');
const writes = (): number => scene.server.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('/services/')).length;
/** The status of a pool, `undefined` while it has none. */
function poolStatus(name = 'p'): Partial<IPAddressPoolStatus> | undefined {
  return scene.server.list(POOLS).find(({ metadata }) => metadata.name === name)?.status as Partial<IPAddressPoolStatus> | undefined;
}

const happens = (what: string, holds: () => boolean): Promise<void> => eventually(scene.clock, what, holds);

/** So much time that everything which is going to be written has been. */
async function rest(): Promise<void> {
  const until = scene.clock.now() + milliseconds(5_000);
  await happens('time passes', () => scene.clock.now() >= until);
}

test('a Service gets address, mode and annotation in one write, and the pool counts it', async () => {
  putService({ name: 'web' });
  start();
  await happens('the address', () => ips('web') === '10.0.0.0');
  await happens('the counters', () => poolStatus()?.assignedIPv4 === 1);
  await rest();
  expect(stored('web')).toMatchObject({ ingress: [{ ip: '10.0.0.0', ipMode: 'VIP' }], annotations: { [POOL_ANNOTATION]: 'p' } });
  expect([writes(), events]).toEqual([1, ['web IPAllocated']]);
  expect(poolStatus()).toMatchObject({
    availableIPv4: 7,
    assignedIPv6: 0,
    availableIPv6: 0,
    observedGeneration: 1,
    conditions: [{ type: 'Ready', status: 'True', reason: 'Reconciled', lastTransitionTime: '2026-01-01T00:00:00Z' }],
  });
  expect(metrics.value('metallb_allocator_addresses_in_use_total', { pool: 'p' })).toBe(1);
  expect(metrics.value('metallb_k8s_client_config_loaded_bool')).toBe(1);
});

test('the oldest Service goes first, and who got nothing gets the next address that comes free', async () => {
  putPool(pool('p', ['10.0.0.0/31']));
  for (const [name, day] of [
    ['a', 3],
    ['b', 1],
    ['c', 2],
    ['d', 4],
  ] as const)
    putService({ name, created: `2026-01-0${day}T00:00:00Z` });
  start();
  await happens('two addresses', () => ips('b') === '10.0.0.0' && ips('c') === '10.0.0.1');
  await rest();
  expect([ips('a'), ips('d'), events.filter((text) => text.endsWith('AllocationFailed'))]).toEqual([
    '',
    '',
    ['a AllocationFailed', 'd AllocationFailed'],
  ]);
  scene.server.remove(SERVICES, 'default/b');
  await happens('the oldest that waits gets it', () => ips('a') === '10.0.0.0');
  putService({ name: 'c', ips: ['10.0.0.1'], annotations: { [POOL_ANNOTATION]: 'p' }, spec: { type: 'ClusterIP' } });
  await happens('a change of type frees one too', () => ips('d') === '10.0.0.1');
  expect([ips('c'), stored('c')?.annotations[POOL_ANNOTATION]]).toEqual(['', undefined]);
  expect(events.filter((text) => text.startsWith('d'))).toEqual(['d AllocationFailed', 'd IPAllocated']);
});

test('a restarted controller takes over what is there, rewrites nothing, and gives out only what is free', async () => {
  const settled = { annotations: { [POOL_ANNOTATION]: 'p' } };
  putService({ name: 'a', created: '2026-01-09T00:00:00Z', ips: ['10.0.0.0'], ...settled });
  putService({ name: 'b', ips: ['10.0.0.2'], ...settled });
  putService({ name: 'c', ips: ['10.0.0.1'], spec: { loadBalancerClass: 'other' } });
  putService({ name: 'new', created: '2025-01-01T00:00:00Z' });
  start();
  await happens('the new one has an address', () => ips('new') !== '');
  await rest();
  expect(['a', 'b', 'c', 'new'].map(ips)).toEqual(['10.0.0.0', '10.0.0.2', '10.0.0.1', '10.0.0.3']);
  expect(writes()).toBe(1);
});

test('of two Services with one address the older keeps it', async () => {
  putService({ name: 'young', created: '2026-02-01T00:00:00Z', ips: ['10.0.0.0'], annotations: { [POOL_ANNOTATION]: 'p' } });
  putService({ name: 'old', ips: ['10.0.0.0'], annotations: { [POOL_ANNOTATION]: 'p' } });
  start();
  await happens('the other one has got another', () => ips('young') === '10.0.0.1');
  expect([ips('old'), events]).toEqual(['10.0.0.0', ['young ClearAssignment', 'young IPAllocated']]);
});

test('nothing is given and nothing taken until the pools are known', async () => {
  scene.server.uninstall(POOLS);
  putService({ name: 'old', ips: ['10.0.0.3'], annotations: { [POOL_ANNOTATION]: 'p' } });
  putService({ name: 'new' });
  start();
  await rest();
  expect([ips('old'), ips('new'), writes()]).toEqual(['10.0.0.3', '', 0]);
  scene.server.install(POOLS);
  await happens('an address', () => ips('new') === '10.0.0.0');
  expect(ips('old')).toBe('10.0.0.3');
});

test('a pool that is refused says why, others work on, and what it gave stays until it is mended', async () => {
  putPool(pool('q', ['10.0.0.0/32'], {}, { creationTimestamp: '2026-06-01T00:00:00Z' }));
  putPool(pool('r', ['10.1.0.1-fc00::1']));
  putService({ name: 'held', ips: ['10.1.0.1'], annotations: { [POOL_ANNOTATION]: 'r' } });
  putService({ name: 'new' });
  start();
  await happens('an address of a good pool', () => ips('new') === '10.0.0.0');
  await happens('the refusals', () => poolStatus('q') !== undefined && poolStatus('r') !== undefined);
  const refused = (message: string): object => ({
    conditions: [expect.objectContaining({ type: 'Ready', status: 'False', reason: 'ConfigurationError', message })],
  });
  expect(poolStatus('q')).toMatchObject(refused('CIDR "10.0.0.0/32" in pool "q" overlaps with already defined CIDR "10.0.0.0/29"'));
  expect(poolStatus('r')).toMatchObject(
    refused(expect.stringContaining('parsing address pool r: invalid CIDR "10.1.0.1-fc00::1" in pool "r"') as unknown as string),
  );
  const failures = scene.log.lines.filter(({ message }) => message === 'failed to parse the configuration');
  expect(failures.map(({ level, fields }) => [level, fields.pool])).toEqual([
    ['error', 'r'],
    ['error', 'q'],
  ]);
  await rest();
  expect([ips('held'), metrics.value('metallb_k8s_client_config_stale_bool')]).toEqual(['10.1.0.1', 1]);
  putPool(pool('r', ['10.1.0.1-10.1.0.2'], {}, { generation: 2 }));
  await happens('the pool is in use', () => poolStatus('r')?.assignedIPv4 === 1);
  expect([ips('held'), scene.log.lines.filter(({ message }) => message === 'failed to parse the configuration').length]).toEqual([
    '10.1.0.1',
    2,
  ]);
  expect(stored('held')?.annotations[POOL_ANNOTATION]).toBe('r');
});

test('Services move when their pool goes, and when labels of their Namespace do not fit it any more', async () => {
  scene.server.put(NAMESPACES, { metadata: { name: 'default', labels: { team: 'x' } } });
  putPool(pool('pinned', ['10.2.0.0/30'], { serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'x' } }] } }));
  putService({ name: 'web' });
  start();
  await happens('an address of the pinned pool', () => ips('web') === '10.2.0.0');
  scene.server.put(NAMESPACES, { metadata: { name: 'default', labels: { team: 'y' } } });
  await happens('one of the open pool', () => ips('web') === '10.0.0.0');
  scene.server.remove(POOLS, 'metallb-system/p');
  await happens('none', () => ips('web') === '');
  expect(stored('web')?.annotations[POOL_ANNOTATION]).toBeUndefined();
  expect(metrics.value('metallb_allocator_addresses_total', { pool: 'p' })).toBeUndefined();
  expect(events).toEqual(['web IPAllocated', 'web ClearAssignment', 'web IPAllocated', 'web ClearAssignment', 'web AllocationFailed']);
});

test.each<{ what: string; fault: () => void }>([
  { what: 'an answer that never came', fault: () => (after = throwing()) },
  { what: 'a server that refuses for a while', fault: () => scene.server.misbehave({ verb: 'write', status: 500, times: 2 }) },
  {
    what: 'a server that wants to be left alone',
    fault: () => scene.server.misbehave({ verb: 'write', status: 429, retryAfterSeconds: 3, times: 2 }),
  },
])('$what costs time, and neither address nor event', async ({ fault }) => {
  putService({ name: 'web' });
  fault();
  start();
  await happens('the address', () => ips('web') === '10.0.0.0');
  await happens('the counters', () => poolStatus()?.assignedIPv4 === 1);
  await rest();
  expect([ips('web'), events]).toEqual(['10.0.0.0', ['web IPAllocated']]);
});

/** Once, as if the connection broke behind the request. */
function throwing(): () => void {
  return () => {
    after = () => undefined;
    throw new Error('connection reset');
  };
}

test('a Service that changes while its status is written is decided anew', async () => {
  putService({ name: 'web' });
  before = () => {
    before = () => Promise.resolve();
    putService({ name: 'web', annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.5' } });
    return Promise.resolve();
  };
  start();
  await happens('the address it asks for now', () => ips('web') === '10.0.0.5');
  await happens('the counters', () => poolStatus()?.assignedIPv4 === 1);
});

test('a server that keeps only a part of a status is not written to without end', async () => {
  scene.server.pruneStatus = ({ conditions: _conditions, observedGeneration: _generation, ...kept }) => kept;
  putService({ name: 'web' });
  start();
  await happens('the counters', () => poolStatus()?.assignedIPv4 === 1);
  await rest();
  const sent = scene.server.requests.length;
  await rest();
  expect(scene.server.requests.length).toBe(sent);
});

test('a class of our own: Services without one are left alone, and one that loses it is cleaned', async () => {
  putService({ name: 'ours', spec: { loadBalancerClass: 'own' } });
  putService({ name: 'theirs' });
  start('own');
  await happens('the address', () => ips('ours') === '10.0.0.0');
  await rest();
  expect(ips('theirs')).toBe('');
  putService({ name: 'ours', ips: ['10.0.0.0'], annotations: { [POOL_ANNOTATION]: 'p' }, spec: { type: 'ClusterIP' } });
  await happens('cleaned', () => ips('ours') === '');
  await happens('the counters', () => poolStatus()?.assignedIPv4 === 0);
});
