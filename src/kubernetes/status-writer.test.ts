import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { RuntimeScene, SERVICES } from '../../test/support/runtime-scene.ts';
import { type JsonObject, objectOf, textOf } from '../lib/json.ts';
import type { Resource } from './resource.ts';
import { ApiStatusWriter, type StatusChange, type StatusTarget, type WriteOutcome } from './status-writer.ts';

const POOLS: Resource = { group: 'metallb.io', version: 'v1beta1', plural: 'ipaddresspools', namespace: 'metallb-system' };
const FOREVER = new AbortController().signal;

let scene: RuntimeScene;
let writer: ApiStatusWriter;

beforeEach(async () => {
  scene = await RuntimeScene.open();
  writer = new ApiStatusWriter({ api: scene.api, log: scene.log });
  scene.service('web');
  scene.server.put(POOLS, { metadata: { namespace: 'metallb-system', name: 'pool' }, spec: { addresses: [] } });
});
afterEach(() => scene[Symbol.asyncDispose]());

function stored(resource: Resource): JsonObject {
  return objectOf(scene.server.list(resource)[0]);
}

/** The object as it is now. */
function target(resource: Resource): StatusTarget {
  const { namespace, name, uid, resourceVersion } = objectOf(stored(resource).metadata);
  return {
    namespace: textOf(namespace),
    name: `${name}`,
    uid: `${uid}`,
    resourceVersion: `${resourceVersion}`,
  };
}

const write = (resource: Resource, change: StatusChange, of: StatusTarget = target(resource)): Promise<WriteOutcome> =>
  writer.write(resource, of, change, FOREVER);
const writes = (): number => scene.server.requests.filter(({ verb }) => verb === 'write').length;

describe('a write', () => {
  test('changes status and annotations of a core object in one request, and nothing else of it', async () => {
    const before = stored(SERVICES);
    const change = {
      status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } },
      annotations: { 'metallb.io/ip-allocated-from-pool': 'p' },
    };
    expect(await write(SERVICES, change)).toBe('written');
    expect(stored(SERVICES)).toMatchObject({ spec: before.spec, status: change.status, metadata: { annotations: change.annotations } });
    const clear = { status: { loadBalancer: { ingress: null } }, annotations: { 'metallb.io/ip-allocated-from-pool': null } };
    expect(await write(SERVICES, clear)).toBe('written');
    expect(stored(SERVICES)).toMatchObject({ status: { loadBalancer: {} }, metadata: { annotations: {} } });
    expect(writes()).toBe(2);
  });

  test('of a custom object', async () => {
    expect(await write(POOLS, { status: { assignedIPv4: 3 } })).toBe('written');
    expect(stored(POOLS).status).toEqual({ assignedIPv4: 3 });
  });

  test('is refused when the object has changed meanwhile', async () => {
    const old = target(SERVICES);
    scene.service('web', 81);
    expect(await write(SERVICES, { status: { a: 1 } }, old)).toBe('conflict');
    expect(stored(SERVICES).status).toBeUndefined();
  });

  test('comes too late for an object that is gone', async () => {
    const old = target(SERVICES);
    scene.server.remove(SERVICES, 'default/web');
    expect(await write(SERVICES, { status: { a: 1 } }, old)).toBe('gone');
  });

  test('fails as a request does', async () => {
    scene.server.misbehave({ verb: 'write', status: 403, times: 1 });
    await expect(write(SERVICES, { status: { a: 1 } })).rejects.toMatchObject({ status: 403 });
  });
});

describe('a status that the server does not keep', () => {
  const change: StatusChange = { status: { kept: 1, conditions: [{ type: 'Ready', status: 'True' }] } };

  beforeEach(() => {
    scene.server.pruneStatus = ({ kept }) => ({ kept });
  });

  test('is not written again, until the object, the status or its desired state is another', async () => {
    expect([await write(POOLS, change), await write(POOLS, change), writes()]).toEqual(['written', 'not-kept', 1]);
    expect([await write(POOLS, change), writes()]).toEqual(['not-kept', 1]);
    expect([await write(POOLS, { status: { kept: 2 } }), writes()]).toEqual(['written', 2]);
    scene.server.put(POOLS, { metadata: { namespace: 'metallb-system', name: 'pool' }, spec: { addresses: ['10.0.0.0/24'] } });
    expect([await write(POOLS, change), writes()]).toEqual(['written', 3]);
    scene.server.remove(POOLS, 'metallb-system/pool');
    scene.server.put(POOLS, { metadata: { namespace: 'metallb-system', name: 'pool' } });
    expect([await write(POOLS, change), writes()]).toEqual(['written', 4]);
  });

  test('is written again when somebody has taken it away', async () => {
    await write(POOLS, change);
    scene.server.put(POOLS, { ...scene.server.list(POOLS)[0], metadata: { namespace: 'metallb-system', name: 'pool' }, status: {} });
    expect([await write(POOLS, change), writes()]).toEqual(['written', 2]);
    expect(stored(POOLS).status).toEqual({ kept: 1 });
  });

  test('makes no event when nothing else was in the write, and the outcome says so', async () => {
    await write(POOLS, { status: { kept: 1 } });
    expect([await write(POOLS, change), writes()]).toEqual(['not-kept', 2]);
  });

  test('is told once a field', async () => {
    await write(POOLS, change);
    await write(POOLS, { status: { conditions: [{ type: 'Ready', status: 'False' }] } });
    expect(scene.log.messages('warn')).toEqual([
      'the API server did not keep status.conditions of ipaddresspools.metallb.io metallb-system/pool as written: its definition of ipaddresspools.metallb.io is another, apply config/crd',
    ]);
  });

  test.each<{ name: string; sent: JsonObject; kept: JsonObject; lacks: boolean }>([
    { name: 'the same', sent: { a: [{ b: 1 }] }, kept: { a: [{ b: 1 }] }, lacks: false },
    { name: 'more: a default', sent: { a: [{ ip: '1' }] }, kept: { a: [{ ip: '1', ipMode: 'VIP' }], c: 2 }, lacks: false },
    { name: 'empty things left out', sent: { a: [], b: {}, c: null }, kept: {}, lacks: false },
    { name: 'a field less', sent: { a: 1, b: 2 }, kept: { a: 1 }, lacks: true },
    { name: 'a member less', sent: { a: [1, 2] }, kept: { a: [1] }, lacks: true },
    { name: 'a field of a member less', sent: { a: [{ b: 1, c: 2 }] }, kept: { a: [{ b: 1 }] }, lacks: true },
    { name: 'another value', sent: { a: '2001:DB8::1' }, kept: { a: '2001:db8::1' }, lacks: true },
    { name: 'what was to go', sent: { a: null }, kept: { a: 1 }, lacks: true },
  ])('$name is told as something that is lost: $lacks', async ({ sent, kept, lacks }) => {
    scene.server.pruneStatus = () => kept;
    expect(await write(POOLS, { status: sent })).toBe('written');
    expect(scene.log.messages('warn').length).toBe(lacks ? 1 : 0);
  });
});
