import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bgpContexts, ipAddresses, prefixes } from '../../../../test/support/bgp-messages.ts';
import { hexadecimalOf } from '../../../../test/support/octets.ts';
import { formatPrefix, type IpAddress, type Prefix, parseAddress } from '../address.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from '../address-family.ts';
import { type Context, INITIAL_CONTEXT } from '../context.ts';
import { EncodeError } from '../encode-error.ts';
import { decodeMessage } from '../message.ts';
import type { AsPathSegment } from './as-path.ts';
import { findAttribute, type PathAttribute } from './attribute.ts';
import { pathAttribute } from './attributes.ts';
import { isUnicast } from './multiprotocol.ts';
import type { Nlri } from './nlri.ts';
import { packUpdates, type RouteGroup } from './pack-updates.ts';
import type { Update } from './update.ts';

const CONTEXT: Context = { ...INITIAL_CONTEXT, fourOctetAsn: true };
const EXTENDED: Context = { ...CONTEXT, maximumSentLength: 65_535, maximumReceivedLength: 65_535 };
const IPV6_NEXT_HOPS: Context = { ...CONTEXT, extendedNextHop: [IPV4_UNICAST] };
const ADD_PATH: Context = { ...CONTEXT, addPathSent: [IPV4_UNICAST, IPV6_UNICAST], addPathReceived: [IPV4_UNICAST, IPV6_UNICAST] };
const ATTRIBUTES: readonly PathAttribute[] = [
  pathAttribute('origin', 'igp'),
  pathAttribute('as-path', [{ type: 'sequence', asns: [64_512] }]),
];

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

/** The first `count` hosts of a network. */
function hosts(network: string, count: number): Nlri[] {
  const { family, value } = address(network);
  return Array.from({ length: count }, (_, index) => ({
    address: { family, value: value + BigInt(index) },
    length: family === 'IPv4' ? 32 : 128,
  }));
}

/** The first prefix of a length. */
function short(network: string, length: number): Nlri {
  const { family, value } = address(network);
  return { address: { family, value: length === 0 ? 0n : value }, length };
}

function groupOf(nlri: readonly Nlri[], nextHop: string, attributes = ATTRIBUTES): RouteGroup {
  return { attributes, nextHops: [address(nextHop)], nlri };
}

/** All that messages say, read by the other side; a fault is a failure. */
function updatesOf(messages: readonly Uint8Array[], context: Context): Update[] {
  return messages.map((bytes) => {
    const { message, faults } = decodeMessage(bytes, context);
    expect(faults).toEqual([]);
    if (message?.type !== 'update') throw new Error('no UPDATE');
    return message;
  });
}

function announcedBy(update: Update): readonly Nlri[] {
  const reach = findAttribute(update.attributes, 'mp-reach-nlri')?.value;
  return [...update.nlri, ...(reach !== undefined && isUnicast(reach) ? reach.nlri : [])];
}

function withdrawnBy(update: Update): readonly Nlri[] {
  const unreach = findAttribute(update.attributes, 'mp-unreach-nlri')?.value;
  return [...update.withdrawn, ...(unreach !== undefined && isUnicast(unreach) ? unreach.nlri : [])];
}

