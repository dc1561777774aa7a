import { describe, expect, test } from '@jest/globals';
import { bgpMessage, bgpUpdate, TYPE } from '../../../../test/support/bgp-octets.ts';
import { type Context, INITIAL_CONTEXT } from '../context.ts';
import { decodeMessage } from '../message.ts';
import type { Json } from './json-value.ts';
import { decodedToJson, messageFromJson } from './message-json.ts';

const FOUR_OCTET: Context = { ...INITIAL_CONTEXT, fourOctetAsn: true };
const ADD_PATH: Context = { ...FOUR_OCTET, addPathReceived: [{ afi: 1, safi: 1 }] };
const WELL_KNOWN = { optional: false, transitive: true, partial: false, extendedLength: false };
const TRANSITIVE = { ...WELL_KNOWN, optional: true };
const NON_TRANSITIVE = { ...TRANSITIVE, transitive: false };

/** What JSON says of a message, in its text form and back, so that nothing in it is no JSON. */
function jsonOf(bytes: Uint8Array, context: Context): Json {
  return JSON.parse(JSON.stringify(decodedToJson(decodeMessage(bytes, context))));
}

/** The attributes of an UPDATE that holds these octets and nothing else. */
function attributesOf(octets: string, context: Context = FOUR_OCTET): Json {
  const json = jsonOf(bgpUpdate('', octets, ''), context);
  return (json as { readonly attributes: Json }).attributes;
}

interface AttributeRow {
  readonly octets: string;
  readonly json: Json;
  readonly context?: Context;
}

const ATTRIBUTES: readonly AttributeRow[] = [
  { octets: '40 01 01 00', json: { code: 1, name: 'origin', flags: WELL_KNOWN, value: 'igp' } },
  {
    octets: '40 02 0c 02 01 0000fc00 01 01 0000fde8',
    json: {
      code: 2,
      name: 'as-path',
      flags: WELL_KNOWN,
      value: [
        { type: 'sequence', asns: [64_512] },
        { type: 'set', asns: [65_000] },
      ],
    },
  },
  { octets: '40 03 04 0a000001', json: { code: 3, name: 'next-hop', flags: WELL_KNOWN, value: '10.0.0.1' } },
  { octets: '80 04 04 00000064', json: { code: 4, name: 'multi-exit-disc', flags: NON_TRANSITIVE, value: 100 } },
  { octets: '40 05 04 00000064', json: { code: 5, name: 'local-pref', flags: WELL_KNOWN, value: 100 } },
  { octets: '50 06 0000', json: { code: 6, name: 'atomic-aggregate', flags: { ...WELL_KNOWN, extendedLength: true }, value: true } },
  {
    octets: 'e0 07 08 0000fc00 0a000001',
    json: { code: 7, name: 'aggregator', flags: { ...TRANSITIVE, partial: true }, value: { asn: 64_512, address: '10.0.0.1' } },
  },
  { octets: 'c0 08 08 fc000064 ffff0000', json: { code: 8, name: 'communities', flags: TRANSITIVE, value: ['64512:100', '65535:0'] } },
  { octets: '80 09 04 0a000001', json: { code: 9, name: 'originator-id', flags: NON_TRANSITIVE, value: '10.0.0.1' } },
  {
    octets: '80 0a 08 0a000001 0a000002',
    json: { code: 10, name: 'cluster-list', flags: NON_TRANSITIVE, value: ['10.0.0.1', '10.0.0.2'] },
  },
  {
    octets: '80 0e 2a 0002 01 20 20010db8000000000000000000000001 fe800000000000000000000000000001 00 20 20010db8',
    json: {
      code: 14,
      name: 'mp-reach-nlri',
      flags: NON_TRANSITIVE,
      value: { afi: 2, safi: 1, nextHops: ['2001:db8::1', 'fe80::1'], nlri: [{ prefix: '2001:db8::/32' }] },
    },
  },
  {
    octets: '80 0e 0b 0019 46 04 0a000001 00 0203',
    json: { code: 14, name: 'mp-reach-nlri', flags: NON_TRANSITIVE, value: { afi: 25, safi: 70, nextHop: '0a000001', nlri: '0203' } },
  },
  {
    octets: '80 0f 03 0002 01',
    json: { code: 15, name: 'mp-unreach-nlri', flags: NON_TRANSITIVE, value: { afi: 2, safi: 1, nlri: [] } },
  },
  {
    octets: 'c0 10 18 0002fc0000000064 4004fc004cee6b28 030c000000000008',
    json: {
      code: 16,
      name: 'extended-communities',
      flags: TRANSITIVE,
      value: [
        {
          type: 0,
          subtype: 2,
          value: 'fc0000000064',
          kind: 'two-octet-as',
          name: 'route-target',
          transitive: true,
          asn: 64_512,
          localAdministrator: 100,
        },
        {
          type: 64,
          subtype: 4,
          value: 'fc004cee6b28',
          kind: 'link-bandwidth',
          transitive: false,
          asn: 64_512,
          bytesPerSecond: 125_000_000,
        },
        { type: 3, subtype: 12, value: '000000000008' },
      ],
    },
  },
  {
    octets: 'c0 11 06 02 01 fa56ea00',
    context: INITIAL_CONTEXT,
    json: { code: 17, name: 'as4-path', flags: TRANSITIVE, value: [{ type: 'sequence', asns: [4_200_000_000] }] },
  },
  {
    octets: 'c0 12 08 fa56ea00 0a000001',
    context: INITIAL_CONTEXT,
    json: { code: 18, name: 'as4-aggregator', flags: TRANSITIVE, value: { asn: 4_200_000_000, address: '10.0.0.1' } },
  },
  {
    octets: 'c0 20 0c 0000fc00 00000001 00000002',
    json: { code: 32, name: 'large-communities', flags: TRANSITIVE, value: ['64512:1:2'] },
  },
  { octets: 'c0 23 04 0000fc00', json: { code: 35, name: 'only-to-customer', flags: TRANSITIVE, value: 64_512 } },
  { octets: 'c0 63 02 0aff', json: { code: 99, name: 'unknown', flags: TRANSITIVE, value: '0aff' } },
];

