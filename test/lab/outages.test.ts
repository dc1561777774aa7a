import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { run } from '../../hack/lab/command.ts';
import type { Host } from '../../hack/lab/host.ts';
import type { LabNode } from '../../hack/lab/lab.ts';
import { PRODUCT_NAMESPACE, ProductProcess } from '../../hack/lab/product.ts';
import { compareTexts } from '../../src/lib/order.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { PATIENCE } from './support/cluster.ts';
import { alarmingLines, type LogLine, logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';
import { Wire } from './support/wire.ts';

/** What the product needs is away, from the start or for a while: it says so once, goes on, and needs nobody to help it back. */

/** Long enough for every retry to come several times, were it not told to be silent. */
const AWAY_MILLISECONDS = 20_000;
/** A watch that was made good this long ago counts as one that worked. */
const SETTLED_MILLISECONDS = 2_000;
/** From the server's return until what waited for it is done; two cores start the server and the product together. */
const RETURN = { withinMilliseconds: 60_000 };
/** The name of the second link, on both ends. */
const SECOND_LINK = 'eth1';
const TEST_MILLISECONDS = 400_000;

let product: ProductLab;
let pids: readonly (number | undefined)[];

/**
 * The lines of a process that want somebody's attention, from `first` on; without what speakers think of each other, of whom one that a busy machine
 * lets stand still for a moment is called away.
 */
async function complaints(process: ProductProcess, first: number): Promise<LogLine[]> {
  const lines = (await logOf(process)).slice(first).filter(({ event }) => event !== 'peerJudged');
  return lines.filter(({ level }) => level === 'error' || level === 'warn' || level === 'raw');
}

async function lineCounts(): Promise<Map<ProductProcess, number>> {
  const counts = new Map<ProductProcess, number>();
  for (const process of product.processes) counts.set(process, (await logOf(process)).length);
  return counts;
}

const AWAY = /^the API server at https:\/\/\S+ cannot be reached: .+; retrying until it answers$/;

/**
 * Every process has said that the API server is away, and complained of nothing else. It says so once: again only when the server was back
 * in between, or is away in another way for long, as a machine that does other things may have it.
 */
async function expectSaidOnce(before: ReadonlyMap<ProductProcess, number>): Promise<void> {
  for (const [process, first] of before) {
    const said = (await complaints(process, first)).map(({ msg }) => msg);
    const lines = (await logOf(process)).slice(first).filter(({ op }) => op === 'apiserver');
    const seen = {
      away: said.some((msg) => AWAY.test(msg)),
      others: said.filter((msg) => !AWAY.test(msg)),
      twice: lines.filter(({ msg }, index) => msg === lines[index - 1]?.msg),
    };
    expect({ process: process.name, ...seen }).toEqual({ process: process.name, away: true, others: [], twice: [] });
  }
}

/** The status of a health probe of the process on this host. */
async function healthOf(host: Host, path: '/healthz' | '/readyz'): Promise<number> {
  return (await host.agent.ask({ kind: 'http', url: `http://127.0.0.1:17472${path}`, withinMilliseconds: 20_000 })).status;
}

/** Tells all processes to end, as Kubernetes does; each must do so by itself and with nothing to complain about. */
async function stopProduct(): Promise<void> {
  await Promise.all(product.processes.map((process) => process.program.stop()));
  expect(await Promise.all(product.processes.map((process) => process.program.exited))).toEqual(product.processes.map(() => 0));
}

function startProduct(): void {
  for (const process of product.processes) process.start();
  pids = product.processes.map(({ program }) => program.pid);
}

/** Takes the API server away until it is started again; with the end of a test it is back in any case. */
async function takeApiServerAway(): Promise<AsyncDisposable> {
  const { control } = product.lab;
  await control.apiServer.kill();
  return { [Symbol.asyncDispose]: async () => void (control.apiServer.alive || (await control.startApiServer())) };
}

/** Somebody announces a Service and answers for its address, no later than a person would wait. */
async function announcedSoon(name: string): Promise<string> {
  const { cluster, lab } = product;
  await eventually(`${name} has an address`, async () => (await cluster.addressesOf(name)).length === 1, RETURN);
  const [address = ''] = await cluster.addressesOf(name);
  const { mac } = lab.node(await cluster.announcedBy(name)).host.addresses;
  await eventually(`${name} is answered for`, async () => (await lab.client.resolve(address)) === mac, RETURN);
  return address;
}

function absence(): void {
  test(
    'killed for a while: addresses stay and answer, and what is new gets one at its return',
    async () => {
      const { cluster, lab, wire } = product;
      await using _kept = await cluster.createServiceFor(lab.podOn('node-1'), 'kept');
      const address = await announcedSoon('kept');
      const { mac } = lab.node(await cluster.announcedBy('kept')).host.addresses;
      await using _leaving = await cluster.createServiceFor(lab.podOn('node-1'), 'leaving');
      const leaving = await announcedSoon('leaving');
      await eventually('the Service answers', () => lab.client.http(address), PATIENCE);
      await sleep(SETTLED_MILLISECONDS);
      const before = await lineCounts();
      await using _absence = await takeApiServerAway();
      await sleep(AWAY_MILLISECONDS / 2);
      expect(await wire.answerers(address)).toEqual([mac]);
      await settles('the Service answers', async () => expect((await lab.client.http(address)).status).toBe(200));
      await sleep(AWAY_MILLISECONDS / 2);
      await settles('it is answered for', async () => expect(await lab.client.resolve(address)).toBe(mac));
      await settles('each has said it', () => expectSaidOnce(before));
      await lab.control.startApiServer();
      // At once, while watches have yet to come back: what they missed must not be missed for good.
      await cluster.remove('Service', 'leaving');
      await using _created = await cluster.createServiceFor(lab.podOn('node-1'), 'created');
      const created = await announcedSoon('created');
      if (created !== leaving) await settles('nobody answers', async () => expect(await lab.client.resolve(leaving)).toBeUndefined());
      expect(await cluster.addressesOf('kept')).toEqual([address]);
      await expectSaidOnce(before);
    },
    TEST_MILLISECONDS,
  );

  test(
    'stalled for a while, its connections open: addresses stay and answer, and what is new gets one when it goes on',
    async () => {
      const { cluster, lab } = product;
      await using _kept = await cluster.createServiceFor(lab.podOn('node-1'), 'kept');
      const address = await announcedSoon('kept');
      const { mac } = lab.node(await cluster.announcedBy('kept')).host.addresses;
      {
        lab.control.apiServer.pause();
        await using _resumed = { [Symbol.asyncDispose]: async () => lab.control.apiServer.resume() };
        await sleep(AWAY_MILLISECONDS / 2);
        await settles('it is answered for', async () => expect(await lab.client.resolve(address)).toBe(mac));
      }
      await using _created = await cluster.createServiceFor(lab.podOn('node-1'), 'created');
      expect(await announcedSoon('created')).not.toBe(address);
      expect(await cluster.addressesOf('kept')).toEqual([address]);
    },
    TEST_MILLISECONDS,
  );
}

/** What a node keeps on its disk of what it announces. */
function keptOn(node: LabNode): Promise<string> {
  return readFile(product.lab.sandbox.path('state', node.name, 'plan'), 'utf8');
}

/** Waits until no node would go on with anything after a restart. */
async function nothingKept(): Promise<void> {
  const empty = async (): Promise<boolean> =>
    (await Promise.all(product.lab.nodes.map(keptOn))).every((plan) => !plan.includes('"default/'));
  await eventually('no node keeps anything', empty, PATIENCE);
}

function restartWithout(): void {
  test(
    'away while the speaker of the owner is killed: the same node answers again, by what it kept',
    async () => {
      const { cluster, lab } = product;
      await nothingKept();
      await using _kept = await cluster.createServiceFor(lab.podOn('node-1'), 'kept');
      const address = await announcedSoon('kept');
      const owner = lab.node(await cluster.announcedBy('kept'));
      await eventually('the owner keeps it', async () => (await keptOn(owner)).includes('"default/kept"'), PATIENCE);
      await using _absence = await takeApiServerAway();
      await product.speaker(owner.name).program.kill();
      startOne(product.speaker(owner.name));
      const { mac } = owner.host.addresses;
      await eventually('the owner answers', async () => (await lab.client.resolve(address, 1_000)) === mac, PATIENCE);
      await lab.control.startApiServer();
      await product.ready();
      await settles('it is answered for', async () => expect(await lab.client.resolve(address)).toBe(mac));
    },
    TEST_MILLISECONDS,
  );
}

function lateApiServer(): void {
  test(
    'away at the start: one line each, nobody is ready, and all goes well from its return on',
    async () => {
      const { cluster, lab } = product;
      await nothingKept();
      await stopProduct();
      await using _service = await cluster.createServiceFor(lab.podOn('node-1'), 'early');
      const before = await lineCounts();
      await using _absence = await takeApiServerAway();
      startProduct();
      await settles('each has said it', () => expectSaidOnce(before));
      await sleep(AWAY_MILLISECONDS);
      await expectSaidOnce(before);
      expect(await healthOf(lab.controlHost, '/readyz')).toBe(503);
      expect(await healthOf(lab.controlHost, '/healthz')).toBe(200);
      expect(await lab.client.resolve('198.51.100.200')).toBeUndefined();
      await lab.control.startApiServer();
      await product.ready();
      expect(await announcedSoon('early')).toBe('198.51.100.200');
      await expectSaidOnce(before);
    },
    TEST_MILLISECONDS,
  );
}

/** The kinds that every process of the product reads, sorted. */
const CONFIGURATION = [
  'bfdprofiles',
  'bgpadvertisements',
  'bgppeers',
  'communities',
  'configurationstates',
  'ipaddresspools',
  'l2advertisements',
];

function notInstalled(plural: string): string {
  const version = plural === 'bgppeers' ? 'v1beta2' : 'v1beta1';
  return `the CRD ${plural}.metallb.io is not installed, or not in version ${version}: apply config/crd`;
}

function definitions(): void {
  test(
    'not installed at the start: one line that names each and says what to apply; then all goes well',
    async () => {
      const { cluster, lab } = product;
      await using _service = await cluster.createService('early');
      const named = (process: ProductProcess): readonly string[] =>
        process === product.controller ? CONFIGURATION : [...CONFIGURATION, 'servicebgpstatuses', 'servicel2statuses'];
      const allSay = async (): Promise<void> => {
        for (const process of product.processes) {
          const said = (await complaints(process, 0)).map(({ msg }) => msg).toSorted(compareTexts);
          expect({ process: process.name, said }).toEqual({ process: process.name, said: named(process).map(notInstalled) });
        }
      };
      await settles('all say what they lack', allSay);
      await sleep(AWAY_MILLISECONDS / 2);
      await allSay();
      await lab.installProduct();
      await cluster.createPool('main', ['198.51.100.200-198.51.100.219']);
      await cluster.create('L2Advertisement', 'everywhere', { spec: {} });
      await product.ready();
      expect(await cluster.addressed('early')).toEqual(['198.51.100.200']);
      await eventually('the Service answers', () => lab.client.http('198.51.100.200', { withinMilliseconds: 500 }), PATIENCE);
    },
    TEST_MILLISECONDS,
  );
}

/** A cable of its own between a node and the client, as a second card would be. */
async function addCable(node: LabNode): Promise<void> {
  const ends = [node.host.namespace, product.lab.client.host.namespace];
  const [near = '', far = ''] = ends;
  await run(['ip', 'link', 'add', SECOND_LINK, 'netns', near, 'type', 'veth', 'peer', 'name', SECOND_LINK, 'netns', far]);
  for (const host of [node.host, product.lab.client.host]) await host.ip(`link set ${SECOND_LINK} up`);
}

function links(): void {
  test('an interface that vanishes and comes back is answered on again', async () => {
    const { cluster, lab } = product;
    const node = lab.node('node-2');
    const speaker = product.speaker('node-2');
    await using _second = await cluster.createPool('second', ['198.51.100.230/31'], { spec: { autoAssign: false } });
    const spec = {
      ipAddressPools: ['second'],
      interfaces: [SECOND_LINK],
      nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'node-2' } }],
    };
    await cluster.patch('L2Advertisement', 'everywhere', { spec: { ipAddressPools: ['main'] } });
    await using _advertisement = await cluster.create('L2Advertisement', 'second', { spec });
    await addCable(node);
    await using _service = await cluster.createServiceFor(lab.podOn('node-1'), 'beside', {
      annotations: { 'metallb.io/address-pool': 'second' },
    });
    expect(await cluster.addressed('beside')).toEqual(['198.51.100.230']);
    const wire = new Wire(lab.client.host, SECOND_LINK);
    const answered = async (): Promise<boolean> => Object.values((await wire.ask('198.51.100.230', 2)).byMac).join() === '2';
    await eventually('the second link is answered on', answered, PATIENCE);
    for (let round = 0; round < 2; round++) {
      const first = (await logOf(speaker)).length;
      await node.host.ip(`link delete ${SECOND_LINK}`);
      // Its Service is announced nowhere meanwhile, which somebody may want to know; nothing else is worth a line.
      const line = { reason: 'noMatchingInterface', service: 'default/beside' };
      await settles('it is said', async () => expect(await complaints(speaker, first)).toMatchObject([line]));
      await addCable(node);
      await eventually('the second link is answered on again', answered, PATIENCE);
      expect(await complaints(speaker, first)).toMatchObject([line]);
    }
    expect(await lab.client.resolve('198.51.100.230')).toBeUndefined(); // the other link has never been one for it
    await node.host.ip(`link delete ${SECOND_LINK}`);
  });

  test('when a cable is pulled another node answers, and goes on when it is plugged in', async () => {
    const { cluster, lab, wire } = product;
    await using _service = await cluster.createServiceFor(lab.podOn('node-1'), 'pulled');
    const [address = ''] = await cluster.addressed('pulled');
    const { host } = lab.node(await cluster.announcedBy('pulled'));
    await lab.network.unplug(host);
    const others = lab.nodes.filter((node) => node.host !== host);
    const heir = await eventually(
      'another node answers',
      async () => {
        const mac = await lab.client.resolve(address);
        return others.find((node) => node.host.addresses.mac === mac);
      },
      PATIENCE,
    );
    await lab.network.plug(host);
    const alone = JSON.stringify({ [heir.host.addresses.mac]: 3 });
    await eventually('it answers alone', async () => JSON.stringify((await wire.ask(address, 3)).byMac) === alone, PATIENCE);
    await eventually('the status names it', async () => (await cluster.announcedBy('pulled')) === heir.name, PATIENCE);
  });
}

