import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.ts';
import { pool } from '../../../test/support/objects.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { RuntimeScene } from '../../../test/support/runtime-scene.ts';
import type { Condition } from '../../crds/meta.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import { ApiStatusWriter } from '../../kubernetes/status-writer.ts';
import { reconcileCounters } from '../../kubernetes/work-queue.ts';
import { milliseconds } from '../../lib/clock.ts';
import type { Pool } from '../../model/pool.ts';
import { parsePools } from '../../model/pool-set.ts';
import { ConfigurationOperator } from './operator.ts';

const namespace = 'metallb-system';
const of = (plural: string, version: string = 'v1beta1'): Resource => ({ group: 'metallb.io', version, plural });
const RESOURCES = {
  L2Advertisement: of('l2advertisements'),
  BGPAdvertisement: of('bgpadvertisements'),
  BGPPeer: of('bgppeers', 'v1beta2'),
  BFDProfile: of('bfdprofiles'),
  Community: of('communities'),
};
const NODES: Resource = { group: '', version: 'v1', plural: 'nodes' };
const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets' };
const PEER = { myASN: 64512, peerASN: 64513, peerAddress: '192.0.2.1' };

let scene: RuntimeScene;
let end: AbortController;
let operator: ConfigurationOperator;
let running: Promise<void>;
let pools: readonly Pool[];
let faults: readonly string[] | undefined;
let reads: number;

beforeEach(async () => {
  scene = await RuntimeScene.open();
  scene.server.put(NODES, { metadata: { name: 'node-1' } });
  [pools, faults, reads] = [[], undefined, 0];
});

afterEach(async () => {
  end.abort();
  await running;
  await scene[Symbol.asyncDispose]();
});

function start(): void {
  const { api, stores, clock, log } = scene;
  end = new AbortController();
  const world = {
    namespace,
    pools: () => pools,
    poolsLoaded: async () => undefined,
    statuses: new ApiStatusWriter({ api, log }),
    faultsFound: (found: readonly string[]) => {
      faults = found;
      reads++;
    },
  };
  const ports = { api, stores, clock, log, random: () => 0.5, counters: reconcileCounters(new RecordingMetrics()) };
  operator = new ConfigurationOperator(world, ports);
  running = operator.start(end.signal);
}

function put(kind: keyof typeof RESOURCES, name: string, spec: object, generation: number = 1): void {
  const metadata = { name, namespace, generation, creationTimestamp: '2026-01-01T00:00:00Z' };
  scene.server.put(RESOURCES[kind], { metadata, spec });
}

function ready(kind: keyof typeof RESOURCES, name: string): Condition | undefined {
  const object = scene.server.list(RESOURCES[kind]).find(({ metadata }) => metadata.name === name);
  return (object?.status as { conditions?: Condition[] } | undefined)?.conditions?.[0];
}

const writes = (): number => scene.server.requests.filter(({ verb }) => verb === 'write').length;
const happens = (what: string, holds: () => boolean): Promise<void> => eventually(scene.clock, what, holds);

async function rest(): Promise<void> {
  const until = scene.clock.now() + milliseconds(5_000);
  await happens('time passes', () => scene.clock.now() >= until);
}

test('each object of each kind is told whether it is in use, once', async () => {
  const kinds = Object.keys(RESOURCES) as (keyof typeof RESOURCES)[];
  for (const kind of kinds) put(kind, 'good', kind === 'BGPPeer' ? PEER : {});
  put('BGPPeer', 'bad', {});
  start();
  await happens('conditions', () => kinds.every((kind) => ready(kind, 'good')?.status === 'True') && ready('BGPPeer', 'bad') !== undefined);
  expect(ready('BGPPeer', 'bad')).toMatchObject({
    status: 'False',
    reason: 'ConfigurationError',
    message: 'parsing peer bad missing local ASN',
    observedGeneration: 1,
  });
  expect(faults).toEqual(['BGPPeer bad: parsing peer bad missing local ASN']);
  await rest();
  expect(writes()).toBe(6);
  expect(scene.server.requests.filter(({ path }) => path.includes('bgppeers/')).every(({ path }) => path.includes('v1beta2'))).toBe(true);
});

