import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AllocationScene, POOLS } from '../../../test/support/allocation-scene.ts';
import { pool, type ServiceOptions } from '../../../test/support/objects.ts';
import { SERVICES } from '../../../test/support/runtime-scene.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import { milliseconds } from '../../lib/clock.ts';
import { POOL_ANNOTATION } from '../../model/service.ts';

let scene: AllocationScene;

beforeEach(async () => {
  scene = await AllocationScene.open();
});

afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

test('a pool counts what it gave, in its status and in the metrics, and says that it is in use', async () => {
  scene.putService({ name: 'web' });
  scene.start();
  await scene.happens('the counters', () => scene.poolStatus()?.assignedIPv4 === 1);
  expect(scene.poolStatus()).toMatchObject({
    availableIPv4: 7,
    assignedIPv6: 0,
    availableIPv6: 0,
    allocations: [{ address: '10.0.0.0', services: ['default/web'] }],
    allocationsTotal: 1,
    observedGeneration: 1,
    conditions: [{ type: 'Ready', status: 'True', reason: 'Reconciled' }],
  });
  const { metrics } = scene;
  const ofPool = (name: string): number | undefined => metrics.value(`metallb_allocator_${name}`, { pool: 'p' });
  expect(['addresses_in_use_total', 'ipv4_addresses_in_use_total', 'ipv6_addresses_in_use_total'].map(ofPool)).toEqual([1, 1, 0]);
  expect(['addresses_total', 'ipv4_addresses_total', 'ipv6_addresses_total'].map(ofPool)).toEqual([8, 8, 0]);
  expect(ofPool('services_allocated_total')).toBe(1);
  expect(metrics.value('metallb_k8s_client_config_loaded_bool')).toBe(1);
  scene.runtime.server.remove(POOLS, 'metallb-system/p');
  await scene.happens('the series go with the pool', () => ofPool('services_allocated_total') === undefined);
  expect(['addresses_in_use_total', 'addresses_total'].map(ofPool)).toEqual([undefined, undefined]);
});

test('counters are written once in a while, however many Services come', async () => {
  const { clock, server } = scene.runtime;
  scene.start();
  await scene.happens('a status', () => scene.poolStatus() !== undefined);
  const began = clock.now();
  for (let number = 0; number < 8; number++) {
    scene.putService({ name: `s${number}` });
    await scene.happens('an address', () => scene.ips(`s${number}`) !== '');
  }
  await scene.happens('the counters', () => scene.poolStatus()?.assignedIPv4 === 8);
  const seconds = (clock.now() - began) / milliseconds(1_000);
  const writes = server.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('ipaddresspools'));
  // The first one, and at most one a second: the event of a write gives no turn that writes again.
  expect(writes.length).toBeLessThanOrEqual(1 + seconds);
  expect(seconds).toBeLessThan(5);
});

test('a pool that was refused for another one is in use when that goes', async () => {
  scene.putPool(pool('q', ['10.0.0.0/30']));
  scene.start();
  await scene.happens('the refusal', () => scene.poolStatus('q')?.conditions?.[0]?.status === 'False');
  await scene.rest();
  scene.runtime.server.remove(POOLS, 'metallb-system/p');
  await scene.happens('it is in use', () => scene.poolStatus('q')?.conditions?.[0]?.status === 'True');
  expect(scene.poolStatus('q')?.availableIPv4).toBe(4);
});

test('a pool that is refused says why, others work on, and what it gave stays until it is mended', async () => {
  scene.putPool(pool('q', ['10.0.0.0/32'], {}, { creationTimestamp: '2026-06-01T00:00:00Z' }));
  scene.putPool(pool('r', ['10.1.0.1-fc00::1']));
  scene.putService({ name: 'held', ips: ['10.1.0.1'], annotations: { [POOL_ANNOTATION]: 'r' } });
  scene.putService({ name: 'new' });
  scene.start();
  await scene.happens('an address of a good pool', () => scene.ips('new') === '10.0.0.0');
  await scene.happens('the refusals', () => ['q', 'r'].every((name) => scene.poolStatus(name) !== undefined));
  const conditions = ['q', 'r'].map((name) => scene.poolStatus(name)?.conditions?.[0]);
  expect(conditions).toMatchObject([
    {
      status: 'False',
      reason: 'ConfigurationError',
      message: 'CIDR "10.0.0.0/32" in pool "q" overlaps with already defined CIDR "10.0.0.0/29"',
    },
    {
      status: 'False',
      reason: 'ConfigurationError',
      message: expect.stringContaining('parsing address pool r: invalid CIDR "10.1.0.1-fc00::1"'),
    },
  ]);
  const failures = (): unknown[] => scene.runtime.log.lines.filter(({ message }) => message === 'failed to parse the configuration');
  expect(failures()).toMatchObject([
    { level: 'error', fields: { pool: 'r' } },
    { level: 'error', fields: { pool: 'q' } },
  ]);
  await scene.rest();
  expect([scene.ips('held'), scene.metrics.value('metallb_k8s_client_config_stale_bool')]).toEqual(['10.1.0.1', 1]);
  scene.putPool(pool('r', ['10.1.0.1-10.1.0.2'], {}, { generation: 2 }));
  await scene.happens('the pool is in use', () => scene.poolStatus('r')?.assignedIPv4 === 1);
  expect([scene.ips('held'), scene.service('held')?.annotations[POOL_ANNOTATION], failures().length]).toEqual(['10.1.0.1', 'r', 2]);
});