describe('how many messages it takes', () => {
  test.each<{ what: string; nlri: readonly Nlri[]; nextHop: string; context: Context; messages: number }>([
    { what: '10,000 hosts of IPv4', nlri: hosts('10.0.0.0', 10_000), nextHop: '10.0.0.1', context: CONTEXT, messages: 13 },
    { what: '10,000 hosts of IPv6', nlri: hosts('fd00::', 10_000), nextHop: 'fd00::1', context: CONTEXT, messages: 43 },
    {
      what: '10,000 hosts of IPv4 with path identifiers',
      nlri: hosts('10.0.0.0', 10_000),
      nextHop: '10.0.0.1',
      context: ADD_PATH,
      messages: 23,
    },
    { what: '10,000 hosts of IPv4 in long messages', nlri: hosts('10.0.0.0', 10_000), nextHop: '10.0.0.1', context: EXTENDED, messages: 1 },
    { what: '10,000 hosts of IPv6 in long messages', nlri: hosts('fd00::', 10_000), nextHop: 'fd00::1', context: EXTENDED, messages: 3 },
    { what: 'no route', nlri: [], nextHop: '10.0.0.1', context: CONTEXT, messages: 0 },
    { what: 'one route', nlri: hosts('10.0.0.0', 1), nextHop: '10.0.0.1', context: CONTEXT, messages: 1 },
  ])('$what: $messages', ({ nlri, nextHop, context, messages }) => {
    const packed = packUpdates([groupOf(nlri, nextHop)], [], context);
    expect(packed.messages).toHaveLength(messages);
    expect(updatesOf(packed.messages, context).flatMap(announcedBy).map(formatPrefix)).toEqual(nlri.map(formatPrefix));
  });

  // Each time as many hosts as go in, and one short prefix that fits to the last octet of 4,096.
  test.each<{ what: string; announced: readonly Nlri[]; nextHop: string; withdrawn: readonly Nlri[] }>([
    {
      what: 'routes of IPv4: 43 + 810 x 5 + 3',
      announced: [...hosts('10.0.0.0', 810), short('10.0.0.0', 16)],
      nextHop: '10.0.0.1',
      withdrawn: [],
    },
    {
      what: 'routes of IPv6: 61 + 237 x 17 + 6',
      announced: [...hosts('fd00::', 237), short('fd00::', 40)],
      nextHop: 'fd00::1',
      withdrawn: [],
    },
    {
      what: 'withdrawals of IPv4: 23 + 814 x 5 + 3',
      announced: [],
      nextHop: '10.0.0.1',
      withdrawn: [...hosts('10.0.0.0', 814), short('10.0.0.0', 16)],
    },
    {
      what: 'withdrawals of IPv6: 30 + 239 x 17 + 3',
      announced: [],
      nextHop: 'fd00::1',
      withdrawn: [...hosts('fd00::', 239), short('fd00::', 16)],
    },
  ])('a message is full to the last octet: $what', ({ announced, nextHop, withdrawn }) => {
    const lengths = (more: readonly Nlri[]): number[] => {
      const announce = announced.length === 0 ? [] : [groupOf([...announced, ...more], nextHop)];
      return packUpdates(announce, withdrawn.length === 0 ? [] : [...withdrawn, ...more], CONTEXT).messages.map(({ length }) => length);
    };
    expect(lengths([])).toEqual([4_096]);
    expect(lengths([short(nextHop, 0)])).toEqual([4_096, expect.any(Number)]);
  });
});

