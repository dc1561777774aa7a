import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { ROUTER_PROGRAMS } from '../../hack/lab/routers/programs.ts';
import { describeLabWith } from '../support/lab/lab-suite.ts';
import { PATIENCE } from './support/cluster.ts';
import { countsFrom, type FrrPath, pathsOf } from './support/frr-view.ts';
import { alarmingLines, logOf, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { RouteScene, type Served } from './support/route-scene.ts';
import { settles } from './support/settles.ts';
import { CLUSTER_AS, ROUTER_AS } from './support/tor.ts';

/** What is announced, to whom and when not, as two routers see it: one of another AS, and one of the cluster's own. */

/** All three types mean the same engine, so that whatever holds below holds for each. Nodes that leave do not wait here. */
const ENVIRONMENTS = {
  'node-1': { METALLB_BGP_TYPE: 'native', TYPEMETAL_BGP_DRAIN: '0' },
  'node-2': { METALLB_BGP_TYPE: 'frr', TYPEMETAL_BGP_DRAIN: '0' },
  'node-3': { METALLB_BGP_TYPE: 'frr-k8s', TYPEMETAL_BGP_DRAIN: '0' },
};

const EXCLUDE = 'node.kubernetes.io/exclude-from-external-load-balancers';

let scene: RouteScene;

/**
 * Waits until the three paths to a prefix say the same but for the next hop, and this besides. An advertisement of before may be in
 * force for a moment more: kinds are watched apart.
 */
async function attributes(of: 'tor' | 'core', prefix: string, wanted: Partial<FrrPath>): Promise<void> {
  await settles(`the attributes of ${prefix}`, async () => {
    const [first, ...others] = (await pathsOf(scene[of].router, prefix)).map(({ peer: _peer, nextHop: _hop, ...rest }) => rest);
    expect(others).toEqual([first, first]);
    expect(first).toMatchObject(wanted);
  });
  await scene[of].routesOver(prefix, scene.nodes);
}

const MANY = Array.from({ length: 100 }, (_, number) => `64512:${100 + number}`);

function attributesOfRoutes(): void {
  test.each<{ what: string; spec: object; tor: Partial<FrrPath>; core: Partial<FrrPath> }>([
    {
      what: 'nothing asked for',
      spec: {},
      tor: { asPath: '64512', localPreference: undefined, communities: '' },
      core: { asPath: 'Local', localPreference: 100, communities: '' },
    },
    { what: 'a preference', spec: { localPref: 250 }, tor: { localPreference: undefined }, core: { localPreference: 250 } },
    {
      what: 'communities',
      spec: { communities: ['64512:7', '65535:65281'] },
      tor: { communities: '64512:7 no-export' },
      core: { communities: '64512:7 no-export' },
    },
    {
      what: 'large communities',
      spec: { communities: ['large:64512:1:2', 'large:4200000000:3:4'] },
      tor: { largeCommunities: '64512:1:2 4200000000:3:4' },
      core: { largeCommunities: '64512:1:2 4200000000:3:4' },
    },
    {
      what: 'extended communities',
      spec: { communities: ['extended:rt:64512:7', 'extended:soo:192.0.2.1:8', 'extended:rt:4200000000:9'] },
      tor: { extendedCommunities: 'RT:64512:7 SoO:192.0.2.1:8 RT:4200000000:9' },
      core: { extendedCommunities: 'RT:64512:7 SoO:192.0.2.1:8 RT:4200000000:9' },
    },
    { what: 'names', spec: { communities: ['racks', 'zone'] }, tor: { communities: '64512:99', largeCommunities: '64512:8:9' }, core: {} },
    { what: 'more than 63', spec: { communities: MANY }, tor: { communities: MANY.join(' ') }, core: { communities: MANY.join(' ') } },
  ])('$what', async ({ spec, tor, core }) => {
    const communities = [
      { name: 'racks', value: '64512:99' },
      { name: 'zone', value: 'large:64512:8:9' },
    ];
    await using _names = await scene.cluster.create('Community', 'names', { spec: { communities } });
    await using _all = await scene.advertise('all', spec);
    await using service = await scene.served('web', [1, 1, 1]);
    const prefix = `${service.address}/32`;
    await attributes('tor', prefix, tor);
    await attributes('core', prefix, core);
  });

  test('an aggregate is one route for all in it, and goes with the last of them', async () => {
    await using _all = await scene.advertise('all', { aggregationLength: 26, localPref: 70 });
    const [first, last] = [await scene.served('first', [1, 1, 1]), await scene.served('last', [1, 1, 0])];
    await attributes('core', '203.0.113.0/26', { localPreference: 70 });
    await scene.core.routesOver(`${first.address}/32`, []);
    await first[Symbol.asyncDispose]();
    await scene.core.routesOver('203.0.113.0/26', scene.nodes.slice(0, 2));
    await last[Symbol.asyncDispose]();
    await scene.core.routesOver('203.0.113.0/26', []);
  });

  test('an aggregate of IPv6, and an aggregate for one peer beside the addresses for another', async () => {
    await using _wide = await scene.advertise('wide', { aggregationLength: 25, aggregationLengthV6: 124, peers: ['tor'], localPref: 5 });
    await using _exact = await scene.advertise('exact', { peers: ['core'], localPref: 6 });
    await using _service = await scene.cluster.createService('web', { spec: { ipFamilyPolicy: 'RequireDualStack' } });
    const [ipv4 = '', ipv6 = ''] = await scene.cluster.addressed('web');
    const over = scene.product.lab.nodes.map(({ host }) => host.addresses.ipv6);
    await scene.tor.routesOver('203.0.113.0/25', scene.nodes);
    await scene.tor.routesOver('2001:db8:113::/124', over);
    await scene.core.routesOver(`${ipv4}/32`, scene.nodes);
    await scene.core.routesOver(`${ipv6}/128`, over);
    await scene.tor.routesOver(`${ipv4}/32`, []);
    await scene.core.routesOver('203.0.113.0/25', []);
  });
}

function peersOfAdvertisements(): void {
  test('an advertisement is for the peers that it names, and the status says so', async () => {
    await using _all = await scene.advertise('all', { peers: ['core', 'nobody'] });
    await using service = await scene.served('web', [1, 1, 1]);
    const prefix = `${service.address}/32`;
    const peers = async (): Promise<string> =>
      (await scene.cluster.list('ServiceBGPStatus')).map(({ status }) => status?.peers?.join('+') ?? '').join();
    await scene.core.routesOver(prefix, scene.nodes);
    await eventually('the status names one', async () => (await peers()) === 'core,core,core', PATIENCE);
    await scene.tor.routesOver(prefix, []);
    await scene.cluster.patch('BGPAdvertisement', 'all', { spec: { peers: null } });
    await scene.tor.routesOver(prefix, scene.nodes);
    await eventually('the status names both', async () => (await peers()) === 'core+tor,core+tor,core+tor', PATIENCE);
    await scene.cluster.patch('BGPAdvertisement', 'all', { spec: { peers: ['nobody'] } });
    for (const router of [scene.tor, scene.core]) await router.routesOver(prefix, []);
    await eventually('no status', async () => (await scene.cluster.list('ServiceBGPStatus')).length === 0, PATIENCE);
  });
}

const RACK = { matchLabels: { rack: 'a' } };

function selection(): void {
  test('an advertisement is for the nodes that it selects, as their labels come and go', async () => {
    await using _all = await scene.advertise('all', { nodeSelectors: [RACK, { matchLabels: { rack: 'b' } }] });
    await using service = await scene.served('web', [1, 1, 1]);
    const prefix = `${service.address}/32`;
    await using _first = await scene.mark('node-1', 'labels', 'rack', 'a');
    await scene.tor.routesOver(prefix, scene.nodes.slice(0, 1));
    {
      await using _second = await scene.mark('node-2', 'labels', 'rack', 'b');
      await scene.tor.routesOver(prefix, scene.nodes.slice(0, 2));
    }
    await scene.tor.routesOver(prefix, scene.nodes.slice(0, 1));
  });

  test('a peer is for the nodes that it selects', async () => {
    await using _all = await scene.advertise('all');
    await using service = await scene.served('web', [1, 1, 1]);
    const prefix = `${service.address}/32`;
    await scene.core.routesOver(prefix, scene.nodes);
    await scene.cluster.patch('BGPPeer', 'core', { spec: { nodeSelectors: [RACK] } });
    await scene.core.routesOver(prefix, []);
    {
      await using _third = await scene.mark('node-3', 'labels', 'rack', 'a');
      await scene.core.routesOver(prefix, scene.nodes.slice(2));
    }
    await scene.cluster.patch('BGPPeer', 'core', { spec: { nodeSelectors: null } });
    await scene.core.routesOver(prefix, scene.nodes);
    await scene.tor.routesOver(prefix, scene.nodes);
  });

  test('an advertisement is for the Services that it selects, and adds to others that are for all', async () => {
    await using _all = await scene.advertise('all', { communities: ['64512:1'] });
    await using _some = await scene.advertise('some', { communities: ['64512:2'], serviceSelectors: [{ matchLabels: { tier: 'front' } }] });
    await using service = await scene.served('web', [1, 1, 1]);
    const prefix = `${service.address}/32`;
    await attributes('tor', prefix, { communities: '64512:1' });
    await scene.cluster.patch('Service', 'web', { metadata: { labels: { tier: 'front' } } });
    await attributes('tor', prefix, { communities: '64512:1 64512:2' });
  });

  test('an advertisement is for the pools that it selects', async () => {
    await using _other = await scene.cluster.createPool('other', ['192.0.2.0/28'], { labels: { reach: 'rack' } });
    await using _all = await scene.advertise('all', { ipAddressPoolSelectors: [{ matchLabels: { reach: 'rack' } }] });
    const annotations = { 'metallb.io/address-pool': 'other' };
    await using inside = await scene.served('inside', [1, 1, 1], { annotations });
    await using outside = await scene.served('outside', [1, 1, 1], { annotations: { 'metallb.io/address-pool': 'routed' } });
    await scene.tor.routesOver(`${inside.address}/32`, scene.nodes);
    await scene.tor.routesOver(`${outside.address}/32`, []);
  });
}

function conflicts(): void {
  test('an address and the network around it may have different preferences', async () => {
    await using _other = await scene.cluster.createPool('other', ['192.0.2.0/26']);
    await using _exact = await scene.advertise('exact', { localPref: 50, ipAddressPools: ['other'] });
    await using _wide = await scene.advertise('wide', { localPref: 60, ipAddressPools: ['other'], aggregationLength: 26 });
    await using service = await scene.served('web', [1, 1, 1], { annotations: { 'metallb.io/address-pool': 'other' } });
    await attributes('core', `${service.address}/32`, { localPreference: 50 });
    await attributes('core', '192.0.2.0/26', { localPreference: 60 });
  });

  test('of two preferences for one route the older advertisement wins, and the younger says why not', async () => {
    await using _older = await scene.advertise('a-older', { localPref: 50 });
    await using _younger = await scene.advertise('b-younger', { localPref: 60, communities: ['64512:2'] });
    await using service = await scene.served('web', [1, 1, 1]);
    await attributes('core', `${service.address}/32`, { localPreference: 50, communities: '' });
    const said = async (): Promise<string | undefined> =>
      (await scene.cluster.get('BGPAdvertisement', 'b-younger')).status?.conditions?.find(({ status }) => status === 'False')?.message;
    const text = /invalid local preference 60: local preferernce 50 was already set/;
    await eventually('it is said', async () => text.test((await said()) ?? ''), PATIENCE);
  });

  test('where only the Service makes them meet, no node announces it, and each says why', async () => {
    const front = [{ matchLabels: { tier: 'front' } }];
    await using _all = await scene.advertise('all', { localPref: 50 });
    await using _some = await scene.advertise('some', { localPref: 60, serviceSelectors: front });
    await using service = await scene.served('web', [1, 1, 1]);
    const prefix = `${service.address}/32`;
    await scene.core.routesOver(prefix, scene.nodes);
    const say = await scene.withdrawals('web', 'conflictingAdvertisements');
    await scene.cluster.patch('Service', 'web', { metadata: { labels: { tier: 'front' } } });
    await scene.core.routesOver(prefix, []);
    await say(['node-1', 'node-2', 'node-3']);
    const lines = async (): Promise<readonly string[]> => (await logOf(scene.product.speaker('node-1'))).map(({ error }) => String(error));
    const said = "advertisements 'all' and 'some' have conflicting LOCAL_PREF (50 vs 60)";
    await eventually('it is said which', async () => (await lines()).includes(said), PATIENCE);
  });
}

const NETWORK_GONE = { type: 'NetworkUnavailable', status: 'True', reason: 'Lab', message: '' };

interface Reason {
  readonly reason: string;
  readonly by: readonly number[];
  /** `Local` when absent. */
  readonly externalTrafficPolicy?: 'Cluster';
  act(service: Served): Promise<unknown>;
}

/** What can become of a Service that is announced, and who says why it is not any more. */
const REASONS: readonly Reason[] = [
  // Policy and endpoints come by two watches, in any order: the policy is there from the start.
  { reason: 'noEndpoints', by: [0, 1, 2], externalTrafficPolicy: 'Cluster', act: ({ serveOn }) => serveOn([0, 0, 0]) },
  { reason: 'noLocalEndpoints', by: [0, 1], act: ({ serveOn }) => serveOn([0, 0, 1]) },
  { reason: 'notOwner', by: [0, 1, 2], act: () => scene.cluster.remove('BGPAdvertisement', 'all') },
  {
    reason: 'noMatchingAdvertisement',
    by: [0, 1, 2],
    act: () => scene.cluster.patch('BGPAdvertisement', 'all', { spec: { serviceSelectors: [{ matchLabels: { tier: 'none' } }] } }),
  },
  { reason: 'serviceDeleted', by: [0, 1, 2], act: () => scene.cluster.remove('Service', 'web') },
  // A Service of another type is none that is watched.
  { reason: 'serviceDeleted', by: [0, 1, 2], act: () => scene.cluster.patch('Service', 'web', { spec: { type: 'ClusterIP' } }) },
  { reason: 'nodeLabeledExcludeBalancers', by: [1], act: () => mark('node-2', 'labels', EXCLUDE) },
  { reason: 'nodeDrained', by: [2], act: () => mark('node-3', 'annotations', 'metallb.io/bgp-drain') },
  {
    reason: 'nodeNetworkUnavailable',
    by: [0],
    act: async () => {
      await scene.cluster.patchStatus('Node', 'node-1', { conditions: [NETWORK_GONE] });
      cleanUp.defer(async () => void (await scene.cluster.patchStatus('Node', 'node-1', { conditions: [] })));
    },
  },
];

let cleanUp: AsyncDisposableStack;

async function mark(node: string, kind: 'labels' | 'annotations', name: string): Promise<void> {
  cleanUp.use(await scene.mark(node, kind, name));
}

function withdrawals(): void {
  test.each(REASONS)('$reason of nodes $by', async ({ reason, by, externalTrafficPolicy = 'Local', act }) => {
    cleanUp = new AsyncDisposableStack();
    await using _cleanUp = cleanUp;
    await using _all = await scene.advertise('all');
    await using service = await scene.served('web', [1, 1, 1], { spec: { externalTrafficPolicy } });
    const prefix = `${service.address}/32`;
    for (const router of [scene.tor, scene.core]) await router.routesOver(prefix, scene.nodes);
    const say = await scene.withdrawals('web', reason);
    await act(service);
    const left = scene.nodes.filter((_, index) => !by.includes(index));
    for (const router of [scene.tor, scene.core]) await router.routesOver(prefix, left);
    await say(by.map((index) => `node-${index + 1}`));
  });

  test('endpoints that come and go on nodes', async () => {
    await using _all = await scene.advertise('all');
    await using service = await scene.served('web', [1, 0, 0]);
    for (const counts of [
      [1, 0, 0],
      [0, 2, 1],
      [0, 0, 0],
      [1, 1, 1],
    ]) {
      await service.serveOn(counts);
      await scene.tor.routesOver(
        `${service.address}/32`,
        scene.nodes.filter((_, index) => (counts[index] ?? 0) > 0),
      );
    }
  });

  test('another address is a route that goes and one that comes', async () => {
    await using _all = await scene.advertise('all');
    await using service = await scene.served('web', [1, 1, 1]);
    await scene.tor.routesOver(`${service.address}/32`, scene.nodes);
    const say = await scene.withdrawals('web', 'loadBalancerIPChanged');
    await scene.cluster.patch('Service', 'web', { metadata: { annotations: { 'metallb.io/loadBalancerIPs': '203.0.113.200' } } });
    await scene.tor.routesOver('203.0.113.200/32', scene.nodes);
    await scene.tor.routesOver(`${service.address}/32`, []);
    await say(['node-1', 'node-2', 'node-3']);
  });
}

/** How many UPDATEs each router has had of each node. */
async function updates(): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const { router } of [scene.tor, scene.core])
    for (const node of scene.nodes) counts.push((await countsFrom(router, node)).updatesRecv);
  return counts;
}

