import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { Host } from '../../hack/lab/host.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { ROUTER_PROGRAMS } from '../../hack/lab/routers/programs.ts';
import { describeLabWith } from '../support/lab/lab-suite.ts';
import { type Lent, PATIENCE } from './support/cluster.ts';
import { alarmingLines, type LogLine, logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { CLUSTER_AS, MAKES, ROUTER_AS, Tor } from './support/tor.ts';

/** What becomes of routes when one end of a session goes away: it restarts, with a word or without, or it freezes. */

/** Not on the segment: only routes lead there. */
const POOL = ['203.0.113.0/24'];

/** Looks at the router's table and requests of the client before the speaker is started again, and after it is back. */
const LOOKS = 5;

/** Where the node that announces lets its peers connect: a process needs no right for it. */
const LISTEN_PORT = 1_179;
const PASSWORD = 'correct-horse';

/** What each make is told so that it keeps the routes of a speaker that restarts; FRR and BIRD do by themselves. */
const KEEPING = {
  frr: '',
  bird: '',
  gobgp: `
  [neighbors.graceful-restart.config]
    enabled = true
    helper-only = true
    restart-time = 120
    notification-enabled = true
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true`,
};

/** A session that broke is taken up again at once; BIRD would wait for a minute. */
const PATIENT = { frr: '', bird: 'error wait time 1, 1;', gobgp: '' };

let product: ProductLab;
let torHost: Host;
/** The only node that announces: where its routes are gone nobody is reached. */
let node: string;
let speaker: ProductProcess;

/** A peer, and a Service that one node announces to it; gives the address of the Service. */
async function announced(peer: object): Promise<AsyncDisposable & { readonly address: string }> {
  const { cluster } = product;
  const nodeSelectors = [{ matchLabels: { 'kubernetes.io/hostname': 'node-1' } }];
  const lent: Lent[] = [
    await cluster.create('BGPPeer', 'tor', {
      spec: { myASN: CLUSTER_AS, peerASN: ROUTER_AS, peerAddress: torHost.addresses.ipv4, connectTime: '1s', nodeSelectors, ...peer },
    }),
    await cluster.create('BGPAdvertisement', 'all', { spec: { ipAddressPools: ['routed'] } }),
    await cluster.createService('web'),
  ];
  const [address = ''] = await cluster.addressed('web');
  const dispose = async (): Promise<void> => {
    await Promise.all(lent.map((each) => each[Symbol.asyncDispose]()));
    await product.peersForgotten();
  };
  return { address, [Symbol.asyncDispose]: dispose };
}

async function linesWith(msg: string): Promise<readonly LogLine[]> {
  return (await logOf(speaker)).filter((line) => line.msg === msg);
}

async function sessions(): Promise<number> {
  return (await linesWith('BGP session established')).length;
}

/** How many sessions the log tells of once it tells of more than before. */
function sessionsAfter(before: number): Promise<number> {
  const told = async (): Promise<number | false> => {
    const now = await sessions();
    return now > before && now;
  };
  return eventually('the session is in the log', told, PATIENCE);
}

async function answered(address: string): Promise<boolean> {
  return product.lab.client.http(address).then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Looks at the router's table, and at whether the client is answered, over and over. */
class Lookout {
  looks: number = 0;
  /** What the router printed each time that the route was not there. */
  readonly gone: string[] = [];
  unanswered: number = 0;
  readonly #tor: Tor;
  readonly #address: string;
  readonly #asksClient: boolean;

  constructor(tor: Tor, address: string, asksClient: boolean) {
    this.#tor = tor;
    this.#address = address;
    this.#asksClient = asksClient;
  }

  async look(): Promise<void> {
    const [{ nextHops, printed }, reached] = await Promise.all([
      this.#tor.route(`${this.#address}/32`),
      this.#asksClient ? answered(this.#address) : Promise.resolve(true),
    ]);
    this.looks++;
    if (nextHops.join() !== node) this.gone.push(printed);
    if (!reached) this.unanswered++;
  }

  async lookOften(times: number): Promise<void> {
    for (let count = 0; count < times; count++) await this.look();
  }

  /** Looks until there is one more session than `before`. */
  async lookUntilBack(before: number): Promise<void> {
    const back = async (): Promise<boolean> => {
      await this.look();
      return (await sessions()) > before;
    };
    await eventually('there is a session again', back, PATIENCE);
  }
}

function say(what: string, figures: object): void {
  process.stdout.write(`${JSON.stringify({ what, ...figures })}\n`);
}

function restarts(): void {
  const ways = [
    { how: 'told to end', end: (process: ProductProcess) => process.program.stop() },
    { how: 'killed', end: (process: ProductProcess) => process.program.kill() },
  ];
  const rows = Object.entries(MAKES).flatMap(([name, make]) => ways.map((way) => ({ ...way, name: name as keyof typeof MAKES, make })));

  test.each(rows)('$name keeps the routes of a speaker that is $how and comes again, and the client is answered', async (row) => {
    const { name, make, end, how } = row;
    const earlier = await sessions();
    await using tor = await Tor.start(product.lab, torHost, make, KEEPING[name]);
    await using scene = await announced({ enableGracefulRestart: true });
    await tor.routesOver(`${scene.address}/32`, [node]);
    // GoBGP has no contact with its kernel's routes.
    const forwards = name !== 'gobgp';
    if (forwards) {
      await product.lab.client.host.run(['ip', 'route', 'replace', '203.0.113.0/24', 'via', tor.address]);
      await eventually('the client is answered', () => answered(scene.address), PATIENCE);
    }
    const before = await sessionsAfter(earlier);
    const lookout = new Lookout(tor, scene.address, forwards);
    await end(speaker);
    await lookout.lookOften(LOOKS);
    speaker.start();
    await lookout.lookUntilBack(before);
    await lookout.lookOften(LOOKS);
    await speaker.ready();
    const { looks, gone, unanswered } = lookout;
    say('restart', { router: name, how, looks, gone: gone.length, unanswered });
    expect({ gone, unanswered }).toEqual({ gone: [], unanswered: 0 });
  });

  test.each(Object.entries(MAKES))('%s drops the routes at once where graceful restart is off', async (name, make) => {
    await using tor = await Tor.start(product.lab, torHost, make, KEEPING[name as keyof typeof MAKES]);
    await using scene = await announced({});
    await tor.routesOver(`${scene.address}/32`, [node]);
    const started = performance.now();
    const ended = speaker.program.stop();
    await tor.routesOver(`${scene.address}/32`, []);
    say('end without graceful restart', { router: name, routesGoneMilliseconds: Math.round(performance.now() - started) });
    await ended;
    speaker.start();
    await tor.routesOver(`${scene.address}/32`, [node]);
    await speaker.ready();
  });

  test('FRR drops the routes of a peer that is removed, though it would keep them over a restart', async () => {
    await using tor = await Tor.start(product.lab, torHost);
    await using scene = await announced({ enableGracefulRestart: true });
    await tor.routesOver(`${scene.address}/32`, [node]);
    await product.cluster.remove('BGPPeer', 'tor');
    await tor.routesOver(`${scene.address}/32`, []);
    expect(await tor.router.order(`show bgp neighbors ${node}`)).toMatch(/Hard Reset|Peer De-configured|Peer Unconfigured/i);
  });
}

/** A router that connects to the node as well, or instead of it. */
function connects(): void {
  /** FRR only listens, until it is told otherwise. */
  async function startDialling(name: 'frr' | 'bird'): Promise<Tor> {
    if (name === 'bird') {
      const more = `passive off; neighbor port ${LISTEN_PORT}; connect delay time 1; connect retry time 1; error wait time 1, 1;`;
      return await Tor.start(product.lab, torHost, MAKES.bird, more);
    }
    const tor = await Tor.start(product.lab, torHost, MAKES.frr, `port ${LISTEN_PORT}\ntimers connect 1\npassword ${PASSWORD}`);
    await tor.router.order(`configure terminal\nrouter bgp ${ROUTER_AS}\nno neighbor ${node} passive`);
    return tor;
  }

  test.each([
    { name: 'bird', what: 'when this node cannot reach it', peerPort: 1 },
    { name: 'bird', what: 'while this node connects too', peerPort: 179 },
    { name: 'frr', what: 'when this node cannot reach it, with a password', peerPort: 1 },
    { name: 'frr', what: 'while this node connects too, with a password', peerPort: 179 },
  ] as const)('$name connects to the node $what: there is one session', async ({ name, peerPort }) => {
    const earlier = await sessions();
    await using tor = await startDialling(name);
    await using scene = await announced({ peerPort, ...(name === 'frr' ? { password: PASSWORD } : {}) });
    await tor.routesOver(`${scene.address}/32`, [node]);
    const up = new RegExp(`metallb_bgp_session_up\\{peer="${torHost.addresses.ipv4}:${peerPort}",vrf="default"\\} 1`);
    await eventually('the session is counted', async () => up.test(await product.metricsOf(speaker)), PATIENCE);
    // At the end of the row the session is still the one that came up.
    const before = await sessionsAfter(earlier);
    await new Lookout(tor, scene.address, false).lookOften(LOOKS);
    expect(await sessions()).toBe(before);
  });

  test('whoever is no peer is turned away at once, and counted', async () => {
    await using tor = await startDialling('bird');
    await using scene = await announced({});
    await tor.routesOver(`${scene.address}/32`, [node]);
    // Bash connects, and waits until the other end has closed the connection.
    const dial = `exec 3<>/dev/tcp/${node}/${LISTEN_PORT}; cat <&3; true`;
    for (let count = 0; count < 20; count++) await product.lab.client.host.run(['timeout', '30', 'bash', '-c', dial]);
    const counted = async (): Promise<boolean> => {
      const [, count = '0'] = /typemetal_bgp_refused_connections_total (\d+)/.exec(await product.metricsOf(speaker)) ?? [];
      return Number(count) >= 20;
    };
    await eventually('they are counted', counted, PATIENCE);
    expect(await tor.nextHops(`${scene.address}/32`)).toEqual([node]);
  });

  test('nothing is listened for where it was not asked for', async () => {
    const listeners = (name: string): Promise<string> =>
      product.lab
        .node(name)
        .host.run(['ss', '--no-header', '--listening', '--tcp', '--numeric', `sport = :${LISTEN_PORT} or sport = :179`]);
    await using _scene = await announced({});
    await eventually('one node listens', async () => (await listeners('node-1')).includes(`:${LISTEN_PORT}`), PATIENCE);
    expect(await listeners('node-2')).toBe('');
  });
}

function freezes(): void {
  test.each(Object.entries(MAKES))(
    'a frozen %s is gone when the hold time of 3 s is over, and back when it goes on',
    async (name, make) => {
      await using tor = await Tor.start(product.lab, torHost, make, PATIENT[name as keyof typeof MAKES]);
      await using scene = await announced({ holdTime: '3s' });
      await tor.routesOver(`${scene.address}/32`, [node]);
      const before = (await linesWith('BGP session down')).length;
      const started = performance.now();
      tor.router.freeze();
      const silent = ({ reason }: LogLine): boolean => /the peer said nothing for the whole hold time/.test(String(reason));
      const down = async (): Promise<boolean> => (await linesWith('BGP session down')).slice(before).some(silent);
      await eventually('the session is down, because nothing is said', down, PATIENCE);
      say('frozen router', { router: name, noticedMilliseconds: Math.round(performance.now() - started) });
      tor.router.thaw();
      await tor.routesOver(`${scene.address}/32`, [node]);
    },
  );

  test.each(Object.entries(MAKES))('%s drops the routes of a frozen speaker when the hold time of 3 s is over', async (name, make) => {
    await using tor = await Tor.start(product.lab, torHost, make, PATIENT[name as keyof typeof MAKES]);
    await using scene = await announced({ holdTime: '3s' });
    await tor.routesOver(`${scene.address}/32`, [node]);
    const started = performance.now();
    speaker.program.pause();
    await tor.routesOver(`${scene.address}/32`, []);
    say('frozen speaker', { router: name, routesGoneMilliseconds: Math.round(performance.now() - started) });
    speaker.program.resume();
    await tor.routesOver(`${scene.address}/32`, [node]);
  });

  test('nobody has crashed', async () => {
    for (const process of product.processes) expect(await alarmingLines(process)).toEqual([]);
  });
}

await describeLabWith(ROUTER_PROGRAMS, 'BGP, when one end goes away', () => {
  beforeAll(async () => {
    product = await ProductLab.start({ 'node-1': { TYPEMETAL_BGP_LISTEN_PORT: String(LISTEN_PORT) } });
    torHost = await product.lab.network.addHost('tor', 110, { router: true });
    node = product.lab.node('node-1').host.addresses.ipv4;
    speaker = product.speaker('node-1');
    await product.cluster.createPool('routed', POOL);
  }, START_MILLISECONDS);
  afterAll(() => product[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('restarts', restarts);
  describe('connections of a router', connects);
  describe('freezes', freezes);
});
