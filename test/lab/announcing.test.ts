import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { BROADCAST } from './support/arp-text.ts';
import { type Draft, PATIENCE } from './support/cluster.ts';
import { alarmingLines, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';
import type { SeenArp } from './support/wire.ts';

/** Who announces a Service, on which links, and how the segment learns of it and of a change. */

const NODES = ['node-1', 'node-2', 'node-3'];
const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** The burst is over after 2.2 s; whoever goes on does so within this time. */
const BURST_MILLISECONDS = 3_000;

/** The last part of the first of 25 addresses. */
const FIRST_OF_POOL = 225;

let product: ProductLab;
let used = 0;

/** Asks for an address that no Service had before: whoever had it may answer for it for a moment more. */
function unused(): Readonly<Record<string, string>> {
  return { 'metallb.io/loadBalancerIPs': `198.51.100.${FIRST_OF_POOL + used++}` };
}

interface Row {
  readonly advertisement: string;
  /** What the L2Advertisement says. */
  readonly spec: object;
  readonly service?: Draft;
  /** Who may announce; nobody when empty. */
  readonly owners: readonly string[];
  readonly interfaces?: readonly string[];
}

const on = (node: string): object => ({ matchLabels: { 'kubernetes.io/hostname': node } });
const NOBODY: readonly string[] = [];
const WEB = { labels: { tier: 'web' } };

const ROWS: readonly Row[] = [
  { advertisement: 'without any condition', spec: {}, owners: NODES },
  ...NODES.map((node) => ({ advertisement: `for ${node}`, spec: { nodeSelectors: [on(node)] }, owners: [node] })),
  { advertisement: 'for two nodes', spec: { nodeSelectors: [on('node-1'), on('node-3')] }, owners: ['node-1', 'node-3'] },
  { advertisement: 'for a node that is not there', spec: { nodeSelectors: [on('node-9')] }, owners: NOBODY },
  { advertisement: 'on eth0', spec: { interfaces: ['eth0'] }, owners: NODES, interfaces: ['eth0'] },
  { advertisement: 'on eth0 and one more', spec: { interfaces: ['eth0', 'eth9'] }, owners: NODES, interfaces: ['eth0', 'eth9'] },
  {
    advertisement: 'for Services of its tier',
    spec: { serviceSelectors: [{ matchLabels: { tier: 'web' } }] },
    service: WEB,
    owners: NODES,
  },
  {
    advertisement: 'for Services of another tier',
    spec: { serviceSelectors: [{ matchLabels: { tier: 'mail' } }] },
    service: WEB,
    owners: NOBODY,
  },
  { advertisement: 'of its pool', spec: { ipAddressPools: ['segment'] }, owners: NODES },
  { advertisement: 'of another pool', spec: { ipAddressPools: ['elsewhere'] }, owners: NOBODY },
  {
    advertisement: 'of pools labelled as its own',
    spec: { ipAddressPoolSelectors: [{ matchLabels: { reach: 'segment' } }] },
    owners: NODES,
  },
  { advertisement: 'of pools labelled otherwise', spec: { ipAddressPoolSelectors: [{ matchLabels: { reach: 'world' } }] }, owners: NOBODY },
  {
    advertisement: 'of another pool or pools labelled as its own',
    spec: { ipAddressPools: ['elsewhere'], ipAddressPoolSelectors: [{ matchLabels: { reach: 'segment' } }] },
    owners: NODES,
  },
  {
    advertisement: 'that prefers node-2',
    spec: { preferredNodeSelectors: [{ weight: 10, preference: on('node-2') }] },
    owners: ['node-2'],
  },
];

/** The first in the order of MetalLB: the lowest SHA-256 of `node#address`. */
function firstOf(nodes: readonly string[], address: string): string | undefined {
  const rank = (node: string): string => createHash('sha256').update(`${node}#${address}`).digest('hex');
  return nodes.toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1))[0];
}

function advertisements(): void {
  test.each(ROWS)('an advertisement $advertisement makes one of $owners answer', async ({ spec, service, owners, interfaces }) => {
    const { cluster, lab, wire } = product;
    await using _advertisement = await cluster.create('L2Advertisement', 'tried', { spec });
    await using _service = await cluster.createService('tried', { ...service, annotations: unused() });
    const [address = ''] = await cluster.addressed('tried');
    if (owners.length === 0) {
      expect(await lab.client.resolve(address)).toBeUndefined();
      expect(await cluster.announcements('tried')).toEqual([]);
      return;
    }
    const owner = firstOf(owners, address) ?? '';
    await settles(`${owner} announces`, async () => expect(await cluster.announcedBy('tried')).toBe(owner));
    const { mac } = lab.node(owner).host.addresses;
    await settles(`${owner} answers`, async () => expect(await lab.client.resolve(address)).toBe(mac));
    expect(await wire.answerers(address)).toEqual([mac]);
    const [status] = await cluster.announcements('tried');
    expect(status?.status?.interfaces).toEqual((interfaces ?? []).map((name) => ({ name })));
  });

  test('an interface that the owner lacks is told by an event, and nobody answers', async () => {
    const { cluster, lab } = product;
    await using _advertisement = await cluster.create('L2Advertisement', 'tried', { spec: { interfaces: ['eth9'] } });
    await using service = await cluster.createService('astray', { annotations: unused() });
    const [address = ''] = await cluster.addressed('astray');
    const owner = firstOf(NODES, address);
    const message = `the interfaces specified by LB IP "${address}" doesn't exist in assigned node "${owner}" with protocol "layer2"`;
    const source = { component: 'metallb-speaker', host: owner };
    expect(await cluster.event(service, 'announceFailed')).toMatchObject({ type: 'Warning', message, count: 1, source });
    expect(await lab.client.resolve(address)).toBeUndefined();
    expect(await cluster.announcements('astray')).toEqual([]);
    await cluster.patch('L2Advertisement', 'tried', { spec: { interfaces: ['eth0'] } });
    expect(await cluster.announcedBy('astray')).toBe(owner);
    const { mac } = lab.node(owner ?? '').host.addresses;
    await settles(`${owner} answers`, async () => expect(await lab.client.resolve(address)).toBe(mac));
  });
}

