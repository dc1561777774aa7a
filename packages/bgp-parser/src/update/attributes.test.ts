import { describe, expect, test } from '@jest/globals';
import { faultLine } from '../../../../test/support/bgp-faults.ts';
import { bgpUpdate } from '../../../../test/support/bgp-octets.ts';
import { type Context, INITIAL_CONTEXT } from '../context.ts';
import { decodeMessage } from '../message.ts';
import { findAttribute } from './attribute.ts';

const TWO_OCTET = INITIAL_CONTEXT;
const FOUR_OCTET: Context = { ...INITIAL_CONTEXT, fourOctetAsn: true };
const INTERNAL: Context = { ...FOUR_OCTET, internal: true };
const EXTERNAL: Context = { ...FOUR_OCTET, internal: false };

const ORIGIN = '40 01 01 00';
const AS_PATH = '40 02 06 02 01 0000fc00';
const TWO_OCTET_AS_PATH = '40 02 04 02 01 fc00';
const NEXT_HOP = '40 03 04 0a000001';
const LOCAL_PREF = '40 05 04 00000064';

interface Row {
  readonly what: string;
  /** Stands first, at offset 23, before those of the four above that it is not itself. */
  readonly octets: string;
  readonly context?: Context;
  /** The offset of the fault. */
  readonly at: number;
  readonly reason: string;
}

const WITHDRAWN: readonly Row[] = [
  { what: 'ORIGIN of two octets', octets: '40 01 02 0000', at: 25, reason: 'attribute length is 2, must be 1' },
  { what: 'ORIGIN of none', octets: '40 01 00', at: 25, reason: 'attribute length is 0, must be 1' },
  { what: 'ORIGIN 3', octets: '40 01 01 03', at: 26, reason: 'value is 3, must be 0, 1 or 2' },
  {
    what: 'ORIGIN flagged as optional',
    octets: 'c0 01 01 00',
    at: 23,
    reason: 'attribute flags are optional transitive, must be well-known transitive',
  },
  {
    what: 'ORIGIN flagged as non-transitive',
    octets: '00 01 01 00',
    at: 23,
    reason: 'attribute flags are well-known non-transitive, must be well-known transitive',
  },
  { what: 'AS_PATH with segment type 0', octets: '40 02 06 00 01 0000fc00', at: 26, reason: 'segment type is 0, must be 1 to 4' },
  { what: 'AS_PATH with segment type 5', octets: '40 02 06 05 01 0000fc00', at: 26, reason: 'segment type is 5, must be 1 to 4' },
  { what: 'AS_PATH with an empty segment', octets: '40 02 02 02 00', at: 27, reason: 'segment has 0 AS numbers, must have at least 1' },
  {
    what: 'AS_PATH with a segment that goes on behind it',
    octets: '40 02 06 02 02 0000fc00',
    at: 27,
    reason: 'segment has 2 AS numbers, must end 4 octets earlier',
  },
  {
    what: 'AS_PATH with one octet too many',
    octets: '40 02 07 02 01 0000fc00 02',
    at: 32,
    reason: 'segment has 1 octet, must have a type, a count and AS numbers',
  },
  {
    what: 'AS_PATH of two-octet numbers where they have four',
    octets: '40 02 04 02 01 fc00',
    at: 27,
    reason: 'segment has 1 AS numbers, must end 2 octets earlier',
  },
  {
    what: 'AS_PATH through AS 0',
    octets: '40 02 0a 02 02 0000fc00 00000000',
    at: 28,
    reason: 'segment holds AS number 0, which nobody has',
  },
  { what: 'NEXT_HOP of three octets', octets: '40 03 03 0a0000', at: 25, reason: 'attribute length is 3, must be 4' },
  { what: 'NEXT_HOP 0.0.0.0', octets: '40 03 04 00000000', at: 26, reason: 'value begins with 0, must be the address of a host' },
  { what: 'NEXT_HOP 127.0.0.1', octets: '40 03 04 7f000001', at: 26, reason: 'value begins with 127, must be the address of a host' },
  { what: 'NEXT_HOP 224.0.0.5', octets: '40 03 04 e0000005', at: 26, reason: 'value begins with 224, must be the address of a host' },
  { what: 'MULTI_EXIT_DISC of five octets', octets: '80 04 05 0000000000', at: 25, reason: 'attribute length is 5, must be 4' },
  { what: 'LOCAL_PREF of no octet', octets: '40 05 00', context: INTERNAL, at: 25, reason: 'attribute length is 0, must be 4' },
  {
    what: 'COMMUNITIES of six octets',
    octets: 'c0 08 06 fc000001 fc00',
    at: 25,
    reason: 'attribute length is 6, must be a multiple of 4 and not 0',
  },
  { what: 'COMMUNITIES of none', octets: 'c0 08 00', at: 25, reason: 'attribute length is 0, must be a multiple of 4 and not 0' },
  {
    what: 'ORIGINATOR_ID of three octets',
    octets: '80 09 03 0a0000',
    context: INTERNAL,
    at: 25,
    reason: 'attribute length is 3, must be 4',
  },
  {
    what: 'CLUSTER_LIST of none',
    octets: '80 0a 00',
    context: INTERNAL,
    at: 25,
    reason: 'attribute length is 0, must be a multiple of 4 and not 0',
  },
  {
    what: 'extended communities of four octets',
    octets: 'c0 10 04 0002fc00',
    at: 25,
    reason: 'attribute length is 4, must be a multiple of 8 and not 0',
  },
  { what: 'extended communities of none', octets: 'c0 10 00', at: 25, reason: 'attribute length is 0, must be a multiple of 8 and not 0' },
  {
    what: 'large communities of eight octets',
    octets: 'c0 20 08 0000fc00 00000001',
    at: 25,
    reason: 'attribute length is 8, must be a multiple of 12 and not 0',
  },
  { what: 'large communities of none', octets: 'c0 20 00', at: 25, reason: 'attribute length is 0, must be a multiple of 12 and not 0' },
  { what: 'ONLY_TO_CUSTOMER of two octets', octets: 'c0 23 02 fc00', at: 25, reason: 'attribute length is 2, must be 4' },
];

