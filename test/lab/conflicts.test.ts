import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { Host } from '../../hack/lab/host.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { arpRequest, BROADCAST } from './support/arp-text.ts';
import { PATIENCE } from './support/cluster.ts';
import { alarmingLines, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';
import { type SeenArp, Wire } from './support/wire.ts';

/**
 * Hosts that have an address of the product and are none of its nodes, and nodes whose kernel has one. The stranger is a machine on the segment whose
 * kernel answers, as a host with a fixed address does.
 */

const NODES = ['node-1', 'node-2', 'node-3'];
const POOL = ['198.51.100.200-198.51.100.219', '2001:db8:51::c800/120'];
/** A thief speaks so often, for so long. */
const THEFT = { pauseMilliseconds: 500, rounds: 70 };
const DEFEND_MILLISECONDS = 10_000;
/** How often a node that takes an address tells so by a request, like those by which it defends it (docs/layer2.md). */
const BURST_REQUESTS = 6;
/** Each address is told once in this time besides. */
const REFRESH_MILLISECONDS = 60_000;

let product: ProductLab;
let stranger: Host;

/** An address on an interface of a machine, as long as the object lives. */
async function configured(host: Host, address: string, link: string): Promise<AsyncDisposable> {
  const prefix = address.includes(':') ? `${address}/128 dev ${link} nodad` : `${address}/32 dev ${link}`;
  await host.ip(`address add ${prefix}`);
  return { [Symbol.asyncDispose]: () => host.ip(`address delete ${prefix.replace(' nodad', '')}`) };
}

/** The last part of a Service's address, and what is asked of it. */
function asking(...addresses: readonly string[]): Readonly<Record<string, string>> {
  return { 'metallb.io/loadBalancerIPs': addresses.join() };
}

/** The node that comes first in the order of MetalLB: the lowest SHA-256 of `node#address`. */
function firstOf(address: string): string {
  const rank = (node: string): string => createHash('sha256').update(`${node}#${address}`).digest('hex');
  return NODES.toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1))[0] ?? '';
}

/** When a node told all that the address is its own, by a request, which is how it defends it. */
function defences(frames: readonly SeenArp[], address: string, mac: string): number[] {
  const own = frames.filter(({ operation, senderMac, senderIp, destination }) => {
    return operation === 1 && senderMac === mac && senderIp === address && destination === BROADCAST;
  });
  return own.map(({ at }) => at);
}

const STRANGE = [
  { family: 'IPv4', spec: {}, address: '198.51.100.201', taken: '198.51.100.201' },
  { family: 'IPv6', spec: { ipFamilies: ['IPv6'] }, address: '2001:db8:51::c801', taken: '2001:db8:51::c801' },
  {
    family: 'one of two families',
    spec: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] },
    address: '198.51.100.202,2001:db8:51::c802',
    taken: '2001:db8:51::c802',
  },
];

function strangers(): void {
  test.each(STRANGE)('an address that a stranger has ($family) is left to it until it stops', async ({ spec, address, taken }) => {
    const { cluster, lab } = product;
    const { mac } = stranger.addresses;
    const having = await configured(stranger, taken, 'eth0');
    await using service = await cluster.createService('strange', { spec, annotations: asking(...address.split(',')) });
    expect((await cluster.addressed('strange')).join()).toBe(address);
    const { type, message, source } = await cluster.event(service, 'AddressConflict');
    expect([type, source.component]).toEqual(['Warning', 'metallb-speaker']);
    expect(message).toContain(`does not announce ${taken}: the host with MAC ${mac}, on which no speaker`);
    expect(await cluster.announcements('strange')).toEqual([]);
    expect(await lab.client.resolve(taken)).toBe(mac);
    await having[Symbol.asyncDispose]();
    const [first = ''] = address.split(',');
    const owner = firstOf(first);
    expect(await cluster.announcedBy('strange')).toBe(owner);
    for (const each of address.split(',')) {
      await settles(`${owner} answers`, async () => expect(await lab.client.resolve(each)).toBe(lab.node(owner).host.addresses.mac));
    }
  });

  test('one that nobody has is announced without a word', async () => {
    const { cluster } = product;
    const address = '198.51.100.203';
    await using service = await cluster.createService('free', { annotations: asking(address) });
    expect(await cluster.announcedBy('free')).toBe(firstOf(address));
    expect((await cluster.eventsOf(service)).map(({ type }) => type)).not.toContain('Warning');
  });
}