function messages(): void {
  test('a change of one Service among others is one UPDATE, and nothing else', async () => {
    // Of its own, so that none of before is in force when it is seen.
    await using _all = await scene.advertise('all', { communities: ['64512:4'] });
    await using others = new AsyncDisposableStack();
    const names = Array.from({ length: 8 }, (_, number) => `other-${number}`);
    const served = await Promise.all(names.map(async (name) => others.use(await scene.served(name, [1, 1, 1]))));
    for (const { address } of served)
      for (const router of ['tor', 'core'] as const) await attributes(router, `${address}/32`, { communities: '64512:4' });
    const before = await updates();
    const service = await scene.served('web', [1, 1, 1]);
    for (const router of [scene.tor, scene.core]) await router.routesOver(`${service.address}/32`, scene.nodes);
    expect(await updates()).toEqual(before.map((count) => count + 1));
    await service[Symbol.asyncDispose]();
    for (const router of [scene.tor, scene.core]) await router.routesOver(`${service.address}/32`, []);
    expect(await updates()).toEqual(before.map((count) => count + 2));
    // What all have in common is said for all at once.
    await scene.cluster.patch('BGPAdvertisement', 'all', { spec: { communities: ['64512:5'] } });
    for (const { address } of served)
      for (const router of ['tor', 'core'] as const) await attributes(router, `${address}/32`, { communities: '64512:5' });
    expect(await updates()).toEqual(before.map((count) => count + 3));
  });

  test('routes of IPv4 go over a session of IPv6', async () => {
    const nodes = scene.product.lab.nodes.map(({ host }) => host.addresses.ipv6);
    const inBoth = ['ipv4', 'ipv6'].flatMap((family) => [
      `address-family ${family} unicast`,
      ...nodes.map((node) => `neighbor ${node} activate`),
      'exit-address-family',
    ]);
    const neighbours = nodes.flatMap((node) => [`neighbor ${node} remote-as ${CLUSTER_AS}`, `neighbor ${node} passive`]);
    await scene.tor.router.order(['configure terminal', `router bgp ${ROUTER_AS}`, ...neighbours, ...inBoth].join('\n'));
    const peerAddress = scene.tor.host.addresses.ipv6;
    const spec = { myASN: CLUSTER_AS, peerASN: ROUTER_AS, peerAddress, connectTime: '1s', dualStackAddressFamily: true };
    await using _peer = await scene.cluster.create('BGPPeer', 'tor-of-ipv6', { spec });
    await using _all = await scene.advertise('all', { peers: ['tor-of-ipv6'] });
    await using _service = await scene.cluster.createService('web', { spec: { ipFamilyPolicy: 'RequireDualStack' } });
    const [ipv4 = '', ipv6 = ''] = await scene.cluster.addressed('web');
    await scene.tor.routesOver(`${ipv4}/32`, scene.nodes);
    await scene.tor.routesOver(`${ipv6}/128`, nodes);
  });
}

await describeLabWith(ROUTER_PROGRAMS, 'routes of BGP', () => {
  beforeAll(async () => {
    scene = await RouteScene.start(ENVIRONMENTS);
  }, START_MILLISECONDS);
  afterAll(() => scene?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('say', attributesOfRoutes);
  describe('are for', () => {
    peersOfAdvertisements();
    selection();
  });
  describe('with preferences', conflicts);
  describe('go', withdrawals);
  describe('take', messages);
  test('nobody has crashed', async () => {
    for (const process of scene.product.processes) expect(await alarmingLines(process)).toEqual([]);
  });
});