/** The frames by which somebody tells the segment of an address unasked. */
function gratuitous(frames: readonly SeenArp[], address: string): SeenArp[] {
  return frames.filter(({ senderIp, targetIp, destination }) => senderIp === address && targetIp === address && destination === BROADCAST);
}

function without(node: string): readonly string[] {
  return NODES.filter((each) => each !== node);
}

interface WayOut {
  readonly by: string;
  readonly out: (node: string) => Promise<unknown>;
  readonly back: (node: string) => Promise<unknown>;
}

const label = (value: string | null) => (node: string) =>
  product.cluster.patch('Node', node, { metadata: { labels: { [EXCLUDE_LABEL]: value } } });
const unavailable = (status: 'True' | 'False') => (node: string) => {
  const conditions = [{ type: 'NetworkUnavailable', status, reason: 'Tried', message: 'written by a test' }];
  return product.cluster.patchStatus('Node', node, { conditions });
};

const WAYS_OUT: readonly WayOut[] = [
  { by: 'a label', out: label(''), back: label(null) },
  { by: 'a condition', out: unavailable('True'), back: unavailable('False') },
];

function changes(): void {
  test('the segment is told of a new address: a request, then five times a request and a reply', async () => {
    const { cluster, lab, wire } = product;
    await using listener = await wire.listen();
    await using _service = await cluster.createService('heard', { annotations: unused() });
    const [address = ''] = await cluster.addressed('heard');
    const { mac } = lab.node(await cluster.announcedBy('heard')).host.addresses;
    await eventually('the whole burst', async () => gratuitous(await listener.heard(), address).length >= 11, PATIENCE);
    await sleep(BURST_MILLISECONDS);
    const frames = gratuitous(await listener.heard(), address);
    expect(frames.map(({ operation }) => operation)).toEqual([1, ...Array.from({ length: 5 }, () => [1, 2]).flat()]);
    for (const frame of frames) expect(frame).toMatchObject({ source: mac, senderMac: mac });
  });

  test.each(WAYS_OUT)(
    "a node that is taken out by $by hands its Services over, and the client's own table follows",
    async ({ out, back }) => {
      const { cluster, lab } = product;
      await using service = await cluster.createService('moving', { annotations: unused() });
      const [address = ''] = await cluster.addressed('moving');
      const before = await cluster.announcedBy('moving');
      const macOf = (node: string): string => lab.node(node).host.addresses.mac;
      // After this the client asks nobody: what it learns, it learns from the burst of the new owner.
      await settles(`${before} answers`, async () => expect(await lab.client.resolve(address)).toBe(macOf(before)));
      const clientKnows = async (node: string): Promise<boolean> => (await lab.client.neighbour(address))?.mac === macOf(node);
      await out(before);
      const next = firstOf(without(before), address) ?? '';
      try {
        await eventually('the client knows the new owner', () => clientKnows(next), PATIENCE);
        await eventually('the new owner hands requests on', async () => (await lab.client.http(address)).status === 200, PATIENCE);
        await eventually('the status names the new owner', async () => (await cluster.announcedBy('moving')) === next, PATIENCE);
        const told = async (): Promise<boolean> =>
          (await cluster.eventsOf(service)).some(({ message }) => message === `announcing from node "${next}" with protocol "layer2"`);
        await eventually('an event names the new owner', told, PATIENCE);
      } finally {
        await back(before);
      }
      // An owner that lives keeps what it has: the other one could have it back, and nothing moves.
      expect(await cluster.announcedBy('moving')).toBe(next);
      expect(await clientKnows(next)).toBe(true);
    },
  );
}

function localPolicy(): void {
  test('with externalTrafficPolicy Local the owner has an endpoint, and the pod sees the client', async () => {
    const { cluster, lab } = product;
    const spec = { externalTrafficPolicy: 'Local', selector: { app: 'local' } };
    await using _service = await cluster.createService('local', { spec, annotations: unused() });
    const [address = ''] = await cluster.addressed('local');
    expect(await lab.client.resolve(address)).toBeUndefined(); // no endpoint, no owner
    for (const name of ['node-3', 'node-1']) {
      const pod = await lab.addPod(lab.node(name), { name: `local-${name}`, labels: { app: 'local' } });
      await eventually(`${name} announces`, async () => (await cluster.announcedBy('local')) === name, PATIENCE);
      const answer = async (): Promise<string> => (await lab.client.http(address)).text;
      const text = `pod=${pod.name} node=${name} client=${lab.client.host.addresses.ipv4}\n`;
      await eventually(`the answer ${text}`, async () => (await answer()) === text, PATIENCE);
      await lab.removePod(pod);
      await cluster.unannounced('local');
    }
  });
}

describeLab('announcing', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    await product.cluster.createPool('segment', [`198.51.100.${FIRST_OF_POOL}-198.51.100.249`], { labels: { reach: 'segment' } });
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('advertisements', advertisements);

  describe('changes', () => {
    beforeAll(() => product.cluster.create('L2Advertisement', 'everywhere', { spec: {} }));
    changes();
    localPolicy();
  });

  test('no process has ended, and none has anything alarming in its log', async () => {
    for (const process of product.processes) {
      expect(process.program.alive).toBe(true);
      expect(await alarmingLines(process)).toEqual([]);
    }
  });
});
