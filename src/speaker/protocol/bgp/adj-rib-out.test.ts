import { describe, expect, test } from '@jest/globals';
import {
  type AddressFamily,
  type Agreement,
  decodeMessage,
  endOfRibOf,
  INITIAL_CONTEXT,
  isUnicast,
  type Update,
} from '@typemetal/bgp-parser';
import fc from 'fast-check';
import { formatPrefix, type IpAddress, type Prefix, parseAddress, parsePrefix } from '../../../lib/ip.ts';
import type { PlannedRoute } from '../../../model/planned-route.ts';
import { AdjRibOut, type OutboundSession } from './adj-rib-out.ts';
import { RouteTable } from './route-table.ts';

const IPV4: AddressFamily = { afi: 1, safi: 1 };
const IPV6: AddressFamily = { afi: 2, safi: 1 };

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function route(text: string, rest: Partial<PlannedRoute> = {}): PlannedRoute {
  return { prefix: prefix(text), localPreference: undefined, communities: [], weight: undefined, peers: [], ...rest };
}

function agreement(rest: Partial<Agreement> = {}): Agreement {
  return {
    ...INITIAL_CONTEXT,
    fourOctetAsn: true,
    internal: false,
    peerAsn: 64_600,
    holdTimeSeconds: 90,
    families: [IPV4, IPV6],
    routeRefresh: true,
    enhancedRouteRefresh: false,
    roles: 'unknown',
    gracefulRestart: undefined,
    notificationRestart: false,
    longLivedFamilies: [],
    ...rest,
  };
}

const BOTH = { IPv4: [address('198.51.100.11')], IPv6: [address('2001:db8:51::11')] };

function session(rest: Partial<Agreement> = {}, nextHops: OutboundSession['nextHops'] = BOTH): OutboundSession {
  return { agreement: agreement(rest), localAsn: 64_512, nextHops };
}

/** A router's table, as our messages make it: attributes but the next hop, by prefix. */
class Router {
  readonly routes = new Map<string, string>();
  readonly marks: string[] = [];
  updates = 0;

  take(messages: readonly Uint8Array[], context: Agreement): void {
    for (const octets of messages) {
      expect(octets.length).toBeLessThanOrEqual(context.maximumSentLength);
      const { message, faults } = decodeMessage(octets, context);
      expect(faults).toEqual([]);
      if (message?.type === 'update') this.#apply(message);
      else if (message?.type === 'route-refresh') this.marks.push(`${message.subtype} ${message.afi}`);
    }
  }

  #apply(update: Update): void {
    const end = endOfRibOf(update);
    if (end !== undefined) {
      this.marks.push(`end of ${end.afi}`);
      return;
    }
    this.updates++;
    const text = JSON.stringify(
      update.attributes.filter(({ code }) => ![3, 14, 15].includes(code)).map(({ name, value }) => [name, value]),
    );
    const { come, gone } = routesIn(update);
    for (const prefix of gone) this.routes.delete(formatPrefix(prefix));
    for (const prefix of come) this.routes.set(formatPrefix(prefix), text);
  }
}

function routesIn({ withdrawn, attributes, nlri }: Update): { readonly come: readonly Prefix[]; readonly gone: readonly Prefix[] } {
  const come: Prefix[] = [...nlri];
  const gone: Prefix[] = [...withdrawn];
  for (const { name, value } of attributes) {
    if (name === 'mp-reach-nlri' && isUnicast(value)) come.push(...value.nlri);
    if (name === 'mp-unreach-nlri' && isUnicast(value)) gone.push(...value.nlri);
  }
  return { come, gone };
}

