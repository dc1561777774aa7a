import { describe, expect, test } from '@jest/globals';
import { faultLine } from '../../../../test/support/bgp-faults.ts';
import { bgpMessage, bgpUpdate, TYPE } from '../../../../test/support/bgp-octets.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from '../address-family.ts';
import { type Context, INITIAL_CONTEXT } from '../context.ts';
import { type Fault, strongestTreatment, type Treatment } from '../fault.ts';
import { decodeMessage, encodeMessage } from '../message.ts';
import { endOfRib, endOfRibOf, type Update } from './update.ts';

const FOUR_OCTET: Context = { ...INITIAL_CONTEXT, fourOctetAsn: true };
const INTERNAL: Context = { ...FOUR_OCTET, internal: true };
const ADD_PATH: Context = { ...FOUR_OCTET, addPathReceived: [IPV4_UNICAST, IPV6_UNICAST] };

const ORIGIN = '40 01 01 00';
const AS_PATH = '40 02 06 02 01 0000fc00';
const NEXT_HOP = '40 03 04 0a000001';
const MANDATORY = `${ORIGIN} ${AS_PATH} ${NEXT_HOP}`;
const MP_REACH = '80 0e 1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8';
const ROUTE = '18 c00002';
function decodeUpdateOf(bytes: Uint8Array, context: Context): { readonly update: Update; readonly faults: readonly Fault[] } {
  const { message, faults } = decodeMessage(bytes, context);
  if (message?.type !== 'update') throw new Error(`no update: ${JSON.stringify(faults)}`);
  return { update: message, faults };
}

interface Row {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly context?: Context;
  readonly faults: readonly string[];
}

const MALFORMED: readonly Row[] = [
  {
    what: 'a withdrawn length beyond the message',
    bytes: bgpMessage(TYPE.update, '0005 18c00002 0000'),
    faults: ['session-reset, offset 19: withdrawn routes length is 5, must be at most 4 -> 3/1'],
  },
  {
    what: 'an attributes length beyond the message',
    bytes: bgpMessage(TYPE.update, `0000 0005 ${ORIGIN}`),
    faults: ['session-reset, offset 21: total path attribute length is 5, must be at most 4 -> 3/1'],
  },
  {
    what: 'a withdrawn prefix of 33 bits',
    bytes: bgpUpdate('21 c000020100', '', ''),
    faults: ['session-reset, offset 21: prefix length is 33, must be at most 32 -> 3/10'],
  },
  {
    what: 'a withdrawn prefix that is cut short',
    bytes: bgpUpdate('18 c000', '', ''),
    faults: ['session-reset, offset 21: prefix of 24 bits has 2 octets, must have 3 -> 3/10'],
  },
  {
    what: 'a prefix of 255 bits',
    bytes: bgpUpdate('', MANDATORY, 'ff'),
    faults: ['session-reset, offset 43: prefix length is 255, must be at most 32 -> 3/10'],
  },
  {
    what: 'a prefix without the path identifier that was agreed on',
    bytes: bgpUpdate('', MANDATORY, ROUTE),
    context: ADD_PATH,
    faults: ['session-reset, offset 43: path identifier has 4 octets, must have 4 and a prefix behind it -> 3/10'],
  },
  {
    what: 'no ORIGIN, AS_PATH and NEXT_HOP',
    bytes: bgpUpdate('', '', ROUTE),
    faults: [
      'treat-as-withdraw, attribute 1, offset 23: attribute origin is missing, must be there',
      'treat-as-withdraw, attribute 2, offset 23: attribute as-path is missing, must be there',
      'treat-as-withdraw, attribute 3, offset 23: attribute next-hop is missing, must be there',
    ],
  },
  {
    what: 'no LOCAL_PREF from the own AS',
    bytes: bgpUpdate('', MANDATORY, ROUTE),
    context: INTERNAL,
    faults: ['treat-as-withdraw, attribute 5, offset 23: attribute local-pref is missing, must be there'],
  },
  {
    what: 'routes of MP_REACH_NLRI without ORIGIN and AS_PATH; they need no NEXT_HOP',
    bytes: bgpUpdate('', MP_REACH, ''),
    faults: [
      'treat-as-withdraw, attribute 1, offset 23: attribute origin is missing, must be there',
      'treat-as-withdraw, attribute 2, offset 23: attribute as-path is missing, must be there',
    ],
  },
  {
    what: 'a second ORIGIN, which is left out',
    bytes: bgpUpdate('', `${MANDATORY} 40 01 01 02`, ROUTE),
    faults: ['attribute-discard, attribute 1, offset 43: attribute appears a second time, must appear once'],
  },
  {
    what: 'a second attribute that nobody knows',
    bytes: bgpUpdate('', `${MANDATORY} c0 63 01 00 c0 63 01 00`, ROUTE),
    faults: ['attribute-discard, attribute 99, offset 47: attribute appears a second time, must appear once'],
  },
  {
    what: 'a second MP_REACH_NLRI',
    bytes: bgpUpdate('', `${MP_REACH} ${ORIGIN} ${AS_PATH} ${MP_REACH}`, ''),
    faults: ['session-reset, attribute 14, offset 65: attribute appears a second time, must appear once -> 3/1'],
  },
  {
    what: 'a second MP_UNREACH_NLRI',
    bytes: bgpUpdate('', '80 0f 03 0002 01 80 0f 03 0002 01', ''),
    faults: ['session-reset, attribute 15, offset 29: attribute appears a second time, must appear once -> 3/1'],
  },
  {
    what: 'an attribute that goes on behind the attributes',
    bytes: bgpUpdate('', `${MANDATORY} c0 08 08 fc000001`, ROUTE),
    faults: ['treat-as-withdraw, attribute 8, offset 45: attribute length is 8, must be at most 4'],
  },
  {
    what: 'two octets that are no attribute',
    bytes: bgpUpdate('', `${MANDATORY} c0 08`, ROUTE),
    faults: ['treat-as-withdraw, offset 43: attribute header has 2 octets, must have 3'],
  },
  {
    what: 'an extended length of one octet',
    bytes: bgpUpdate('', `${MANDATORY} d0 08 00`, ROUTE),
    faults: ['treat-as-withdraw, offset 43: attribute header has 3 octets, must have 4'],
  },
  {
    what: 'a malformed ORIGIN before MP_REACH_NLRI, whose routes are read',
    bytes: bgpUpdate('', `40 01 01 07 ${AS_PATH} ${MP_REACH}`, ''),
    faults: ['treat-as-withdraw, attribute 1, offset 26: value is 7, must be 0, 1 or 2'],
  },
  {
    what: 'attributes that end before MP_REACH_NLRI may have come',
    bytes: bgpUpdate('', `${ORIGIN} 40 02 ff`, ''),
    faults: [
      'treat-as-withdraw, attribute 2, offset 29: attribute length is 255, must be at most 0',
      'session-reset, offset 23: attributes are malformed and no route was found that they are for -> 3/1',
    ],
  },
  {
    what: 'attributes that end behind MP_REACH_NLRI',
    bytes: bgpUpdate('', `${MP_REACH} ${ORIGIN} 40 02 ff`, ''),
    faults: [
      'treat-as-withdraw, attribute 2, offset 58: attribute length is 255, must be at most 0',
      'treat-as-withdraw, attribute 2, offset 23: attribute as-path is missing, must be there',
    ],
  },
];

