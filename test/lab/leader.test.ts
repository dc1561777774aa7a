import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { ingressOf } from './support/cluster.ts';
import { generator } from './support/odd-frames.ts';
import { alarmingLines, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { type LateWrite, Replicas, writesWithoutLease } from './support/replicas.ts';
import { Doubles, TightTraffic } from './support/tight-traffic.ts';

/** Two controllers on a real API server: who leads, how fast that changes, and what a paused one breaks. */

const TEST_MILLISECONDS = 300_000;
/** What is under a second, or the lease and a second, on a quiet machine may take longer on one that runs other things. */
const SLACK_MILLISECONDS = 10_000;
const REST_MILLISECONDS = 5_000;
const SHORT_LEASE = ['--leader-elect-lease-duration=1s', '--leader-elect-renew-deadline=600ms', '--leader-elect-retry-period=200ms'];
/** One that outlasts a moment in which the machine does other things. */
const LASTING_LEASE = ['--leader-elect-lease-duration=5s', '--leader-elect-renew-deadline=4s', '--leader-elect-retry-period=500ms'];
const POOL = '198.51.100.200-198.51.100.207';
const ADDRESSES = 8;

const PAUSES = 50;
const PAUSES_MILLISECONDS = 600_000;
/** Four more than there are addresses. */
const MOST_SERVICES = 12;
/** How long a doubled address may last. */
const DOUBLED_MILLISECONDS = 1_000;
const LOOK_MILLISECONDS = 40;

let replicas: Replicas;

function report(figure: string, values: object): void {
  process.stderr.write(`${JSON.stringify({ figure, ...values })}\n`);
}

describeLab('two controllers', () => {
  beforeAll(async () => {
    replicas = await Replicas.open();
    await replicas.cluster.createPool('main', [POOL]);
  }, START_MILLISECONDS);
  afterAll(() => replicas?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  afterEach(async () => {
    for (const controller of replicas.controllers) expect(await alarmingLines(controller)).toEqual([]);
    await replicas.stop();
  });

  test('one leads; at rest it renews its lease, and nobody writes anything else', restsWithItsLease, TEST_MILLISECONDS);
  test('a leader that is stopped hands over at once', handsOver, TEST_MILLISECONDS);
  test(
    'a leader that is killed is succeeded when its lease is over, and its pod is a follower when it is back',
    isSucceeded,
    TEST_MILLISECONDS,
  );
  test('a Lease that somebody deletes is made anew, by its name: no other can be made', isMadeAnew, TEST_MILLISECONDS);
  test('what a paused controller might still have written is repaired within a second, and said', isRepaired, TEST_MILLISECONDS);
  test(
    `a leader that is paused past its lease, ${PAUSES} times, doubles no address and writes nothing`,
    isPausedAgainAndAgain,
    PAUSES_MILLISECONDS,
  );
});

async function restsWithItsLease(): Promise<void> {
  await replicas.start();
  await using _web = await replicas.cluster.createService('web');
  await replicas.cluster.addressed('web');
  const before = await replicas.audit.quiet(REST_MILLISECONDS);
  const rested = performance.now();
  await sleep(REST_MILLISECONDS);
  const written = (await replicas.audit.writes()).slice(before);
  const seconds = (performance.now() - rested) / 1_000;
  const { leader } = await replicas.leader();
  const kinds = new Set(written.map(({ agent, verb, resource, name }) => `${agent.split(' ')[1]} ${verb} ${resource} ${name}`));
  expect([...kinds]).toEqual([`(${leader.name}) update leases metallb-controller`]);
  expect(written.length).toBeLessThanOrEqual(seconds / 2 + 1);
}

async function handsOver(): Promise<void> {
  await replicas.start();
  const { leader, follower } = await replicas.leader();
  const stopped = Date.now();
  const stopping = leader.program.stop();
  await using _next = await replicas.cluster.createService('next');
  await stopping;
  const milliseconds = (await replicas.addressedAt('next')) - stopped;
  report('leader-stopped-to-next-address', { milliseconds });
  expect(await leader.program.exited).toBe(0);
  expect(await replicas.holder()).toBe(follower.name);
  expect(milliseconds).toBeLessThan(1_000 + SLACK_MILLISECONDS);
}

async function isSucceeded(): Promise<void> {
  await replicas.start(LASTING_LEASE);
  const { leader, follower } = await replicas.leader();
  const killed = Date.now();
  await leader.program.kill();
  await using _next = await replicas.cluster.createService('after');
  const milliseconds = (await replicas.addressedAt('after')) - killed;
  report('leader-killed-to-next-address', { milliseconds, leaseMilliseconds: 5_000 });
  expect(milliseconds).toBeLessThan(6_000 + SLACK_MILLISECONDS);
  leader.start();
  await leader.ready();
  await sleep(1_500);
  expect(await replicas.holder()).toBe(follower.name);
}

async function isMadeAnew(): Promise<void> {
  await replicas.start(SHORT_LEASE);
  await replicas.deleteLease();
  const { leader } = await replicas.leader();
  await using _again = await replicas.cluster.createService('again');
  await replicas.cluster.addressed('again');
  expect(leader.program.alive).toBe(true);
  const account = ['--as=system:serviceaccount:metallb-system:controller', '-n', 'metallb-system'];
  const mayCreate = (what: string): Promise<string> => replicas.lab.control.kubectl(['auth', 'can-i', 'create', what, ...account]);
  expect(await mayCreate('leases.coordination.k8s.io/metallb-controller')).toBe('yes\n');
  await expect(mayCreate('leases.coordination.k8s.io')).rejects.toThrow();
}

async function isRepaired(): Promise<void> {
  await replicas.start();
  const { cluster } = replicas;
  await using _pool = await cluster.createPool('single', ['198.51.100.240/32'], {
    spec: { addresses: ['198.51.100.240/32'], autoAssign: false },
  });
  const annotations = { 'metallb.io/address-pool': 'single' };
  await using _holder = await cluster.createService('holder', { annotations });
  const [address = ''] = await cluster.addressed('holder');
  await using other = await cluster.createService('other', { annotations });
  await cluster.event(other, 'AllocationFailed');
  await cluster.patchStatus('Service', 'other', { loadBalancer: { ingress: [{ ip: address }] } });
  const doubled = Date.now();
  await eventually('the other is cleared', async () => (await cluster.addressesOf('other')).length === 0, {
    withinMilliseconds: 60_000,
    pauseMilliseconds: 10,
  });
  const milliseconds = Date.now() - doubled;
  report('stale-write-repaired', { milliseconds });
  expect(milliseconds).toBeLessThan(DOUBLED_MILLISECONDS + SLACK_MILLISECONDS);
  await cluster.event(other, 'ClearAssignment');
  expect(await cluster.addressesOf('holder')).toEqual([address]);
}

/**
 * Not refused as stale, or because the object is gone, nor given up by the server, which had the head of the request and waited in vain
 * for the rest.
 */
function wasAccepted({ status }: LateWrite): boolean {
  return ![404, 409, 504].includes(status);
}

/**
 * What a deposed leader changed although it must not. What bears an address is conditional on a resource version, so that none of it
 * may pass. An Event is conditional on nothing: the one request that was in the hand when the process was stopped may be one, and
 * there are no two such requests in a term.
 */
function forbidden(late: readonly LateWrite[]): readonly string[] {
  const accepted = late.filter(wasAccepted);
  const isFirst = ({ term }: LateWrite, index: number): boolean => accepted.findIndex((other) => other.term === term) === index;
  return accepted.filter((write, index) => write.resource !== 'events' || !isFirst(write, index)).map(({ text }) => text);
}

async function isPausedAgainAndAgain(): Promise<void> {
  const seed = Number(process.env.LAB_SEED ?? Date.now() % 1_000_000);
  process.stderr.write(`the pauses are those of LAB_SEED=${seed}\n`);
  const random = generator(seed);
  await replicas.start(SHORT_LEASE);
  const traffic = new TightTraffic(replicas.cluster, random, MOST_SERVICES);
  const doubles = new Doubles(DOUBLED_MILLISECONDS);
  const ending = new AbortController();
  const watching = watch(doubles, ending.signal);
  for (let pause = 0; pause < PAUSES; pause++) await pauseLeader(traffic, random);
  const { leader, follower } = await replicas.leader();
  await sleep(DOUBLED_MILLISECONDS);
  ending.abort();
  await watching;
  const writes = await replicas.audit.writes();
  const late = writesWithoutLease(writes);
  report('leader-paused', {
    seed,
    pauses: PAUSES,
    services: traffic.created,
    doubled: doubles.seen,
    longestMs: doubles.longestMilliseconds,
    late: late.map(({ text }) => text),
  });
  expect({ tooLong: [...doubles.tooLong], outsideOfLease: forbidden(late) }).toEqual({
    tooLong: [],
    outsideOfLease: [],
  });
  expect(await settled(doubles, traffic)).toEqual([]);
  for (const { name } of [leader, follower]) {
    expect(writes.filter(({ agent, resource }) => agent.includes(name) && resource === 'services/status').length).toBeGreaterThan(
      PAUSES / 5,
    );
  }
}

async function watch(doubles: Doubles, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    doubles.look(await replicas.cluster.list('Service'), Date.now());
    await sleep(LOOK_MILLISECONDS);
  }
}

/** Stops the leader in the middle of its work, lets the other take over and work, and lets it go on. */
async function pauseLeader(traffic: TightTraffic, random: () => number): Promise<void> {
  const { leader, follower } = await replicas.leader();
  const before = traffic.churn();
  await sleep(random() % 60);
  leader.program.pause();
  await before;
  await replicas.leads(follower);
  const meanwhile = traffic.churn();
  await sleep(random() % 400);
  leader.program.resume();
  await meanwhile;
  await sleep(random() % 200);
}

/** In the end as many have an address as there are, and none is doubled. */
async function settled(doubles: Doubles, traffic: TightTraffic): Promise<readonly string[]> {
  const held = async (): Promise<number> => (await replicas.cluster.list('Service')).flatMap((service) => ingressOf(service)).length;
  const wanted = Math.min(traffic.wanting, ADDRESSES);
  await eventually(`${wanted} addresses are given`, async () => (await held()) === wanted, { withinMilliseconds: 60_000 });
  return doubles.look(await replicas.cluster.list('Service'), Date.now());
}
