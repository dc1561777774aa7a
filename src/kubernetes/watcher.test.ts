import { describe, expect, test } from '@jest/globals';
import { breathe, eventually } from '../../test/support/eventually.ts';
import type { FakeApiServer, FakeApiServerOptions } from '../../test/support/fake-api-server.ts';
import { RuntimeScene, SERVICES } from '../../test/support/runtime-scene.ts';
import { milliseconds } from '../lib/clock.ts';
import { type JsonObject, objectOf } from '../lib/json.ts';
import type { Resource } from './resource.ts';

const POOLS: Resource = { group: 'metallb.io', version: 'v1beta1', plural: 'ipaddresspools', namespace: 'metallb-system' };

const KINDS: { name: string; options: FakeApiServerOptions }[] = [
  { name: 'streaming lists', options: {} },
  { name: 'pages', options: { streamingLists: false, expiry: 'status' } },
];

/** What is done to the server and its watches, and is to make no difference in the end. */
const INJECTIONS: { name: string; inject: (server: FakeApiServer) => void | Promise<void> }[] = [
  { name: 'a watch that ends', inject: (server) => server.endWatches() },
  { name: 'a cut connection', inject: (server) => server.cutWatches() },
  { name: '410 as an event', inject: (server) => server.expireWatches() },
  { name: '410 because the history is gone', inject: (server) => server.compact() },
  { name: '429', inject: (server) => server.misbehave({ verb: 'watch', status: 429, retryAfterSeconds: 7, times: 3 }) },
  { name: '500', inject: (server) => server.misbehave({ verb: 'watch', status: 500, times: 5 }) },
  {
    name: '503 in no words of Kubernetes',
    inject: (server) => server.misbehave({ verb: 'watch', status: 503, times: 2, body: '<html>\nno' }),
  },
  { name: '200 without an event', inject: (server) => server.misbehave({ verb: 'watch', status: 200, times: 2, body: '<html>\nno' }) },
  { name: '401', inject: (server) => server.misbehave({ verb: 'watch', status: 401, times: 3 }) },
  { name: '403', inject: (server) => server.misbehave({ verb: 'watch', status: 403, times: 2 }) },
  { name: '404', inject: (server) => server.misbehave({ verb: 'watch', status: 404, times: 2 }) },
  { name: '400', inject: (server) => server.misbehave({ verb: 'watch', status: 400, times: 1 }) },
  { name: 'a torn line', inject: (server) => server.sendLine('{"type":"MODIF') },
  { name: 'a line that is no event', inject: (server) => server.sendLine('[1]') },
  { name: 'an event without an object', inject: (server) => server.sendLine('{"type":"ADDED"}') },
  { name: 'an event of an unknown type', inject: (server) => server.sendLine('{"type":"EXPLODED","object":{"metadata":{"name":"x"}}}') },
  { name: 'empty lines', inject: (server) => server.sendLine('\n\n') },
  { name: 'an endless line', inject: (server) => server.sendLine('x'.repeat(17 * 1024 * 1024)) },
  { name: 'an error that is no 410', inject: (server) => server.sendLine('{"type":"ERROR","object":{"code":500}}') },
  { name: 'bookmarks', inject: (server) => server.sendBookmarks() },
  { name: 'repeated events', inject: (server) => server.repeatEvents(10) },
  { name: 'a server that is away for a moment', inject: restart },
];

async function restart(server: FakeApiServer): Promise<void> {
  await server.goAway();
  await server.comeBack();
}

const EVERYWHERE = KINDS.flatMap(({ name, options }) => INJECTIONS.map((injection) => ({ server: name, options, ...injection })));

/** Waits that a server asks for pass quickly; no request takes as many rounds of the event loop as its deadline has steps. */
const QUARTER_SECOND = milliseconds(250);

test.each(EVERYWHERE)('$name, $server: nothing is lost', async ({ options, inject }) => {
  await using scene = await RuntimeScene.open(options);
  for (const name of ['a', 'b', 'c']) scene.service(name);
  const store = await scene.watched();
  scene.service('before');
  await scene.equal(store, SERVICES, QUARTER_SECOND);
  await inject(scene.server);
  scene.server.cutWatches();
  scene.service('after');
  scene.server.remove(SERVICES, 'default/a');
  scene.service('b', 99);
  await scene.equal(store, SERVICES, QUARTER_SECOND);
  scene.server.remove(SERVICES, 'default/after');
  await scene.equal(store, SERVICES, QUARTER_SECOND);
});

