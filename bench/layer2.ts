// How long a client is without an answer for an address when the node that answers for it is cut off at the switch: one address
// of each family, asked for every 5 ms, again and again; then all addresses of a node that has a thousand. Three nodes. From the
// moment before the cut to the first answer by another MAC; every sample is printed.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually } from '../hack/kubernetes/eventually.ts';
import type { LabNode } from '../hack/lab/lab.ts';
import { ProductLab } from '../test/lab/support/product-lab.ts';
import { AddressWatch, makeAddressWatch } from './address-watch.ts';
import { distributionOf, moment, print } from './samples.ts';
import { ServiceLoad } from './service-load.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    services: { type: 'string', default: '3000' },
    'crowd-rounds': { type: 'string', default: '5' },
  },
});
const QUESTIONS_A_SECOND = 200;
/** Each of a thousand addresses is asked for every 50 ms. */
const CROWD_QUESTIONS_A_SECOND = 20_000;
/** All speakers have heard each other, and each has found that the others' kernels answer, which it asks every 10 s. */
const ACQUAINTED_MILLISECONDS = 12_000;
/** So long nothing changes before the next round. */
const SETTLED_MILLISECONDS = 3_000;
const PATIENCE = { withinMilliseconds: 120_000 };
const DUAL = { spec: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] } };

await makeAddressWatch();
await using product = await ProductLab.start();
const { cluster, lab } = product;
await cluster.create('L2Advertisement', 'segment', {});
await cluster.createPool('one', ['198.51.100.200/32', '2001:db8:51::c800/128']);
await cluster.createService('watched', DUAL);
const watched = await cluster.addressed('watched');
await sleep(ACQUAINTED_MILLISECONDS);
for (const address of watched) await one(address, Number(values.rounds));
await crowd(Number(values.services), Number(values['crowd-rounds']));

async function one(address: string, rounds: number): Promise<void> {
  if (rounds === 0) return;
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await using watch = new AddressWatch(lab.client.host, [address], QUESTIONS_A_SECOND);
    samples.push(...(await cut(watch, [address])));
  }
  print('layer2', { what: 'node cut off', family: address.includes(':') ? 'IPv6' : 'IPv4', ...figuresOf(samples), samples });
}

async function crowd(services: number, rounds: number): Promise<void> {
  if (rounds === 0) return;
  await cluster.createPool('crowd', ['10.64.0.0/16']);
  const load = new ServiceLoad(lab.control.api, services);
  await load.prepare();
  await load.create('web', {});
  await load.addEndpoints('web', lab.nodes[0]?.name ?? '');
  await eventually('all Services have addresses', async () => (await load.addressed()) === services, PATIENCE);
  const addresses = await load.addresses();
  for (let round = 0; round < rounds; round++) {
    await using watch = new AddressWatch(lab.client.host, addresses, CROWD_QUESTIONS_A_SECOND);
    const samples = await cut(watch, addresses);
    print('layer2', { what: 'node with many cut off', addresses: samples.length, ...figuresOf(samples), samples });
  }
}

/** Cuts the node off that answers for most, waits until others answer for all, and lets it come back: the silence of each of its addresses. */
async function cut(watch: AddressWatch, addresses: readonly string[]): Promise<number[]> {
  const settled = async (): Promise<boolean> =>
    watch.owners.size === addresses.length && moment() - (watch.answers.at(-1)?.at ?? 0) > SETTLED_MILLISECONDS;
  await eventually('the same nodes answer for all', settled, PATIENCE);
  const node = busiest(watch);
  const { mac } = node.host.addresses;
  const lost = addresses.filter((address) => watch.owners.get(address) === mac);
  const cutAt = moment();
  await lab.network.cutOff(node.host);
  try {
    await eventually('others answer', async () => lost.every((address) => watch.owners.get(address) !== mac), PATIENCE);
  } finally {
    await lab.network.reconnect(node.host);
  }
  return lost.map((address) => (watch.answers.find((answer) => answer.address === address && answer.at > cutAt)?.at ?? Infinity) - cutAt);
}

function busiest({ owners }: AddressWatch): LabNode {
  const counts = new Map<string, number>();
  for (const mac of owners.values()) counts.set(mac, (counts.get(mac) ?? 0) + 1);
  const [most] = [...counts].sort(([, left], [, right]) => right - left);
  const node = lab.nodeWithMac(most?.[0]);
  if (node === undefined) throw new Error(`no node has the MAC ${most?.[0]}`);
  return node;
}

/** No p99 of fewer than fifty. */
function figuresOf(samples: readonly number[]): object {
  const { count, p50, p99, max } = distributionOf(samples);
  return { unit: 'ms', count, p50, ...(count >= 50 ? { p99 } : {}), max };
}
