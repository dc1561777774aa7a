import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../hack/kubernetes/eventually.ts';
import type { Host } from '../../hack/lab/host.ts';
import type { LabNode } from '../../hack/lab/lab.ts';
import type { ProductProcess } from '../../hack/lab/product.ts';
import { describeLab } from '../support/lab/lab-suite.ts';
import { Asking, longestSilence } from './support/asking.ts';
import { type Draft, PATIENCE } from './support/cluster.ts';
import { Flows } from './support/flows.ts';
import { alarmingLines, logOf, ProductLab, START_MILLISECONDS, STOP_MILLISECONDS } from './support/product-lab.ts';
import { settles } from './support/settles.ts';

/**
 * Clients that use an address while the speaker of its owner is rolled out, killed or frozen: another speaker answers in its place, with its MAC. One client has
 * a download and a flow of datagrams, and a kernel that trusts an answer for two seconds; another one asks all the time by broadcast who has the address.
 */

/** All speakers have heard each other, and each has found that the others' kernels answer. */
const ACQUAINTED_MILLISECONDS = 5_000;
/** Longer than the client's kernel needs to trust an answer no more, to ask the owner's MAC in vain and then everybody. */
const AWAY_MILLISECONDS = 12_000;
const FROZEN_MILLISECONDS = 5_000;
/** So long everything is watched before something happens, and behind the last thing that was waited for. */
const QUIET_MILLISECONDS = 1_000;
/** A busy machine needs this long for all that a row waits for, and the client goes on asking. */
const ASKING_MILLISECONDS = 180_000;
/** An idle machine has no more than 400; what is printed is the figure. */
const UNANSWERED_MILLISECONDS = 2_000;
const PORT = 80;
const TEST_MILLISECONDS = 240_000;

const PORTS = ['TCP', 'UDP'].map((protocol) => ({ name: protocol.toLowerCase(), port: PORT, targetPort: 8_080, protocol }));

let product: ProductLab;
/** Asks by broadcast: the answers it gets must not tell the client's kernel anything. */
let watcher: Host;

type Act = (speaker: ProductProcess) => Promise<void>;

const ROLL_OUT: Act = async (speaker) => {
  await speaker.program.stop();
  await sleep(AWAY_MILLISECONDS);
  speaker.start();
};
const KILL: Act = async (speaker) => {
  await speaker.program.kill();
  await sleep(AWAY_MILLISECONDS);
  speaker.start();
};
const FREEZE: Act = async (speaker) => {
  speaker.program.pause();
  await sleep(FROZEN_MILLISECONDS);
  speaker.program.resume();
};

/** One Service, its owner, and the addresses of both families. */
interface Subject {
  readonly owner: LabNode;
  readonly addresses: readonly string[];
}

async function subjectOf(name: string): Promise<Subject> {
  const { cluster, lab } = product;
  const addresses = await cluster.addressed(name);
  const owner = lab.node(await cluster.announcedBy(name));
  for (const address of addresses) {
    const reached = async (): Promise<boolean> => (await lab.client.http(address, { withinMilliseconds: 1_000 })).status === 200;
    await eventually(`${address} is reached`, () => reached().catch(() => false), PATIENCE);
  }
  return { owner, addresses };
}

/** Has something happen to the owner's speaker while a client uses the Service; nothing may be lost, and one MAC answered. */
async function playThrough(what: string, { owner, addresses }: Subject, act: Act, datagramsTo: 0 | 1): Promise<void> {
  const [ipv4 = '', ipv6 = ''] = addresses;
  const [datagrams, download] = datagramsTo === 0 ? [ipv4, ipv6] : [ipv6, ipv4];
  const speaker = product.speaker(owner.name);
  await using asking = await Asking.start({ client: watcher, address: ipv4, withinMilliseconds: ASKING_MILLISECONDS });
  await using flows = await Flows.start(product.lab.client.host, { datagrams, download, port: PORT });
  await sleep(QUIET_MILLISECONDS);
  await act(speaker);
  await speaker.ready();
  await sleep(QUIET_MILLISECONDS);
  const { sent, answered, ended, longestPauseMilliseconds } = await flows.stop();
  const heard = await asking.heard();
  const unansweredMilliseconds = longestSilence(heard);
  const figure = {
    what,
    datagrams: datagramsTo === 0 ? 'IPv4' : 'IPv6',
    unansweredMilliseconds,
    sent,
    lost: sent - answered,
    longestPauseMilliseconds,
  };
  process.stdout.write(`${JSON.stringify({ rollOut: figure })}\n`);
  expect({ lost: sent - answered, ended, macs: [...new Set(heard.map(({ mac }) => mac))] }).toEqual({
    ...{ lost: 0, ended: '', macs: [owner.host.addresses.mac] },
  });
  expect(unansweredMilliseconds).toBeLessThan(UNANSWERED_MILLISECONDS);
}