describe.each(KINDS)('following with $name', ({ options }) => {
  test('the first list is complete, changes follow, listeners get keys', async () => {
    await using scene = await RuntimeScene.open(options);
    for (const name of ['a', 'b', 'c']) scene.service(name);
    const store = await scene.watched();
    const heard: string[] = [];
    using _subscription = store.subscribe((key) => heard.push(key));
    expect([...store.keys()]).toEqual(['default/a', 'default/b', 'default/c']);
    scene.service('d');
    scene.service('a', 81);
    scene.server.remove(SERVICES, 'default/b');
    await scene.equal(store);
    expect(heard).toEqual(['default/d', 'default/a', 'default/b']);
    expect(objectOf(store.get('default/a')?.spec).port).toBe(81);
  });

  test('what is told again, and in reverse, changes nothing', async () => {
    await using scene = await RuntimeScene.open(options);
    const store = await scene.watched();
    for (const port of [1, 2, 3]) scene.service('a', port);
    scene.service('b');
    scene.server.remove(SERVICES, 'default/b');
    await scene.equal(store);
    scene.server.repeatEvents(5);
    scene.service('c');
    await eventually(scene.clock, 'what follows', () => store.get('default/c') !== undefined);
    expect([...store.keys()]).toEqual(['default/a', 'default/c']);
    expect(objectOf(store.get('default/a')?.spec).port).toBe(3);
  });

  test('what was deleted while the server was away vanishes, also when its history is gone', async () => {
    await using scene = await RuntimeScene.open(options);
    for (const name of ['a', 'b', 'c']) scene.service(name);
    const store = await scene.watched();
    const heard: string[] = [];
    using _subscription = store.subscribe((key) => heard.push(key));
    await scene.server.goAway();
    await eventually(scene.clock, 'the loss is noticed', () => !scene.api.reachable);
    scene.server.remove(SERVICES, 'default/b');
    scene.server.compact();
    await scene.server.comeBack();
    await scene.equal(store);
    expect(heard).toContain('default/b');
    expect(store.synced).toBe(true);
  });

  test('a watch that is open and silent is given up after its time and a margin', async () => {
    await using scene = await RuntimeScene.open(options);
    const store = await scene.watched();
    scene.server.freezeWatches();
    scene.service('unheard');
    await breathe();
    scene.clock.advance(milliseconds(360_000 + 29_000));
    await breathe();
    expect(store.get('default/unheard')).toBeUndefined();
    scene.clock.advance(milliseconds(1_000));
    await scene.equal(store);
  });
});

describe.each(KINDS)('coming back with $name', ({ options }) => {
  test('a watch that ended is taken up where it was: no list', async () => {
    await using scene = await RuntimeScene.open(options);
    const store = await scene.watched();
    const before = scene.lists();
    scene.clock.advance(milliseconds(240_000));
    scene.server.endWatches();
    await eventually(scene.clock, 'the watch is back', () => scene.server.openWatches === 1);
    scene.service('later');
    await scene.equal(store);
    expect(scene.lists()).toBe(before);
  });

  test('Retry-After is obeyed', async () => {
    await using scene = await RuntimeScene.open(options);
    await scene.watched();
    scene.server.misbehave({ verb: 'watch', status: 429, retryAfterSeconds: 8, times: 1 });
    const watches = (): number => scene.server.requests.filter(({ verb }) => verb === 'watch').length;
    const before = watches();
    scene.clock.advance(milliseconds(10_000));
    scene.server.endWatches();
    await eventually(scene.clock, 'the refusal', () => watches() === before + 1);
    const refused = scene.clock.now();
    await eventually(scene.clock, 'the next attempt', () => watches() === before + 2);
    expect(scene.clock.now() - refused).toBeGreaterThanOrEqual(7_900_000);
  });

  test('a server that is busy is not asked for a list on top', async () => {
    await using scene = await RuntimeScene.open(options);
    const store = await scene.watched();
    scene.server.misbehave({ verb: 'watch', status: 429, times: 6 });
    const before = scene.lists();
    scene.server.cutWatches();
    scene.service('meanwhile');
    await scene.equal(store, SERVICES, QUARTER_SECOND);
    expect(scene.lists()).toBe(before);
  });

  test('a server that refuses the version again and again is listed anew: it may be restored from a backup', async () => {
    await using scene = await RuntimeScene.open(options);
    const store = await scene.watched();
    scene.server.misbehave({ verb: 'watch', status: 504, times: 3 });
    const before = scene.lists();
    scene.server.cutWatches();
    await eventually(scene.clock, 'a list', () => scene.lists() > before);
    await scene.equal(store);
  });
});

