import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TYPE } from '../../hack/bgp-recorder/wire.ts';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { Host } from '../../hack/lab/host.ts';
import type { LabNode } from '../../hack/lab/lab.ts';
import { residentMebibytes } from '../../hack/lab/process-cost.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { ROUTER_PROGRAMS } from '../../hack/lab/routers/programs.ts';
import type { Router } from '../../hack/lab/routers/router.ts';
import {
  BAD_BEGINNINGS,
  BAD_UPDATES,
  type BadMessage,
  flood,
  GOOD_MANNERS,
  KEEPALIVE,
  notification,
  ODD_UPDATES,
  oddUpdate,
  REFRESH,
  SUBCODES,
} from '../support/bgp-bad-messages.ts';
import { describeLabWith } from '../support/lab/lab-suite.ts';
import { PATIENCE } from './support/cluster.ts';
import { BIRD_AT, PASSWORD, SOURCE, startBird } from './support/demanding-bird.ts';
import { HostileRouter, type Visit } from './support/hostile-router.ts';
import { alarmingLines, type LogLine, logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';
import { CLUSTER_AS, ROUTER_AS } from './support/tor.ts';

/**
 * Routers that say what no router should, or nothing: each on a port of its own, with the same speaker. What is said here
 * comes from sockets of another kernel network, not from the product's codec.
 */

/** More than one attempt is seen of each, so that a log that is flooded shows. */
const VISITS = 3;
/** Attempts lie up to two minutes apart when sessions broke at once again and again, which they do until all rows have been looked at. */
const LONG_PATIENCE = { withinMilliseconds: 180_000 };

let product: ProductLab;
let node: LabNode;
let speaker: ProductProcess;
/** A second node: BIRD knows each neighbour once. */
let other: LabNode;
let host: Host;
const routers = new Map<string, HostileRouter>();

/** A peer of the one node, at the next free port of the router. */
async function meet(name: string, manners: (visit: Visit) => void, spec: object = {}): Promise<HostileRouter> {
  const router = await HostileRouter.open(host, 2_000 + routers.size, manners);
  routers.set(name, router);
  await peerWith(name, { peerAddress: host.addresses.ipv4, peerPort: router.port, ...spec });
  return router;
}

async function peerWith(name: string, spec: object, at: LabNode = node): Promise<void> {
  const nodeSelectors = [{ matchLabels: { 'kubernetes.io/hostname': at.name } }];
  await product.cluster.create('BGPPeer', name, { spec: { myASN: CLUSTER_AS, peerASN: ROUTER_AS, nodeSelectors, ...spec } });
}

function routerOf(name: string): HostileRouter {
  const router = routers.get(name);
  if (router === undefined) throw new Error(`there is no router ${name}`);
  return router;
}

/** Fulfilled when a router has had its visits to the end. */
async function visited(name: string): Promise<void> {
  await eventually(`${name} is visited`, () => routerOf(name).hasSeenOff(VISITS), LONG_PATIENCE);
}

/** What the speakers said about a peer: each is a peer of one of them. */
async function linesOf(peer: string, message: string): Promise<readonly LogLine[]> {
  const logs = await Promise.all([...product.speakers.values()].map((one) => logOf(one)));
  return logs.flat().filter((line) => line.peer === peer && line.msg === message);
}

async function reasonsOf(peer: string): Promise<readonly string[]> {
  const lines = [...(await linesOf(peer, 'no BGP session')), ...(await linesOf(peer, 'BGP session down'))];
  return lines.map(({ reason }) => String(reason));
}

/** Fulfilled when a session is up that began after `before` others. */
function established(peer: string, before: number): Promise<boolean> {
  return eventually(`${peer} has a session`, async () => (await linesOf(peer, 'BGP session established')).length > before, LONG_PATIENCE);
}

async function reasonSaid(peer: string, reason: RegExp): Promise<void> {
  const said = async (): Promise<boolean> => {
    const all = await reasonsOf(peer);
    if (all.some((one) => reason.test(one))) return true;
    throw new Error(all.join('; '));
  };
  await eventually(`the log says why ${peer} has no session`, said, LONG_PATIENCE);
}

const nameOf = (kind: string, index: number): string => `${kind}-${index}`;
const rowsOf = (kind: string, rows: readonly BadMessage[]) => rows.map((row, index) => ({ ...row, name: nameOf(kind, index) }));
const BEGINNINGS = rowsOf('beginning', BAD_BEGINNINGS);
const UPDATES = rowsOf('update', BAD_UPDATES);
const CODES = Object.entries(SUBCODES).map(([code, subcodes]) => ({ code: Number(code), subcodes, name: `notified-${code}` }));

/** All of them at the same time, which takes no longer than one. */
async function playAll(): Promise<void> {
  for (const { name, says } of BEGINNINGS) await meet(name, (visit) => visit.say(...says), { connectTime: '1s' });
  for (const { name, says } of UPDATES) await meet(name, (visit) => visit.say(...says));
  for (const { name, code, subcodes } of CODES) {
    const next = (visit: Visit): void => visit.say(notification(code, subcodes[(routerOf(name).visits.length - 1) % subcodes.length] ?? 0));
    await meet(name, next, { connectTime: '1s' });
  }
}

function messages(): void {
  beforeAll(playAll);

  test.each(BEGINNINGS)('$what instead of a session: $answer, and one line in the log', async ({ name, answer, reason }) => {
    const router = routerOf(name);
    await visited(name);
    expect([...new Set(router.visits.slice(0, VISITS).map(({ farewell }) => farewell))]).toEqual([answer]);
    // The log is written by another thread than the one that speaks.
    await settles('it is in the log', async () => expect(await linesOf(name, 'no BGP session')).not.toHaveLength(0));
    expect(await linesOf(name, 'no BGP session')).toMatchObject([{ level: 'error', reason: expect.stringContaining(reason) }]);
  });

  test.each(UPDATES)('$what in a session: $answer, and the next attempts come later and later', async ({ name, answer, reason }) => {
    const router = routerOf(name);
    await visited(name);
    expect([...new Set(router.visits.slice(0, VISITS).map(({ farewell }) => farewell))]).toEqual([answer]);
    await settles('it is in the log', async () => expect(await linesOf(name, 'BGP session down')).not.toHaveLength(0));
    const down = await linesOf(name, 'BGP session down');
    expect(down[0]).toMatchObject({ level: 'warn', reason: expect.stringContaining(reason) });
    expect(router.visits.length).toBeLessThanOrEqual(router.mostVisits());
    expect(down.length).toBeLessThanOrEqual(router.visits.length);
  });

  test.each(CODES)(
    'a NOTIFICATION $code with each of its subcodes is said as it is named, and not answered',
    async ({ name, code, subcodes }) => {
      const router = routerOf(name);
      await eventually(`${name} has said all`, () => router.visits.length > subcodes.length, LONG_PATIENCE);
      const said = /^the peer closed the session with NOTIFICATION \S/;
      const all = subcodes.map((subcode) => ({ code, subcode, reason: expect.stringMatching(said) }));
      let first: readonly LogLine[] = [];
      await settles('all are in the log', async () => {
        first = (await linesOf(name, 'no BGP session')).slice(0, subcodes.length);
        expect(first).toMatchObject(all);
      });
      expect(new Set(first.map(({ reason }) => reason)).size).toBe(subcodes.length);
      expect(router.farewells).toEqual(['nothing']);
    },
  );

  test('all of them have a session as soon as the router is good', async () => {
    const all = [...BEGINNINGS, ...UPDATES, ...CODES].map(({ name }) => name);
    const before = new Map<string, number>();
    for (const name of all) before.set(name, (await linesOf(name, 'BGP session established')).length);
    for (const name of all) routerOf(name).mend();
    await Promise.all(all.map((name) => established(name, before.get(name) ?? 0)));
  });
}

function attributes(): void {
  beforeAll(async () => {
    await meet('odd', (visit) => visit.say(...GOOD_MANNERS));
    await established('odd', 0);
  });

  test.each(ODD_UPDATES)('$what: the session stays', async (odd) => {
    const { last } = routerOf('odd');
    const marks = last.count(TYPE.routeRefresh);
    last.say(oddUpdate(odd), REFRESH);
    // The answer to what comes behind it says that it was read.
    await eventually('the speaker answers', () => last.count(TYPE.routeRefresh) === marks + 2 || last.farewell !== undefined, PATIENCE);
    expect([last.farewell, routerOf('odd').visits.length]).toEqual([undefined, 1]);
  });
}

/** Rules of the router's own kernel that drop all of one connection in both directions. */
async function silence(port: number): Promise<AsyncDisposable> {
  await host.run(
    ['nft', '-f', '-'],
    [
      'table inet silence {',
      ` chain in { type filter hook input priority 0; tcp dport ${port} drop; }`,
      ` chain out { type filter hook output priority 0; tcp sport ${port} drop; }`,
      '}',
    ].join('\n'),
  );
  return { [Symbol.asyncDispose]: async () => void (await host.run(['nft', 'delete', 'table', 'inet', 'silence'])) };
}

function connections(): void {
  test('messages that come octet by octet are messages', async () => {
    await meet('slow', (visit) => void visit.drip(Buffer.concat(GOOD_MANNERS), 5));
    await established('slow', 0);
    expect(routerOf('slow').visits).toHaveLength(1);
  });

  test('a KEEPALIVE that comes an octet a second is none within 3 s', async () => {
    const slowly = (visit: Visit): void => {
      visit.say(...GOOD_MANNERS);
      void visit.drip(KEEPALIVE, 1_000);
    };
    const router = await meet('dripping', slowly, { holdTime: '3s' });
    await eventually('the speaker gives up', () => router.visits[0]?.farewell, LONG_PATIENCE);
    expect(router.visits[0]?.farewell).toBe('4/0');
    await reasonSaid('dripping', /^the peer said nothing for the whole hold time \(NOTIFICATION Hold Timer Expired sent\)$/);
    router.mend();
    await established('dripping', 1);
  });

  test('a second connection at once is refused, and the session goes on', async () => {
    const router = await meet('calm', (visit) => visit.say(...GOOD_MANNERS));
    await established('calm', 0);
    const url = `http://${node.host.addresses.ipv4}:179/`;
    await expect(host.agent.ask({ kind: 'http', url, withinMilliseconds: 60_000 })).rejects.toThrow('ECONNREFUSED');
    router.last.say(REFRESH);
    await eventually('the speaker answers', () => router.last.count(TYPE.routeRefresh) === 2, PATIENCE);
    expect(router.visits).toHaveLength(1);
  });

  test('a router that has forgotten the connection answers with a reset, and has a new session at once', async () => {
    const router = await meet('rebooted', (visit) => visit.say(...GOOD_MANNERS), { holdTime: '90s', keepaliveTime: '1s' });
    await established('rebooted', 0);
    {
      await using _ = await silence(router.port);
      router.last.socket.resetAndDestroy();
      await eventually('the socket is gone', () => router.last.socket.closed, PATIENCE);
    }
    await established('rebooted', 1);
    await reasonSaid('rebooted', /the peer reset the connection/);
  });

  test('a router that vanishes without a word is gone after the hold time, and has a session when it is back', async () => {
    const keepsAlive = (visit: Visit): void => {
      visit.say(...GOOD_MANNERS);
      const timer = setInterval(() => visit.say(KEEPALIVE), 500);
      visit.socket.once('close', () => clearInterval(timer));
    };
    const router = await meet('vanished', keepsAlive, { holdTime: '3s', connectTime: '1s' });
    await established('vanished', 0);
    {
      await using _ = await silence(router.port);
      await reasonSaid('vanished', /^the peer said nothing for the whole hold time/);
      await reasonSaid('vanished', /no answer.*is the router reachable/);
    }
    await established('vanished', 1);
  });
}

/** Octets of an IPv4 packet of TCP that carries no data. */
const LONGEST_ACK = 80;

/** Whether the last that was said of a peer is that there is a session, so long ago at the least. */
async function staysUp(peer: string, milliseconds: number): Promise<boolean> {
  const last = (lines: readonly LogLine[]): number => Date.parse(String(lines.at(-1)?.ts ?? new Date(0).toISOString()));
  const up = last(await linesOf(peer, 'BGP session established'));
  return up > last(await linesOf(peer, 'BGP session down')) && Date.now() - up > milliseconds;
}

/** The least that there is: so long a session lasts of which the router hears nothing. */
const TTL_HOLD_MILLISECONDS = 3_000;

let bird: Router;

/** The three peers of BIRD, which take their time to find out that nobody answers. */
async function meetBird(): Promise<void> {
  const on = await product.lab.network.addHost('bird', BIRD_AT.password, { router: true });
  const at = { password: node.host.addresses.ipv4, ttl: other.host.addresses.ipv4 };
  bird = await startBird(product.lab.sandbox, on, at);
  const chain = `chain out { type filter hook output priority 0; ip daddr 198.51.100.${BIRD_AT.ttl} ip ttl set 64; };`;
  await other.host.run(['nft', '-f', '-'], `table inet far { ${chain} }`);
  // BIRD looks at the TTL from when it has taken the connection; what comes before is to be dropped too, whenever BIRD has its turn.
  const early = `ip daddr 198.51.100.${BIRD_AT.ttl} ip ttl != 255 ip length > ${LONGEST_ACK} drop;`;
  await bird.host.run(['nft', '-f', '-'], `table inet near { chain in { type filter hook input priority 0; ${early} }; }`);
  const spec = (last: number): object => ({ peerAddress: `198.51.100.${last}`, connectTime: '1s' });
  await peerWith('password', { ...spec(BIRD_AT.password), password: 'wrong' });
  await peerWith('ttl', { ...spec(BIRD_AT.ttl), holdTime: `${TTL_HOLD_MILLISECONDS / 1_000}s` }, other);
  await peerWith('source', spec(BIRD_AT.source));
}

function options(): void {
  test('a wrong password is asked about, and a right one is enough', async () => {
    await reasonSaid('password', /is the password the same on both sides\?$/);
    await product.cluster.patch('BGPPeer', 'password', { spec: { password: PASSWORD } });
    await established('password', 0);
  });

  test('packets that have been forwarded do not pass TTL security, and are asked about', async () => {
    await reasonSaid('ttl', /does it drop what this node sends \(TTL security, a packet filter\)\?/);
    expect(await linesOf('ttl', 'BGP session established')).toEqual([]);
    await other.host.run(['nft', 'delete', 'table', 'inet', 'far']);
    // It has not heard that the earlier connections are over either.
    await bird.order('restart wants_ttl');
    await eventually('the session stays', () => staysUp('ttl', 2 * TTL_HOLD_MILLISECONDS), LONG_PATIENCE);
  });

  test('a node that comes from another address than the router knows is told to look there', async () => {
    await reasonSaid('source', /does it know this node as a neighbor, by the address that it comes from\?/);
    await node.host.ip(`address add ${SOURCE}/24 dev eth0`);
    await product.cluster.patch('BGPPeer', 'source', { spec: { sourceAddress: SOURCE } });
    await established('source', 0);
  });
}

const ROUTES = 500_000;
const ROUTES_AT_ONCE = 5_000;
/** Half a million routes that somebody kept would take far more. */
const MOST_GROWTH_MEBIBYTES = 128;
const QUESTIONS = 400;

function share(sorted: readonly number[], part: number): number {
  return Math.round((sorted[Math.floor(part * (sorted.length - 1))] ?? 0) * 100) / 100;
}

function floods(): void {
  test('half a million routes are counted and dropped, and no ARP answer is lost meanwhile', async () => {
    const { cluster, wire } = product;
    await using _pool = await cluster.createPool('segment', ['198.51.100.240/29']);
    const nodeSelectors = [{ matchLabels: { 'kubernetes.io/hostname': node.name } }];
    await using _advertisement = await cluster.create('L2Advertisement', 'segment', { spec: { nodeSelectors } });
    await using _service = await cluster.createService('web');
    const [address = ''] = await cluster.addressed('web');
    const answers = async (): Promise<boolean> => (await wire.ask(address, 1)).byMac[node.host.addresses.mac] === 1;
    await eventually(`${node.name} answers for ${address}`, answers, PATIENCE);
    const router = await meet('flood', (visit) => visit.say(...GOOD_MANNERS));
    await established('flood', 0);
    const before = await residentMebibytes(speaker);
    let peak = before;
    const watch = setInterval(() => void residentMebibytes(speaker).then((now) => (peak = Math.max(peak, now))), 100);
    const began = performance.now();
    const asking = wire.latencies(address, QUESTIONS, 10);
    for (let first = 0; first < ROUTES; first += ROUTES_AT_ONCE) await pour(router.last, flood(first, ROUTES_AT_ONCE));
    router.last.say(REFRESH);
    await eventually('all is read', () => router.last.count(TYPE.routeRefresh) === 2, LONG_PATIENCE);
    const seconds = (performance.now() - began) / 1_000;
    const latencies = await asking;
    clearInterval(watch);
    const sorted = latencies.filter((one) => one !== null).sort((left, right) => left - right);
    const printed = {
      routes: ROUTES,
      seconds,
      beforeMebibytes: before,
      peakMebibytes: peak,
      arpMilliseconds: { p50: share(sorted, 0.5), p99: share(sorted, 0.99) },
    };
    process.stdout.write(`${JSON.stringify({ flood: printed })}\n`);
    expect([sorted.length, router.visits.length]).toEqual([QUESTIONS, 1]);
    expect(peak - before).toBeLessThan(MOST_GROWTH_MEBIBYTES);
    const counted = new RegExp(
      `metallb_bgp_updates_total_received\\{peer="${host.addresses.ipv4}:${router.port}",vrf="default"\\} ${ROUTES}\\n`,
    );
    await eventually('all are counted', async () => counted.test(await product.metricsOf(speaker)), PATIENCE);
  });
}

/** Fulfilled when the kernel has taken it. */
function pour({ socket }: Visit, octets: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => void socket.write(octets, (cause) => (cause == null ? resolve() : reject(cause))));
}

await describeLabWith(ROUTER_PROGRAMS, 'a BGP peer that goes wrong', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    host = await product.lab.network.addHost('hostile', 110, { router: true });
    const [first, second] = product.lab.nodes;
    if (first === undefined || second === undefined) throw new Error('the lab has too few nodes');
    [node, other] = [first, second];
    speaker = product.speaker(node.name);
    await meetBird();
  }, START_MILLISECONDS);
  afterAll(async () => {
    for (const router of routers.values()) router[Symbol.dispose]();
    await product[Symbol.asyncDispose]();
  }, STOP_MILLISECONDS);

  describe('says what it should not', messages);
  describe('has odd attributes', attributes);
  describe('is slow, gone or back', connections);
  describe('wants other options', options);
  describe('says too much', floods);

  test('nobody has crashed, and no password was said', async () => {
    for (const process of product.processes) expect(await alarmingLines(process)).toEqual([]);
    expect(JSON.stringify(await logOf(speaker))).not.toContain(PASSWORD);
  });
});