const ROWS: readonly { what: string; act: Act }[] = [
  { what: 'rolled out', act: ROLL_OUT },
  { what: 'killed, and started later', act: KILL },
  { what: 'killed, and started at once', act: (speaker) => speaker.crash() },
  { what: 'frozen', act: FREEZE },
];

function anyNode(): void {
  test.each(
    ROWS.flatMap((row) => [
      { ...row, to: 0 as const, family: 'IPv4' },
      { ...row, to: 1 as const, family: 'IPv6' },
    ]),
  )(
    'lose nothing while it is $what, datagrams by $family',
    async ({ what, act, to }) => {
      const draft: Draft = { spec: { ipFamilyPolicy: 'RequireDualStack', ports: PORTS } };
      await using _service = await product.cluster.createService('used', draft);
      await playThrough(what, await subjectOf('used'), act, to);
    },
    TEST_MILLISECONDS,
  );
}

function oneNode(): void {
  test.each([ROWS[0], ROWS[1]].flatMap((row) => (row === undefined ? [] : [row])))(
    'lose nothing while it is $what, with externalTrafficPolicy Local and one node with an endpoint',
    async ({ what, act }) => {
      const { cluster, lab } = product;
      const pod = await lab.addPod(lab.node('node-2'), { name: `only-${what.slice(0, 3)}`, labels: { app: 'only' } });
      const spec = { ipFamilyPolicy: 'RequireDualStack', externalTrafficPolicy: 'Local', selector: { app: 'only' }, ports: PORTS };
      {
        await using _service = await cluster.createService('local', { spec });
        const subject = await subjectOf('local');
        expect(subject.owner.name).toBe('node-2');
        await playThrough(`${what}, one candidate`, subject, act, 0);
      }
      await lab.removePod(pod);
    },
    TEST_MILLISECONDS,
  );
}

function traces(): void {
  test('that another one stood in is in its log, with the time, and in its metrics', async () => {
    await settles('the log says so', async () => {
      const lines = (await Promise.all(product.processes.map(logOf))).flat();
      const reasons = lines.filter(({ event }) => event === 'standInBegun').map(({ reason }) => reason);
      expect(new Set(reasons)).toEqual(new Set(['silent', 'restarting']));
      const ended = lines.filter(({ event }) => event === 'standInEnded');
      expect(ended).toContainEqual(expect.objectContaining({ reason: 'back', milliseconds: expect.any(Number) }));
    });
    await settles('the metrics say so', async () => {
      const texts = await Promise.all([...product.speakers.values()].map((speaker) => product.metricsOf(speaker)));
      for (const text of texts) expect(text).toMatch(/^typemetal_layer2_stood_in_addresses 0$/m);
      expect(texts.some((text) => /^typemetal_layer2_stand_ins_total [1-9]/m.test(text))).toBe(true);
    });
    for (const process of product.processes) expect(await alarmingLines(process)).toEqual([]);
  });
}

describeLab('clients of an owner whose speaker goes', () => {
  beforeAll(async () => {
    product = await ProductLab.start();
    const { cluster, lab } = product;
    watcher = await lab.addHost('watcher');
    // It asks once a second and gives up at the end: a stand-in that stands still for a while must not cost it what it sends. How soon one answers is seen by the other client.
    const neighbour = ['base_reachable_time_ms=2000', 'mcast_solicit=20'];
    const settings = ['ipv4', 'ipv6'].flatMap((family) => neighbour.map((setting) => `net.${family}.neigh.eth0.${setting}`));
    await lab.client.host.run(['sysctl', '-qw', ...settings]);
    await cluster.createPool('segment', ['198.51.100.200-198.51.100.219', '2001:db8:51::c800-2001:db8:51::c81f']);
    await cluster.create('L2Advertisement', 'segment', {});
    await sleep(ACQUAINTED_MILLISECONDS);
  }, START_MILLISECONDS);
  afterAll(() => product?.[Symbol.asyncDispose](), STOP_MILLISECONDS);

  describe('of any node', anyNode);
  describe('of the only node', oneNode);
  describe('behind it', traces);
});
