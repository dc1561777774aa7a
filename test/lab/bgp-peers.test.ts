import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { Host } from '../../hack/lab/host.ts';
import { ROUTER_PROGRAMS } from '../../hack/lab/routers/programs.ts';
import { describeLabWith } from '../support/lab/lab-suite.ts';
import { PATIENCE } from './support/cluster.ts';
import { countsFrom, pathsOf } from './support/frr-view.ts';
import { alarmingLines, logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';
import { CLUSTER_AS, MAKES, ROUTER_AS, Tor } from './support/tor.ts';

/** What a BGPPeer may ask for, field by field, and what FRR sees of it. */

/** Of the segment, and no host's: a node gets it, or the router. */
const SECOND = '198.51.100.150';
/** Not of the segment. */
const LOOPBACK = '192.0.2.99';
/** Needs four octets. */
const LARGE_AS = 4_200_000_001;
const PASSWORD = 'tell-nobody';

let product: ProductLab;
let torHost: Host;
let nodes: readonly string[];
let address: string;

/** What FRR says of one neighbour, as far as it is read here. */
interface Neighbour {
  readonly remoteAs: number;
  readonly remoteRouterId: string;
  readonly bgpState: string;
  readonly bgpTimerHoldTimeMsecs: number;
  readonly neighborCapabilities?: Readonly<Record<string, unknown>>;
}

async function neighbour(tor: Tor, ip: string): Promise<Neighbour | undefined> {
  return (JSON.parse(await tor.router.order(`show bgp neighbors ${ip} json`)) as Record<string, Neighbour>)[ip];
}

/** A BGPPeer for the router until it is disposed of, and forgotten; a field of `undefined` is left out. */
async function peer(spec: object): Promise<AsyncDisposable> {
  const whole = { myASN: CLUSTER_AS, peerASN: ROUTER_AS, peerAddress: torHost.addresses.ipv4, connectTime: '1s', ...spec };
  const lent = await product.cluster.create('BGPPeer', 'tor', { spec: whole });
  const dispose = async (): Promise<void> => {
    await lent[Symbol.asyncDispose]();
    await product.peersForgotten();
  };
  return { [Symbol.asyncDispose]: dispose };
}

function only(node: string): object {
  return { nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': node } }] };
}

interface Row {
  readonly what: string;
  readonly spec: object;
  /** What stands with each neighbour in the router's configuration. */
  readonly router?: string;
  readonly asn?: number;
  /** What the router then says of each node. */
  readonly sees?: object;
  /** The path of AS numbers to the Service; one AS by default. */
  readonly path?: string;
}

const ROWS: readonly Row[] = [
  { what: 'any other AS', spec: { peerASN: undefined, dynamicASN: 'external' } },
  { what: 'the own AS, whichever it is', spec: { peerASN: undefined, dynamicASN: 'internal' }, asn: CLUSTER_AS, path: 'Local' },
  {
    what: 'an AS of four octets',
    spec: { myASN: LARGE_AS },
    router: `remote-as ${LARGE_AS}`,
    sees: { remoteAs: LARGE_AS },
    path: String(LARGE_AS),
  },
  {
    what: 'another AS of ours for this router, which then sees no other',
    spec: { localASN: 64_777 },
    router: 'remote-as 64777',
    sees: { remoteAs: 64_777 },
    path: '64777',
  },
  { what: 'a router ID', spec: { routerID: '192.0.2.9' }, sees: { remoteRouterId: '192.0.2.9' } },
  { what: 'a hold time', spec: { holdTime: '27s', keepaliveTime: '9s' }, sees: { bgpTimerHoldTimeMsecs: 27_000 } },
  { what: 'a password', spec: { password: PASSWORD }, router: `password ${PASSWORD}` },
  {
    what: 'nothing, and what is always agreed on',
    spec: {},
    sees: {
      neighborCapabilities: expect.objectContaining({
        '4byteAs': 'advertisedAndReceived',
        extendedMessage: 'advertisedAndReceived',
        routeRefresh: expect.stringMatching(/^advertisedAndReceived/),
      }),
    },
  },
];

function fields(): void {
  test.each(ROWS)('$what', async ({ spec, router, asn, sees, path = String(CLUSTER_AS) }) => {
    await using tor = await Tor.start(product.lab, torHost, MAKES.frr, router, asn);
    await using _peer = await peer(spec);
    await tor.routesOver(`${address}/32`, nodes);
    await settles('what the router sees', async () => {
      const paths = await pathsOf(tor.router, `${address}/32`);
      expect(paths.map(({ asPath }) => asPath)).toEqual(nodes.map(() => path));
      for (const node of nodes) expect(await neighbour(tor, node)).toMatchObject({ bgpState: 'Established', ...sees });
    });
  });

  test.each([
    { dynamicASN: 'internal', asn: ROUTER_AS, reason: `the peer answers with AS ${ROUTER_AS}, our own, ${CLUSTER_AS}, expected` },
    { dynamicASN: 'external', asn: CLUSTER_AS, reason: `the peer answers with AS ${CLUSTER_AS}, another than our own expected` },
  ])('a router that is not $dynamicASN is refused, and why is said', async ({ dynamicASN, asn, reason }) => {
    await using tor = await Tor.start(product.lab, torHost, MAKES.frr, '', asn);
    await using _peer = await peer({ peerASN: undefined, dynamicASN });
    const logs = async (): Promise<string> => JSON.stringify(await logOf(product.speaker('node-1')));
    await eventually('the reason is said', async () => (await logs()).includes(reason), PATIENCE);
    expect(await tor.nextHops(`${address}/32`)).toEqual([]);
  });
}

function ways(): void {
  /** Tells the router of a neighbour that its configuration does not have. */
  const meet = (tor: Tor, ip: string): Promise<string> =>
    tor.router.order(
      [
        'configure terminal',
        `router bgp ${ROUTER_AS}`,
        `neighbor ${ip} remote-as ${CLUSTER_AS}`,
        `neighbor ${ip} passive`,
        'address-family ipv4 unicast',
        `neighbor ${ip} activate`,
      ].join('\n'),
    );
  const met = async (tor: Tor, ip: string): Promise<boolean> => (await neighbour(tor, ip))?.bgpState === 'Established';

  test('from another address of the node', async () => {
    const { host } = product.lab.node('node-1');
    await host.ip(`address add ${SECOND}/24 dev eth0`);
    await using tor = await Tor.start(product.lab, torHost);
    await meet(tor, SECOND);
    await using _peer = await peer({ sourceAddress: SECOND, ...only('node-1') });
    await eventually('the router has a session with that address', () => met(tor, SECOND), PATIENCE);
    await host.ip(`address delete ${SECOND}/24 dev eth0`);
  });

  // Not each kernel has VRFs. What is asked of the socket is the same for any device: to be bound to it.
  test('from a device of the node, as a VRF is one', async () => {
    const { host } = product.lab.node('node-2');
    await host.ip('link add link eth0 name red type macvlan mode bridge', 'link set red up', `address add ${SECOND}/24 dev red`);
    await using tor = await Tor.start(product.lab, torHost);
    await meet(tor, SECOND);
    await using _peer = await peer({ vrf: 'red', ...only('node-2') });
    await eventually('the router has a session with the address of that device', () => met(tor, SECOND), PATIENCE);
    await host.ip('link delete red');
  });

  test('to an address behind the router, over more than one hop', async () => {
    await torHost.ip(`address add ${LOOPBACK}/32 dev lo`);
    for (const { host } of product.lab.nodes) await host.ip(`route replace ${LOOPBACK}/32 via ${torHost.addresses.ipv4}`);
    await using tor = await Tor.start(product.lab, torHost, MAKES.frr, `ebgp-multihop 4\nupdate-source ${LOOPBACK}`);
    await using _peer = await peer({ peerAddress: LOOPBACK, ebgpMultiHop: true });
    await tor.routesOver(`${address}/32`, nodes);
    for (const { host } of product.lab.nodes) await host.ip(`route delete ${LOOPBACK}/32`);
  });
}

function refreshes(): void {
  test('a router that asks for all routes again gets them, and loses none meanwhile', async () => {
    await using tor = await Tor.start(product.lab, torHost);
    await using _peer = await peer({});
    await tor.routesOver(`${address}/32`, nodes);
    const [first = ''] = nodes;
    const before = await countsFrom(tor.router, first);
    await tor.router.order(`clear bgp ipv4 unicast ${first} soft in`);
    const again = async (): Promise<boolean> => (await countsFrom(tor.router, first)).updatesRecv > before.updatesRecv;
    await eventually('the node has said it all again', again, PATIENCE);
    await tor.routesOver(`${address}/32`, nodes);
    expect((await countsFrom(tor.router, first)).opensRecv).toBe(before.opensRecv);
  });
}

await describeLabWith(ROUTER_PROGRAMS, 'a BGPPeer', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    torHost = await product.lab.network.addHost('tor', 110, { router: true });
    nodes = product.lab.nodes.map(({ host }) => host.addresses.ipv4);
    await product.cluster.createPool('routed', ['203.0.113.0/24']);
    await product.cluster.create('BGPAdvertisement', 'all', { spec: {} });
    await product.cluster.createService('web');
    [address = ''] = await product.cluster.addressed('web');
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('may ask for', fields);
  describe('may be met', ways);
  describe('may ask again', refreshes);

  test('nobody has crashed, and no password was said', async () => {
    for (const process of product.processes) {
      expect(await alarmingLines(process)).toEqual([]);
      expect(JSON.stringify(await logOf(process))).not.toContain(PASSWORD);
    }
  });
});