describe('an attribute in JSON', () => {
  test.each(ATTRIBUTES)('$octets', ({ octets, json, context }) => expect(attributesOf(octets, context)).toEqual([json]));
});

interface MessageRow {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly context?: Context;
  readonly json: Json;
}

const MESSAGES: readonly MessageRow[] = [
  { what: 'KEEPALIVE', bytes: bgpMessage(TYPE.keepalive, ''), json: { type: 'keepalive', faults: [] } },
  {
    what: 'OPEN',
    bytes: bgpMessage(TYPE.open, '04 fc00 005a 0a000001 11 02 0f 01 04 0001 00 01 80 01 ff 45 04 0001 01 03'),
    json: {
      type: 'open',
      version: 4,
      asn: 64_512,
      holdTime: 90,
      routerId: '10.0.0.1',
      capabilities: [
        { code: 1, name: 'multiprotocol', afi: 1, safi: 1 },
        { code: 128, name: 'unknown', value: 'ff' },
        { code: 69, name: 'add-path', families: [{ afi: 1, safi: 1, mode: 'both' }] },
      ],
      faults: [],
    },
  },
  {
    what: 'UPDATE with paths',
    bytes: bgpUpdate('00000001 18 0a0000', '', ''),
    context: ADD_PATH,
    json: { type: 'update', withdrawn: [{ prefix: '10.0.0.0/24', pathId: 1 }], attributes: [], nlri: [], faults: [] },
  },
  {
    what: 'UPDATE with a fault that costs its routes',
    bytes: bgpUpdate('', '40 01 01 00 40 02 00', '08 0a'),
    json: {
      type: 'update',
      withdrawn: [],
      attributes: [
        { code: 1, name: 'origin', flags: WELL_KNOWN, value: 'igp' },
        { code: 2, name: 'as-path', flags: WELL_KNOWN, value: [] },
      ],
      nlri: [{ prefix: '10.0.0.0/8' }],
      faults: [{ treatment: 'treat-as-withdraw', attribute: 3, offset: 23, reason: 'attribute next-hop is missing, must be there' }],
    },
  },
  {
    what: 'NOTIFICATION with a text',
    bytes: bgpMessage(TYPE.notification, '06 02 03 627965'),
    json: {
      type: 'notification',
      code: 6,
      codeName: 'Cease',
      subcode: 2,
      subcodeName: 'Administrative Shutdown',
      data: '03627965',
      text: 'bye',
      faults: [],
    },
  },
  {
    what: 'Hard Reset',
    bytes: bgpMessage(TYPE.notification, '06 09 0603'),
    json: {
      type: 'notification',
      code: 6,
      codeName: 'Cease',
      subcode: 9,
      subcodeName: 'Hard Reset',
      data: '0603',
      reason: { type: 'notification', code: 6, codeName: 'Cease', subcode: 3, subcodeName: 'Peer De-configured', data: '' },
      faults: [],
    },
  },
  {
    what: 'ROUTE-REFRESH',
    bytes: bgpMessage(TYPE.routeRefresh, '0002 01 01'),
    json: { type: 'route-refresh', afi: 2, safi: 1, subtype: 'begin', data: '', faults: [] },
  },
  {
    what: 'the largest numbers',
    bytes: bgpMessage(TYPE.routeRefresh, 'ffff ff ff ff'),
    json: { type: 'route-refresh', afi: 65_535, safi: 255, subtype: 255, data: 'ff', faults: [] },
  },
  {
    what: 'something that is no message',
    bytes: bgpMessage(9, ''),
    json: {
      faults: [{ treatment: 'session-reset', offset: 18, reason: 'message type is 9, must be 1 to 5', code: 1, subcode: 3, data: '09' }],
    },
  },
];