interface Row {
  readonly what: string;
  readonly groups: readonly RouteGroup[];
  readonly withdrawals: readonly Nlri[];
  readonly context: Context;
  readonly bodies: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    what: 'IPv4 behind the attributes',
    groups: [groupOf(hosts('192.0.2.1', 1), '10.0.0.1')],
    withdrawals: [],
    context: CONTEXT,
    bodies: ['0000 0014 40010100 4002060201 0000fc00 400304 0a000001 20c0000201'],
  },
  {
    what: 'IPv6 in MP_REACH_NLRI, which comes first',
    groups: [groupOf(hosts('2001:db8::1', 1), 'fd00::1')],
    withdrawals: [],
    context: CONTEXT,
    bodies: [
      '0000 0036 800e26 0002 01 10 fd000000000000000000000000000001 00 80 20010db8000000000000000000000001 40010100 4002060201 0000fc00',
    ],
  },
  {
    what: 'IPv4 in MP_REACH_NLRI when its next hop is of IPv6',
    groups: [groupOf(hosts('192.0.2.1', 1), 'fe80::1')],
    withdrawals: [],
    context: IPV6_NEXT_HOPS,
    bodies: ['0000 002a 800e1a 0001 01 10 fe800000000000000000000000000001 00 20c0000201 40010100 4002060201 0000fc00'],
  },
  { what: 'withdrawals of IPv4', groups: [], withdrawals: hosts('192.0.2.1', 1), context: CONTEXT, bodies: ['0005 20c0000201 0000'] },
  {
    what: 'withdrawals of IPv4 whose next hops may be of IPv6',
    groups: [],
    withdrawals: hosts('192.0.2.1', 1),
    context: IPV6_NEXT_HOPS,
    bodies: ['0000 000b 800f08 0001 01 20c0000201'],
  },
  {
    what: 'withdrawals of both families, each in messages of its own and before any route',
    groups: [groupOf(hosts('192.0.2.1', 1), '10.0.0.1')],
    withdrawals: [...hosts('2001:db8::1', 1), ...hosts('192.0.2.1', 1)],
    context: CONTEXT,
    bodies: [
      '0005 20c0000201 0000',
      '0000 0017 800f14 0002 01 80 20010db8000000000000000000000001',
      '0000 0014 40010100 4002060201 0000fc00 400304 0a000001 20c0000201',
    ],
  },
  {
    what: 'AS numbers for a peer with two octets: the path again, with all of it',
    groups: [
      groupOf(hosts('192.0.2.1', 1), '10.0.0.1', [
        ...ATTRIBUTES.slice(0, 1),
        pathAttribute('as-path', [{ type: 'sequence', asns: [4_200_000_000, 64_512] }]),
      ]),
    ],
    withdrawals: [],
    context: INITIAL_CONTEXT,
    bodies: ['0000 0021 40010100 4002060202 5ba0 fc00 400304 0a000001 c0110a0202 fa56ea00 0000fc00 20c0000201'],
  },
  {
    what: 'AS numbers for a peer with two octets that fit',
    groups: [groupOf(hosts('192.0.2.1', 1), '10.0.0.1')],
    withdrawals: [],
    context: INITIAL_CONTEXT,
    bodies: ['0000 0012 40010100 4002040201 fc00 400304 0a000001 20c0000201'],
  },
];

describe('what goes where', () => {
  test.each(ROWS)('$what', ({ groups, withdrawals, context, bodies }) => {
    const { messages } = packUpdates(groups, withdrawals, context);
    expect(messages.map((bytes) => hexadecimalOf(bytes.subarray(19)))).toEqual(bodies.map((body) => body.replaceAll(' ', '')));
    updatesOf(messages, { ...context, maximumReceivedLength: 65_535 });
  });

  test.each<{ what: string; path: readonly AsPathSegment[]; as4: readonly AsPathSegment[] | undefined }>([
    {
      what: 'without the segments of a confederation',
      path: [
        { type: 'confed-sequence', asns: [4_200_000_001] },
        { type: 'sequence', asns: [64_512] },
      ],
      as4: [{ type: 'sequence', asns: [64_512] }],
    },
    { what: 'and none where nothing is left of it', path: [{ type: 'confed-sequence', asns: [4_200_000_001] }], as4: undefined },
    { what: 'and none for an empty path', path: [], as4: undefined },
  ])('AS numbers for a peer with two octets: the path again $what', ({ path, as4 }) => {
    const attributes = [pathAttribute('origin', 'igp'), pathAttribute('as-path', path)];
    const [update] = updatesOf(
      packUpdates([groupOf(hosts('192.0.2.1', 1), '10.0.0.1', attributes)], [], INITIAL_CONTEXT).messages,
      INITIAL_CONTEXT,
    );
    expect(update && findAttribute(update.attributes, 'as4-path')?.value).toEqual(as4);
  });

  test.each([
    { asn: 65_535, old: 65_535, as4: undefined },
    { asn: 65_536, old: 23_456, as4: 65_536 },
  ])('an aggregator $asn for a peer with two octets: $old and $as4', ({ asn, old, as4 }) => {
    const aggregator = pathAttribute('aggregator', { asn, address: address('10.0.0.9') });
    const { messages } = packUpdates([groupOf(hosts('192.0.2.1', 1), '10.0.0.1', [...ATTRIBUTES, aggregator])], [], INITIAL_CONTEXT);
    const attributes = updatesOf(messages, INITIAL_CONTEXT)[0]?.attributes ?? [];
    expect(findAttribute(attributes, 'aggregator')?.value.asn).toBe(old);
    expect(findAttribute(attributes, 'as4-aggregator')?.value.asn).toBe(as4);
  });
});

