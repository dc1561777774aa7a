import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AllocationScene, POOLS } from '../../../test/support/allocation-scene.ts';
import { allocatedCondition, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import { SERVICES } from '../../../test/support/runtime-scene.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import { milliseconds } from '../../lib/clock.ts';
import { listOf, objectOf } from '../../lib/json.ts';
import { POOL_ANNOTATION } from '../../model/service.ts';

const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces' };
const OF_P = { annotations: { [POOL_ANNOTATION]: 'p' } };
const heldOfP = (ip: string): ServiceOptions => ({
  ips: [ip],
  conditions: [{ ...allocatedCondition([ip]), observedGeneration: 1 }],
  ...OF_P,
});

let scene: AllocationScene;

beforeEach(async () => {
  scene = await AllocationScene.open();
});

afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

test('a Service gets address, mode and annotation in one write, and one event says so', async () => {
  scene.putService({ name: 'web' });
  scene.start();
  await scene.happens('the address', () => scene.ips('web') === '10.0.0.0');
  await scene.rest();
  expect(scene.service('web')).toMatchObject({ ingress: [{ ip: '10.0.0.0', ipMode: 'VIP' }], annotations: { [POOL_ANNOTATION]: 'p' } });
  expect([scene.writes, scene.events]).toEqual([1, ['web IPAllocated']]);
});

test('the oldest Service goes first, and who got nothing gets the next address that comes free', async () => {
  scene.putPool(pool('p', ['10.0.0.0/31']));
  const days = { a: 3, b: 1, c: 2, d: 4 };
  for (const [name, day] of Object.entries(days)) scene.putService({ name, created: `2026-01-0${day}T00:00:00Z` });
  scene.start();
  await scene.happens('two addresses', () => scene.ips('b') === '10.0.0.0' && scene.ips('c') === '10.0.0.1');
  await scene.rest();
  const failed = scene.events.filter((text) => text.endsWith('AllocationFailed'));
  expect([scene.ips('a'), scene.ips('d'), failed]).toEqual(['', '', ['a AllocationFailed', 'd AllocationFailed']]);
  scene.runtime.server.remove(SERVICES, 'default/b');
  await scene.happens('the oldest that waits gets it', () => scene.ips('a') === '10.0.0.0');
  scene.putService({ name: 'c', ips: ['10.0.0.1'], ...OF_P, spec: { type: 'ClusterIP' } });
  await scene.happens('a change of type frees one too', () => scene.ips('d') === '10.0.0.1');
  const cleared = scene.runtime.server.list(SERVICES).find(({ metadata }) => metadata.name === 'c');
  expect([cleared?.status, cleared?.metadata.annotations]).toEqual([{ loadBalancer: {} }, {}]);
  expect(scene.events.filter((text) => text.startsWith('d'))).toEqual(['d AllocationFailed', 'd IPAllocated']);
});

test('Services that wait are counted by reason, until they get what they ask for or go', async () => {
  scene.putPool(pool('p', ['10.0.0.0/32']));
  for (const name of ['a', 'b', 'c']) scene.putService({ name });
  scene.putService({ name: 'asks', annotations: { 'metallb.io/address-pool': 'nowhere' } });
  scene.start();
  await scene.happens('they wait', () => scene.pending.PoolExhausted === 2 && scene.pending.NoPool === 1);
  scene.putPool(pool('p', ['10.0.0.0/31']));
  await scene.happens('one got an address', () => scene.pending.PoolExhausted === 1);
  for (const name of ['a', 'b', 'c', 'asks']) scene.runtime.server.remove(SERVICES, `default/${name}`);
  await scene.happens('nobody waits', () => Object.keys(scene.pending).length === 0);
});

describe('a restarted controller', () => {
  test('takes over what is there, rewrites nothing, and gives out only what is free', async () => {
    scene.putService({ name: 'a', created: '2026-01-09T00:00:00Z', ...heldOfP('10.0.0.0') });
    scene.putService({ name: 'b', ...heldOfP('10.0.0.2') });
    scene.putService({ name: 'c', ips: ['10.0.0.1'], spec: { loadBalancerClass: 'other' } });
    scene.putService({ name: 'new', created: '2025-01-01T00:00:00Z' });
    scene.start();
    await scene.happens('the new one has an address', () => scene.ips('new') !== '');
    await scene.rest();
    expect(['a', 'b', 'c', 'new'].map((name) => scene.ips(name))).toEqual(['10.0.0.0', '10.0.0.2', '10.0.0.1', '10.0.0.3']);
    expect(scene.writes).toBe(1);
  });

  test('leaves of two Services with one address the older one alone', async () => {
    scene.putService({ name: 'young', created: '2026-02-01T00:00:00Z', ips: ['10.0.0.0'], ...OF_P });
    scene.putService({ name: 'old', ips: ['10.0.0.0'], ...OF_P });
    scene.start();
    await scene.happens('the other one has got another', () => scene.ips('young') === '10.0.0.1');
    expect([scene.ips('old'), scene.events]).toEqual(['10.0.0.0', ['young ClearAssignment', 'young IPAllocated']]);
  });

  test('gives nothing and takes nothing until the pools are known', async () => {
    const { server } = scene.runtime;
    server.uninstall(POOLS);
    scene.putService({ name: 'old', ips: ['10.0.0.3'], ...OF_P });
    scene.putService({ name: 'new' });
    scene.start();
    await scene.rest();
    expect([scene.ips('old'), scene.ips('new'), scene.writes]).toEqual(['10.0.0.3', '', 0]);
    server.install(POOLS);
    await scene.happens('an address', () => scene.ips('new') === '10.0.0.0');
    expect(scene.ips('old')).toBe('10.0.0.3');
  });
});

test('Services move when their pool goes, and when labels of their Namespace do not fit it any more', async () => {
  const { server } = scene.runtime;
  server.put(NAMESPACES, { metadata: { name: 'default', labels: { team: 'x' } } });
  scene.putPool(pool('pinned', ['10.2.0.0/30'], { serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'x' } }] } }));
  scene.putService({ name: 'web' });
  scene.start();
  await scene.happens('an address of the pinned pool', () => scene.ips('web') === '10.2.0.0');
  await scene.rest();
  server.put(NAMESPACES, { metadata: { name: 'default', labels: { team: 'y' } } });
  await scene.happens('one of the open pool', () => scene.ips('web') === '10.0.0.0');
  await scene.rest();
  server.remove(POOLS, 'metallb-system/p');
  await scene.happens('none', () => scene.ips('web') === '');
  expect(scene.service('web')?.annotations[POOL_ANNOTATION]).toBeUndefined();
  expect(scene.metrics.value('metallb_allocator_addresses_total', { pool: 'p' })).toBeUndefined();
  const reasons = scene.events.map((text) => text.replace('web ', ''));
  expect(reasons).toEqual(['IPAllocated', 'ClearAssignment', 'IPAllocated', 'ClearAssignment', 'AllocationFailed']);
});