describe('a message in JSON', () => {
  test.each(MESSAGES)('$what', ({ bytes, context = FOUR_OCTET, json }) => {
    expect(jsonOf(bytes, context)).toEqual(json);
    const { message } = decodeMessage(bytes, context);
    expect(messageFromJson(json)).toMatchObject(message === undefined ? { ok: false } : { ok: true, value: message });
  });
});

describe('JSON that is read', () => {
  test('needs neither flags nor codes where a name says them', () => {
    const json = { type: 'update', attributes: [{ name: 'origin', value: 'egp' }], nlri: [{ prefix: '10.0.0.0/8' }] };
    expect(messageFromJson(json)).toEqual({
      ok: true,
      value: {
        type: 'update',
        withdrawn: [],
        attributes: [{ code: 1, name: 'origin', flags: WELL_KNOWN, value: 'egp' }],
        nlri: [{ address: { family: 'IPv4', value: 0x0a00_0000n }, length: 8 }],
      },
    });
  });

  test('may have a text in the place of its octets', () => {
    const json = { type: 'notification', code: 6, subcode: 4, text: 'bye' };
    expect(messageFromJson(json)).toEqual({
      ok: true,
      value: { type: 'notification', code: 6, subcode: 4, data: Uint8Array.of(3, 98, 121, 101) },
    });
  });

  test.each<{ json: unknown; faults: readonly string[] }>([
    { json: undefined, faults: ['type is missing, must be keepalive, open, update, notification, route-refresh'] },
    { json: [], faults: ['type is missing, must be keepalive, open, update, notification, route-refresh'] },
    { json: { type: 'hello' }, faults: ['type is "hello", must be keepalive, open, update, notification, route-refresh'] },
    {
      json: { type: 'open', version: 4, asn: -1, holdTime: 90.5, routerId: '::1' },
      faults: [
        'asn is -1, must be a whole number from 0 to 4294967295',
        'holdTime is 90.5, must be a whole number from 0 to 65535',
        'routerId is "::1", must be four numbers with dots between',
      ],
    },
    { json: { type: 'update', nlri: {} }, faults: ['nlri is {}, must be an array'] },
    {
      json: { type: 'update', nlri: [{ prefix: '10.0.0.1/8' }, { prefix: '::/0' }, {}] },
      faults: [0, 1, 2].map(
        (index) =>
          `nlri[${index}].prefix is ${['"10.0.0.1/8"', '"::/0"', 'missing'][index]}, must be a prefix of IPv4 with no bit behind its length`,
      ),
    },
    {
      json: { type: 'update', attributes: [{ name: 'origin', code: 2, value: 'igp' }] },
      faults: ['attributes[0].code is 2, must be 1 for origin'],
    },
    {
      json: { type: 'update', attributes: [{ name: 'origin', flags: { optional: 1 }, value: 'igp' }] },
      faults: ['attributes[0].flags.optional is 1, must be true or false'],
    },
    {
      json: { type: 'update', attributes: [{ name: 'as-path', value: [{ type: 'sequence', asns: [] }] }] },
      faults: ['attributes[0].value[0].asns is [], must be 1 to 255 AS numbers'],
    },
    {
      json: { type: 'update', attributes: [{ name: 'extended-communities', value: [{ type: 0, subtype: 2, value: '00' }] }] },
      faults: ['attributes[0].value[0].value is "00", must be 6 octets in hexadecimal'],
    },
    {
      json: { type: 'update', attributes: [{ name: 'unknown', code: 99, value: '0g' }] },
      faults: ['attributes[0].value is "0g", must be octets in hexadecimal'],
    },
    {
      json: { type: 'notification', code: 3, subcode: 1, text: 'bye' },
      faults: ['text is "bye", must be absent: only code 6 with subcode 2 or 4 has one'],
    },
    {
      json: { type: 'keepalive', ...Object.fromEntries([['__proto__', 1]]) },
      faults: [],
    },
    {
      json: { type: 'x'.repeat(100) },
      faults: [`type is "${'x'.repeat(79)}…, must be keepalive, open, update, notification, route-refresh`],
    },
  ])('$faults', ({ json, faults }) => {
    const read = messageFromJson(json);
    expect(read.ok ? [] : read.error).toEqual(faults);
  });
});
