// How long a client is without an answer for an address when the node that answers for it is cut off at the switch, or its speaker
// is killed, stands still or is started anew; then all addresses of a node that has a thousand. Three nodes; one address of each
// family, asked for every 5 ms. What happens when a node is back is watched too. Every sample is printed.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually } from '../hack/kubernetes/eventually.ts';
import type { LabNode } from '../hack/lab/lab.ts';
import { ProductLab } from '../test/lab/support/product-lab.ts';
import { AddressWatch, type Answer, makeAddressWatch } from './address-watch.ts';
import { distributionOf, moment, print } from './samples.ts';
import { ServiceLoad } from './service-load.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    'speaker-rounds': { type: 'string', default: '10' },
    services: { type: 'string', default: '3000' },
    'crowd-rounds': { type: 'string', default: '5' },
  },
});
const QUESTIONS_A_SECOND = 200;
/** Each of a thousand addresses is asked for every 100 ms. */
const CROWD_QUESTIONS_A_SECOND = 10_000;
/** All speakers have heard each other, and each has found that the others' kernels answer, which it asks every 10 s. */
const ACQUAINTED_MILLISECONDS = 12_000;
/** A client has seen who answers. */
const BEFORE_MILLISECONDS = 500;
/** So long is watched what the end of a disturbance brings: bursts take 2.2 s. */
const AFTER_MILLISECONDS = 3_000;
/** A speaker is away for longer than it takes to notice that. */
const AWAY_MILLISECONDS = 3_000;
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

/** Something that is done to the speaker of a node until it is undone. */
interface Disturbance {
  readonly what: string;
  readonly begin: (node: LabNode) => Promise<void>;
  readonly end: (node: LabNode) => Promise<void>;
}

const SPEAKERS: readonly Disturbance[] = [
  { what: 'speaker killed', begin: ({ name }) => product.speaker(name).program.kill(), end: startSpeaker },
  {
    what: 'speaker frozen',
    begin: async ({ name }) => product.speaker(name).program.pause(),
    end: async ({ name }) => product.speaker(name).program.resume(),
  },
  { what: 'speaker restarted', begin: ({ name }) => product.speaker(name).program.stop(), end: startSpeaker },
];

await cutOff(Number(values.rounds));
for (const disturbance of SPEAKERS) await disturb(disturbance, Number(values['speaker-rounds']));
await crowd(Number(values.services), Number(values['crowd-rounds']));

async function startSpeaker({ name }: LabNode): Promise<void> {
  product.speaker(name).start();
  await product.speaker(name).ready();
}

/** Cuts a node off at its port of the switch until something holds. */
async function whileCutOff({ host }: LabNode, what: string, holds: () => boolean): Promise<void> {
  await lab.network.cutOff(host);
  try {
    await eventually(what, async () => holds(), PATIENCE);
  } finally {
    await lab.network.reconnect(host);
  }
}

/** From the moment before the cut to the first answer by another MAC, by family; and what clients see of the return. */
async function cutOff(rounds: number): Promise<void> {
  const samples = watched.map((): number[] => []);
  const returns: Returned[] = [];
  for (let round = 0; round < rounds; round++) {
    await using watches = watchAll();
    const node = await ownerIn(watches);
    const cutAt = moment();
    await whileCutOff(node, 'another node answers', () => watches.all.every((watch) => newOwner(watch, node, cutAt) !== undefined));
    const backAt = moment();
    await sleep(AFTER_MILLISECONDS);
    for (const [index, watch] of watches.all.entries()) samples[index]?.push((newOwner(watch, node, cutAt)?.at ?? Infinity) - cutAt);
    returns.push(...watches.all.map((watch) => returned(watch.answers.filter(({ at }) => at > backAt))));
  }
  if (rounds === 0) return;
  for (const [index, address] of watched.entries())
    print('layer2', { what: 'node cut off', family: familyOf(address), ...figuresOf(samples[index] ?? []) });
  print('layer2', { what: 'node returns', ...worst(returns) });
}

/** The longest silence from the moment before a disturbance to some time after its end, and other MACs that answered. */
async function disturb({ what, begin, end }: Disturbance, rounds: number): Promise<void> {
  const samples = watched.map((): number[] => []);
  const ends = watched.map((): number[] => []);
  const changes: Returned[] = [];
  for (let round = 0; round < rounds; round++) {
    await using watches = watchAll();
    const node = await ownerIn(watches);
    const beganAt = moment();
    await begin(node);
    await sleep(AWAY_MILLISECONDS);
    await end(node);
    await sleep(AFTER_MILLISECONDS);
    for (const [index, watch] of watches.all.entries()) {
      const since = watch.answers.filter(({ at }) => at > beganAt);
      const [longest] = since.toSorted((left, right) => right.silence - left.silence);
      samples[index]?.push(longest?.silence ?? 0);
      // Whether it is the time in which nobody has noticed yet, or the return, shows from this.
      ends[index]?.push((longest?.at ?? beganAt) - beganAt);
      changes.push(returned(since));
    }
  }
  if (rounds === 0) return;
  for (const [index, address] of watched.entries())
    print('layer2', { what, family: familyOf(address), ...figuresOf(samples[index] ?? []), endedAfter: ends[index] });
  print('layer2', { what: `${what}: MACs`, ...worst(changes) });
}