describe('a write that fails', () => {
  /** Once, as if the connection broke behind the request. */
  const loseAnswer = (): void => {
    scene.afterWrite = () => {
      scene.afterWrite = () => undefined;
      throw new Error('connection reset');
    };
  };
  const refuse = (status: number): void => scene.runtime.server.misbehave({ verb: 'write', status, retryAfterSeconds: 3, times: 2 });

  test.each<{ what: string; fault: () => void }>([
    { what: 'an answer that never came', fault: loseAnswer },
    { what: 'a server that fails for a while', fault: () => refuse(500) },
    { what: 'a server that wants to be left alone', fault: () => refuse(429) },
  ])('$what costs time, and neither address nor event', async ({ fault }) => {
    scene.putService({ name: 'web' });
    fault();
    scene.start();
    await scene.happens('the address', () => scene.ips('web') === '10.0.0.0');
    await scene.happens('the counters', () => scene.poolStatus()?.assignedIPv4 === 1);
    await scene.rest();
    expect([scene.ips('web'), scene.events]).toEqual(['10.0.0.0', ['web IPAllocated']]);
  });

  test('is said with the reason', async () => {
    const said = (): readonly string[] =>
      scene.runtime.log.lines.filter(({ message }) => message === 'failed to update service').map(({ fields }) => String(fields.error));
    scene.putService({ name: 'web' });
    refuse(500);
    scene.start();
    await scene.happens('the address', () => scene.ips('web') === '10.0.0.0');
    expect(said()).not.toEqual([]);
    expect(said().filter((error) => !error.startsWith('PATCH /api/v1/namespaces/default/services/web/status: 500'))).toEqual([]);
  });

  test('and of which no answer came is not repeated when it has arrived', async () => {
    const { server } = scene.runtime;
    const asked = (): boolean => server.requests.some(({ verb, path }) => verb === 'get' && path.endsWith('/services/web'));
    scene.start();
    await scene.happens('three watches', () => server.openWatches === 3);
    scene.beforeWrite = () => server.freezeWatches();
    loseAnswer();
    scene.putService({ name: 'web' });
    await scene.happens('the server is asked', asked);
    scene.lookAgain();
    await scene.rest(milliseconds(1_000));
    expect([scene.ips('web'), scene.writes]).toEqual(['10.0.0.0', 1]);
  });

  test('because the Service changed meanwhile is decided anew', async () => {
    scene.putService({ name: 'web' });
    scene.beforeWrite = () => {
      scene.beforeWrite = () => undefined;
      scene.putService({ name: 'web', annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.5' } });
    };
    scene.start();
    await scene.happens('the address it asks for now', () => scene.ips('web') === '10.0.0.5');
    await scene.happens('the counters', () => scene.poolStatus()?.assignedIPv4 === 1);
  });
});

test('a Service that the watch still shows as it was before our write waits for the watch', async () => {
  const { server } = scene.runtime;
  scene.start();
  await scene.happens('three watches', () => server.openWatches === 3);
  scene.beforeWrite = () => server.freezeWatches();
  scene.putService({ name: 'web' });
  await scene.happens('the address', () => scene.ips('web') === '10.0.0.0');
  scene.lookAgain();
  await scene.rest(milliseconds(1_000));
  expect([scene.writes, server.requests.filter(({ verb }) => verb === 'get').length]).toEqual([1, 0]);
});

test('a Service of another class that claims an address in use takes it from nobody', async () => {
  scene.putService({ name: 'web' });
  scene.start();
  await scene.happens('the address', () => scene.ips('web') === '10.0.0.0');
  scene.putService({ name: 'theirs', ips: ['10.0.0.0'], spec: { loadBalancerClass: 'other' } });
  scene.lookAgain();
  await scene.rest();
  expect([scene.ips('web'), scene.writes, scene.events]).toEqual(['10.0.0.0', 1, ['web IPAllocated']]);
});

test('a Service that is made anew is told again what it lacks', async () => {
  scene.runtime.server.remove(POOLS, 'metallb-system/p');
  scene.putPool(pool('p', ['10.1.0.0/32'], { autoAssign: false }));
  scene.putService({ name: 'web' });
  scene.start();
  await scene.happens('the event', () => scene.events.length === 1);
  await scene.rest();
  // Both changes may reach the cache before the next turn: it then sees another Service under the name.
  scene.runtime.server.remove(SERVICES, 'default/web');
  scene.putService({ name: 'web' });
  await scene.happens('the event for the new one', () => scene.events.length === 2);
  scene.lookAgain();
  await scene.rest();
  expect(scene.events).toEqual(['web AllocationFailed', 'web AllocationFailed']);
});

test('a class of our own: Services without one are left alone, and one that loses it is cleaned', async () => {
  scene.putService({ name: 'ours', spec: { loadBalancerClass: 'own' } });
  scene.putService({ name: 'theirs' });
  scene.start('own');
  await scene.happens('the address', () => scene.ips('ours') === '10.0.0.0');
  await scene.rest();
  expect(scene.ips('theirs')).toBe('');
  scene.putService({ name: 'ours', ips: ['10.0.0.0'], ...OF_P, spec: { type: 'ClusterIP' } });
  await scene.happens('cleaned', () => scene.ips('ours') === '');
  await scene.happens('the counters', () => scene.poolStatus()?.assignedIPv4 === 0);
});

describe('a server that does not keep the mode of an address', () => {
  const keepIp = (entry: unknown): unknown => ({ ip: objectOf(entry).ip });
  beforeEach(() => {
    scene.runtime.server.pruneStatus = ({ loadBalancer, ...others }) => {
      const { ingress } = objectOf(loadBalancer);
      return { ...others, loadBalancer: ingress === undefined ? {} : { ingress: listOf(ingress).map(keepIp) } };
    };
  });

  test('gives no address twice while the watch still shows the past', async () => {
    const { server } = scene.runtime;
    scene.putPool(pool('p', ['10.0.0.0/32']));
    scene.putService({ name: 'a' });
    scene.putService({ name: 'b', created: '2026-02-01T00:00:00Z', labels: { tier: 'x' } });
    scene.start();
    scene.beforeWrite = () => server.freezeWatches(SERVICES);
    await scene.happens('one address', () => scene.ips('a') === '10.0.0.0');
    scene.putPool(pool('p', ['10.0.0.0/32'], { serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: 'x' } }] } }));
    await scene.rest(milliseconds(1_000));
    expect([scene.ips('a'), scene.ips('b')]).toEqual(['10.0.0.0', '']);
  });

  test('gets the address again when somebody has emptied the status', async () => {
    scene.putService({ name: 'web' });
    scene.start();
    await scene.happens('the address', () => scene.ips('web') === '10.0.0.0');
    await scene.rest();
    expect(scene.writes).toBe(1);
    scene.putService({ name: 'web' });
    await scene.happens('the address again', () => scene.ips('web') === '10.0.0.0');
    await scene.rest();
    expect(scene.writes).toBe(2);
  });
});

