import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { announce, announcement, EVERYWHERE, numberOf, only, withdraw } from '../../../../test/support/announcements.ts';
import { ipv6 } from '../../../../test/support/ndp-frames.ts';
import { formatIpv4, type Ipv4, ipv4Of } from '../../../lib/ipv4.ts';
import type { Announcement, PlanChange } from '../../../model/plan.ts';
import { type AddressChange, AddressTable, announcedOn, IPV4, IPV6 } from './address-table.ts';

/** One line a change as seen from one link: what the burst of that link is told. */
function seenFrom(link: string, changes: readonly AddressChange<Ipv4>[]): string[] {
  return changes.flatMap(({ ip, before, after }) => {
    const [was, is] = [announcedOn(before, link), announcedOn(after, link)];
    return was === is ? [] : [`${is ? '+' : '-'}${formatIpv4(ip)}`];
  });
}

describe('an address table', () => {
  test.each<{ what: string; first: PlanChange[]; next: PlanChange[]; eth0: string[]; eth1: string[] }>([
    { what: 'a first Service', first: [], next: [announce('a', ['10.0.0.1'])], eth0: ['+10.0.0.1'], eth1: ['+10.0.0.1'] },
    { what: 'on one link', first: [], next: [announce('a', ['10.0.0.1'], only('eth0'))], eth0: ['+10.0.0.1'], eth1: [] },
    { what: 'on no link', first: [], next: [announce('a', ['10.0.0.1'], only())], eth0: [], eth1: [] },
    { what: 'the same again', first: [announce('a', ['10.0.0.1'])], next: [announce('a', ['10.0.0.1'])], eth0: [], eth1: [] },
    { what: 'a second holder', first: [announce('a', ['10.0.0.1'])], next: [announce('b', ['10.0.0.1'])], eth0: [], eth1: [] },
    {
      what: 'a second holder on another link',
      first: [announce('a', ['10.0.0.1'], only('eth0'))],
      next: [announce('b', ['10.0.0.1'], only('eth1'))],
      eth0: [],
      eth1: ['+10.0.0.1'],
    },
    {
      what: 'one of two holders goes',
      first: [announce('a', ['10.0.0.1'], only('eth0')), announce('b', ['10.0.0.1'])],
      next: [withdraw('b')],
      eth0: [],
      eth1: ['-10.0.0.1'],
    },
    { what: 'the last holder goes', first: [announce('a', ['10.0.0.1'])], next: [withdraw('a')], eth0: ['-10.0.0.1'], eth1: ['-10.0.0.1'] },
    { what: 'a stranger goes', first: [announce('a', ['10.0.0.1'])], next: [withdraw('b')], eth0: [], eth1: [] },
    {
      what: 'other addresses for a Service',
      first: [announce('a', ['10.0.0.1', '10.0.0.2'])],
      next: [announce('a', ['10.0.0.2', '10.0.0.3'])],
      eth0: ['-10.0.0.1', '+10.0.0.3'],
      eth1: ['-10.0.0.1', '+10.0.0.3'],
    },
    {
      what: 'from one Service to another in one batch',
      first: [announce('a', ['10.0.0.1'])],
      next: [withdraw('a'), announce('b', ['10.0.0.1'])],
      eth0: [],
      eth1: [],
    },
    {
      what: 'another plan',
      first: [announce('a', ['10.0.0.1']), announce('b', ['10.0.0.2'])],
      next: [{ kind: 'replace', announcements: [announcement('c', ['10.0.0.2', '10.0.0.3'], EVERYWHERE)] }],
      eth0: ['-10.0.0.1', '+10.0.0.3'],
      eth1: ['-10.0.0.1', '+10.0.0.3'],
    },
    {
      what: 'an address twice in one Service',
      first: [announce('a', ['10.0.0.1', '10.0.0.1'])],
      next: [withdraw('a')],
      eth0: ['-10.0.0.1'],
      eth1: ['-10.0.0.1'],
    },
    { what: 'IPv6', first: [], next: [announce('a', ['fd00::1'])], eth0: [], eth1: [] },
  ])('$what', ({ first, next, eth0, eth1 }) => {
    const table = new AddressTable(IPV4);
    table.apply(first);
    const changes = table.apply(next);
    expect(new Set(seenFrom('eth0', changes))).toEqual(new Set(eth0));
    expect(new Set(seenFrom('eth1', changes))).toEqual(new Set(eth1));
  });

  test('finds what it holds and nothing else', () => {
    const table = new AddressTable(IPV4);
    table.apply([announce('a', ['10.0.0.1', 'fd00::1']), announce('b', ['10.0.0.1'])]);
    expect(table.size).toBe(1);
    expect(table.find(numberOf('10.0.0.1'))?.text).toBe('10.0.0.1');
    expect(table.find(numberOf('10.0.0.2'))).toBeUndefined();
  });

  test('of IPv6 holds what one of IPv4 does not', () => {
    const table = new AddressTable(IPV6);
    table.apply([announce('a', ['10.0.0.1', 'fd00::1']), announce('b', ['fd00::1'], only('eth0'))]);
    expect(Array.from(table.all(), ({ text }) => text)).toEqual(['fd00::1']);
    expect([...(table.find(ipv6('fd00::1'))?.holders.keys() ?? [])]).toEqual(['a', 'b']);
    expect(table.apply([withdraw('a')]).map(({ before, after }) => [before?.everywhere, after?.everywhere])).toEqual([[true, false]]);
  });
});