test('a server that takes a streaming list for a plain watch is asked for pages', async () => {
  await using scene = await RuntimeScene.open({ streamingLists: 'ignored' });
  scene.service('a');
  const store = scene.watch();
  await eventually(scene.clock, 'the watch is open', () => scene.server.openWatches === 1);
  expect(store.synced).toBe(false);
  scene.clock.advance(milliseconds(45_000));
  await scene.synced(store);
  await scene.equal(store);
  expect(scene.log.lines).toEqual([]);
});

test('a server that ends every watch at once is not asked without pause', async () => {
  await using scene = await RuntimeScene.open();
  await scene.watched();
  const before = scene.server.requests.length;
  scene.server.misbehave({ verb: 'watch', status: 200, times: 1_000_000, body: '' });
  scene.server.endWatches();
  const began = scene.clock.now();
  await eventually(scene.clock, 'some time', () => scene.clock.now() - began > 10_000_000);
  expect(scene.server.requests.length - before).toBeLessThan(9);
});

test.each([
  { what: '410', status: 410, body: '{}' },
  { what: 'what is no event', status: 200, body: 'no\n' },
])('a server that answers each watch after its list with $what is not listed without pause, and people are told', async (fault) => {
  await using scene = await RuntimeScene.open({ streamingLists: false });
  await scene.watched();
  const before = scene.lists();
  scene.server.misbehave({ verb: 'watch', times: 1_000_000, ...fault });
  scene.server.endWatches();
  const began = scene.clock.now();
  await eventually(scene.clock, 'a minute', () => scene.clock.now() - began > 60_000_000);
  expect(scene.lists() - before).toBeGreaterThan(5);
  expect(scene.lists() - before).toBeLessThan(25);
  const told = [...scene.log.messages('error'), ...scene.log.messages('info')];
  expect(told).toEqual(['cannot watch services in all namespaces, trying again']);
  scene.server.behave();
  await eventually(scene.clock, 'the watch is open', () => scene.server.openWatches === 1);
  scene.server.sendBookmarks();
  await eventually(scene.clock, 'the end is told', () => scene.log.messages('info').length > 0);
  expect(scene.log.messages('info')).toEqual(['services can be followed again']);
});

test('pages are followed to the end, and begun anew when they expire in between', async () => {
  await using scene = await RuntimeScene.open({ streamingLists: false });
  for (let index = 0; index < 1_203; index++) scene.service(`s${index}`);
  scene.server.misbehave({ verb: 'list', status: 410, times: 1 });
  const store = scene.watch();
  await scene.synced(store);
  expect(store.size).toBe(1_203);
  const pages = scene.server.requests.filter(({ verb }) => verb === 'list');
  expect(pages.map(({ query }) => query.includes('continue='))).toEqual([false, false, true, true]);
  expect(pages.every(({ query }) => query.includes('limit=500'))).toBe(true);
});

test('a member of a list is told its kind', async () => {
  await using scene = await RuntimeScene.open({ streamingLists: false });
  scene.service('a');
  const store = scene.stores.open(SERVICES, ({ kind, apiVersion }) => ({ kind, apiVersion }));
  await scene.synced(store);
  expect(store.get('default/a')).toEqual({ kind: 'Service', apiVersion: 'v1' });
});

describe('selectors', () => {
  const SELECTED: Resource = { ...SERVICES, fieldSelector: 'spec.type=LoadBalancer' };
  const isWanted = (object: JsonObject): JsonObject | undefined => (objectOf(object.spec).type === 'LoadBalancer' ? object : undefined);

  test.each([true, false])(
    'an object that leaves the selection leaves the store (server knows the selector: %s)',
    async (fieldSelectors) => {
      await using scene = await RuntimeScene.open({ fieldSelectors });
      scene.service('a');
      scene.service('b');
      scene.server.put(SERVICES, { metadata: { name: 'c', namespace: 'default' }, spec: { type: 'ClusterIP' } });
      const store = scene.stores.open(SELECTED, isWanted);
      await scene.synced(store);
      expect([...store.keys()]).toEqual(['default/a', 'default/b']);
      scene.server.put(SERVICES, { metadata: { name: 'a', namespace: 'default' }, spec: { type: 'ClusterIP' } });
      await eventually(scene.clock, 'it leaves', () => store.get('default/a') === undefined);
      expect(scene.log.messages('error')).toEqual([]);
    },
  );

  test('a namespace', async () => {
    await using scene = await RuntimeScene.open();
    for (const namespace of ['metallb-system', 'other']) scene.server.put(POOLS, { metadata: { name: 'pool', namespace } });
    const store = scene.watch(POOLS);
    await scene.synced(store);
    expect([...store.keys()]).toEqual(['metallb-system/pool']);
  });
});