test('what an object names may come later, and be mended', async () => {
  put('BGPPeer', 'a', { ...PEER, bfdProfile: 'fast', passwordSecret: { name: 'key' } });
  start();
  await happens('no Secret', () => ready('BGPPeer', 'a')?.message.includes('secret ref not found') === true);
  scene.server.put(SECRETS, { metadata: { name: 'key', namespace }, type: 'kubernetes.io/basic-auth', data: { password: 'aHVzaA==' } });
  await happens('no profile', () => ready('BGPPeer', 'a')?.message === 'peer a referencing non existing bfd profile fast');
  put('BFDProfile', 'fast', {});
  await happens('in use', () => ready('BGPPeer', 'a')?.status === 'True');
  expect(JSON.stringify(scene.log.lines)).not.toContain('aHVzaA==');
});

test('a node that comes makes two peers meet', async () => {
  scene.server.put(NODES, { metadata: { name: 'node-2', labels: { rack: 'a' } } });
  const here = { nodeSelectors: [{ matchLabels: { rack: 'a' } }] };
  const there = { nodeSelectors: [{ matchLabels: { row: 'b' } }] };
  put('BGPPeer', 'a', { ...PEER, ...here });
  put('BGPPeer', 'b', { ...PEER, ...there });
  start();
  await happens('both in use', () => ready('BGPPeer', 'b')?.status === 'True');
  await rest();
  const before = [writes(), reads];
  scene.server.put(NODES, { metadata: { name: 'node-2', labels: { rack: 'a' }, annotations: { heartbeat: '1' } } });
  await rest();
  expect([writes(), reads]).toEqual(before);
  scene.server.put(NODES, { metadata: { name: 'node-3', labels: { rack: 'a', row: 'b' } } });
  await happens('the later one is refused', () => ready('BGPPeer', 'b')?.status === 'False');
  expect(ready('BGPPeer', 'a')?.status).toBe('True');
});

test('other pools are judged when they are told of', async () => {
  put('BGPAdvertisement', 'wide', { aggregationLength: 24 });
  start();
  await happens('in use', () => ready('BGPAdvertisement', 'wide')?.status === 'True');
  pools = [...parsePools([pool('small', ['10.0.0.0/28'])]).pools.values()];
  operator.poolsChanged();
  await happens('refused', () => ready('BGPAdvertisement', 'wide')?.status === 'False');
});

test('an object that is mended says so, and one that goes is forgotten', async () => {
  put('Community', 'c', { communities: [{ name: 'n', value: 'x' }] });
  start();
  await happens('refused', () => ready('Community', 'c')?.status === 'False');
  put('Community', 'c', { communities: [{ name: 'n', value: '1:2' }] }, 2);
  await happens('in use', () => ready('Community', 'c')?.status === 'True');
  expect(ready('Community', 'c')?.observedGeneration).toBe(2);
  put('Community', 'c', { communities: [{ name: 'n', value: 'x' }] }, 3);
  await happens('refused again', () => ready('Community', 'c')?.status === 'False');
  scene.server.remove(RESOURCES.Community, `${namespace}/c`);
  await happens('forgotten', () => faults?.length === 0);
});

test('a server that keeps no condition is written to once, and that is said once', async () => {
  scene.server.pruneStatus = () => ({});
  put('L2Advertisement', 'a', {});
  put('L2Advertisement', 'b', {});
  start();
  await happens('written', () => writes() === 2);
  scene.server.put(NODES, { metadata: { name: 'node-9', labels: { a: 'b' } } });
  await rest();
  expect(writes()).toBe(2);
  expect(scene.log.messages('warn')).toHaveLength(1);
});
