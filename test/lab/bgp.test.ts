import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { Host } from '../../hack/lab/host.ts';
import { ROUTER_PROGRAMS } from '../../hack/lab/routers/programs.ts';
import { compareTexts } from '../../src/lib/order.ts';
import { parseSpeakerStatus, type SpeakerStatus } from '../../src/model/speaker-status.ts';
import { parseExposition } from '../support/exposition.ts';
import { describeLabWith } from '../support/lab/lab-suite.ts';
import { BGP_METRICS, rowsOf } from '../support/metric-table.ts';
import { type Lent, PATIENCE } from './support/cluster.ts';
import { alarmingLines, logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';
import { CLUSTER_AS, MAKES, ROUTER_AS, Tor } from './support/tor.ts';

/** BGP as a router sees it: real routers, real sockets, the product as its own service accounts. */

/** Not on the segment: only routes lead there. */
const POOL = ['203.0.113.0/24', '2001:db8:113::/120'];

/** The program as the checkout has it. */
const SPEAKER = join(import.meta.dirname, '../../bin/speaker');

/** Nothing else in a log reads like it. */
const PASSWORD = 'correct-horse';

let product: ProductLab;
let torHost: Host;
let nodes: readonly string[];

async function announce(peer: object = {}, advertisement: object = {}): Promise<AsyncDisposable> {
  const { cluster } = product;
  const lent: Lent[] = [
    await cluster.create('BGPPeer', 'tor', {
      spec: { myASN: CLUSTER_AS, peerASN: ROUTER_AS, peerAddress: torHost.addresses.ipv4, connectTime: '1s', ...peer },
    }),
    await cluster.create('BGPAdvertisement', 'all', { spec: { ipAddressPools: ['routed'], ...advertisement } }),
  ];
  const dispose = async (): Promise<void> => {
    await Promise.all(lent.map((each) => each[Symbol.asyncDispose]()));
    await product.peersForgotten();
  };
  return { [Symbol.asyncDispose]: dispose };
}

/** With whom the sessions of the speakers are not up, and why, as their logs say it. */
async function reasons(): Promise<string[]> {
  const logs = await Promise.all([...product.speakers.values()].map((speaker) => logOf(speaker)));
  return logs
    .flat()
    .filter(({ msg }) => msg === 'no BGP session')
    .map(({ address, reason }) => `${address}: ${reason}`);
}

function basics(): void {
  test.each(Object.entries(MAKES))('%s has a route over each node, and loses it with the Service', async (_, make) => {
    await using tor = await Tor.start(product.lab, torHost, make);
    await using _announced = await announce();
    await using service = await product.cluster.createService('web');
    const [address = ''] = await product.cluster.addressed('web');
    await tor.routesOver(`${address}/32`, nodes);
    await service[Symbol.asyncDispose]();
    await tor.routesOver(`${address}/32`, []);
  });

  test('a client reaches the Service over the routes, and says who announces it', async () => {
    await using tor = await Tor.start(product.lab, torHost);
    await using _announced = await announce();
    await using service = await product.cluster.createService('web');
    const [address = ''] = await product.cluster.addressed('web');
    await tor.routesOver(`${address}/32`, nodes);
    const { client } = product.lab;
    await client.host.run(['ip', 'route', 'replace', '203.0.113.0/24', 'via', tor.address]);
    // The router has yet to give its kernel the route.
    const answered = async (): Promise<boolean> => (await client.http(address)).status === 200;
    expect(await eventually('the client is answered', answered, PATIENCE)).toBe(true);
    const said = await product.cluster.event(service, 'nodeAssigned');
    expect(said).toMatchObject({ type: 'Normal', source: { component: 'metallb-speaker' } });
    expect(said.message).toMatch(/^announcing from node "node-\d" with protocol "bgp"$/);
    const statuses = async (): Promise<readonly string[]> =>
      (await product.cluster.list('ServiceBGPStatus')).map(
        ({ status }) => `${status?.node} ${status?.serviceName} ${status?.peers?.join()}`,
      );
    const told = product.lab.nodes.map(({ name }) => `${name} web tor`).join();
    await eventually('each node says so', async () => [...(await statuses())].sort(compareTexts).join() === told, PATIENCE);
    await service[Symbol.asyncDispose]();
    await eventually('nobody says so any more', async () => (await statuses()).length === 0, PATIENCE);
  });

  test('routes of both families go over one session', async () => {
    await using tor = await Tor.start(product.lab, torHost);
    await using _announced = await announce({ dualStackAddressFamily: true }, { communities: ['64512:7'], aggregationLength: 26 });
    await using _service = await product.cluster.createService('web', { spec: { ipFamilyPolicy: 'RequireDualStack' } });
    const [, ipv6 = ''] = await product.cluster.addressed('web');
    await tor.routesOver('203.0.113.0/26', nodes);
    const over = product.lab.nodes.map(({ host }) => host.addresses.ipv6);
    await tor.routesOver(`${ipv6}/128`, over);
    expect(await tor.router.order('show bgp ipv4 unicast 203.0.113.0/26')).toContain('Community: 64512:7');
  });
}

function truth(): void {
  test('metrics tell what the router tells, under all names that MetalLB has for them', async () => {
    const [first] = product.speakers.values();
    const families = async (): Promise<ReturnType<typeof parseExposition>> => parseExposition(first ? await product.metricsOf(first) : '');
    const value = (of: ReturnType<typeof parseExposition>, name: string, peer: string): number | undefined =>
      of.get(name)?.samples.get(`${name}{peer="${peer}",vrf="default"}`);
    // A peer that is the same one goes on counting, while the router begins anew.
    await product.peersForgotten();
    await using tor = await Tor.start(product.lab, torHost);
    const seenBy = async (): Promise<{ bgpState: string; messageStats: { updatesRecv: number; opensRecv: number } }> =>
      JSON.parse(await tor.router.order(`show bgp neighbors ${nodes[0]} json`))[nodes[0] ?? ''];
    // Before that it closes a connection without a look at what came by it.
    await settles('the router takes connections of the node', async () => expect((await seenBy()).bgpState).toBe('Active'));
    await using _announced = await announce();
    await using _service = await product.cluster.createService('web');
    const [address = ''] = await product.cluster.addressed('web');
    await tor.routesOver(`${address}/32`, nodes);
    const told = async (): Promise<boolean> => value(await families(), 'metallb_bgp_announced_prefixes_total', `${tor.address}:179`) === 1;
    await eventually('the metrics tell of the route', told, PATIENCE);
    const ours = (now: Awaited<ReturnType<typeof families>>, name: string): readonly (number | undefined)[] => [
      value(now, `metallb_bgp_${name}`, `${tor.address}:179`),
      value(now, `frrk8s_bgp_${name}`, tor.address),
    ];
    // The two are asked one after the other, and what is said last may be on its way.
    await settles('both count the same', async () => {
      const now = await families();
      expect(rowsOf(now, BGP_METRICS)).toEqual(BGP_METRICS);
      const { updatesRecv, opensRecv } = (await seenBy()).messageStats;
      expect(ours(now, 'session_up')).toEqual([1, 1]);
      // The route, and the mark that it is all; what the router itself counts.
      expect(ours(now, 'updates_total')).toEqual([updatesRecv, updatesRecv]);
      expect(ours(now, 'opens_sent')).toEqual([opensRecv, opensRecv]);
    });
  });
}

/** What the speaker of a node says of itself, asked as an administrator of the node would. */
async function statusOf(node: string): Promise<SpeakerStatus> {
  const { sandbox } = product.lab;
  const printed = await product.lab.node(node).host.run([SPEAKER, 'status', `--state-directory=${sandbox.path('state', node)}`]);
  const status = parseSpeakerStatus(printed);
  if (!status.ok) throw new Error(status.error);
  return status.value;
}

function statuses(): void {
  test('a node tells its administrator of its sessions, and the reader of a BGPPeer why there is none', async () => {
    await using tor = await Tor.start(product.lab, torHost);
    await using _announced = await announce({ peerASN: 64_601 });
    await using _service = await product.cluster.createService('web');
    const [address = ''] = await product.cluster.addressed('web');
    const [name = ''] = product.speakers.keys();
    const reason = /^the peer answers with AS 64600, 64601 expected \(NOTIFICATION OPEN Message Error\/Bad Peer AS sent\)$/;
    await eventually('the status has the reason', async () => reason.test((await statusOf(name)).sessions[0]?.lastError ?? ''), PATIENCE);
    const told = {
      node: name,
      resumed: false,
      sessions: [{ peer: 'tor', address: `${tor.address}:179`, notificationSent: { code: 2, subcode: 2 }, announced: 0, wanted: 1 }],
      services: [{ service: 'default/web', layer2: [], routes: [`${address}/32`] }],
    };
    await settles('the status has the rest', async () => expect(await statusOf(name)).toMatchObject(told));
    const events = async (): Promise<string> =>
      await product.lab.control.kubectl(['events', '-n', 'metallb-system', '--for', 'bgppeer/tor']);
    const said = new RegExp(
      `Warning +sessionDown .*node "${name}" has no session with \\S+: the peer answers with AS 64600, 64601 expected`,
    );
    await eventually('the events of the BGPPeer have it', async () => said.test(await events()), PATIENCE);
    await product.cluster.patch('BGPPeer', 'tor', { spec: { peerASN: ROUTER_AS } });
    await tor.routesOver(`${address}/32`, nodes);
    const up = async (): Promise<boolean> => (await statusOf(name)).sessions[0]?.state === 'established';
    await eventually('the status says that it is up', up, PATIENCE);
    const session = {
      prefixes: { IPv4: 1, IPv6: 0 },
      routes: [`${address}/32`],
      agreed: { peerAsn: ROUTER_AS, capabilities: expect.arrayContaining(['ipv4-unicast']) },
    };
    await settles('the status has the session', async () => expect((await statusOf(name)).sessions).toMatchObject([session]));
    await eventually(
      'the events say so too',
      async () => new RegExp(`Normal +sessionUp .*node "${name}" has a session`).test(await events()),
      PATIENCE,
    );
  });
}

function outages(): void {
  test('a speaker that starts while the API server is away announces what it announced, and later what is true', async () => {
    const { control, nodes: hosts, sandbox } = product.lab;
    const [{ name } = { name: '' }] = hosts;
    const keeps = async (text: string): Promise<boolean> =>
      (await readFile(sandbox.path('state', name, 'plan'), 'utf8').catch(() => '')).includes(text);
    await eventually('nothing of before is kept', async () => !(await keeps('"default/web"')), PATIENCE);
    await using tor = await Tor.start(product.lab, torHost);
    await using _announced = await announce();
    await using service = await product.cluster.createService('web');
    const [address = ''] = await product.cluster.addressed('web');
    await tor.routesOver(`${address}/32`, nodes);
    const kept = async (): Promise<boolean> => (await keeps('"default/web"')) && (await keeps('"name":"tor"'));
    await eventually('the plan is kept, with Service and peer', kept, PATIENCE);
    const speaker = product.speaker(name);
    await control.apiServer.kill();
    try {
      await speaker.program.kill();
      await tor.routesOver(`${address}/32`, nodes.slice(1));
      speaker.start();
      await tor.routesOver(`${address}/32`, nodes);
    } finally {
      await control.startApiServer();
    }
    expect((await logOf(speaker)).filter(({ op }) => op === 'resume')).toMatchObject([{ level: 'warn', routedServices: 1, peers: 1 }]);
    await service[Symbol.asyncDispose]();
    await tor.routesOver(`${address}/32`, []);
    await speaker.ready();
  });
}

function failures(): void {
  test('a speaker that ends says so, and its routes are gone; one that starts announces them again', async () => {
    await using tor = await Tor.start(product.lab, torHost);
    await using _announced = await announce();
    await using _service = await product.cluster.createService('web');
    const [address = ''] = await product.cluster.addressed('web');
    await tor.routesOver(`${address}/32`, nodes);
    const [first] = product.lab.nodes;
    const speaker = product.speaker(first?.name ?? '');
    await speaker.program.stop();
    await tor.routesOver(`${address}/32`, nodes.slice(1));
    expect(await tor.router.order(`show bgp neighbors ${nodes[0]}`)).toContain('Administrative Shutdown');
    speaker.start();
    await tor.routesOver(`${address}/32`, nodes);
    await speaker.ready();
  });

  test.each([
    { what: 'AS', peer: { peerASN: 64_601 }, reason: /:179: the peer answers with AS 64600, 64601 expected/ },
    { what: 'port', peer: { peerPort: 1179 }, reason: /198\.51\.100\.\d+:1179: the connection was refused/ },
    { what: 'source address', peer: { sourceAddress: '198.51.100.77' }, reason: /the source address is not one of this node/ },
  ])('a wrong $what is said in a sentence, and mended without a restart', async ({ peer, reason }) => {
    await using tor = await Tor.start(product.lab, torHost);
    await using _announced = await announce(peer);
    await using _service = await product.cluster.createService('web');
    const [address = ''] = await product.cluster.addressed('web');
    await eventually('the reason is said', async () => (await reasons()).some((said) => reason.test(said)), PATIENCE);
    await product.cluster.patch('BGPPeer', 'tor', { spec: { peerASN: ROUTER_AS, peerPort: 179, sourceAddress: null } });
    await tor.routesOver(`${address}/32`, nodes);
  });

  test('a password is taken from its Secret, and followed when it changes', async () => {
    await using tor = await Tor.start(product.lab, torHost, MAKES.frr, `password ${PASSWORD}`);
    const ofPassword = (password: string): object => ({ stringData: { password } });
    await using _secret = await product.cluster.create('Secret', 'tor', {
      fields: { type: 'kubernetes.io/basic-auth', ...ofPassword('wrong') },
    });
    await using _announced = await announce({ passwordSecret: { name: 'tor' }, holdTime: '3s' });
    await using _service = await product.cluster.createService('web');
    const [address = ''] = await product.cluster.addressed('web');
    await eventually('the reason is said', async () => (await reasons()).some((said) => said.includes('no answer')), PATIENCE);
    expect(await tor.nextHops(`${address}/32`)).toEqual([]);
    await product.cluster.patch('Secret', 'tor', ofPassword(PASSWORD));
    await tor.routesOver(`${address}/32`, nodes);
  });

  test('nobody has crashed, and no password was said', async () => {
    for (const process of product.processes) expect(await alarmingLines(process)).toEqual([]);
    const logs = await Promise.all(product.processes.map((process) => logOf(process)));
    expect(JSON.stringify(logs)).not.toContain(PASSWORD);
  });
}

await describeLabWith(ROUTER_PROGRAMS, 'BGP', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    torHost = await product.lab.network.addHost('tor', 110, { router: true });
    nodes = product.lab.nodes.map(({ host }) => host.addresses.ipv4);
    await product.cluster.createPool('routed', POOL);
  }, START_MILLISECONDS);
  afterAll(() => product[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('does the basics', basics);
  describe('tells the truth', truth);
  describe('tells why', statuses);
  describe('stands an outage of the API server', outages);
  describe('stands failures', failures);
});