function thieves(): void {
  test('an address that a thief takes is defended once in ten seconds, and kept', async () => {
    const { cluster, lab, wire } = product;
    const address = '198.51.100.204';
    await using listener = await wire.listen();
    await using service = await cluster.createService('stolen', { annotations: asking(address) });
    const owner = await cluster.announcedBy('stolen');
    const { mac } = lab.node(owner).host.addresses;
    const told = async (): Promise<number> => defences(await listener.heard(), address, mac).length;
    await eventually('the burst of a new address is over', async () => (await told()) >= BURST_REQUESTS, PATIENCE);
    const before = await told();
    const frames = [arpRequest({ targetIp: address, senderIp: address, senderMac: stranger.addresses.mac })];
    await new Wire(stranger).send({ frames, ...THEFT });
    const heard = (await told()) - before;
    const thefts = (await listener.heard()).filter(
      ({ senderMac, senderIp }) => senderMac === stranger.addresses.mac && senderIp === address,
    );
    const lasted = (thefts.at(-1)?.at ?? 0) - (thefts[0]?.at ?? 0);
    expect(lasted).toBeGreaterThan(3 * DEFEND_MILLISECONDS);
    // One each ten seconds from the first on, and those by which each address is told once a minute.
    const most = Math.floor(lasted / DEFEND_MILLISECONDS) + Math.floor(lasted / REFRESH_MILLISECONDS) + 2;
    expect([heard >= 3, heard <= most]).toEqual([true, true]);
    const { type, message } = await cluster.event(service, 'AddressConflict');
    expect(type).toBe('Warning');
    expect(message).toContain(
      `the host with MAC ${stranger.addresses.mac}, on which no speaker of this cluster runs, says that ${address} is its own`,
    );
    expect([await cluster.announcedBy('stolen'), await wire.answerers(address)]).toEqual([owner, [mac]]);
    const counted = new RegExp(`^typemetal_layer2_conflicts_total\\{ip="${address}",kind="thief"\\} [1-9]`, 'm');
    await settles('it is counted', async () => expect(await product.metricsOf(product.speaker(owner))).toMatch(counted));
  });
}

function kernels(): void {
  test('an address that the kernel of another node has is announced, and that node is named', async () => {
    const { cluster, lab } = product;
    const address = '198.51.100.205';
    const owner = firstOf(address);
    const other = NODES.find((node) => node !== owner) ?? '';
    const { host } = lab.node(other);
    await using _having = await configured(host, address, 'lo');
    await using service = await cluster.createService('doubled', { annotations: asking(address) });
    expect(await cluster.announcedBy('doubled')).toBe(owner);
    const { type, message } = await cluster.event(service, 'StrictARP');
    expect(type).toBe('Warning');
    expect(message).toContain(
      `the kernel of node "${other}" (MAC ${host.addresses.mac}) answers for ${address}, which node "${owner}" announces`,
    );
  });

  test('an address that the kernel of its own node has is nothing to speak of', async () => {
    const { cluster, lab } = product;
    const address = '198.51.100.206';
    const owner = firstOf(address);
    await using _having = await configured(lab.node(owner).host, address, 'lo');
    await using service = await cluster.createService('own', { annotations: asking(address) });
    expect(await cluster.announcedBy('own')).toBe(owner);
    expect((await cluster.eventsOf(service)).map(({ type }) => type)).not.toContain('Warning');
  });
}

describeLab('conflicts', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    stranger = await product.lab.addHost('stranger');
    await product.cluster.createPool('segment', POOL);
    await product.cluster.create('L2Advertisement', 'everywhere', { spec: {} });
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('strangers', strangers);
  describe('thieves', thieves);
  describe('kernels', kernels);

  test('no process has ended, and none has anything alarming in its log', async () => {
    for (const process of product.processes) {
      expect(process.program.alive).toBe(true);
      expect(await alarmingLines(process)).toEqual([]);
    }
  });
});
