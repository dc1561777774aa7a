import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { LabNode } from '../../hack/lab/lab.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { Asking, type Heard } from './support/asking.ts';
import { type Lent, PATIENCE } from './support/cluster.ts';
import { logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/** What a client sees of an address while the node, or only the speaker, that answers for it goes and comes back. */

/** All speakers have heard each other, and each has found that the others' kernels answer. */
const ACQUAINTED_MILLISECONDS = 5_000;
/** A busy machine needs this long for all that a row waits for, and the client goes on asking. */
const ASKING_MILLISECONDS = 120_000;
/** So long everything is watched before something happens, and behind the last thing that was waited for. */
const QUIET_MILLISECONDS = 1_000;

let product: ProductLab;
let service: Lent;
let address: string;
let owner: LabNode;

/** Asks for the Service's address, from the client. */
function ask(): Promise<Asking> {
  return Asking.start({ client: product.lab.client.host, address, withinMilliseconds: ASKING_MILLISECONDS });
}

function macsOf(heard: readonly Heard[]): string[] {
  return [...new Set(heard.map(({ mac }) => mac))];
}

/** One node answers, the one that all agree on, and nobody beside it. */
async function oneAnswers(who: LabNode): Promise<void> {
  const { mac } = who.host.addresses;
  const alone = async (): Promise<boolean> => JSON.stringify((await product.wire.ask(address, 5)).byMac) === JSON.stringify({ [mac]: 5 });
  expect(await eventually(`${who.name} alone answers`, alone, PATIENCE)).toBe(true);
}

function nodes(): void {
  test('gets answers of another node when the owner is cut off at the switch, and of no other one when it is back', async () => {
    const { network } = product.lab;
    const { mac } = owner.host.addresses;
    let heir: Heard | undefined;
    {
      await using asking = await ask();
      await sleep(QUIET_MILLISECONDS);
      expect(macsOf(await asking.heard())).toEqual([mac]);
      await network.cutOff(owner.host);
      const cutAt = Date.now();
      const successor = async (): Promise<Heard | undefined> => (await asking.heard()).find((each) => each.mac !== mac);
      const first = await eventually('another node answers', successor, PATIENCE);
      heir = first;
      process.stdout.write(`${JSON.stringify({ nodeCutOff: { unansweredMilliseconds: first.at - cutAt } })}\n`);
      await sleep(QUIET_MILLISECONDS);
      const after = (await asking.heard()).filter(({ at }) => at >= first.at);
      expect(macsOf(after)).toEqual([first.mac]);
    }
    await network.reconnect(owner.host);
    const next = product.lab.nodes.find(({ host }) => host.addresses.mac === heir?.mac);
    if (next === undefined) throw new Error(`no node has the MAC ${heir?.mac}`);
    await oneAnswers(next);
    await sleep(QUIET_MILLISECONDS);
    await oneAnswers(next);
  });
}

function speakers(): void {
  test.each<{ what: string; act: () => Promise<void> }>([
    {
      what: 'frozen for ten seconds',
      act: async () => {
        const { program } = product.speaker(owner.name);
        program.pause();
        await sleep(10_000);
        program.resume();
      },
    },
    { what: 'killed and started again', act: () => product.speaker(owner.name).crash() },
    {
      what: 'rolled out',
      act: async () => {
        await product.speaker(owner.name).program.stop();
        await sleep(3_000);
        product.speaker(owner.name).start();
      },
    },
  ])('gets answers of no other node while the speaker of the owner is $what', async ({ act }) => {
    const { mac } = owner.host.addresses;
    {
      await using asking = await ask();
      await act();
      await product.speaker(owner.name).ready();
      await sleep(QUIET_MILLISECONDS);
      const heard = await asking.heard();
      const silences = heard.map(({ at }, index) => at - (heard[index - 1]?.at ?? at));
      process.stdout.write(`${JSON.stringify({ speakerAway: { unansweredMilliseconds: Math.max(...silences) } })}\n`);
      expect(macsOf(heard)).toEqual([mac]);
    }
    await oneAnswers(owner);
  });

  test('what a speaker thought of another is in its log', async () => {
    await settles('all verdicts were said', async () => {
      const lines = (await Promise.all(product.processes.map(logOf))).flat().filter((line) => line.event === 'peerJudged');
      expect(new Set(lines.map(({ verdict }) => verdict))).toEqual(new Set(['dead', 'away', 'alive']));
    });
  });
}

describeLab('a client that asks every 5 ms', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    const { cluster } = product;
    await cluster.createPool('segment', ['198.51.100.200-198.51.100.219']);
    await cluster.create('L2Advertisement', 'segment', {});
    await sleep(ACQUAINTED_MILLISECONDS);
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  beforeEach(async () => {
    const { cluster, lab } = product;
    service = await cluster.createService('watched');
    [address = ''] = await cluster.addressed('watched');
    owner = lab.node(await cluster.announcedBy('watched'));
    await oneAnswers(owner);
  });
  afterEach(async () => {
    await service[Symbol.asyncDispose]();
  });

  describe('and a node', nodes);
  describe('and a speaker', speakers);
});
