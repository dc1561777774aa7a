import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { PATIENCE } from './support/cluster.ts';
import { ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** IPv6 on the segment as the kernels of its machines see it: who has the address, is it still there, may I take it. */

let product: ProductLab;

const DUAL = { spec: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] } };
/** The state of the client's entry for an address: REACHABLE once somebody confirmed it. */
async function stateOf(address: string): Promise<string | undefined> {
  return (await product.lab.client.neighbour(address))?.state;
}

function clients(): void {
  test('is found, with its IPv4 address at one node, and carries traffic', async () => {
    const { cluster, lab } = product;
    await using _service = await cluster.createService('dual', DUAL);
    const addresses = await cluster.addressed('dual');
    expect(addresses).toHaveLength(2);
    const { mac } = lab.node(await cluster.announcedBy('dual')).host.addresses;
    for (const address of addresses) {
      await settles(`${address} is found`, async () => expect(await lab.client.resolve(address)).toBe(mac));
      const http = await eventually(`HTTP to ${address}`, () => lab.client.http(address, { withinMilliseconds: 500 }), PATIENCE);
      expect(http.status).toBe(200);
    }
  });

  test('is confirmed when a client asks its owner alone whether it is still there', async () => {
    const { cluster, lab } = product;
    await using _service = await cluster.createService('confirmed', DUAL);
    const address = (await cluster.addressed('confirmed')).find((one) => one.includes(':')) ?? '';
    const { mac } = lab.node(await cluster.announcedBy('confirmed')).host.addresses;
    await settles('it is found', async () => expect(await lab.client.resolve(address)).toBe(mac));
    const probe = ['ip', '-6', 'neighbour', 'replace', address, 'lladdr', mac, 'dev', 'eth0', 'nud', 'probe'];
    await lab.client.host.run(probe);
    const confirmed = async (): Promise<boolean> => {
      const state = await stateOf(address);
      // The kernel asks once a second and three times before it gives an entry up (ndisc, `ucast_solicit`): then it is told to ask again.
      if (state !== 'PROBE' && state !== 'REACHABLE') await lab.client.host.run(probe);
      return state === 'REACHABLE';
    };
    expect(await eventually('the entry is reachable', confirmed, PATIENCE)).toBe(true);
  });
}

function neighbours(): void {
  test('cannot be taken by a host that makes sure first', async () => {
    const { cluster, lab } = product;
    await using _service = await cluster.createService('taken', DUAL);
    const address = (await cluster.addressed('taken')).find((one) => one.includes(':')) ?? '';
    await cluster.announcedBy('taken');
    const { client } = lab;
    // The hosts of a lab do without. It asks once a second: an owner that stands still for a while must not lose the address by that.
    await client.host.run(['sysctl', '-qw', 'net.ipv6.conf.eth0.accept_dad=1', 'net.ipv6.conf.eth0.dad_transmits=20']);
    await client.host.run(['ip', '-6', 'address', 'add', `${address}/128`, 'dev', 'eth0']);
    try {
      const flags = async (): Promise<string> => client.host.run(['ip', '-6', 'address', 'show', 'dev', 'eth0', 'to', address]);
      const refused = async (): Promise<boolean> => (await flags()).includes('dadfailed');
      expect(await eventually('the kernel finds the duplicate', refused, PATIENCE)).toBe(true);
    } finally {
      await client.host.run(['ip', '-6', 'address', 'delete', `${address}/128`, 'dev', 'eth0']);
    }
  });

  test('is nobody’s when the Service is gone', async () => {
    const { cluster, lab } = product;
    await using _service = await cluster.createService('leaving', DUAL);
    const address = (await cluster.addressed('leaving')).find((one) => one.includes(':')) ?? '';
    const { mac } = lab.node(await cluster.announcedBy('leaving')).host.addresses;
    await settles('it is found', async () => expect(await lab.client.resolve(address)).toBe(mac));
    await cluster.remove('Service', 'leaving');
    await settles('it is nobody’s', async () => expect(await lab.client.resolve(address)).toBeUndefined());
  });

  test('is asked for in a group that its owner has joined', async () => {
    const { cluster, lab } = product;
    await using _service = await cluster.createService('listening', DUAL);
    const address = (await cluster.addressed('listening')).find((one) => one.includes(':')) ?? '';
    const owner = lab.node(await cluster.announcedBy('listening'));
    const group = `ff02::1:ff00:${address.split(':').at(-1)}`;
    const joined = async (): Promise<boolean> => (await owner.host.run(['ip', '-6', 'maddress', 'show', 'dev', 'eth0'])).includes(group);
    expect(await eventually(`${owner.name} is in ${group}`, joined, PATIENCE)).toBe(true);
  });

  test('has its requests, answers and advertisements counted', async () => {
    const { cluster, lab } = product;
    await using _service = await cluster.createService('counted', DUAL);
    const address = (await cluster.addressed('counted')).find((one) => one.includes(':')) ?? '';
    const owner = await cluster.announcedBy('counted');
    const counted = async (): Promise<boolean> => {
      const metrics = await product.metricsOf(product.speaker(owner));
      const has = (name: string): boolean => new RegExp(`^metallb_layer2_${name}\\{ip="${address}"\\} [1-9]`, 'm').test(metrics);
      if (has('requests_received') && has('responses_sent') && has('gratuitous_sent')) return true;
      // What an owner is asked while it stands still it never sees.
      await lab.client.resolve(address);
      return false;
    };
    expect(await eventually('all three are counted', counted, PATIENCE)).toBe(true);
  });
}

describeLab('an IPv6 address of a Service', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    const { cluster } = product;
    await cluster.createPool('segment', ['198.51.100.200-198.51.100.219', '2001:db8:51::c800/120']);
    await cluster.create('L2Advertisement', 'segment', {});
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('as clients use it', clients);
  describe('as its neighbours see it', neighbours);
});
