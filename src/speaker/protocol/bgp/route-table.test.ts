import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePrefix } from '../../../lib/ip.ts';
import { compareTexts } from '../../../lib/order.ts';
import type { CommunityValue } from '../../../model/community.ts';
import type { PlannedRoute } from '../../../model/planned-route.ts';
import { RouteTable } from './route-table.ts';

function prefix(text: string): PlannedRoute['prefix'] {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function standard(value: number): CommunityValue {
  return { kind: 'standard', value };
}

function large(globalAdministrator: number, localData1: number): CommunityValue {
  return { kind: 'large', globalAdministrator, localData1, localData2: 0 };
}

function route(text: string, rest: Partial<PlannedRoute> = {}): PlannedRoute {
  return { prefix: prefix(text), localPreference: undefined, communities: [], weight: undefined, peers: [], ...rest };
}

const IP = '203.0.113.1/32';
const NET = '203.0.113.0/24';

describe('routes of Services', () => {
  test('a route is there for all peers, or for those it names', () => {
    const table = new RouteTable();
    expect([...table.set('a', [route(IP), route(NET, { peers: ['left'] })])]).toEqual([IP, NET]);
    expect(table.routeFor('right', IP)).toEqual({ prefix: prefix(IP), localPreference: undefined, communities: [], weight: undefined });
    expect(table.routeFor('right', NET)).toBeUndefined();
    expect(table.routeFor('left', NET)).toBeDefined();
  });

  test('a change tells of what was there and of what is there', () => {
    const table = new RouteTable();
    table.set('a', [route(IP)]);
    expect([...table.set('a', [route(NET)])]).toEqual([IP, NET]);
    expect(table.routeFor('left', IP)).toBeUndefined();
    expect([...table.keys()]).toEqual([NET]);
    expect([...table.services()]).toEqual(['a']);
    table.set('a', []);
    expect([...table.keys(), ...table.services()]).toEqual([]);
  });

  test('an aggregate goes with the last Service in it', () => {
    const table = new RouteTable();
    table.set('a', [route(NET)]);
    table.set('b', [route(NET)]);
    table.set('a', []);
    expect(table.routeFor('left', NET)).toBeDefined();
    table.set('b', []);
    expect(table.routeFor('left', NET)).toBeUndefined();
  });

  test('communities add up, sorted and once, and the strongest preference counts', () => {
    const table = new RouteTable();
    table.set('a', [route(IP, { communities: [standard(9), large(1, 2)], localPreference: 50 })]);
    table.set('b', [
      route(IP, { communities: [standard(9), standard(3)], localPreference: 70 }),
      route(IP, { communities: [large(1, 1)] }),
    ]);
    expect(table.routeFor('left', IP)).toMatchObject({
      localPreference: 70,
      communities: [large(1, 1), large(1, 2), standard(3), standard(9)],
    });
  });

  const one = { endpoints: 1, transitive: false };
  const two = { endpoints: 2, transitive: true };
  test.each<{ what: string; routes: PlannedRoute[][]; weight: PlannedRoute['weight'] }>([
    { what: 'none where nobody is weighed', routes: [[route(IP)], [route(IP)]], weight: undefined },
    { what: 'of one Service once, however often', routes: [[route(IP, { weight: two }), route(IP, { weight: two })]], weight: two },
    {
      what: 'of several together',
      routes: [[route(IP, { weight: one })], [route(IP, { weight: two })], [route(IP)]],
      weight: { endpoints: 3, transitive: true },
    },
    {
      what: 'of what goes to the peer alone',
      routes: [[route(IP, { weight: one })], [route(IP, { weight: two, peers: ['right'] })]],
      weight: one,
    },
  ])('the weight of a route: $what', ({ routes, weight }) => {
    const table = new RouteTable();
    for (const [index, ofService] of routes.entries()) table.set(`s${index}`, ofService);
    expect(table.routeFor('left', IP)?.weight).toEqual(weight);
  });
});

describe('a node that is about to leave', () => {
  const table = new RouteTable();
  table.set('a', [route(IP, { communities: [standard(9)], localPreference: 70 }), route(NET)]);

  test('says so with all routes, also those that come meanwhile', () => {
    expect([...table.drain(true)]).toEqual([IP, NET]);
    expect([...table.drain(true)]).toEqual([]);
    table.set('b', [route('203.0.113.2/32')]);
    const expected = { localPreference: 0, communities: [standard(0xffff_0000)] };
    expect(table.routeFor('left', IP)).toMatchObject({ localPreference: 0, communities: [standard(9), standard(0xffff_0000)] });
    expect(['203.0.113.2/32', NET].map((key) => table.routeFor('left', key))).toMatchObject([expected, expected]);
  });

  test('and takes it back', () => {
    expect([...table.drain(false)]).toEqual([IP, NET, '203.0.113.2/32']);
    expect(table.routeFor('left', IP)).toMatchObject({ localPreference: 70, communities: [standard(9)] });
  });
});

test('what a peer is to have does not depend on the order in which it came', () => {
  const routes = fc.record({
    prefix: fc.constantFrom(IP, NET, '2001:db8::/64').map(prefix),
    localPreference: fc.option(fc.nat(3), { nil: undefined }),
    communities: fc.array(fc.nat(4).map(standard), { maxLength: 3 }),
    weight: fc.option(fc.record({ endpoints: fc.nat(3), transitive: fc.boolean() }), { nil: undefined }),
    peers: fc.subarray(['left', 'right']),
  });
  const wishes = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.array(routes, { maxLength: 3 })), {
    selector: ([name]) => name,
  });
  fc.assert(
    fc.property(wishes, fc.infiniteStream(fc.nat()), (drawn, chance) => {
      const fill = (order: typeof drawn): unknown => {
        const table = new RouteTable();
        for (const [service, wanted] of order) table.set(service, wanted);
        const keys = [...table.keys()].sort(compareTexts);
        return keys.map((key) => ['left', 'right'].map((peer) => table.routeFor(peer, key)));
      };
      const shuffled = drawn.map((wish) => ({ wish, at: chance.next().value ?? 0 })).sort((one, other) => one.at - other.at);
      expect(fill(shuffled.map(({ wish }) => wish))).toEqual(fill(drawn));
    }),
  );
});