const DISCARDED: readonly Row[] = [
  {
    what: 'LOCAL_PREF from another AS',
    octets: '40 05 04 00000064',
    context: EXTERNAL,
    at: 23,
    reason: 'attribute comes from another AS, must come from the own one',
  },
  { what: 'ATOMIC_AGGREGATE of one octet', octets: '40 06 01 00', at: 25, reason: 'attribute length is 1, must be 0' },
  {
    what: 'AGGREGATOR with a two-octet number where they have four',
    octets: 'c0 07 06 fc00 0a000001',
    at: 25,
    reason: 'attribute length is 6, must be 8',
  },
  { what: 'AGGREGATOR of AS 0', octets: 'c0 07 08 00000000 0a000001', at: 26, reason: 'AS number is 0, which nobody has' },
  {
    what: 'AGGREGATOR with a four-octet number where they have two',
    octets: 'c0 07 08 0000fc00 0a000001',
    context: TWO_OCTET,
    at: 25,
    reason: 'attribute length is 8, must be 6',
  },
  {
    what: 'ORIGINATOR_ID from another AS',
    octets: '80 09 03 0a0000',
    context: EXTERNAL,
    at: 23,
    reason: 'attribute comes from another AS, must come from the own one',
  },
  {
    what: 'CLUSTER_LIST from another AS',
    octets: '80 0a 04 0a000001',
    context: EXTERNAL,
    at: 23,
    reason: 'attribute comes from another AS, must come from the own one',
  },
  {
    what: 'AS4_PATH where AS numbers have four octets',
    octets: 'c0 11 06 02 01 0000fc00',
    at: 23,
    reason: 'attribute is there, must not be where AS numbers have four octets',
  },
  {
    what: 'AS4_AGGREGATOR where AS numbers have four octets',
    octets: 'c0 12 08 0000fc00 0a000001',
    at: 23,
    reason: 'attribute is there, must not be where AS numbers have four octets',
  },
  {
    what: 'AS4_PATH of none',
    octets: 'c0 11 00',
    context: TWO_OCTET,
    at: 25,
    reason: 'attribute length is 0, must be even and at least 6',
  },
  {
    what: 'AS4_PATH of seven octets',
    octets: 'c0 11 07 02 01 0000fc00 02',
    context: TWO_OCTET,
    at: 25,
    reason: 'attribute length is 7, must be even and at least 6',
  },
  {
    what: 'AS4_PATH cut short',
    octets: 'c0 11 08 02 02 0000fc00 0000',
    context: TWO_OCTET,
    at: 27,
    reason: 'segment has 2 AS numbers, must end 2 octets earlier',
  },
  {
    what: 'AS4_PATH with a confederation',
    octets: 'c0 11 06 03 01 0000fc00',
    context: TWO_OCTET,
    at: 26,
    reason: 'segments of a confederation are there, must not leave it',
  },
  {
    what: 'AS4_AGGREGATOR of six octets',
    octets: 'c0 12 06 fc00 0a000001',
    context: TWO_OCTET,
    at: 25,
    reason: 'attribute length is 6, must be 8',
  },
];