const MALFORMED_MULTIPROTOCOL: readonly Row[] = [
  {
    what: 'MP_REACH_NLRI that goes on behind the attributes, even where other routes are there',
    bytes: bgpUpdate('', `${MANDATORY} 80 0e ff 0002 01`, ROUTE),
    faults: ['session-reset, attribute 14, offset 45: attribute length is 255, must be at most 3 -> 3/9 800eff000201'],
  },
  {
    what: 'MP_REACH_NLRI flagged as transitive, whose routes are read',
    bytes: bgpUpdate('', `c0${MP_REACH.slice(2)} ${ORIGIN} ${AS_PATH}`, ''),
    faults: ['treat-as-withdraw, attribute 14, offset 23: attribute flags are optional transitive, must be optional non-transitive'],
  },
  {
    what: 'MP_UNREACH_NLRI flagged as transitive',
    bytes: bgpUpdate('', 'c0 0f 08 0002 01 20 20010db8', ''),
    faults: ['treat-as-withdraw, attribute 15, offset 23: attribute flags are optional transitive, must be optional non-transitive'],
  },
  {
    what: 'MP_REACH_NLRI of four octets',
    bytes: bgpUpdate('', `80 0e 04 0002 01 00 ${ORIGIN} ${AS_PATH}`, ''),
    faults: ['session-reset, attribute 14, offset 26: value has 4 octets, must have at least 5 -> 3/9 800e0400020100'],
  },
  {
    what: 'MP_REACH_NLRI with a next hop that goes on behind it',
    bytes: bgpUpdate('', `80 0e 06 0002 01 10 00 00 ${ORIGIN} ${AS_PATH}`, ''),
    faults: ['session-reset, attribute 14, offset 29: next hop length is 16, must be at most 1 -> 3/9 800e06000201100000'],
  },
  {
    what: 'MP_REACH_NLRI for IPv6 with a next hop of IPv4',
    bytes: bgpUpdate('', `80 0e 09 0002 01 04 0a000001 00 ${ORIGIN} ${AS_PATH}`, ''),
    faults: ['session-reset, attribute 14, offset 29: next hop length is 4, must be 16 or 32 -> 3/9 800e09000201040a00000100'],
  },
  {
    what: 'MP_REACH_NLRI for IPv4 with a next hop of five octets',
    bytes: bgpUpdate('', `80 0e 0a 0001 01 05 0a00000100 00 ${ORIGIN} ${AS_PATH}`, ''),
    faults: ['session-reset, attribute 14, offset 29: next hop length is 5, must be 4, 16 or 32 -> 3/9 800e0a000101050a0000010000'],
  },
  {
    what: 'MP_REACH_NLRI with a prefix of 129 bits',
    bytes: bgpUpdate('', `80 0e 16 0002 01 10 20010db8000000000000000000000001 00 81 ${ORIGIN} ${AS_PATH}`, ''),
    faults: [
      'session-reset, attribute 14, offset 47: prefix length is 129, must be at most 128 -> 3/9 800e160002011020010db80000000000000000000000010081',
    ],
  },
  {
    what: 'MP_UNREACH_NLRI of two octets',
    bytes: bgpUpdate('', '80 0f 02 0002', ''),
    faults: ['session-reset, attribute 15, offset 26: value has 2 octets, must have at least 3 -> 3/9 800f020002'],
  },
  {
    what: 'MP_UNREACH_NLRI with a prefix that is cut short',
    bytes: bgpUpdate('', '80 0f 06 0002 01 20 2001', ''),
    faults: ['session-reset, attribute 15, offset 29: prefix of 32 bits has 2 octets, must have 4 -> 3/9 800f06000201202001'],
  },
];