describe('a session', () => {
  test('begins with all routes and the mark that these are all', () => {
    const table = new RouteTable();
    table.set('a', [route('203.0.113.1/32'), route('203.0.113.2/32'), route('2001:db8::1/128')]);
    table.set('b', [route('203.0.113.3/32', { peers: ['right'] })]);
    const out = new AdjRibOut('left', table);
    const router = new Router();
    router.take(out.open(session()), agreement());
    expect([...router.routes.keys()]).toEqual(['203.0.113.1/32', '203.0.113.2/32', '2001:db8::1/128']);
    expect([router.updates, router.marks]).toEqual([2, ['end of 1', 'end of 2']]);
    expect([out.announced, out.wanted]).toEqual([3, 3]);
  });

  test('says nothing about what it has said, and one route of many in one message', () => {
    const table = new RouteTable();
    for (let host = 0; host < 200; host++) table.set(`s${host}`, [route(`203.0.113.${host}/32`)]);
    const out = new AdjRibOut('left', table);
    out.open(session());
    expect(out.changed(table.keys())).toEqual([]);
    expect(out.changed(table.set('s7', []))).toHaveLength(1);
    expect(out.changed(table.set('s7', [route('203.0.113.7/32')]))).toHaveLength(1);
    expect(out.announced).toBe(200);
  });

  test('is told nothing when it is over', () => {
    const table = new RouteTable();
    const out = new AdjRibOut('left', table);
    expect(out.changed(table.set('a', [route('203.0.113.1/32')]))).toEqual([]);
    out.open(session());
    out.close();
    expect([out.announced, out.changed(table.keys())]).toEqual([0, []]);
    expect(out.open(session())).toHaveLength(3);
  });

  test.each<{ what: string; agreed: Partial<Agreement>; hops: OutboundSession['nextHops']; sent: string[] }>([
    { what: 'IPv4 alone', agreed: { families: [IPV4] }, hops: BOTH, sent: ['203.0.113.1/32'] },
    { what: 'IPv6 alone', agreed: { families: [IPV6] }, hops: BOTH, sent: ['2001:db8::1/128'] },
    { what: 'a node without IPv6', agreed: {}, hops: { IPv4: BOTH.IPv4 }, sent: ['203.0.113.1/32'] },
    { what: 'a next hop of the other family that was not agreed on', agreed: {}, hops: { IPv4: BOTH.IPv6 }, sent: [] },
    { what: 'one that was', agreed: { extendedNextHop: [IPV4] }, hops: { IPv4: BOTH.IPv6 }, sent: ['203.0.113.1/32'] },
  ])('carries what it can: $what', ({ agreed, hops, sent }) => {
    const table = new RouteTable();
    table.set('a', [route('203.0.113.1/32'), route('2001:db8::1/128')]);
    const router = new Router();
    router.take(new AdjRibOut('left', table).open(session(agreed, hops)), agreement(agreed));
    expect([...router.routes.keys()]).toEqual(sent);
  });

  test.each([
    { enhancedRouteRefresh: false, marks: [] },
    { enhancedRouteRefresh: true, marks: ['begin 2', 'end 2'] },
  ])('sends a family again when asked: enhanced $enhancedRouteRefresh', ({ enhancedRouteRefresh, marks }) => {
    const table = new RouteTable();
    table.set('a', [route('203.0.113.1/32'), route('2001:db8::1/128')]);
    const out = new AdjRibOut('left', table);
    out.open(session({ enhancedRouteRefresh }));
    const router = new Router();
    router.take(out.refresh(IPV6), agreement());
    expect([[...router.routes.keys()], router.marks]).toEqual([['2001:db8::1/128'], marks]);
    expect(out.refresh({ afi: 25, safi: 70 })).toEqual([]);
  });
});

test.each([
  { family: 'IPv4', count: 1_000, updates: 2, textOf: (host: number) => `10.0.${host >> 8}.${host & 255}/32` },
  { family: 'IPv4', count: 5_000, updates: 7, textOf: (host: number) => `10.0.${host >> 8}.${host & 255}/32` },
  { family: 'IPv4', count: 10_000, updates: 13, textOf: (host: number) => `10.0.${host >> 8}.${host & 255}/32` },
  { family: 'IPv6', count: 10_000, updates: 43, textOf: (host: number) => `2001:db8::${host.toString(16)}/128` },
])('$count routes of $family take $updates messages, and a change among them one', ({ count, updates, textOf }) => {
  const table = new RouteTable();
  for (let host = 0; host < count; host++) table.set(`s${host}`, [route(textOf(host))]);
  const out = new AdjRibOut('left', table);
  const router = new Router();
  router.take(out.open(session()), agreement());
  expect([router.routes.size, router.updates]).toEqual([count, updates]);
  for (const routes of [[], [route(textOf(7))]]) expect(out.changed(table.set('s7', routes))).toHaveLength(1);
});

test('a route with more communities than a message holds is taken back, and announced again when it has fewer', () => {
  const communities = Array.from({ length: 1_100 }, (_, value) => ({ kind: 'standard' as const, value }));
  const table = new RouteTable();
  const out = new AdjRibOut('left', table);
  const router = new Router();
  router.take(out.open(session()), agreement());
  const counts: number[][] = [];
  for (const some of [communities.slice(0, 9), communities, communities.slice(0, 9)]) {
    router.take(out.changed(table.set('a', [route('203.0.113.1/32', { communities: some })])), agreement());
    counts.push([router.routes.size, out.announced, out.tooLong]);
  }
  expect(counts).toEqual([
    [1, 1, 0],
    [0, 0, 1],
    [1, 1, 1],
  ]);
});

test('after any changes the router has what it is to have, and no more is said', () => {
  const routes = fc.record({
    prefix: fc.constantFrom('203.0.113.1/32', '203.0.113.0/24', '2001:db8::1/128', '2001:db8::/64').map(prefix),
    localPreference: fc.constantFrom(undefined, 7),
    communities: fc.subarray([1, 2]).map((values) => values.map((value) => ({ kind: 'standard' as const, value }))),
    weight: fc.constantFrom(undefined, { endpoints: 1, transitive: false }, { endpoints: 2, transitive: true }),
    peers: fc.constantFrom<readonly string[]>([], ['left'], ['right']),
  });
  const change = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.array(routes, { maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), fc.boolean(), (changes, internal) => {
      const table = new RouteTable();
      const out = new AdjRibOut('left', table);
      const router = new Router();
      router.take(out.open(session({ internal })), agreement({ internal }));
      for (const [service, wanted] of changes) router.take(out.changed(table.set(service, wanted)), agreement({ internal }));
      const fresh = new Router();
      fresh.take(new AdjRibOut('left', table).open(session({ internal })), agreement({ internal }));
      expect(router.routes).toEqual(fresh.routes);
      expect([out.announced, out.wanted, out.changed(table.keys())]).toEqual([router.routes.size, router.routes.size, []]);
    }),
  );
});
