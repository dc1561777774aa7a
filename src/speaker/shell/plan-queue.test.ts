import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { announce, announcement, withdraw } from '../../../test/support/announcements.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import type { PlanChange, WireChange } from '../../model/plan.ts';
import { AddressTable, IPV4 } from '../protocol/layer2/address-table.ts';
import { PlanQueue } from './plan-queue.ts';

const replace = (...services: readonly string[]): PlanChange => ({
  kind: 'replace',
  announcements: services.map((service) => announcement(service, ['10.0.0.9'])),
});

describe('a plan queue', () => {
  test.each<{ what: string; added: PlanChange[]; taken: PlanChange[] }>([
    { what: 'nothing', added: [], taken: [] },
    { what: 'changes of two Services, in order', added: [withdraw('b'), withdraw('a')], taken: [withdraw('b'), withdraw('a')] },
    { what: 'the last word on a Service', added: [announce('a', ['10.0.0.1']), withdraw('a')], taken: [withdraw('a')] },
    { what: 'a later word in its new place', added: [withdraw('a'), withdraw('b'), withdraw('a')], taken: [withdraw('b'), withdraw('a')] },
    { what: 'a whole plan in place of all before', added: [withdraw('a'), replace('b')], taken: [replace('b')] },
    { what: 'a change after a whole plan', added: [replace('b'), withdraw('b')], taken: [replace('b'), withdraw('b')] },
  ])('keeps $what', ({ added, taken }) => {
    const queue = new PlanQueue();
    for (const change of added) queue.add(change);
    expect(queue.empty).toBe(taken.length === 0);
    expect(queue.take()).toEqual(taken);
    expect(queue.empty).toBe(true);
  });
});

test('a merged queue comes to the same end as the changes one by one, with an entry for each Service at most', () => {
  const service = fc.constantFrom('a', 'b', 'c');
  const addresses = fc.subarray(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  const change = fc.oneof(
    fc.tuple(service, addresses).map(([name, list]) => announce(name, list)),
    service.map(withdraw),
    fc.subarray(['a', 'b', 'c']).map((names) => replace(...names)),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (history) => {
      const queue = new PlanQueue();
      const [merged, plain] = [new AddressTable(IPV4), new AddressTable(IPV4)];
      for (const one of history) {
        queue.add(one);
        plain.apply([one]);
      }
      const taken = queue.take();
      expect(taken.length).toBeLessThanOrEqual(4);
      merged.apply(taken.filter(isAnnouncement));
      const textOf = (table: AddressTable<Ipv4>): ReadonlySet<string> =>
        new Set(
          Array.from(
            table.all(),
            ({ text, holders }) => `${text} ${[...holders.keys()].toSorted((left, right) => (left < right ? -1 : 1))}`,
          ),
        );
      expect(textOf(merged)).toEqual(textOf(plain));
    }),
  );
});

/** Whether a change is one of layer 2; the histories here have no others. */
function isAnnouncement(change: WireChange): change is PlanChange {
  return change.kind === 'announce' || change.kind === 'withdraw' || change.kind === 'replace';
}

test.each<{ what: string; added: WireChange[]; left: string[] }>([
  {
    what: 'routes of a Service take the place of earlier ones',
    added: [route('default/a'), route('default/b'), route('default/a')],
    left: ['route default/b', 'route default/a'],
  },
  {
    what: 'what is announced and what is routed are two things',
    added: [route('default/a'), withdraw('default/a')],
    left: ['route default/a', 'withdraw'],
  },
  { what: 'of the peers the last word counts', added: [peers(), route('default/a'), peers()], left: ['route default/a', 'peers'] },
  {
    what: 'a whole plan of BGP makes obsolete what is of BGP',
    added: [route('default/a'), peers(), withdraw('default/a'), { kind: 'replace-bgp', routes: [], peers: [] }, route('default/b')],
    left: ['withdraw', 'replace-bgp', 'route default/b'],
  },
  {
    what: 'that a node is about to leave stands',
    added: [drain(false), drain(true), { kind: 'replace-bgp', routes: [], peers: [] }],
    left: ['drain', 'replace-bgp'],
  },
])('$what', ({ added, left }) => {
  const queue = new PlanQueue();
  for (const change of added) queue.add(change);
  expect(queue.take().map((change) => (change.kind === 'route' ? `route ${change.service}` : change.kind))).toEqual(left);
  expect(queue.empty).toBe(true);
});

function route(service: string): WireChange {
  return { kind: 'route', service, routes: [] };
}

function drain(draining: boolean): WireChange {
  return { kind: 'drain', draining };
}

function peers(): WireChange {
  return { kind: 'peers', peers: [] };
}
