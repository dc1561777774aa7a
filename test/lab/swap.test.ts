import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { AuditLog, type Write } from '../../hack/lab/audit-log.ts';
import { PRODUCT_NAMESPACE } from '../../hack/lab/product.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { Asking, longestSilence } from './support/asking.ts';
import { type Lent, PATIENCE, type Stored } from './support/cluster.ts';
import { play, stepsOf } from './support/guide.ts';
import { MetallbLab, SERVED, UNSERVED } from './support/metallb-lab.ts';
import { START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { Visits } from './support/visits.ts';
import { Wire } from './support/wire.ts';

/** The guide of docs/migration.md, played as it stands there over a cluster that MetalLB serves, while clients go on. */

const GUIDE_MILLISECONDS = 600_000;
/** The kinds that users write. */
const WRITTEN = ['ipaddresspools', 'l2advertisements', 'bgpadvertisements', 'bgppeers', 'bfdprofiles', 'communities'];
/** Their objects, and what else must outlast the swap as it is. */
const KEPT = [...WRITTEN, 'secrets'].join(',');

let it: MetallbLab;
let steps: readonly string[];
let before: readonly Described[];

/** An object, but for what a status says and what the server counts. */
interface Described {
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string; readonly uid: string };
  readonly spec?: object;
  readonly status?: { readonly loadBalancer?: object };
}

/** The configuration, Secrets and Services of users as they are kept: all but statuses, and the address of a Service. */
async function described(): Promise<readonly Described[]> {
  const lists = [it.kubectl('get', KEPT, '-n', PRODUCT_NAMESPACE, '-o', 'json'), it.kubectl('get', 'services', '-o', 'json')];
  const objects = (await Promise.all(lists)).flatMap((text) => JSON.parse(text).items as readonly Described[]);
  return objects.map((object) => {
    const { resourceVersion: _, managedFields: __, ...metadata } = object.metadata;
    return { ...object, metadata, status: { loadBalancer: object.status?.loadBalancer ?? {} } };
  });
}

/** What the programs of both have asked the API server, and what it answered. */
function requests(): Promise<readonly Write[]> {
  return new AuditLog(`${it.lab.folder}/logs/kube-apiserver.log`).writes();
}

/** Plays one step, unless a pod cannot be run meanwhile. */
async function step(number: number): Promise<string> {
  const ended = it.kubelet.ended.then(() => '');
  return await Promise.race([play(it.lab, steps[number - 1] ?? ''), ended]);
}

async function playAll(): Promise<void> {
  const looked = await step(1);
  expect(looked).toMatch(/: 0 errors, 0 warnings$/m);
  expect(looked).toMatch(/^✗ controllers: /m);
  await step(2);
  // What the guide says of the time in between.
  const pool = { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'late', namespace: PRODUCT_NAMESPACE } };
  await expect(it.apply({ ...pool, spec: { addresses: ['198.18.1.0/24'] } })).rejects.toThrow('failed calling webhook');
  for (const number of [3, 4, 5]) await step(number);
}

function swap(): void {
  test(
    'the guide is played to its end, and no client loses a request',
    async () => {
      const { client } = it.lab;
      const visits = SERVED.map(({ address, port = 80 }) => new Visits(client, address, port));
      await using asking = await Asking.start({ client: client.host, address: '198.51.100.203', withinMilliseconds: GUIDE_MILLISECONDS });
      await Promise.all(visits.map((each) => each.some()));
      await playAll();
      await Promise.all(visits.map((each) => each.some()));
      const counted = await Promise.all(visits.map((each) => each.end()));
      const heard = await asking.heard();
      const putOff = (await requests()).filter(({ status }) => status === 429).length;
      const figures = { visits: counted, longestSilenceMilliseconds: longestSilence(heard), requestsPutOff: putOff };
      process.stdout.write(`${JSON.stringify({ swap: figures })}\n`);
      expect(counted.flatMap(({ lost }) => lost)).toEqual([]);
      // An address may go to another node with each node that is swapped, and cut what is under way to it in that moment.
      for (const { cut } of counted) expect(cut).toBeLessThanOrEqual(it.lab.nodes.length);
    },
    GUIDE_MILLISECONDS,
  );

  test('all pods are ours', async () => {
    const images = await it.kubectl('get', 'pods', '-n', PRODUCT_NAMESPACE, '-o', 'jsonpath={.items[*].spec.containers[*].image}');
    expect(images.split(' ').map((image) => image.replace(/:.*/, ''))).toEqual(Array(4).fill('typemetal'));
  });
}