describe('an UPDATE that is malformed', () => {
  test.each([...MALFORMED, ...MALFORMED_MULTIPROTOCOL])('$what', ({ bytes, context = FOUR_OCTET, faults }) => {
    expect(decodeUpdateOf(bytes, context).faults.map(faultLine)).toEqual(faults);
  });

  test.each<{ what: string; attributes: string; treatment: Treatment | undefined }>([
    { what: 'no fault', attributes: MANDATORY, treatment: undefined },
    { what: 'one that costs an attribute', attributes: `${MANDATORY} ${ORIGIN}`, treatment: 'attribute-discard' },
    { what: 'one that costs the routes', attributes: `${ORIGIN} ${AS_PATH} ${ORIGIN}`, treatment: 'treat-as-withdraw' },
    { what: 'one that costs the session', attributes: `${ORIGIN} ${ORIGIN} 40 63 00`, treatment: 'session-reset' },
  ])('the strongest treatment counts: $what', ({ attributes, treatment }) => {
    expect(strongestTreatment(decodeUpdateOf(bgpUpdate('', attributes, ROUTE), FOUR_OCTET).faults)).toBe(treatment);
  });

  test('what a NOTIFICATION has no room for is cut off its data', () => {
    const context: Context = { ...FOUR_OCTET, maximumReceivedLength: 65_535 };
    const { faults } = decodeUpdateOf(bgpUpdate('', `50 63 1388 ${'00'.repeat(5000)}`, ''), context);
    expect(faults.map((fault) => (fault.treatment === 'session-reset' ? fault.data.length : 0))).toEqual([4096 - 21]);
  });
});

describe('End-of-RIB', () => {
  test.each<{ what: string; family: { readonly afi: number; readonly safi: number }; bytes: Uint8Array }>([
    { what: 'of IPv4', family: IPV4_UNICAST, bytes: bgpUpdate('', '', '') },
    { what: 'of IPv6', family: IPV6_UNICAST, bytes: bgpUpdate('', '80 0f 03 0002 01', '') },
    { what: 'of EVPN', family: { afi: 25, safi: 70 }, bytes: bgpUpdate('', '80 0f 03 0019 46', '') },
  ])('$what', ({ family, bytes }) => {
    expect(encodeMessage(endOfRib(family), INITIAL_CONTEXT)).toEqual(bytes);
    expect(endOfRibOf(decodeUpdateOf(bytes, INITIAL_CONTEXT).update)).toEqual(family);
  });

  test.each<{ what: string; bytes: Uint8Array }>([
    { what: 'a withdrawal', bytes: bgpUpdate(ROUTE, '', '') },
    { what: 'a withdrawal of IPv6', bytes: bgpUpdate('', '80 0f 08 0002 01 20 20010db8', '') },
    { what: 'a route', bytes: bgpUpdate('', MANDATORY, ROUTE) },
    { what: 'an attribute alone', bytes: bgpUpdate('', ORIGIN, '') },
  ])('$what is none', ({ bytes }) => expect(endOfRibOf(decodeUpdateOf(bytes, FOUR_OCTET).update)).toBeUndefined());
});
