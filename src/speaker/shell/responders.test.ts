import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { FakeNodeNetwork } from '../../../test/support/fake-node-network.ts';
import { milliseconds } from '../../lib/clock.ts';
import { networkError } from '../net/network-error.ts';
import { AddressTallies } from './address-tallies.ts';
import { ARP } from './arp-responder.ts';
import { FamilyAnswers } from './family-answers.ts';
import { Responders } from './responders.ts';

/** ENXIO, ENODEV and ENOMEM of Linux, negative. */
const NO_SUCH_ADDRESS = -6;
const NO_DEVICE = -19;
const NO_MEMORY = -12;

let clock: FakeClock;
let network: FakeNodeNetwork;
let responders: Responders;
/** What was said since it was last emptied: the level, then the message. */
let said: string[];

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNodeNetwork();
  said = [];
  network.put({ index: 2 });
  const debug = (message: string): void => void said.push(`debug ${message}`);
  const log = (level: string, message: string): void => void said.push(`${level} ${message}`);
  const faulted = (thrown: unknown): void => expect(thrown).toBeUndefined();
  const answers = new FamilyAnswers(ARP, {
    clock,
    tallies: new AddressTallies(),
    debug,
    silent: () => false,
    refreshes: () => true,
    sighted: () => undefined,
    counted: () => undefined,
    faulted,
    log,
  });
  responders = new Responders({
    clock,
    excluded: [],
    connect: () => network,
    protocols: [answers],
    debug,
    log,
    namesChanged: (names) => void said.push(`names ${names.join(' ')}`),
    complete: () => undefined,
  });
});

afterEach(() => responders[Symbol.dispose]());

/** Starts, and forgets what was said of the start. */
async function start(): Promise<void> {
  responders.start();
  await settle();
  said = [];
}

/** Changes a link, or adds it. */
async function put(...links: Parameters<FakeNodeNetwork['put']>): Promise<void> {
  network.put(...links);
  await settle();
}

describe('a link that is refused', () => {
  test.each([NO_DEVICE, NO_SUCH_ADDRESS])('because it vanished meanwhile (errno %d) is no failure', async (errno) => {
    await start();
    network.refusal = networkError('answering ARP on eth7', errno);
    await put({ index: 7 });
    expect(said).toEqual(['names eth2 eth7', 'debug the interface was gone before ARP could be answered on it']);
    expect(responders.complete).toBe(true);
    expect(clock.timers).toBe(1); // the slow scan: nothing is tried again before the kernel says more
    network.remove(7);
    await settle();
    expect(said.slice(2)).toEqual(['names eth2']);
  });

  test('as vanished is opened when the kernel has more to say of it', async () => {
    await start();
    network.refusal = networkError('answering ARP on eth7', NO_DEVICE);
    await put({ index: 7 });
    network.refusal = undefined;
    await put({ index: 7, carrier: false });
    expect(said.at(-1)).toBe('info created ARP responder for interface');
    expect(network.openSockets).toBe(2);
  });

  test('for another reason is one, and is tried again', async () => {
    await start();
    network.refusal = networkError('answering ARP on eth7', NO_MEMORY);
    await put({ index: 7 });
    expect(said.at(-1)).toMatch(/^error answering ARP on eth7: the kernel gives no memory/);
    expect(responders.complete).toBe(false);
    network.refusal = undefined;
    await clock.run(milliseconds(500));
    expect([responders.complete, network.openSockets]).toEqual([true, 2]);
  });
});

describe('a node without a usable link', () => {
  const SILENT = 'warn no network interface can announce addresses: all are excluded, down, without broadcast or part of another one';

  /** What was said of it, not of the single links. */
  const saidOfTheNode = (): string[] => said.filter((line) => line.includes('announce addresses'));

  test('says so at the start, once, however its links change', async () => {
    network.put({ index: 2, up: false });
    responders.start();
    await settle();
    await put({ index: 3, up: false });
    await put({ index: 3, enslaved: true, up: true });
    expect(saidOfTheNode()).toEqual([SILENT]);
    expect(responders.complete).toBe(true);
  });

  test('says so when the last link goes down, when there is one again, and the next time', async () => {
    await put({ index: 3 });
    await start();
    await put({ index: 3, up: false });
    expect(saidOfTheNode()).toEqual([]);
    await put({ index: 2, up: false });
    await put({ index: 2, addresses: [], carrier: false });
    expect(saidOfTheNode()).toEqual([SILENT]);
    await put({ index: 3, up: true });
    await put({ index: 2, up: true });
    expect(saidOfTheNode().slice(1)).toEqual(['info eth3 can announce addresses: the node is not silent any more']);
    network.remove(2);
    network.remove(3);
    await settle();
    expect(saidOfTheNode().slice(2)).toEqual([SILENT]);
  });
});
