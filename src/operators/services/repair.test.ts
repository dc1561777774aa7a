import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AllocationScene } from '../../../test/support/allocation-scene.ts';
import { pool } from '../../../test/support/objects.ts';
import { SERVICES } from '../../../test/support/runtime-scene.ts';
import { milliseconds } from '../../lib/clock.ts';
import { objectOf } from '../../lib/json.ts';

/** What a controller that led before may still have written, after this one has begun to lead: the table of this one wins. */

/** The longest time for which two statuses may name one address. */
const BOUND = milliseconds(1_000);

let scene: AllocationScene;

beforeEach(async () => {
  scene = await AllocationScene.open();
  scene.putPool(pool('p', ['10.0.0.0/31']));
  scene.putService({ name: 'a', created: '2026-01-01T00:00:00Z' });
  scene.putService({ name: 'b', created: '2026-01-02T00:00:00Z' });
  scene.putService({ name: 'waits', created: '2026-01-03T00:00:00Z' });
  scene.start();
  await scene.happens('two have an address', () => scene.ips('a') === '10.0.0.0' && scene.ips('b') === '10.0.0.1');
  await scene.rest();
  scene.events.length = 0;
});

afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

function writeLate(name: string, ips: readonly string[]): void {
  const { server } = scene.runtime;
  const stored = server.list(SERVICES).find(({ metadata }) => metadata.name === name);
  if (stored === undefined) throw new Error(`no Service ${name}`);
  const ingress = ips.map((ip) => ({ ip, ipMode: 'VIP' }));
  server.put(SERVICES, { ...stored, status: { ...objectOf(stored.status), loadBalancer: { ingress } } });
}

const held = (): unknown => ['a', 'b', 'waits'].map((name) => scene.ips(name));

test.each<{ what: string; name: string; ips: readonly string[]; events: readonly string[] }>([
  { what: 'the address of another, for one that has none', name: 'waits', ips: ['10.0.0.0'], events: ['waits ClearAssignment'] },
  { what: 'both addresses of others', name: 'waits', ips: ['10.0.0.0', '10.0.0.1'], events: ['waits nolbIPsIPFamily'] },
  { what: 'the address of another, for one that has its own', name: 'b', ips: ['10.0.0.0'], events: [] },
  { what: 'the same, for the older one', name: 'a', ips: ['10.0.0.1'], events: [] },
  { what: 'nothing', name: 'a', ips: [], events: [] },
  { what: 'an address of no pool', name: 'b', ips: ['192.0.2.1'], events: [] },
])('$what is set right within a second, once', async ({ name, ips, events }) => {
  const { clock } = scene.runtime;
  const [before, since] = [scene.writes, clock.now()];
  writeLate(name, ips);
  expect(held()).not.toEqual(['10.0.0.0', '10.0.0.1', '']);
  await scene.happens('all is as it was', () => JSON.stringify(held()) === '["10.0.0.0","10.0.0.1",""]');
  expect(clock.now() - since).toBeLessThan(BOUND);
  await scene.rest();
  expect(scene.writes - before).toBe(1);
  expect(scene.events).toEqual(events);
});

test('two that were given each other’s address, and a third that was given one of them', async () => {
  writeLate('a', ['10.0.0.1']);
  writeLate('b', ['10.0.0.0']);
  writeLate('waits', ['10.0.0.1']);
  await scene.happens('all is as it was', () => JSON.stringify(held()) === '["10.0.0.0","10.0.0.1",""]');
  await scene.rest();
  expect(held()).toEqual(['10.0.0.0', '10.0.0.1', '']);
});