const RESET: readonly Row[] = [
  {
    what: 'an unknown one that claims to be well-known',
    octets: '40 63 01 00',
    at: 23,
    reason: 'attribute 99 is unknown, must be flagged as optional -> 3/2 40630100',
  },
];

/** Type code of an attribute in hexadecimal. */
function codeOf(octets: string): number {
  return Number.parseInt(octets.slice(3, 5), 16);
}

/** An UPDATE with the attribute and all others that it needs, decoded. */
function decodeWith(
  octets: string,
  context: Context,
): { readonly faults: readonly string[]; readonly kept: readonly number[]; readonly wanted: readonly number[] } {
  const path = context.fourOctetAsn ? AS_PATH : TWO_OCTET_AS_PATH;
  const others = [ORIGIN, path, NEXT_HOP, ...(context.internal === true ? [LOCAL_PREF] : [])].filter(
    (one) => codeOf(one) !== codeOf(octets),
  );
  const { message, faults } = decodeMessage(bgpUpdate('', [octets, ...others].join(' '), '18 c00002'), context);
  const kept = message?.type === 'update' && message.nlri.length === 1 ? message.attributes.map(({ code }) => code) : [];
  return { faults: faults.map(faultLine), kept, wanted: others.map(codeOf) };
}

describe.each([
  { treatment: 'treat-as-withdraw', rows: WITHDRAWN },
  { treatment: 'attribute-discard', rows: DISCARDED },
  { treatment: 'session-reset', rows: RESET },
])('an attribute that costs: $treatment', ({ treatment, rows }) => {
  test.each(rows)('$what', ({ octets, context = FOUR_OCTET, at, reason }) => {
    const { faults, kept, wanted } = decodeWith(octets, context);
    expect(faults).toEqual([`${treatment}, attribute ${codeOf(octets)}, offset ${at}: ${reason}`]);
    expect(kept).toEqual(wanted);
  });
});

test('of AS4_PATH only the segments of a confederation are left out', () => {
  const octets = `c0 11 12 03 01 0000fc01 02 01 fa56ea00 04 01 0000fc02 ${ORIGIN} ${TWO_OCTET_AS_PATH} ${NEXT_HOP}`;
  const { message, faults } = decodeMessage(bgpUpdate('', octets, '18 c00002'), TWO_OCTET);
  expect(faults.map(faultLine)).toEqual([
    'attribute-discard, attribute 17, offset 26: segments of a confederation are there, must not leave it',
  ]);
  expect(message?.type === 'update' && findAttribute(message.attributes, 'as4-path')?.value).toEqual([
    { type: 'sequence', asns: [4_200_000_000] },
  ]);
});