test('who shares an address is listed, and a list that is the same is not written again', async () => {
  const shared = (name: string, port: number): ServiceOptions => ({
    name,
    annotations: { 'metallb.io/allow-shared-ip': 'k', 'metallb.io/loadBalancerIPs': '10.0.0.5' },
    spec: { ports: [{ port }] },
  });
  scene.putService(shared('b', 80));
  scene.putService(shared('a', 81));
  scene.start();
  const listed = (): unknown => scene.poolStatus()?.allocations;
  await scene.happens('both', () => scene.poolStatus()?.allocationsTotal === 2);
  expect([listed(), scene.poolStatus()?.assignedIPv4]).toEqual([[{ address: '10.0.0.5', services: ['default/a', 'default/b'] }], 1]);
  scene.runtime.server.remove(SERVICES, 'default/b');
  await scene.happens('one is gone, though the counters stay', () => scene.poolStatus()?.allocationsTotal === 1);
  await scene.rest();
  const sent = scene.runtime.server.requests.length;
  scene.lookAgain();
  await scene.rest();
  expect([listed(), scene.runtime.server.requests.length]).toEqual([[{ address: '10.0.0.5', services: ['default/a'] }], sent]);
});

test('a large pool lists its first hundred holders and says how many there are', async () => {
  scene.putPool(pool('p', ['10.0.0.0/24']));
  for (let number = 0; number < 130; number++) scene.putService({ name: `s${number}` });
  scene.start();
  await scene.happens('all', () => scene.poolStatus()?.allocationsTotal === 130);
  const addresses = scene.poolStatus()?.allocations?.map(({ address }) => address);
  expect(addresses).toEqual(Array.from({ length: 100 }, (_, number) => `10.0.0.${number}`));
}, 20_000);

test('a status that somebody wrote is put right', async () => {
  scene.start();
  await scene.happens('a status', () => scene.poolStatus()?.availableIPv4 === 8);
  scene.putPool({ ...pool('p', ['10.0.0.0/29']), status: { assignedIPv4: 5, assignedIPv6: 5, availableIPv4: 5, availableIPv6: 5 } });
  await scene.happens('a right one', () => scene.poolStatus()?.availableIPv4 === 8 && scene.poolStatus()?.assignedIPv6 === 0);
});

test('a server that keeps only a part of a status is not written to without end', async () => {
  scene.runtime.server.pruneStatus = ({ assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 }) => {
    return { assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 };
  };
  scene.putService({ name: 'web' });
  scene.start();
  await scene.happens('the counters', () => scene.poolStatus()?.assignedIPv4 === 1);
  await scene.rest();
  const sent = scene.runtime.server.requests.length;
  await scene.rest();
  expect(scene.runtime.server.requests.length).toBe(sent);
});

describe('a pool that no CRD of ours would let pass', () => {
  const ODD = {
    ...pool('odd', []),
    spec: { addresses: null },
    status: { conditions: ['x', null], allocations: ['x', { services: 5 }] },
  } as unknown as IPAddressPool;
  const refused = (): boolean => JSON.stringify(scene.poolStatus('odd')).includes('addresses is not a list of texts');

  test('is refused, and the others work on', async () => {
    scene.putPool(ODD);
    scene.putService({ name: 'web' });
    scene.start();
    await scene.happens('the refusal', refused);
    await scene.happens('an address', () => scene.ips('web') === '10.0.0.0');
  });

  test('is refused when it comes later, and pools that come after it are used', async () => {
    scene.start();
    await scene.happens('a status', () => scene.poolStatus() !== undefined);
    scene.putPool(ODD);
    await scene.happens('the refusal', refused);
    scene.putPool(pool('late', ['10.1.0.0/32']));
    scene.putService({ name: 'web', annotations: { 'metallb.io/address-pool': 'late' } });
    await scene.happens('an address of a later pool', () => scene.ips('web') === '10.1.0.0');
  });
});
