import { beforeEach, describe, expect, test } from '@jest/globals';
import { addressOf, announce, numberOf, withdraw } from '../../../test/support/announcements.ts';
import { arpLine, arpRequest } from '../../../test/support/arp-frames.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { FakeNodeNetwork } from '../../../test/support/fake-node-network.ts';
import { milliseconds } from '../../lib/clock.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import type { Mac } from '../../lib/mac.ts';
import { ARP_REPLY } from '../wire/arp.ts';
import { AddressTallies } from './address-tallies.ts';
import { ARP } from './arp-responder.ts';
import { FamilyAnswers } from './family-answers.ts';

const ADDRESSES = Array.from({ length: 50 }, (_, index) => `10.0.1.${index}`);
const STRANGER = 0x02ff_0000_0001 as Mac;

let clock: FakeClock;
let network: FakeNodeNetwork;
let answers: FamilyAnswers<Ipv4>;
let sighted: string[];

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNodeNetwork();
  sighted = [];
  const nothing = (): void => undefined;
  answers = new FamilyAnswers(ARP, {
    ...{ clock, tallies: new AddressTallies(), debug: undefined, silent: () => false, refreshes: () => true },
    ...{ counted: nothing, log: nothing, sighted: (kind, address) => void sighted.push(`${kind} ${address}`) },
    faulted: (thrown) => expect(thrown).toBeUndefined(),
  });
  open(2);
  clock.advance(milliseconds(5_000));
});

/** A responder on one more link. */
function open(index: number): void {
  network.put({ index });
  const link = network.links.find((one) => one.index === index);
  if (link !== undefined) answers.open(link, network, () => undefined);
}

/** A host on that link says that the address is its own. */
async function claim(index: number, address: string): Promise<void> {
  const fields = { operation: ARP_REPLY, source: STRANGER, senderMac: STRANGER, senderIp: numberOf(address) };
  network.receive(index, arpRequest('10.0.0.2', fields));
  await settle();
}

/** What leaves at once. */
function told(step: () => void): string[] {
  network.sent.length = 0;
  step();
  return network.sent.map(({ frame }) => arpLine(frame));
}

describe('the filter', () => {
  test('is not built anew for each address that is asked for and taken', async () => {
    for (const address of ADDRESSES) answers.look([announce(address, [address])]);
    clock.advance(milliseconds(20));
    network.filtersSet = 0;
    for (const address of ADDRESSES) {
      answers.probe(addressOf(address));
      answers.apply([announce(address, [address])]);
      answers.look([withdraw(address)]);
      clock.advance(milliseconds(1));
    }
    clock.advance(milliseconds(2_000));
    expect(network.filtersSet).toBe(0);
    await claim(2, '10.0.1.49');
    expect(sighted).toEqual(['held 10.0.1.49']);
  });

  test('lets an address through that is asked for, however new it is', async () => {
    answers.look([announce('a', ['10.0.1.1'])]);
    answers.look([announce('b', ['10.0.1.2'])]);
    answers.probe(addressOf('10.0.1.2'));
    await claim(2, '10.0.1.2');
    expect(sighted).toEqual(['held 10.0.1.2']);
  });

  test('of addresses that go is built anew once in a second', () => {
    answers.apply(ADDRESSES.map((address) => announce(address, [address])));
    network.filtersSet = 0;
    for (const address of ADDRESSES) {
      answers.apply([withdraw(address)]);
      clock.advance(milliseconds(10));
    }
    expect(network.filtersSet).toBe(0);
    clock.advance(milliseconds(500));
    expect(network.filtersSet).toBe(1);
  });

  test('of a new link has what comes back before the others have lost it', async () => {
    answers.look([announce('a', ['10.0.1.1'])]);
    answers.look([withdraw('a')]);
    open(3);
    answers.look([announce('a', ['10.0.1.1'])]);
    answers.probe(addressOf('10.0.1.1'));
    await claim(3, '10.0.1.1');
    expect(sighted).toEqual(['held 10.0.1.1']);
  });
});

test('the addresses of Services that are defended are announced again, and no others', () => {
  answers.apply([announce('a', ['10.0.1.1']), announce('b', ['10.0.1.1', '10.0.1.2']), announce('c', ['10.0.1.3'])]);
  clock.advance(milliseconds(5_000));
  const own = (address: string): unknown => expect.stringContaining(`request ${address} is 02:00:00:00:00:02`);
  expect(told(() => answers.defend(['a', 'b', 'gone']))).toEqual([own('10.0.1.1'), own('10.0.1.2')]);
});
