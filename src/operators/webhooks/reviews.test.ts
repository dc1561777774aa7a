import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { breathe, eventually } from '../../../test/support/eventually.ts';
import type { StoredObject } from '../../../test/support/fake-api-server/object-store.ts';
import { l2Advertisement, pool } from '../../../test/support/objects.ts';
import { RuntimeScene, SERVICES } from '../../../test/support/runtime-scene.ts';
import type { AdmissionRequest, Operation, Verdict } from '../../admission/admission-review.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { poolObject } from '../pools/projection.ts';
import { changeReviewers } from './reviews.ts';

const POOLS: Resource = { group: 'metallb.io', version: 'v1beta1', plural: 'ipaddresspools', namespace: 'metallb-system' };
const OVERLAP = 'CIDR "10.0.0.0/25" in pool "b" overlaps with already defined CIDR "10.0.0.0/24"';

let scene: RuntimeScene;
let reviewers: ReturnType<typeof changeReviewers>;

beforeEach(async () => {
  scene = await RuntimeScene.open();
  reviewers = changeReviewers({
    namespace: 'metallb-system',
    serviceName: 'metallb-webhook-service',
    api: scene.api,
    stores: scene.stores,
    clock: scene.clock,
    projectionOf: () => poolObject,
  });
  await eventually(scene.clock, 'the caches are complete', () => scene.stores.synced);
});

afterEach(() => scene[Symbol.asyncDispose]());

function put(object: object): void {
  scene.server.put(POOLS, object as StoredObject);
}

function ask(
  object: object,
  options: { operation?: Operation; path?: string; dryRun?: boolean; oldObject?: object } = {},
): Promise<Verdict> {
  const { operation = 'CREATE', path = '/validate-metallb-io-v1beta1-ipaddresspool', dryRun = false, oldObject } = options;
  const { metadata } = object as StoredObject;
  const request: AdmissionRequest = {
    uid: 'u',
    operation,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    object: object as JsonObject,
    oldObject: oldObject as JsonObject | undefined,
    dryRun,
  };
  const reviewer = reviewers.get(path);
  if (reviewer === undefined) throw new Error(`nobody at ${path}`);
  return reviewer(request);
}

const lists = (): number => scene.server.requests.filter(({ verb, query }) => verb === 'list' && query === 'limit=500').length;

test('the paths are those of MetalLB', () => {
  expect(new Set(reviewers.keys())).toEqual(
    new Set([
      '/validate-metallb-io-v1beta1-bfdprofile',
      '/validate-metallb-io-v1beta1-bgpadvertisement',
      '/validate-metallb-io-v1beta1-community',
      '/validate-metallb-io-v1beta1-ipaddresspool',
      '/validate-metallb-io-v1beta1-l2advertisement',
      '/validate-metallb-io-v1beta2-bgppeer',
    ]),
  );
});

test('a change is held against what is stored at this moment, however late the caches are', async () => {
  scene.server.freezeWatches();
  put(pool('a', ['10.0.0.0/24']));
  expect(await ask(pool('b', ['10.0.0.0/25']))).toEqual({ refusal: OVERLAP, warnings: [] });
  scene.server.remove(POOLS, 'metallb-system/a');
  expect(await ask(pool('b', ['10.0.0.0/25']))).toEqual({ warnings: [] });
});

test('of two that overlap and come at once, before either is stored, one is let in', async () => {
  const verdicts = await Promise.all([ask(pool('a', ['10.0.0.0/24'])), ask(pool('b', ['10.0.0.0/25']))]);
  expect(verdicts).toEqual([{ warnings: [] }, { refusal: OVERLAP, warnings: [] }]);
});

test('what is only tried stands in nobody’s way', async () => {
  expect(await ask(pool('a', ['10.0.0.0/24']), { dryRun: true })).toEqual({ warnings: [] });
  expect(await ask(pool('b', ['10.0.0.0/25']))).toEqual({ warnings: [] });
});

test('what was let in, stored and deleted stands in nobody’s way, as soon as the watch has told', async () => {
  // The identity that the fake server gives to its first object: a real one gives it before it asks.
  await ask(pool('a', ['10.0.0.0/24'], {}, { uid: 'uid-1' }));
  put(pool('a', ['10.0.0.0/24']));
  scene.server.remove(POOLS, 'metallb-system/a');
  let verdict = await ask(pool('b', ['10.0.0.0/25']));
  for (let round = 0; verdict.refusal !== undefined && round < 200; round++) {
    await breathe(); // the clock stands still: nothing expires
    verdict = await ask(pool('b', ['10.0.0.0/25']), { dryRun: true });
  }
  expect(verdict).toEqual({ warnings: [] });
});

test('an object of another namespace is refused when it is made', async () => {
  const elsewhere = pool('a', ['10.0.0.0/24'], {}, { namespace: 'default' });
  expect(await ask(elsewhere)).toMatchObject({ refusal: 'resource must be created in metallb-system namespace' });
});

test('an object of another installation is left to that one, for as long as it is there', async () => {
  const name = 'metallb-webhook-service';
  const theirs = pool('a', ['10.0.0.0/33'], {}, { namespace: 'second-system' });
  scene.server.put(SERVICES, { metadata: { name, namespace: 'second-system' } } as StoredObject);
  expect(await ask(theirs)).toEqual({ warnings: [] });
  expect(await ask(pool('a', ['10.0.0.0/33']))).toMatchObject({ refusal: expect.stringContaining('prefix length 33') });
  expect(await ask(theirs, { operation: 'UPDATE', oldObject: pool('a', [], {}, { namespace: 'second-system' }) })).toEqual({
    warnings: [],
  });
  scene.server.remove(SERVICES, `second-system/${name}`);
  expect(await ask(theirs)).toMatchObject({ refusal: 'resource must be created in metallb-system namespace' });
});

test('another Service of that namespace makes no installation', async () => {
  scene.server.put(SERVICES, { metadata: { name: 'web', namespace: 'default' } } as StoredObject);
  const elsewhere = pool('a', ['10.0.0.0/24'], {}, { namespace: 'default' });
  expect(await ask(elsewhere)).toMatchObject({ refusal: 'resource must be created in metallb-system namespace' });
});

test('many at once cost few readings', async () => {
  const asked = Array.from({ length: 50 }, (_, index) => ask(pool(`p${index}`, [`10.${index}.0.0/24`])));
  expect((await Promise.all(asked)).every(({ refusal }) => refusal === undefined)).toBe(true);
  expect(lists()).toBe(2 * 6);
});

test('every page is read', async () => {
  for (let number = 0; number < 1_001; number++) put(pool(`p${number}`, [`10.${number >> 8}.${number & 255}.0/24`]));
  const refused = await ask(pool('x', ['10.3.232.0/25']));
  expect(refused.refusal).toContain('overlaps with already defined CIDR "10.3.232.0/24"');
});

test('another kind is asked at its own path', async () => {
  const advertisement = l2Advertisement('a', { ipAddressPools: ['p', 'p'] });
  const verdict = await ask(advertisement, { path: '/validate-metallb-io-v1beta1-l2advertisement' });
  expect(verdict.refusal).toContain('duplicate definition of ipAddressPools "p"');
});

test('when nobody can tell what is there, nobody decides', async () => {
  scene.server.misbehave({ verb: 'list', status: 500, times: 100 });
  await expect(ask(pool('a', ['10.0.0.0/24']))).rejects.toThrow('injected 500');
  scene.server.behave();
  expect(await ask(pool('a', ['10.0.0.0/24']))).toEqual({ warnings: [] });
});
