import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { LabNode } from '../../hack/lab/lab.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { Asking, type Heard } from './support/asking.ts';
import { blind } from './support/blind.ts';
import { PATIENCE, type Stored } from './support/cluster.ts';
import { type LogLine, logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** What goes wrong between speakers of one segment, and must not move an address that has an owner who lives. */

/** All speakers have heard each other, and each has found that the others' kernels answer. */
const ACQUAINTED_MILLISECONDS = 5_000;
const ASKING_MILLISECONDS = 240_000;
/** So long everything is watched behind the last thing that was waited for. */
const QUIET_MILLISECONDS = 1_000;
/** An owner that another one relieves answers until it hears the claim, for so long at most (docs/layer2.md). */
const OVERLAP_MILLISECONDS = 2_000;
const SERVICES = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'];
const TEST_MILLISECONDS = 400_000;
/** A speaker that stands still for a moment is called silent whatever its key is, so that one change of these must go without it: what a key does it does each time. */
const KEYS = ['another key', 'a third key', 'a fourth key', 'a fifth key'];

let product: ProductLab;
let folder: string;

/** The MAC that answers for each Service: one for each, asked several times. */
async function answers(): Promise<Readonly<Record<string, string>>> {
  const addresses = (await Promise.all(SERVICES.map((name) => product.cluster.addressesOf(name)))).map(([address = '']) => address);
  const macs = await product.wire.allAnswerers(addresses);
  return Object.fromEntries(SERVICES.map((name, index) => [name, macs.get(addresses[index] ?? '')?.join(' and ') ?? '']));
}

async function addressOf(name: string): Promise<string> {
  const [address = ''] = await product.cluster.addressed(name);
  return address;
}

/** The node that answers for a Service, and its speaker. */
async function ownerOf(name: string): Promise<{ readonly node: LabNode; readonly speaker: ProductProcess }> {
  const mac = (await answers())[name];
  const node = product.nodeOf(mac);
  if (node === undefined) throw new Error(`${name} is answered for by ${mac}`);
  return { node, speaker: product.speaker(node.name) };
}

/** A client that asks for the address of a Service every 5 ms. */
async function askFor(name: string): Promise<Asking> {
  return Asking.start({ client: product.lab.client.host, address: await addressOf(name), withinMilliseconds: ASKING_MILLISECONDS });
}

function macsOf(heard: readonly Heard[]): string[] {
  return [...new Set(heard.map(({ mac }) => mac))];
}

/** How often another MAC answered than the time before. */
function changesIn(heard: readonly Heard[]): number {
  return heard.filter(({ mac }, index) => index > 0 && mac !== heard[index - 1]?.mac).length;
}

function textOf(line: LogLine): string {
  return JSON.stringify(line);
}

async function linesOf(event: string): Promise<LogLine[]> {
  return (await Promise.all([...product.speakers.values()].map(logOf))).flat().filter((line) => line.event === event);
}

/** The addresses of one node go to others, which keep them: from then on not everybody has what it comes first for. */
async function unsettle(): Promise<void> {
  const { network } = product.lab;
  const before = await answers();
  const { node, speaker } = await ownerOf('first');
  const { mac } = node.host.addresses;
  await speaker.program.kill();
  await network.cutOff(node.host);
  await settles('all of it went to others', async () => expect(Object.values(await answers())).not.toContain(mac));
  await network.reconnect(node.host);
  speaker.start();
  await speaker.ready();
  await sleep(ACQUAINTED_MILLISECONDS);
  expect(Object.values(await answers())).not.toContain(mac);
  expect(Object.values(before)).toContain(mac);
}

async function startProduct(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  const names = ['node-1', 'node-2', 'node-3'];
  folder = await mkdtemp(join(tmpdir(), 'typemetal-keys-'));
  for (const name of names) await mkdir(join(folder, name));
  await Promise.all(names.map((name) => mount(name, 'the first key of all')));
  const environments = names.map((name) => [name, { METALLB_ML_SECRET_KEY_PATH: join(folder, name), ...environment }] as const);
  product = await ProductLab.start(Object.fromEntries(environments));
  const { cluster } = product;
  await cluster.createPool('segment', ['198.51.100.200-198.51.100.219']);
  await cluster.create('L2Advertisement', 'segment', {});
  for (const name of SERVICES) await cluster.createService(name);
  for (const name of SERVICES) await cluster.addressed(name);
  for (const name of SERVICES) await cluster.announcedBy(name);
  await sleep(ACQUAINTED_MILLISECONDS);
}

/** The nodes get a key one after another; fulfilled when each speaker has had so many others, and some time has passed. */
async function turnTo(key: string, changes: number): Promise<void> {
  for (const { name } of product.lab.nodes) {
    await mount(name, key);
    await sleep(QUIET_MILLISECONDS);
  }
  const told = async (): Promise<boolean> => {
    const logs = await Promise.all([...product.speakers.values()].map(logOf));
    return logs.every((lines) => lines.filter(({ op, level }) => op === 'segmentKey' && level === 'info').length >= changes);
  };
  await eventually('all speakers have the key', told, { withinMilliseconds: 120_000 });
  await sleep(ACQUAINTED_MILLISECONDS);
}

/** Puts a key where the kubelet would. */
async function mount(node: string, key: string): Promise<void> {
  await writeFile(join(folder, node, 'secretkey'), key);
}

async function stopProduct(): Promise<void> {
  await product?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}

function wholeProduct(): void {
  test(
    'all speakers killed at once and started one after another: each address stays with its owner',
    async () => {
      await unsettle();
      const before = await answers();
      {
        await using asking = await askFor('first');
        const speakers = [...product.speakers.values()];
        await Promise.all(speakers.map(({ program }) => program.kill()));
        for (const speaker of speakers) {
          speaker.start();
          await sleep(QUIET_MILLISECONDS);
        }
        await Promise.all(speakers.map((speaker) => speaker.ready()));
        await sleep(ACQUAINTED_MILLISECONDS);
        expect(macsOf(await asking.heard())).toEqual([before.first]);
      }
      expect(await answers()).toEqual(before);
    },
    TEST_MILLISECONDS,
  );

  test(
    'another key in the Secret, on one node after another: nothing moves, and nobody is called silent',
    async () => {
      const before = await answers();
      const judged: LogLine[][] = [];
      for (const [changes, key] of KEYS.entries()) {
        const earlier = (await linesOf('peerJudged')).map(textOf);
        await using asking = await askFor('second');
        await turnTo(key, changes + 1);
        expect(macsOf(await asking.heard())).toEqual([before.second]);
        expect(await answers()).toEqual(before);
        judged.push((await linesOf('peerJudged')).filter((line) => !earlier.includes(textOf(line))));
        if (judged.at(-1)?.length === 0) break;
      }
      expect(judged).toContainEqual([]);
    },
    TEST_MILLISECONDS,
  );
}

/** Who answers for a Service now is a new object, the Service has an event that says from whom and why, and a metric how long it took. */
async function toldOf(name: string, from: LabNode, before: readonly Stored[]): Promise<void> {
  const { cluster } = product;
  const { node, speaker } = await ownerOf(name);
  await settles('one new object names the new owner', async () => {
    const objects = await cluster.announcements(name);
    expect(objects.map(({ status }) => status?.node)).toEqual([node.name]);
    expect(before.map(({ metadata }) => metadata.uid)).not.toContain(objects[0]?.metadata.uid);
  });
  const said = new RegExp(`^node "${node.name}" answers for \\S+: node "${from.name}" is gone, after \\d+ ms of silence$`);
  await settles('an event says from whom, and after how long', async () => {
    const events = (await cluster.eventsOf(await cluster.get('Service', name))).filter(({ reason }) => reason === 'ownerChanged');
    expect(events.map(({ message }) => message)).toContainEqual(expect.stringMatching(said));
  });
  await settles('a metric says how long', async () =>
    expect(await product.metricsOf(speaker)).toMatch(/^typemetal_layer2_fail_over_seconds_count [1-9]/m),
  );
}

function links(): void {
  test(
    'one way of two is lost between the owner and another node: nothing moves',
    async () => {
      const before = await answers();
      const { node } = await ownerOf('third');
      const other = product.lab.nodes.find((one) => one !== node);
      if (other === undefined) throw new Error('there is no other node');
      for (const [from, to] of [
        [node, other],
        [other, node],
      ] as const) {
        const judged = (await linesOf('peerJudged')).length;
        await using asking = await askFor('third');
        {
          await using _loss = await product.lab.network.loseOneWay(from.host, to.host);
          const noticed = async (): Promise<boolean> => (await linesOf('peerJudged')).length > judged;
          await eventually('somebody notices', noticed, PATIENCE);
          await sleep(10 * QUIET_MILLISECONDS);
        }
        await sleep(ACQUAINTED_MILLISECONDS);
        expect(macsOf(await asking.heard())).toEqual([before.third]);
      }
      expect(await answers()).toEqual(before);
    },
    TEST_MILLISECONDS,
  );

  test(
    'a cable that is pulled goes to another node, and is no reason to take it back when it is plugged in',
    async () => {
      const { network } = product.lab;
      const { node } = await ownerOf('fourth');
      const { mac } = node.host.addresses;
      const before = await product.cluster.announcements('fourth');
      let heir: string | undefined;
      {
        await using asking = await askFor('fourth');
        await network.unplug(node.host);
        const other = async (): Promise<Heard | undefined> => (await asking.heard()).find((each) => each.mac !== mac);
        await eventually('another node answers', other, PATIENCE);
        // On a busy machine the next one in the order may take it too, for some milliseconds.
        await sleep(QUIET_MILLISECONDS);
        heir = (await asking.heard()).at(-1)?.mac;
        const pluggedAt = Date.now();
        await network.plug(node.host);
        await sleep(ACQUAINTED_MILLISECONDS);
        const after = (await asking.heard()).filter(({ at }) => at > pluggedAt);
        expect(macsOf(after)).toEqual([heir]);
      }
      expect((await answers()).fourth).toBe(heir);
      await toldOf('fourth', node, before);
    },
    TEST_MILLISECONDS,
  );
}

function views(): void {
  test(
    'an owner that learns a minute late that it may not: one other node takes the address, once, and keeps it',
    async () => {
      const { cluster } = product;
      const { node } = await ownerOf('fifth');
      const { mac } = node.host.addresses;
      const others = product.lab.nodes.filter((one) => one !== node).map(({ name }) => name);
      const selectors = others.map((name) => ({ matchLabels: { 'kubernetes.io/hostname': name } }));
      for (const { name } of product.lab.nodes)
        await cluster.patch('Node', name, { metadata: { labels: { 'kubernetes.io/hostname': name } } });
      await using asking = await askFor('fifth');
      {
        await using _blind = await blind(node.host);
        await cluster.patch('L2Advertisement', 'segment', { spec: { nodeSelectors: selectors } });
        await sleep(60_000);
      }
      await sleep(2 * ACQUAINTED_MILLISECONDS);
      const heard = await asking.heard();
      const first = heard.find((each) => each.mac !== mac);
      const later = heard.filter(({ at }) => at > (first?.at ?? Number.POSITIVE_INFINITY) + OVERLAP_MILLISECONDS);
      process.stdout.write(`${JSON.stringify({ views: { changes: changesIn(heard), laterChanges: changesIn(later) } })}\n`);
      expect([heard[0]?.mac, macsOf(heard)]).toEqual([mac, [mac, first?.mac]]);
      // Of two that fight each would answer again and again.
      expect(macsOf(later)).toEqual([first?.mac]);
      await cluster.patch('L2Advertisement', 'segment', { spec: { nodeSelectors: null } });
    },
    TEST_MILLISECONDS,
  );
}

describeLab('faults of a segment', () => {
  beforeAll(() => startProduct(), START_MILLISECONDS);
  afterAll(stopProduct, STOP_MILLISECONDS);

  describe('of the whole product', wholeProduct);
  describe('of links', links);
  describe('of what speakers know', views);
});

describeLab('a speaker whose grace is five seconds', () => {
  beforeAll(() => startProduct({ TYPEMETAL_SPEAKER_GRACE: '5' }), START_MILLISECONDS);
  afterAll(stopProduct, STOP_MILLISECONDS);

  test(
    'and that stood still for twelve answers nothing that was asked meanwhile, and gives way to the node that took over',
    async () => {
      const { node, speaker } = await ownerOf('sixth');
      const { mac } = node.host.addresses;
      await using asking = await askFor('sixth');
      speaker.program.pause();
      await sleep(12_000);
      const takenOver = async (): Promise<boolean> => (await asking.heard()).some((each) => each.mac !== mac);
      await eventually('another node took over', takenOver, PATIENCE);
      // On a busy machine the next one in the order may take it too, for some milliseconds.
      await sleep(QUIET_MILLISECONDS);
      const heir = (await asking.heard()).at(-1)?.mac;
      const resumedAt = Date.now();
      speaker.program.resume();
      await sleep(ACQUAINTED_MILLISECONDS);
      const heard = await asking.heard();
      const late = heard.filter(({ at, mac: one }) => at > resumedAt && one === mac);
      process.stdout.write(
        `${JSON.stringify({ stalled: { late: late.length, milliseconds: (late.at(-1)?.at ?? resumedAt) - resumedAt } })}\n`,
      );
      expect(late.length).toBe(0);
      expect([heard[0]?.mac, macsOf(heard.filter(({ at }) => at > resumedAt))]).toEqual([mac, [heir]]);
      expect((await answers()).sixth).toBe(heir);
    },
    TEST_MILLISECONDS,
  );
});