/** All addresses of the node that has most of many: from the moment before the cut to the first answer for each by another MAC. */
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
    const [node, lost] = await busiest(addresses);
    await using watch = new AddressWatch(lab.client.host, lost, CROWD_QUESTIONS_A_SECOND);
    await eventually('all are answered', async () => watch.owners.size === lost.length, PATIENCE);
    await sleep(BEFORE_MILLISECONDS);
    const { mac } = node.host.addresses;
    const cutAt = moment();
    await whileCutOff(node, 'others answer for all', () => lost.every((address) => watch.owners.get(address) !== mac));
    const firsts = new Map(
      watch.answers
        .filter((one) => one.at > cutAt && one.mac !== mac)
        .reverse()
        .map(({ address, at }) => [address, at]),
    );
    const samples = lost.map((address) => (firsts.get(address) ?? Infinity) - cutAt);
    print('layer2', { what: 'node with many cut off', addresses: samples.length, ...figuresOf(samples) });
    await sleep(AFTER_MILLISECONDS);
  }
}

/** The node that answers for most of many addresses, when nothing has changed for a while; and those. */
async function busiest(addresses: readonly string[]): Promise<readonly [LabNode, readonly string[]]> {
  await using watch = new AddressWatch(lab.client.host, addresses, CROWD_QUESTIONS_A_SECOND);
  const settled = async (): Promise<boolean> =>
    watch.owners.size === addresses.length && moment() - (watch.answers.at(-1)?.at ?? 0) > AFTER_MILLISECONDS;
  await eventually('the same nodes answer for all', settled, PATIENCE);
  const byMac = Map.groupBy(addresses, (address) => watch.owners.get(address));
  const [most] = [...byMac].sort(([, left], [, right]) => right.length - left.length);
  const node = lab.nodeWithMac(most?.[0]);
  if (node === undefined || most === undefined) throw new Error(`no node has the MAC ${most?.[0]}`);
  return [node, most[1]];
}

interface Watches extends AsyncDisposable {
  readonly all: readonly AddressWatch[];
}

/** Asks for the address of each family. */
function watchAll(): Watches {
  const all = watched.map((address) => new AddressWatch(lab.client.host, [address], QUESTIONS_A_SECOND));
  return {
    all,
    [Symbol.asyncDispose]: async () => {
      for (const watch of all) await watch[Symbol.asyncDispose]();
    },
  };
}

/** The node that answers for both families. */
async function ownerIn({ all }: Watches): Promise<LabNode> {
  const one = async (): Promise<LabNode | false> => {
    const macs = new Set(all.map((watch) => [...watch.owners.values()][0]));
    return (macs.size === 1 && lab.nodeWithMac([...macs][0])) || false;
  };
  await sleep(BEFORE_MILLISECONDS);
  return await eventually('one node answers for both families', one, PATIENCE);
}

function newOwner({ answers }: AddressWatch, { host }: LabNode, from: number): Answer | undefined {
  return answers.find(({ at, mac }) => at > from && mac !== host.addresses.mac);
}

/** How often another MAC answered than the one before, and from the first such answer to the last. */
interface Returned {
  readonly changes: number;
  readonly milliseconds: number;
}

function returned(answers: readonly Answer[]): Returned {
  const changed = answers.filter(({ mac }, index) => mac !== (answers[index - 1]?.mac ?? mac));
  return { changes: changed.length, milliseconds: (changed.at(-1)?.at ?? 0) - (changed[0]?.at ?? 0) };
}

function worst(rounds: readonly Returned[]): object {
  const [changes, milliseconds] = [rounds.map((round) => round.changes), rounds.map((round) => round.milliseconds)];
  return { count: rounds.length, changesOfMac: Math.max(...changes), twoAnswered: { unit: 'ms', max: Math.max(...milliseconds) }, changes };
}

function familyOf(address: string): string {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** No p99 of fewer than fifty. */
function figuresOf(samples: readonly number[]): object {
  const { count, p50, p99, max } = distributionOf(samples);
  return { unit: 'ms', count, p50, ...(count >= 50 ? { p99 } : {}), max, samples };
}
