import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { FakeNodeNetwork } from '../../../test/support/fake-node-network.ts';
import { milliseconds } from '../../lib/clock.ts';
import { networkError } from '../net/network-error.ts';
import { AddressTable } from '../protocol/layer2/address-table.ts';
import { AddressTallies } from './address-tallies.ts';
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
  const [table, tallies] = [new AddressTable(), new AddressTallies()];
  responders = new Responders({
    clock,
    excluded: [],
    connect: () => network,
    context: { clock, table, tallies, debug, counted: () => undefined, faulted: (thrown) => expect(thrown).toBeUndefined() },
    log: (level, message) => void said.push(`${level} ${message}`),
    namesChanged: (names) => void said.push(`names ${names.join(' ')}`),
    opened: () => undefined,
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