const services = fc.constantFrom('a', 'b', 'c');
const content = {
  addresses: fc.subarray(['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1']),
  interfaces: fc.constantFrom(EVERYWHERE, only('eth0'), only('eth1'), only('eth0', 'eth1'), only()),
};
const changes = fc.array(
  fc.oneof(
    fc.record({ service: services, ...content }).map(({ service, addresses, interfaces }) => announce(service, addresses, interfaces)),
    services.map(withdraw),
    fc.array(fc.record({ service: services, ...content }), { maxLength: 2 }).map(
      (list): PlanChange => ({
        kind: 'replace',
        announcements: list.map((one) => announcement(one.service, one.addresses, one.interfaces)),
      }),
    ),
  ),
  { maxLength: 30 },
);

/** The plan kept in the dullest way: what each Service wants now. */
function plainPlan(history: readonly PlanChange[]): ReadonlyMap<string, Announcement> {
  let plan = new Map<string, Announcement>();
  for (const change of history) {
    if (change.kind === 'announce') plan.set(change.announcement.service, change.announcement);
    if (change.kind === 'withdraw') plan.delete(change.service);
    if (change.kind === 'replace') plan = new Map(change.announcements.map((one) => [one.service, one]));
  }
  return plan;
}

test('an address table knows what one Service holds, alone or with others', () => {
  const table = new AddressTable(IPV4);
  table.apply([announce('a', ['10.0.0.1', '10.0.0.2', '2001:db8::1']), announce('b', ['10.0.0.2', '10.0.0.3'])]);
  const heldBy = (service: string): string[] => table.heldBy(service).map(({ text }) => text);
  expect([heldBy('a'), heldBy('c')]).toEqual([['10.0.0.1', '10.0.0.2'], []]);
  table.apply([withdraw('a')]);
  expect([heldBy('a'), heldBy('b')]).toEqual([[], ['10.0.0.2', '10.0.0.3']]);
});

test('an address table says at any time what the plan says', () => {
  fc.assert(
    fc.property(changes, (history) => {
      const table = new AddressTable(IPV4);
      for (const change of history) table.apply([change]);
      const plan = [...plainPlan(history).values()];
      for (const ip of ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(numberOf)) {
        const wanted = plan.filter(({ addresses }) => addresses.some((one) => one.family === 'IPv4' && ipv4Of(one) === ip));
        for (const link of ['eth0', 'eth1']) {
          const expected = wanted.some(({ interfaces }) => interfaces.all || interfaces.names.includes(link));
          expect(announcedOn(table.find(ip), link)).toBe(expected);
        }
        expect(table.find(ip) !== undefined).toBe(wanted.length > 0);
      }
    }),
  );
});

test('one batch ends where its changes end one by one', () => {
  fc.assert(
    fc.property(changes, (history) => {
      const [together, apart] = [new AddressTable(IPV4), new AddressTable(IPV4)];
      together.apply(history);
      for (const change of history) apart.apply([change]);
      const textOf = (table: AddressTable<Ipv4>): ReadonlySet<string> => new Set(Array.from(table.all(), ({ text }) => text));
      expect(textOf(together)).toEqual(textOf(apart));
    }),
  );
});