describe('the condition of a Service', () => {
  const conditions = (name: string): unknown[] => {
    const found = scene.runtime.server.list(SERVICES).find(({ metadata }) => metadata.name === name);
    return [...listOf(objectOf(found?.status).conditions)];
  };
  const MANY = 500;

  test('is written once for each that waits, and not again when an address comes free and another one gets it', async () => {
    scene.putPool(pool('p', ['10.0.0.0/32']));
    scene.putService({ name: 'first', created: '2025-01-01T00:00:00Z' });
    for (let number = 0; number < MANY; number++) {
      scene.putService({
        name: `s${number}`,
        created: `2026-01-01T00:${String(Math.floor(number / 60)).padStart(2, '0')}:${String(number % 60).padStart(2, '0')}Z`,
      });
    }
    scene.start();
    await scene.happens('all are written', () => scene.writes === MANY + 1);
    await scene.rest();
    expect(conditions('s7')).toMatchObject([{ status: 'False', reason: 'PoolExhausted' }]);
    scene.runtime.server.remove(SERVICES, 'default/first');
    await scene.happens('the oldest has it', () => scene.ips('s0') === '10.0.0.0');
    scene.lookAgain();
    await scene.rest();
    expect(scene.writes).toBe(MANY + 2);
    expect(conditions('s0')).toMatchObject([{ status: 'True', reason: 'Allocated' }]);
  }, 30_000);

  test('stands beside those of others, who may write meanwhile', async () => {
    const theirs = { type: 'example.com/Ready', status: 'True', reason: 'Is', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
    scene.putService({ name: 'web' });
    scene.beforeWrite = () => {
      scene.beforeWrite = () => undefined;
      scene.putService({ name: 'web', conditions: [theirs] });
    };
    scene.start();
    await scene.happens('the address', () => scene.ips('web') === '10.0.0.0');
    await scene.rest();
    expect(conditions('web')).toMatchObject([theirs, { type: 'metallb.io/AddressAllocated', status: 'True', observedGeneration: 1 }]);
    scene.putService({ name: 'web', ips: ['10.0.0.0'], ...OF_P, conditions: conditions('web') as never, spec: { type: 'ClusterIP' } });
    await scene.happens('cleaned', () => scene.ips('web') === '');
    expect(conditions('web')).toEqual([theirs]);
  });

  test('that the server drops is written once', async () => {
    scene.runtime.server.pruneStatus = ({ conditions: _conditions, ...kept }) => kept;
    scene.putService({ name: 'web' });
    scene.putService({ name: 'waits', annotations: { 'metallb.io/address-pool': 'none' } });
    scene.start();
    await scene.happens('the address', () => scene.ips('web') === '10.0.0.0');
    await scene.rest();
    scene.lookAgain();
    await scene.rest();
    expect([scene.writes, new Set(scene.events)]).toEqual([2, new Set(['waits AllocationFailed', 'web IPAllocated'])]);
    expect(scene.events).toHaveLength(2);
  });
});
