// What one change of a Node costs a speaker where many Services could be announced by many nodes: the CPU time of the main thread, which makes the plan
// and keeps it on the disk, the octets that go to the wire thread, and the CPU time of that one. Beside it, the same for one Service more.

import { deserialize, serialize } from 'node:v8';
import { milliseconds } from '../src/lib/clock.ts';
import { formatAddress } from '../src/lib/ip.ts';
import { orderContenders } from '../src/model/contenders.ts';
import { endpointFacts } from '../src/model/endpoint-facts.ts';
import { parseL2Advertisements } from '../src/model/l2-advertisement.ts';
import type { NodeFacts } from '../src/model/node-facts.ts';
import type { Announcement, PlanChange } from '../src/model/plan.ts';
import { parsePools } from '../src/model/pool-set.ts';
import { Ownership } from '../src/speaker/shell/ownership.ts';
import { PlanQueue } from '../src/speaker/shell/plan-queue.ts';
import { AnnouncedServices } from '../src/speaker/watch/announced-services.ts';
import { AnnouncementNotices } from '../src/speaker/watch/announcement-notices.ts';
import { planAnnouncement } from '../src/speaker/watch/announcement-plan.ts';
import { Announcer } from '../src/speaker/watch/announcer.ts';
import { ContenderSets } from '../src/speaker/watch/contender-sets.ts';
import { rankOf } from '../src/speaker/watch/owner.ts';
import { encodePlan } from '../src/speaker/watch/saved-plan.ts';
import { FakeClock } from '../test/support/fake-clock.ts';
import { facts, l2Advertisement, pool } from '../test/support/objects.ts';
import { RecordingLogger } from '../test/support/recording-logger.ts';
import { RecordingMetrics } from '../test/support/recording-metrics.ts';
import { print } from './samples.ts';

const SERVICES = 5_000;
const NODES = 100;
const ROUNDS = 5;
const OWN = nameOf(3);
const ENDED = nameOf(7);
const log = new RecordingLogger();
const clock = new FakeClock();
const [metrics, queue, announced, contenderSets] = [new RecordingMetrics(), new PlanQueue(), new AnnouncedServices(), new ContenderSets()];
const notices = new AnnouncementNotices({ node: OWN, metrics, log, events: { record: () => undefined } });
const announcer = new Announcer({ node: OWN, announced, notices, log, applyToWire: (change) => queue.add(change) });
const services = Array.from({ length: SERVICES + 1 }, (_, index) =>
  facts({ name: `web-${index}`, ips: [`10.0.${index >> 7}.${index & 127}`] }),
);
const endpoints = [endpointFacts({ metadata: { namespace: 'default', name: 'web-1' }, endpoints: [{ nodeName: nameOf(2) }] })];
const pools = parsePools([pool('p', ['10.0.0.0/8'])]);
const advertisements = [...parseL2Advertisements([l2Advertisement('all', {})]).advertisements.values()];
let owned: readonly string[] = [];
const wire: Ownership = new Ownership({
  ...{ clock, node: OWN, rank: rankOf, segmented: true, memory: undefined, knownChanged: () => undefined },
  ...{ silentSince: () => undefined, taken: () => undefined },
  ...{ answer: () => undefined, defend: () => undefined, send: () => undefined, listened: () => undefined, catchUp: () => undefined },
  ...{ look: (key: string) => wire.take({ kind: 'free', address: key }), lookAway: () => undefined, keep: () => undefined },
  owned: (addresses) => {
    owned = addresses;
  },
});

begin();
for (let round = 0; round < ROUNDS; round++) measureNodeChange(round % 2 === 0);
measureOneService();

function nameOf(index: number): string {
  return `node-${index}.rack-${index % 10}.example.com`;
}

function nodes(excluded: boolean): readonly NodeFacts[] {
  return Array.from({ length: NODES }, (_, index) => {
    const name = nameOf(index);
    return { name, labels: { host: name }, networkUnavailable: false, excluded: excluded && name === ENDED, drained: false };
  });
}

/** Decides on Services as the operator does. */
function decide(seen: readonly NodeFacts[], wanted: typeof services): void {
  const surroundings = {
    node: OWN,
    nodes: seen,
    pools,
    unreadablePools: new Map(),
    advertisements,
    localInterfaces: ['eth0'],
    forwards: true,
    contenderSets,
  };
  for (const service of wanted) {
    const verdict = planAnnouncement({ ...surroundings, service, endpoints, loadBalancerClass: undefined, ignoreExcludeLabel: false });
    announcer.carryOut(service.key, service, verdict);
  }
}

/** All know all, and each address has the owner that comes first. */
function begin(): void {
  wire.start();
  for (let index = 0; index < NODES; index++) if (nameOf(index) !== OWN) greet(nameOf(index));
  decide(nodes(false), services.slice(0, SERVICES));
  const announcements = announced.planned();
  wire.apply([{ kind: 'replace', announcements }]);
  for (const { candidacy } of announcements) {
    if (candidacy === undefined) continue;
    const { address, contenders } = candidacy;
    const [first] = orderContenders(contenders, formatAddress(address), rankOf);
    if (first === undefined || first.node === OWN) continue;
    wire.take({ kind: 'claimed', node: first.node, claims: [{ address, epoch: 1, owner: first.node, leaving: false }] });
  }
  clock.advance(milliseconds(2_000));
  announcer.own(owned, true);
  queue.take();
}

function greet(node: string): void {
  wire.take({ kind: 'greeted', node, digest: wire.claims.digest, damped: false });
}

function cpuMilliseconds(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** What goes to the wire thread, as octets, and what it costs there. */
function send(changes: readonly PlanChange[]): { readonly octets: number; readonly wireCpuMs: number } {
  const octets = serialize(changes);
  const wireCpuMs = cpuMilliseconds(() => wire.apply(deserialize(octets) as PlanChange[]));
  return { octets: octets.length, wireCpuMs };
}

function measureNodeChange(excluded: boolean): void {
  const seen = nodes(excluded);
  const planCpuMs = cpuMilliseconds(() => decide(seen, services.slice(0, SERVICES)));
  const changes = queue.take() as readonly PlanChange[];
  let plan = '';
  const saveCpuMs = cpuMilliseconds(() => {
    plan = encodePlan(announced.planned(), { routes: [], peers: [], draining: false }, '1');
  });
  const { octets, wireCpuMs } = send(changes);
  const deathCpuMs = cpuMilliseconds(() => wire.take({ kind: 'gone', nodes: excluded ? [nameOf(1)] : [] }));
  const figures = { planCpuMs, changes: changes.length, octets, wireCpuMs, saveCpuMs, savedOctets: plan.length, deathCpuMs };
  const heapMegabytes = Math.round(process.memoryUsage().heapUsed / 1e6);
  print('plan-node-change', { services: SERVICES, nodes: NODES, ...figures, heapMegabytes });
}

function measureOneService(): void {
  const seen = nodes(ROUNDS % 2 === 1);
  const planCpuMs = cpuMilliseconds(() => decide(seen, services.slice(SERVICES)));
  const announcement: Announcement | undefined = announced.planOf(services[SERVICES]?.key ?? '');
  const sent = send(announcement === undefined ? [] : [{ kind: 'announce', announcement }]);
  const ownedCpuMs = cpuMilliseconds(() => announcer.own([...owned, ''], true));
  print('plan-one-service', { services: SERVICES, nodes: NODES, planCpuMs, ...sent, ownedCpuMs });
}