function objects(): void {
  test('the configuration is in use, and it and all Services say how they are', async () => {
    const saying = async (type: string, ...args: readonly string[]): Promise<readonly (string | undefined)[]> => {
      const { items } = JSON.parse(await it.kubectl('get', ...args, '-o', 'json')) as { items: readonly Stored[] };
      return items.map(({ status }) => status?.conditions?.find((condition) => condition.type === type)?.status);
    };
    const ready = async (): Promise<boolean> =>
      (await saying('Ready', WRITTEN.join(','), '-n', PRODUCT_NAMESPACE)).every((status) => status === 'True');
    await eventually('all are in use', ready, PATIENCE);
    const told = async (): Promise<boolean> =>
      (await saying('metallb.io/AddressAllocated', 'services')).filter((status) => status !== undefined).length === SERVED.length + 1;
    await eventually('all Services say it', told, PATIENCE);
  });

  test('Services keep their addresses, and nothing is rewritten: the configuration, Secrets, and what users wrote into Services', async () => {
    // With the status of a peer in the old form the server stores all of it in the new one, which has defaults.
    const defaults = { disableMP: false, dualStackAddressFamily: false, peerPort: 179 };
    const renewed = before.map((object) =>
      object.metadata.name === 'old' ? { ...object, spec: { ...defaults, ...object.spec } } : object,
    );
    expect(await described()).toEqual(renewed);
  });

  test('the product has written one condition to each Service, and else nothing but statuses', async () => {
    const own = (await requests()).filter(
      ({ by, verb, status }) => /^(controller|speaker)$/.test(by) && /^(patch|update|create|delete)$/.test(verb) && status < 300,
    );
    const [services, others] = [
      own.filter(({ resource }) => /^services/.test(resource)),
      own.filter(({ resource }) => !/^services/.test(resource)),
    ];
    const written = services.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`);
    expect(new Set(written)).toEqual(new Set([...SERVED.map(({ name }) => name), UNSERVED].map((name) => `patch services/status ${name}`)));
    expect(written).toHaveLength(SERVED.length + 1);
    const configuration = others.filter(({ resource }) => WRITTEN.includes(resource.split('/')[0] ?? '') || resource === 'secrets');
    expect(configuration.filter(({ resource }) => !resource.endsWith('/status'))).toEqual([]);
  });

  test.each(['v1beta1', 'v1beta2'])('a peer that was stored as v1beta1 is read and written as %s', async (version) => {
    const read = async (): Promise<Stored & { readonly spec: object }> =>
      JSON.parse(await it.kubectl('get', `bgppeers.${version}.metallb.io`, 'old', '-n', PRODUCT_NAMESPACE, '-o', 'json'));
    const { spec } = await read();
    expect(spec).toMatchObject({ peerASN: 64_513, peerAddress: '192.0.2.1', ebgpMultiHop: true, holdTime: '120s' });
    const patch = JSON.stringify({ spec: { peerPort: version === 'v1beta1' ? 1_179 : 2_179 } });
    await it.kubectl('patch', `bgppeers.${version}.metallb.io`, 'old', '-n', PRODUCT_NAMESPACE, '--type=merge', `--patch=${patch}`);
    expect((await read()).spec).toEqual({ ...spec, ...JSON.parse(patch).spec });
  });
}

function service(): void {
  test.each(SERVED)('$address of Service $name is answered by one node, the one that says so', async ({ name, address }) => {
    const node = it.lab.node(await it.cluster.announcedBy(name));
    const { mac } = node.host.addresses;
    const alone = async (): Promise<boolean> =>
      JSON.stringify((await new Wire(it.lab.client.host).ask(address, 5)).byMac) === JSON.stringify({ [mac]: 5 });
    await eventually(`${node.name} alone answers for ${address}`, alone, PATIENCE);
  });

  test('a new Service gets an address that was free, and is reached', async () => {
    await using _service: Lent = await it.cluster.createService('later');
    const [address = ''] = await it.cluster.addressed('later');
    expect(SERVED.map((each) => each.address)).not.toContain(address);
    await eventually(`${address} answers`, async () => (await it.lab.client.http(address)).status === 200, PATIENCE);
  });

  test('the API server asks our webhooks, with the certificate that MetalLB left', async () => {
    const pool = { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'bad', namespace: PRODUCT_NAMESPACE } };
    await expect(it.apply({ ...pool, spec: { addresses: ['nonsense'] } })).rejects.toThrow('denied the request');
  });
}

describeLab('a cluster that goes over from MetalLB', () => {
  beforeAll(async () => {
    it = await MetallbLab.start();
    steps = await stepsOf('migration.md', 'Swapping a running MetalLB');
    expect(steps).toHaveLength(5);
    before = await described();
  }, START_MILLISECONDS);
  afterAll(() => it?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  // In this order: the first one does what the others look at.
  describe('by the guide', swap);
  describe('its objects', objects);
  describe('its Services', service);
});
