import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { parseExposition } from '../support/exposition.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { COMMON_METRICS, CONTROLLER_METRICS, LAYER2_METRICS, rowsOf } from '../support/metric-table.ts';
import { type Draft, ingressOf, type Kind, PATIENCE, POOL_ANNOTATION } from './support/cluster.ts';
import { alarmingLines, type LogLine, logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** The whole product on real parts: a Service gets an address, a client on the segment reaches it, and it comes back. */

const SAMPLES = join(import.meta.dirname, '../../config/samples');
/** How long nothing may be written when nothing happens. */
const REST_MILLISECONDS = 10_000;
/** How often the client asks who has an address. */
const QUESTIONS = 20;
/** With three pods, one on each node, this many exchanges all meet the owner's own once in 10^7 runs. */
const EXCHANGES = 15;

let product: ProductLab;

interface Request extends Draft {
  readonly how: string;
  readonly gets: readonly string[];
  readonly pool: string;
}

const BOTH_FAMILIES = { ipFamilyPolicy: 'RequireDualStack' };

function annotated(prefix: string): readonly Request[] {
  const ask = (name: string, value: string): Record<string, string> => ({ [`${prefix}/${name}`]: value });
  const two = ['198.51.100.207', '2001:db8:51::c807'];
  return [
    { how: `a pool (${prefix})`, annotations: ask('address-pool', 'named'), gets: ['198.51.100.224'], pool: 'named' },
    { how: `an address (${prefix})`, annotations: ask('loadBalancerIPs', '198.51.100.225'), gets: ['198.51.100.225'], pool: 'named' },
    { how: `two (${prefix})`, annotations: ask('loadBalancerIPs', two.join(', ')), spec: BOTH_FAMILIES, gets: two, pool: 'main' },
  ];
}

const REQUESTS: readonly Request[] = [
  { how: 'nothing', gets: ['198.51.100.200'], pool: 'main' },
  { how: 'both families', spec: BOTH_FAMILIES, gets: ['198.51.100.200', '2001:db8:51::c800'], pool: 'main' },
  ...annotated('metallb.io'),
  ...annotated('metallb.universe.tf'),
  { how: 'spec.loadBalancerIP', spec: { loadBalancerIP: '198.51.100.226' }, gets: ['198.51.100.226'], pool: 'named' },
];

/** The cells of one row of a table that kubectl prints. */
function cells(table: string, row: number): string[] {
  return table.split('\n')[row]?.trimEnd().split(/ {2,}/) ?? [];
}

function requests(): void {
  let count = 0;

  test.each(REQUESTS)('a Service that asks for $how gets $gets in one write, and says so', async ({ gets, pool, ...draft }) => {
    const { cluster, audit } = product;
    const name = `asking-${++count}`;
    await using service = await cluster.createService(name, draft);
    expect(await cluster.addressed(name)).toEqual(gets);
    const texts = gets.map((ip) => `"${ip}"`).join(' ');
    const controller = { component: 'metallb-controller' };
    const assigned = { type: 'Normal', message: `Assigned IP [${texts}]`, count: 1, source: controller };
    expect(await cluster.event(service, 'IPAllocated')).toMatchObject(assigned);
    const node = await cluster.announcedBy(name);
    const source = { component: 'metallb-speaker', host: node };
    const announced = { type: 'Normal', message: `announcing from node "${node}" with protocol "layer2"`, count: 1, source };
    expect(await cluster.event(service, 'nodeAssigned')).toMatchObject(announced);
    const deprecated = Object.keys(draft.annotations ?? {}).filter((key) => key.startsWith('metallb.universe.tf'));
    for (const key of deprecated) {
      const warned = { type: 'Warning', message: `Service uses deprecated annotation ${key}`, count: 1, source: controller };
      expect(await cluster.event(service, 'deprecatedAnnotation')).toMatchObject(warned);
    }
    expect(await cluster.eventsOf(service)).toHaveLength(2 + deprecated.length);
    const { metadata, status } = await cluster.get('Service', name);
    expect(metadata.annotations?.[POOL_ANNOTATION]).toBe(pool);
    expect(status?.loadBalancer).toEqual({ ingress: gets.map((ip) => ({ ip, ipMode: 'VIP' })) });
    const write = { by: 'controller', verb: 'patch', resource: 'services/status', name, status: 200 };
    expect(await audit.writesTo('services', name)).toEqual([expect.objectContaining(write)]);
  });
}

function releases(): void {
  test('a Service that is deleted gives its address back: nobody answers for it, and the next Service gets it', async () => {
    const { cluster, lab } = product;
    await using _kept = await cluster.createService('kept');
    const [address = ''] = await cluster.addressed('kept');
    await using _leaving = await cluster.createService('leaving');
    const [freed = ''] = await cluster.addressed('leaving');
    expect(freed).not.toBe(address);
    const node = lab.node(await cluster.announcedBy('leaving'));
    await settles('its node answers', async () => expect(await lab.client.resolve(freed)).toBe(node.host.addresses.mac));
    await cluster.remove('Service', 'leaving');
    await settles('nobody answers', async () => expect(await lab.client.resolve(freed)).toBeUndefined());
    await using _next = await cluster.createService('next');
    expect(await cluster.addressed('next')).toEqual([freed]);
    expect(await cluster.addressesOf('kept')).toEqual([address]);
  });

  test('a Service that becomes a ClusterIP loses address, annotation and announcement, and the next one gets the address', async () => {
    const { cluster, lab } = product;
    await using _service = await cluster.createService('turning');
    const [address = ''] = await cluster.addressed('turning');
    await cluster.announcedBy('turning');
    await cluster.patch('Service', 'turning', { spec: { type: 'ClusterIP' } });
    const cleared = async (): Promise<boolean> =>
      (await cluster.get('Service', 'turning')).metadata.annotations?.[POOL_ANNOTATION] === undefined;
    await eventually('the annotation is gone', cleared, PATIENCE);
    expect(ingressOf(await cluster.get('Service', 'turning'))).toEqual([]);
    await cluster.unannounced('turning');
    await settles('nobody answers', async () => expect(await lab.client.resolve(address)).toBeUndefined());
    await using _next = await cluster.createService('after-turning');
    expect(await cluster.addressed('after-turning')).toEqual([address]);
    await cluster.patch('Service', 'turning', { spec: { type: 'LoadBalancer' } });
    expect(await cluster.addressed('turning')).not.toEqual([address]);
  });
}

function others(): void {
  test('a Service of another load balancer is left alone, and its address is given to nobody', async () => {
    const { cluster, audit } = product;
    await using theirs = await cluster.createService('theirs', { spec: { loadBalancerClass: 'example.com/other' } });
    await cluster.patchStatus('Service', 'theirs', { loadBalancer: { ingress: [{ ip: '198.51.100.200' }] } });
    await using _ours = await cluster.createService('ours');
    expect(await cluster.addressed('ours')).toEqual(['198.51.100.201']);
    await cluster.announcedBy('ours');
    expect(await cluster.addressesOf('theirs')).toEqual(['198.51.100.200']);
    expect(await cluster.eventsOf(theirs)).toEqual([]);
    expect(await cluster.announcements('theirs')).toEqual([]);
    expect(await audit.writesTo('services', 'theirs')).toEqual([]);
  });
}

function reaching(): void {
  test('exactly one node answers for an address, each time, and it is the one that the status names', async () => {
    const { cluster, lab, wire } = product;
    await using _service = await cluster.createService('answered');
    const [address = ''] = await cluster.addressed('answered');
    const { mac } = lab.node(await cluster.announcedBy('answered')).host.addresses;
    await settles('it is answered for', async () => expect(await lab.client.resolve(address)).toBe(mac));
    // What it is asked while it stands still it does not answer.
    await settles('each question has one answer', async () =>
      expect((await wire.ask(address, QUESTIONS)).byMac).toEqual({ [mac]: QUESTIONS }),
    );
  });

  test('a client on the segment reaches pods on every node through the address', async () => {
    const { cluster, lab } = product;
    // An address that no Service had before: what kube-proxy still does for an earlier one would pass for the answer of this one.
    await using _service = await cluster.createService('reached', { annotations: { 'metallb.io/loadBalancerIPs': '198.51.100.215' } });
    const [address = ''] = await cluster.addressed('reached');
    const owner = await cluster.announcedBy('reached');
    await eventually('HTTP through the address', () => lab.client.http(address), PATIENCE);
    const nodes = new Set<string | undefined>();
    for (let exchange = 0; exchange < EXCHANGES; exchange++) {
      const { status, text } = await lab.client.http(address);
      expect(status).toBe(200);
      nodes.add(/ node=(\S+)/.exec(text)?.[1]);
    }
    expect(nodes.size).toBeGreaterThan(1);
    expect([...nodes]).not.toEqual([owner]);
  });
}

function tables(): void {
  test('kubectl get servicel2statuses shows who announces which Service', async () => {
    const { cluster, lab } = product;
    await using _service = await cluster.createService('shown');
    const node = await cluster.announcedBy('shown');
    const table = await lab.control.kubectl(['get', 'servicel2statuses', '--namespace=metallb-system']);
    expect(cells(table, 0)).toEqual(['NAME', 'ALLOCATED NODE', 'SERVICE NAME', 'SERVICE NAMESPACE']);
    expect(cells(table, 1)).toEqual([expect.stringMatching(/^l2-/), node, 'shown', 'default']);
    const [status] = await cluster.announcements('shown');
    expect(status?.metadata.labels).toMatchObject({
      'metallb.io/node': node,
      'metallb.io/service-name': 'shown',
      'metallb.io/service-namespace': 'default',
    });
    expect(status?.status).toEqual({
      ...{ node, serviceName: 'shown', serviceNamespace: 'default', interfaces: [], observedGeneration: 1 },
      conditions: [expect.objectContaining({ type: 'Ready', status: 'True' })],
    });
  });

  test('kubectl get ipaddresspools shows the pools', async () => {
    const table = await product.lab.control.kubectl(['get', 'ipaddresspools', '--namespace=metallb-system']);
    expect(cells(table, 0)).toEqual(['NAME', 'AUTO ASSIGN', 'AVOID BUGGY IPS', 'ADDRESSES']);
    expect(cells(table, 1)).toEqual(['main', 'true', 'false', '["198.51.100.200-198.51.100.219","2001:db8:51::c800/120"]']);
    expect(cells(table, 2)).toEqual(['named', 'false', 'false', '["198.51.100.224/28"]']);
  });

  test("a pool's status counts its addresses and says that it is in use", async () => {
    const { cluster } = product;
    await using _one = await cluster.createService('one');
    await using _two = await cluster.createService('two', { spec: BOTH_FAMILIES });
    const counted = async (): Promise<boolean> => {
      const { assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 } = (await cluster.get('IPAddressPool', 'main')).status ?? {};
      return JSON.stringify([assignedIPv4, assignedIPv6, availableIPv4, availableIPv6]) === JSON.stringify([2, 1, 18, 255]);
    };
    await eventually('2 and 1 addresses are assigned, 18 and 255 available', counted, PATIENCE);
    expect(await cluster.poolReady('main', 'True')).toMatchObject({ reason: 'Reconciled', message: '' });
  });

  test('the samples apply as they are, and their pools show up', async () => {
    const { cluster, lab } = product;
    await lab.control.kubectl(['apply', '-f', SAMPLES]);
    try {
      const table = await lab.control.kubectl(['get', 'ipaddresspools', '--namespace=metallb-system']);
      expect(table).toMatch(/^internal +true +false +\["192.0.2.128\/27"\]$/m);
      expect(table).toMatch(/^public +true +true +\["192.0.2.10-192.0.2.99",/m);
      for (const pool of ['internal', 'public', 'main']) await cluster.poolReady(pool, 'True');
    } finally {
      await lab.control.kubectl(['delete', '-f', SAMPLES, '--ignore-not-found', '--wait=false']);
    }
    // Until then a Service may be given one of their addresses.
    const known = async (): Promise<boolean> => /\{pool="(?:internal|public)"\}/.test(await product.metricsOf(product.controller));
    await eventually('the controller has forgotten their pools', async () => !(await known()), PATIENCE);
  });
}

/** The value of one series; `undefined` when there is none. */
function sample(metrics: string, series: string): number | undefined {
  const line = metrics.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

function logs(): void {
  test('both logs have the lines that people search for', async () => {
    const { cluster, controller } = product;
    await using service = await cluster.createService('logged');
    const [ip = ''] = await cluster.addressed('logged');
    const speaker = product.speaker(await cluster.announcedBy('logged'));
    await service[Symbol.asyncDispose]();
    const about = { service: 'default/logged' };
    const common = { level: 'info', caller: expect.stringMatching(/^[\w-]+\.ts:\d+$/), ts: expect.stringMatching(/^[\d-]{10}T[\d:]{8}Z$/) };
    const has = (lines: readonly LogLine[], line: object): void =>
      expect(lines).toContainEqual(expect.objectContaining({ ...common, ...line }));
    await settles('the log of the controller', async () => {
      const lines = await logOf(controller);
      has(lines, { ...about, msg: 'IP address assigned by controller', event: 'ipAllocated', ip: [ip] });
      has(lines, { ...about, msg: 'updated service object', event: 'serviceUpdated' });
      has(lines, { ...about, msg: 'service deleted', event: 'serviceDeleted' });
    });
    await settles('the log of the speaker', async () => {
      const lines = await logOf(speaker);
      has(lines, { msg: 'created ARP responder for interface', event: 'createARPResponder', interface: 'eth0' });
      has(lines, { ...about, msg: 'service has IP, announcing', event: 'serviceAnnounced', ips: [ip], protocol: 'layer2' });
      const withdrawn = { msg: 'withdrawing service announcement', event: 'serviceWithdrawn', ip: [ip], reason: 'serviceDeleted' };
      has(lines, { ...about, ...withdrawn });
    });
  });
}

function watching(): void {
  test('the metrics of both processes carry the names and labels of MetalLB', async () => {
    const { cluster, wire, controller } = product;
    await using _service = await cluster.createService('counted');
    const [ip = ''] = await cluster.addressed('counted');
    const node = await cluster.announcedBy('counted');
    await wire.ask(ip, QUESTIONS);
    const rows = {
      services_allocated_total: 1,
      addresses_total: 276,
      ipv4_addresses_total: 20,
      ipv6_addresses_total: 256,
      addresses_in_use_total: 1,
    };
    let ofController = '';
    // What is served may be half a second old.
    await settles('the pool is counted', async () => {
      ofController = await product.metricsOf(controller);
      for (const [name, value] of Object.entries({ ...rows, ipv4_addresses_in_use_total: 1, ipv6_addresses_in_use_total: 0 })) {
        expect([name, sample(ofController, `metallb_allocator_${name}{pool="main"}`)]).toEqual([name, value]);
      }
    });
    const counted = async (): Promise<string | undefined> => {
      const text = await product.metricsOf(product.speaker(node));
      return (sample(text, `metallb_layer2_responses_sent{ip="${ip}"}`) ?? 0) >= QUESTIONS ? text : undefined;
    };
    const ofSpeaker = await eventually('the answers are counted', counted, PATIENCE);
    expect(sample(ofSpeaker, `metallb_layer2_requests_received{ip="${ip}"}`)).toBeGreaterThanOrEqual(QUESTIONS);
    expect(sample(ofSpeaker, `metallb_layer2_gratuitous_sent{ip="${ip}"}`)).toBeGreaterThan(0);
    const announced = `metallb_speaker_announced{service="default/counted",protocol="layer2",node="${node}",ip="${ip}"}`;
    expect(sample(ofSpeaker, announced)).toBe(1);
    expect(rowsOf(parseExposition(ofController), CONTROLLER_METRICS)).toEqual(CONTROLLER_METRICS);
    expect(rowsOf(parseExposition(ofSpeaker), LAYER2_METRICS)).toEqual(LAYER2_METRICS);
    for (const text of [ofController, ofSpeaker]) {
      expect(rowsOf(parseExposition(text), COMMON_METRICS)).toEqual(COMMON_METRICS);
      expect(sample(text, 'metallb_k8s_client_updates_total')).toBeGreaterThan(0);
      expect(sample(text, 'metallb_k8s_client_update_errors_total')).toBeDefined();
      expect(sample(text, 'metallb_k8s_client_config_loaded_bool')).toBe(1);
      expect(sample(text, 'metallb_k8s_client_config_stale_bool')).toBe(0);
    }
  });
}

function resting(): void {
  test('nothing is written while nothing changes, and nothing for changes that mean nothing', async () => {
    const { cluster, audit } = product;
    await using _one = await cluster.createService('resting');
    await using _two = await cluster.createService('resting-too', { spec: BOTH_FAMILIES });
    for (const name of ['resting', 'resting-too']) {
      await cluster.addressed(name);
      await cluster.announcedBy(name);
    }
    const before = await audit.quiet(REST_MILLISECONDS / 5); // events and counters are written behind the status
    const touched: readonly (readonly [Kind, string])[] = [
      ['Service', 'resting'],
      ['IPAddressPool', 'main'],
      ['L2Advertisement', 'everywhere'],
      ['Node', 'node-1'],
    ];
    for (const [kind, name] of touched) await cluster.patch(kind, name, { metadata: { labels: { touched: 'yes' } } });
    await sleep(REST_MILLISECONDS);
    // Whoever leads says so every two seconds.
    const written = (await audit.writes()).slice(before).filter(({ resource }) => resource !== 'leases');
    expect(written).toEqual([]);
  });
}

describeLab('first light', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    const { cluster } = product;
    await cluster.createPool('main', ['198.51.100.200-198.51.100.219', '2001:db8:51::c800/120']);
    await cluster.createPool('named', ['198.51.100.224/28'], { spec: { autoAssign: false } });
    await cluster.create('L2Advertisement', 'everywhere', { spec: {} });
    await cluster.poolReady('main', 'True');
    await cluster.poolReady('named', 'True');
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('requests', requests);
  describe('releases', releases);
  describe('others', others);
  describe('reaching', reaching);
  describe('what kubectl shows', tables);
  describe('what the product says and writes', () => {
    logs();
    watching();
    resting();
  });

  test('no process has ended, and none has anything alarming in its log', async () => {
    for (const process of product.processes) {
      expect(process.program.alive).toBe(true);
      expect(await alarmingLines(process)).toEqual([]);
    }
  });
});
