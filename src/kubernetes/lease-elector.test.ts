import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { breathe, eventually } from '../../test/support/eventually.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { LEASES, Replica } from '../../test/support/replica.ts';
import { SERVICES } from '../../test/support/runtime-scene.ts';
import { type Micros, milliseconds } from '../lib/clock.ts';
import { type JsonObject, objectOf } from '../lib/json.ts';
import type { ApiCall } from './api.ts';

const FOREVER = new AbortController().signal;
const KEY = 'metallb-system/metallb-controller';

let server: FakeApiServer;
let clock: FakeClock;
let replicas: Replica[];

beforeEach(async () => {
  server = await FakeApiServer.start();
  clock = new FakeClock();
  replicas = [];
});

afterEach(async () => {
  for (const replica of replicas) await replica.stop();
  await server[Symbol.asyncDispose]();
});

const happens = (what: string, holds: () => boolean): Promise<void> => eventually(clock, what, holds);

/** Time goes by, slowly enough for the requests that it brings. */
async function pass(time: Micros): Promise<void> {
  const until = clock.now() + time;
  await happens('time passes', () => clock.now() >= until);
}

function start(name: string): Replica {
  const replica = new Replica(name, server, clock);
  replicas.push(replica);
  return replica;
}

async function leader(name: string): Promise<Replica> {
  const replica = start(name);
  await happens(`${name} leads`, () => replica.leads);
  return replica;
}

async function follower(name: string): Promise<Replica> {
  const replica = start(name);
  await happens(`${name} follows`, () => replica.log.messages('info').some((line) => line.startsWith('this replica follows')));
  return replica;
}

function lease(): JsonObject {
  return objectOf(server.list(LEASES)[0]?.spec);
}

const service = (name: string): void => {
  server.put(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { type: 'LoadBalancer' } });
};

const WRITE: ApiCall = {
  method: 'PATCH',
  path: '/api/v1/namespaces/default/services/a',
  body: { x: 1 },
  contentType: 'application/merge-patch+json',
};

const patches = (): number => server.requests.filter(({ method }) => method === 'PATCH').length;