describe('what cannot be sent', () => {
  const communities = (count: number): PathAttribute => pathAttribute('communities', new Array<number>(count).fill(0xfc00_0001));
  // 23 octets around, 20 of attributes, 4 of the header of a long one and 5 of a host: 4,044 are left for communities.
  test.each([
    { count: 1_011, messages: 2, tooLong: 0 },
    { count: 1_012, messages: 0, tooLong: 1 },
  ])('a route with $count communities: $tooLong too long', ({ count, messages, tooLong }) => {
    const group = groupOf(hosts('192.0.2.1', 2), '10.0.0.1', [...ATTRIBUTES, communities(count)]);
    const packed = packUpdates([group], [], CONTEXT);
    expect(packed.messages).toHaveLength(messages);
    expect(packed.tooLong).toEqual(tooLong === 0 ? [] : [group]);
  });

  test('one group that is too long stops no other', () => {
    const long = groupOf(hosts('192.0.2.1', 1), '10.0.0.1', [...ATTRIBUTES, communities(2_000)]);
    const packed = packUpdates([long, groupOf(hosts('192.0.2.2', 1), '10.0.0.1')], hosts('192.0.2.3', 1), CONTEXT);
    expect([packed.messages.length, packed.tooLong]).toEqual([2, [long]]);
  });

  test.each<{ what: string; group: RouteGroup }>([
    { what: 'IPv4 over IPv6 that nobody agreed on', group: groupOf(hosts('192.0.2.1', 1), 'fe80::1') },
    { what: 'IPv6 over IPv4', group: groupOf(hosts('2001:db8::1', 1), '10.0.0.1') },
    { what: 'no next hop', group: { attributes: ATTRIBUTES, nextHops: [], nlri: hosts('2001:db8::1', 1) } },
    { what: 'an AS4_PATH of its own', group: groupOf(hosts('192.0.2.1', 1), '10.0.0.1', [...ATTRIBUTES, pathAttribute('as4-path', [])]) },
    {
      what: 'a NEXT_HOP of its own',
      group: groupOf(hosts('192.0.2.1', 1), '10.0.0.1', [...ATTRIBUTES, pathAttribute('next-hop', address('10.0.0.2'))]),
    },
  ])('$what is a bug', ({ group }) => expect(() => packUpdates([group], [], CONTEXT)).toThrow(EncodeError));
});

test('any routes are there once, in order, in messages that are never too long', () => {
  const both = (max: number): fc.Arbitrary<Prefix[]> => fc.array(fc.oneof(prefixes('IPv4'), prefixes('IPv6')), { maxLength: max });
  const groups = fc.array(fc.tuple(both(900), ipAddresses('IPv6'), fc.nat(200)), { maxLength: 3 });
  fc.assert(
    fc.property(bgpContexts, groups, both(900), (generated, made, withdrawals) => {
      const context: Context = { ...generated, extendedNextHop: [IPV4_UNICAST] };
      const routes = made.map(([nlri, nextHop, count]) => ({
        attributes: [...ATTRIBUTES, pathAttribute('cluster-list', new Array<number>(count + 1).fill(1))],
        nextHops: [nextHop],
        nlri,
      }));
      const { messages, tooLong } = packUpdates(routes, withdrawals, context);
      const updates = updatesOf(messages, context);
      const inFamilies = (all: readonly Prefix[]): string[] =>
        [4, 6].flatMap((kind) => all.filter((one) => one.address.family === `IPv${kind}`).map(formatPrefix));
      expect(tooLong).toEqual([]);
      expect(updates.flatMap(announcedBy).map(formatPrefix)).toEqual(routes.flatMap(({ nlri }) => inFamilies(nlri)));
      expect(updates.flatMap(withdrawnBy).map(formatPrefix)).toEqual(inFamilies(withdrawals));
      expect(messages.every(({ length }) => length <= context.maximumSentLength)).toBe(true);
    }),
    { numRuns: 30 },
  );
});