function capability(): void {
  test('a speaker without CAP_NET_RAW says so in one line, stays up, and is not ready', async () => {
    const { lab } = product;
    const { host } = lab.node('node-3');
    await product.speaker('node-3').program.stop();
    const kubeconfig = await lab.control.serviceAccountKubeconfig(PRODUCT_NAMESPACE, 'speaker', lab.insideUrl);
    const environment = { METALLB_NODE_NAME: 'node-3', TYPEMETAL_STATE_DIRECTORY: lab.sandbox.path('state', 'node-3') };
    const bare = await ProductProcess.start({ program: 'speaker', name: 'bare', podName: 'speaker-node-3', host, kubeconfig, environment });
    const said = async (): Promise<boolean> => (await complaints(bare, 0)).length > 0;
    await eventually('it complains', said, PATIENCE);
    await sleep(AWAY_MILLISECONDS / 2);
    expect((await complaints(bare, 0)).map(({ msg }) => msg)).toEqual([expect.stringMatching(/needs the capability NET_RAW: add it to/)]);
    expect(bare.program.alive).toBe(true);
    expect(await healthOf(host, '/healthz')).toBe(200);
    expect(await healthOf(host, '/readyz')).toBe(503);
    expect(await alarmingLines(bare)).toEqual([]);
    await bare.program.stop();
    startOne(product.speaker('node-3'));
    await product.ready();
  });
}

/** Starts a process that was stopped on purpose, which is no restart that anybody has to explain. */
function startOne(process: ProductProcess): void {
  process.start();
  pids = product.processes.map(({ program }) => program.pid);
}

describeLab('outages', () => {
  beforeAll(async () => {
    product = await ProductLab.startWithoutDefinitions();
    pids = product.processes.map(({ program }) => program.pid);
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('definitions', definitions);
  describe('the API server', () => {
    absence();
    restartWithout();
    lateApiServer();
  });
  describe('links', links);
  describe('rights', capability);

  test('no process has ended by itself, and none has anything alarming in its log', async () => {
    expect(product.processes.map(({ program }) => program.pid)).toEqual(pids);
    for (const process of product.processes) {
      expect(process.program.alive).toBe(true);
      expect(await alarmingLines(process)).toEqual([]);
    }
  });
});