describe('two replicas', () => {
  test('the first makes the Lease and leads, the second follows with warm stores', async () => {
    service('a');
    const one = await leader('one');
    const two = await follower('two');
    await happens('it knows all', () => two.services.synced);
    expect(lease()).toEqual({
      holderIdentity: 'one_1',
      leaseDurationSeconds: 15,
      leaseTransitions: 1,
      acquireTime: expect.stringMatching(/^2026-01-01T00:00:0\d\.\d{6}Z$/),
      renewTime: expect.stringMatching(/^2026-01-01T00:00:0\d\.\d{6}Z$/),
    });
    await pass(milliseconds(60_000));
    expect([one.leads, two.leads, one.terms.length, lease().leaseTransitions]).toEqual([true, false, 1, 1]);
  });

  test('renewals are all that is written, one each period', async () => {
    await leader('one');
    await follower('two');
    await pass(milliseconds(2_000));
    server.requests.length = 0;
    await pass(milliseconds(20_000));
    const writes = server.requests.filter(({ method }) => method !== 'GET');
    expect(new Set(writes.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set([`PUT /apis/coordination.k8s.io/v1/namespaces/metallb-system/leases/metallb-controller`]),
    );
    expect(writes.length).toBeGreaterThanOrEqual(9);
    expect(writes.length).toBeLessThanOrEqual(10);
  });
});

describe('a succession', () => {
  test('a clean end hands over within a second, after the last words', async () => {
    const one = await leader('one');
    const two = await follower('two');
    service('a');
    one.lastWords = async ({ api }) => void (await api.request(WRITE, FOREVER));
    const before = clock.now();
    await Promise.all([one.stop(), happens('the other leads', () => two.leads)]);
    expect(clock.now() - before).toBeLessThan(milliseconds(1_000));
    expect(patches()).toBe(1);
    expect(lease()).toMatchObject({ holderIdentity: 'two_1', leaseTransitions: 2 });
  });

  test('a dead leader is succeeded when its lease is over, and not before', async () => {
    const one = await leader('one');
    const two = await follower('two');
    await pass(milliseconds(5_000));
    const renewed = lease().renewTime;
    one.die();
    const before = clock.now();
    await happens('the other leads', () => two.leads);
    expect(lease().renewTime).not.toBe(renewed);
    expect(clock.now() - before).toBeGreaterThan(milliseconds(12_500));
    expect(clock.now() - before).toBeLessThan(milliseconds(16_000));
  });

  test('what the one before wrote last is known before the next decides, however late its watches are', async () => {
    const one = await leader('one');
    const two = await follower('two');
    await happens('both watch', () => two.services.synced && server.openWatches === 4);
    server.freezeWatches(SERVICES);
    service('written-last');
    await pass(milliseconds(1_000));
    expect([...two.services.keys()]).toEqual([]);
    await one.stop();
    await happens('the other leads', () => two.leads);
    expect(two.terms.at(-1)?.known).toEqual(['default/written-last']);
  });

  test('nothing is decided as long as what there is cannot be read', async () => {
    const one = await leader('one');
    const two = await follower('two');
    await happens('both watch', () => two.services.synced && server.openWatches === 4);
    server.uninstall(SERVICES);
    await one.stop();
    await happens('the lease is taken', () => lease().holderIdentity === 'two_1');
    await pass(milliseconds(5_000));
    const [term] = two.terms;
    expect([two.leads, term?.term.remaining()]).toEqual([false, 0]);
    await expect(term?.api.request(WRITE, FOREVER)).rejects.toMatchObject({ code: 'API_NOT_PERMITTED' });
    server.install(SERVICES);
    await happens('it leads', () => two.leads);
  });
});

test('an attempt that failed is told when the next one fails too', async () => {
  const one = await leader('one');
  const told = (): number => one.log.messages('error').length;
  const counts: number[] = [];
  for (const broken of [true, true, true, false, true]) {
    if (broken) server.misbehave({ verb: 'write', status: 200, body: 'half an ans', times: 1 });
    await pass(milliseconds(2_000));
    counts.push(told());
  }
  expect(counts).toEqual([0, 1, 1, 1, 1]);
});

describe('a leader that cannot renew', () => {
  test('writes nothing from the deadline on, and goes on in the same term when it can', async () => {
    service('a');
    const one = await leader('one');
    const [term] = one.terms;
    await term?.api.request(WRITE, FOREVER);
    server.misbehave({ verb: 'write', status: 500, times: 1_000 });
    await pass(milliseconds(10_500));
    expect([one.leads, term?.api.reachable, term?.term.signal.aborted]).toEqual([false, false, false]);
    await expect(term?.api.request(WRITE, FOREVER)).rejects.toMatchObject({
      code: 'API_NOT_PERMITTED',
      message: `PATCH ${WRITE.path}: not sent, this process is not permitted to write now`,
    });
    expect(patches()).toBe(1);
    const waiting = term?.api.whenReachable(FOREVER);
    server.behave();
    await happens('it writes again', () => one.leads);
    await waiting;
    await term?.api.request(WRITE, FOREVER);
    expect([patches(), one.terms.length]).toEqual([2, 1]);
    expect(one.log.messages('warn')).toEqual([`the lease ${KEY} could not be renewed in time: nothing is written until it is`]);
    expect(one.log.messages('error')).toEqual([expect.stringContaining(`the lease ${KEY} cannot be had: `)]);
    expect(one.log.messages('info')).toContain(`the lease ${KEY} is renewed, this replica writes again`);
  });

  test('finds another in its place: the term is over for good', async () => {
    service('a');
    const one = await leader('one');
    const [first] = one.terms;
    const stored = server.list(LEASES)[0];
    server.put(LEASES, {
      ...stored,
      metadata: { name: 'metallb-controller', namespace: 'metallb-system' },
      spec: { ...lease(), holderIdentity: 'x' },
    });
    await happens('it is deposed', () => first?.ended === true);
    expect(first?.term.remaining()).toBe(0);
    await expect(first?.api.request(WRITE, FOREVER)).rejects.toMatchObject({ code: 'API_NOT_PERMITTED' });
    expect(one.log.messages('warn')).toEqual([
      `this replica leads no more: the lease ${KEY} changed hands; nothing is written from here on`,
    ]);
    await happens('it leads again', () => one.leads);
    expect(one.terms).toHaveLength(2);
    await expect(first?.api.request(WRITE, FOREVER)).rejects.toMatchObject({ code: 'API_NOT_PERMITTED' });
    expect(patches()).toBe(0);
  });
});

describe('a leader after a gap', () => {
  test.each<{ what: string; gap: (time: Micros) => void }>([
    { what: 'stopped', gap: (time) => clock.stall(time) },
    { what: 'suspended with its machine, clock and all', gap: (time) => clock.sleep(time) },
  ])('because it was $what knows that at once', async ({ gap }) => {
    service('a');
    const one = await leader('one');
    const [term] = one.terms;
    expect(term?.term.remaining()).toBeGreaterThan(milliseconds(7_000));
    gap(milliseconds(11_000));
    expect(term?.term.remaining()).toBeLessThanOrEqual(0);
    await expect(term?.api.request(WRITE, FOREVER)).rejects.toMatchObject({ code: 'API_NOT_PERMITTED' });
    await happens('it has renewed', () => one.leads);
    expect([patches(), one.terms.length]).toEqual([0, 1]);
  });

  test('a deleted Lease ends the term; the one who led makes it anew', async () => {
    const one = await leader('one');
    const two = await follower('two');
    server.remove(LEASES, KEY);
    await happens('it is there again', () => lease().holderIdentity === 'one_1' && one.terms.length === 2 && one.leads);
    expect(two.leads).toBe(false);
  });
});

describe('an election that cannot be held', () => {
  test('for want of a right says so once, and is held when the right is there', async () => {
    server.misbehave({ verb: 'get', status: 403, times: 6 });
    const one = start('one');
    await pass(milliseconds(10_000));
    expect(one.leads).toBe(false);
    expect(one.log.messages('error')).toEqual([
      expect.stringMatching(/^the lease metallb-system\/metallb-controller cannot be had: GET .* 403/),
    ]);
    server.behave();
    await happens('it leads', () => one.leads);
  });

  test('for want of a server is held right when that returns', async () => {
    const one = await leader('one');
    await server.goAway();
    await pass(milliseconds(30_000));
    expect([one.leads, one.terms.length]).toEqual([false, 1]);
    expect(one.log.messages('warn')).toEqual([]);
    await server.comeBack();
    await happens('the server is back', () => one.api.reachable);
    const back = clock.now();
    await happens('it writes again', () => one.leads);
    expect(clock.now() - back).toBeLessThan(milliseconds(500));
    expect(one.terms).toHaveLength(1);
  });

  test('a bug in the work ends it, and the lease is given back', async () => {
    const one = await leader('one');
    one.lastWords = () => Promise.reject(new Error('impossible'));
    await expect(one.stop()).rejects.toThrow('impossible');
    expect(lease().holderIdentity).toBe('');
    one.api[Symbol.dispose]();
    replicas = [];
    await breathe();
  });
});