describe('what people must mend is said once, and once that it is over', () => {
  test('a CRD that is not installed', async () => {
    await using scene = await RuntimeScene.open();
    scene.server.uninstall(POOLS);
    const store = scene.watch(POOLS);
    const lists = (): number => scene.lists();
    await eventually(scene.clock, 'some attempts', () => lists() >= 4);
    expect(scene.log.messages()).toEqual([
      'the CRD ipaddresspools.metallb.io is not installed, or not in version v1beta1: apply config/crd',
    ]);
    expect([store.synced, scene.stores.synced, scene.stores.missing]).toEqual([false, false, ['ipaddresspools.metallb.io']]);
    scene.server.install(POOLS);
    await scene.synced(store);
    expect(scene.log.messages('info')).toEqual(['ipaddresspools.metallb.io can be followed again']);
    expect(scene.stores.missing).toEqual([]);
  });

  test.each([
    {
      resource: SERVICES,
      text: 'not allowed to watch services in all namespaces: apply config/rbac, or correct the rights of this service account',
    },
    {
      resource: POOLS,
      text: 'not allowed to watch ipaddresspools.metallb.io in namespace metallb-system: apply config/rbac, or correct the rights of this service account',
    },
  ])('a right that is missing: $resource.plural', async ({ resource, text }) => {
    await using scene = await RuntimeScene.open();
    scene.server.misbehave({ verb: 'watch', status: 403, times: 3 });
    await scene.synced(scene.watch(resource));
    expect(scene.log.messages('error')).toEqual([text]);
  });

  test.each([
    { why: 'a busy server, as each is that starts', status: 429, times: 8, said: [] },
    { why: 'a server that stays busy', status: 429, times: 9, said: ['cannot watch services in all namespaces, trying again'] },
    { why: 'a server that has lost its history', status: 410, times: 2, said: [] },
    { why: 'a server that breaks once', status: 500, times: 1, said: [] },
    { why: 'a server that goes on breaking', status: 500, times: 4, said: ['cannot watch services in all namespaces, trying again'] },
  ])('$why: $said', async ({ status, times, said }) => {
    await using scene = await RuntimeScene.open();
    scene.server.misbehave({ verb: 'watch', status, retryAfterSeconds: 1, times });
    await scene.synced(scene.watch());
    expect(scene.log.messages('error')).toEqual(said);
  });

  test('a server that cannot be reached, for all watches together', async () => {
    await using scene = await RuntimeScene.open();
    const stores = [scene.watch(), scene.watch(POOLS)];
    for (const store of stores) await scene.synced(store);
    await scene.server.goAway();
    await eventually(scene.clock, 'the loss is noticed', () => !scene.api.reachable);
    await scene.clock.run(milliseconds(600_000));
    expect(scene.log.messages('error')).toEqual([
      `the API server at ${scene.server.url} cannot be reached: connection refused; retrying until it answers`,
    ]);
    await scene.server.comeBack();
    const returned = scene.clock.now();
    await eventually(scene.clock, 'both watches are back', () => scene.server.openWatches === 2);
    expect(scene.clock.now() - returned).toBeLessThan(2_000_000);
    expect(scene.log.messages('info')).toEqual([`the API server at ${scene.server.url} answers again`]);
  });
});

test('a watch that breaks long after what was mended is no news', async () => {
  await using scene = await RuntimeScene.open();
  scene.server.misbehave({ verb: 'watch', status: 403, times: 3 });
  await scene.synced(scene.watch());
  const said = scene.log.messages('error');
  await scene.clock.run(milliseconds(5_000));
  scene.server.cutWatches();
  await eventually(scene.clock, 'the watch is back', () => scene.server.openWatches === 1);
  expect(scene.log.messages('error')).toEqual(said);
});

test('two that open one resource with one projection share its watch', async () => {
  await using scene = await RuntimeScene.open();
  expect(scene.watch()).toBe(scene.watch());
  expect(scene.stores.open(SERVICES, () => 1)).not.toBe(scene.watch());
  await eventually(scene.clock, 'two watches', () => scene.server.openWatches === 2);
});

test('a projection that throws hides its object and is logged once', async () => {
  await using scene = await RuntimeScene.open();
  scene.service('good');
  scene.service('bad', 666);
  const store = scene.stores.open(SERVICES, (object) => {
    if (objectOf(object.spec).port === 666) throw new TypeError('cannot read properties of undefined');
    return object;
  });
  await scene.synced(store);
  scene.server.expireWatches();
  scene.service('bad', 666);
  scene.service('another');
  await eventually(scene.clock, 'another', () => store.get('default/another') !== undefined);
  expect([...store.keys()]).toEqual(['default/good', 'default/another']);
  expect(scene.log.messages('error')).toEqual(['services default/bad cannot be understood and is treated as absent: this is a bug']);
});
