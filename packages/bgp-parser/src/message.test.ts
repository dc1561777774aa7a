import { describe, expect, test } from '@jest/globals';
import { bgpMessage, bgpUpdate, TYPE } from '../../../test/support/bgp-octets.ts';
import { type IpAddress, parseAddress, parsePrefix } from './address.ts';
import { type Context, INITIAL_CONTEXT } from './context.ts';
import { decodeMessage, encodeMessage, type Message } from './message.ts';
import { pathAttribute } from './update/attributes.ts';
import type { Nlri } from './update/nlri.ts';

const FOUR_OCTET: Context = { ...INITIAL_CONTEXT, fourOctetAsn: true };
const BOTH = [
  { afi: 1, safi: 1 },
  { afi: 2, safi: 1 },
];
const ADD_PATH: Context = { ...FOUR_OCTET, addPathReceived: BOTH, addPathSent: BOTH };

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function prefix(text: string, pathId?: number): Nlri {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(text);
  return pathId === undefined ? parsed : { ...parsed, pathId };
}

interface Row {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly context: Context;
  readonly message: Message;
}

const ROWS: readonly Row[] = [
  { what: 'KEEPALIVE', bytes: bgpMessage(TYPE.keepalive, ''), context: INITIAL_CONTEXT, message: { type: 'keepalive' } },
  {
    what: 'OPEN without capabilities',
    bytes: bgpMessage(TYPE.open, '04 fc00 005a 0a000001 00'),
    context: INITIAL_CONTEXT,
    message: { type: 'open', version: 4, asn: 64512, holdTime: 90, routerId: 0x0a00_0001, capabilities: [] },
  },
  {
    what: 'OPEN of AS 4200000000 with IPv6, route refresh, four-octet numbers and graceful restart',
    bytes: bgpMessage(
      TYPE.open,
      `04 5ba0 00b4 0a000002 1c  02 1a
       01 04 0002 00 01   # multiprotocol
       02 00              # route refresh
       41 04 fa56ea00     # four-octet AS number
       40 0a c078 000101 80 000201 00 # graceful restart, R and N, 120 s, F for IPv4 only`,
    ),
    context: INITIAL_CONTEXT,
    message: {
      type: 'open',
      version: 4,
      asn: 23456,
      holdTime: 180,
      routerId: 0x0a00_0002,
      capabilities: [
        { code: 1, name: 'multiprotocol', afi: 2, safi: 1 },
        { code: 2, name: 'route-refresh' },
        { code: 65, name: 'four-octet-asn', asn: 4_200_000_000 },
        {
          code: 64,
          name: 'graceful-restart',
          restarted: true,
          notification: true,
          restartTimeSeconds: 120,
          families: [
            { afi: 1, safi: 1, forwarding: true },
            { afi: 2, safi: 1, forwarding: false },
          ],
        },
      ],
    },
  },
  {
    what: 'UPDATE that withdraws 10.1.0.0/16 and the default route',
    bytes: bgpUpdate('10 0a01 00', '', ''),
    context: FOUR_OCTET,
    message: { type: 'update', withdrawn: [prefix('10.1.0.0/16'), prefix('0.0.0.0/0')], attributes: [], nlri: [] },
  },
  {
    what: 'UPDATE that announces 192.0.2.0/24 and 198.51.100.128/25 with AS numbers of two octets',
    bytes: bgpUpdate('', '40 01 01 00  40 02 06 02 02 fc00 fde8  40 03 04 0a000001', '18 c00002 19 c6336480'),
    context: INITIAL_CONTEXT,
    message: {
      type: 'update',
      withdrawn: [],
      attributes: [
        pathAttribute('origin', 'igp'),
        pathAttribute('as-path', [{ type: 'sequence', asns: [64512, 65000] }]),
        pathAttribute('next-hop', address('10.0.0.1')),
      ],
      nlri: [prefix('192.0.2.0/24'), prefix('198.51.100.128/25')],
    },
  },
  {
    what: 'UPDATE that announces 2001:db8::/32 as path 7 over a global and a link-local next hop',
    bytes: bgpUpdate(
      '',
      `80 0e 2e 0002 01 20 20010db8000000000000000000000001 fe800000000000000000000000000001 00 00000007 20 20010db8
       40 01 01 02  40 02 06 02 01 fa56ea00`,
      '',
    ),
    context: ADD_PATH,
    message: {
      type: 'update',
      withdrawn: [],
      attributes: [
        pathAttribute('mp-reach-nlri', {
          afi: 2,
          safi: 1,
          nextHops: [address('2001:db8::1'), address('fe80::1')],
          nlri: [prefix('2001:db8::/32', 7)],
        }),
        pathAttribute('origin', 'incomplete'),
        pathAttribute('as-path', [{ type: 'sequence', asns: [4_200_000_000] }]),
      ],
      nlri: [],
    },
  },
  {
    what: 'NOTIFICATION: Cease, Administrative Shutdown, with a text',
    bytes: bgpMessage(TYPE.notification, '06 02 03 627965'),
    context: INITIAL_CONTEXT,
    message: { type: 'notification', code: 6, subcode: 2, data: Uint8Array.of(3, 0x62, 0x79, 0x65) },
  },
  {
    what: 'ROUTE-REFRESH for IPv6',
    bytes: bgpMessage(TYPE.routeRefresh, '0002 00 01'),
    context: INITIAL_CONTEXT,
    message: { type: 'route-refresh', afi: 2, safi: 1, subtype: 'request', data: new Uint8Array() },
  },
  {
    what: 'ROUTE-REFRESH, the end of sending IPv4 again',
    bytes: bgpMessage(TYPE.routeRefresh, '0001 02 01'),
    context: INITIAL_CONTEXT,
    message: { type: 'route-refresh', afi: 1, safi: 1, subtype: 'end', data: new Uint8Array() },
  },
];

describe.each(ROWS)('$what', ({ bytes, context, message }) => {
  test('is read', () => expect(decodeMessage(bytes, context)).toEqual({ message, faults: [] }));
  test('is written', () => expect(encodeMessage(message, context)).toEqual(bytes));
});
