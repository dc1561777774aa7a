import { expect, test } from '@jest/globals';
import { bgpMessage, TYPE } from '../../../test/support/bgp-octets.ts';
import { hexadecimalOf } from '../../../test/support/octets.ts';
import { type IpAddress, parseAddress } from './address.ts';
import { type Context, INITIAL_CONTEXT } from './context.ts';
import { EncodeError } from './encode-error.ts';
import { encodeMessage, type Message } from './message.ts';
import type { Capability } from './open/capability.ts';
import type { PathAttribute } from './update/attribute.ts';
import { pathAttribute } from './update/attributes.ts';
import type { Nlri } from './update/nlri.ts';

const FOUR_OCTET: Context = { ...INITIAL_CONTEXT, fourOctetAsn: true };
const NEXT_HOPS = 'routes have one next hop, or two of IPv6; those of IPv6 none of IPv4';
const NO_FAMILIES = { restarted: false, notification: false, families: [] };

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function open(capability: Capability, fields: Readonly<Record<string, number>> = {}): Message {
  return { type: 'open', version: 4, asn: 1, holdTime: 90, routerId: 1, ...fields, capabilities: [capability] };
}

function withAttribute(attribute: PathAttribute): Message {
  return { type: 'update', withdrawn: [], attributes: [attribute], nlri: [] };
}

function withdrawing(...withdrawn: readonly Nlri[]): Message {
  return { type: 'update', withdrawn, attributes: [], nlri: [] };
}

function restart(restartTimeSeconds: number): Capability {
  return { code: 64, name: 'graceful-restart', ...NO_FAMILIES, restartTimeSeconds };
}

function stale(staleTimeSeconds: number): Capability {
  return { code: 71, name: 'long-lived-graceful-restart', families: [{ afi: 1, safi: 1, forwarding: false, staleTimeSeconds }] };
}

function path(count: number): Message {
  return withAttribute(pathAttribute('as-path', [{ type: 'sequence', asns: new Array<number>(count).fill(1) }]));
}

function reach(afi: 1 | 2, ...nextHops: readonly string[]): Message {
  return withAttribute(pathAttribute('mp-reach-nlri', { afi, safi: 1, nextHops: nextHops.map(address), nlri: [] }));
}

test.each<{ what: string; message: Message; error: string }>([
  { what: 'a hold time of 65,536 s', message: open(restart(0), { holdTime: 65_536 }), error: '65536 is no whole number from 0 to 65535' },
  { what: 'half a second', message: open(restart(0), { holdTime: 0.5 }), error: '0.5 is no whole number from 0 to 65535' },
  { what: 'a negative identifier', message: open(restart(0), { routerId: -1 }), error: '-1 is no whole number from 0 to 4294967295' },
  { what: 'a version of 256', message: open(restart(0), { version: 256 }), error: '256 is no whole number from 0 to 255' },
  { what: 'a restart time of 4,096 s', message: open(restart(4096)), error: 'restart time is 4096, must be 0 to 4095' },
  { what: 'a negative restart time', message: open(restart(-1)), error: 'restart time is -1, must be 0 to 4095' },
  { what: 'a stale time of 2^24 s', message: open(stale(2 ** 24)), error: 'stale time is 16777216, must be 0 to 16777215' },
  {
    what: 'a name of 256 octets',
    message: open({ code: 73, name: 'fqdn', hostname: 'a'.repeat(256), domain: '' }),
    error: '256 is no whole number from 0 to 255',
  },
  { what: 'a segment of no AS', message: path(0), error: 'a segment of AS_PATH has 1 to 255 AS numbers, not 0' },
  { what: 'a segment of 256 ASes', message: path(256), error: 'a segment of AS_PATH has 1 to 255 AS numbers, not 256' },
  {
    what: 'NEXT_HOP of IPv6',
    message: withAttribute(pathAttribute('next-hop', address('::1'))),
    error: 'NEXT_HOP and AGGREGATOR have addresses of IPv4; MP_REACH_NLRI has those of IPv6',
  },
  { what: 'routes of IPv6 over IPv4', message: reach(2, '10.0.0.1'), error: NEXT_HOPS },
  { what: 'routes over nothing', message: reach(1), error: NEXT_HOPS },
  { what: 'routes over three', message: reach(2, '::1', '::2', '::3'), error: NEXT_HOPS },
  { what: 'routes over two of IPv4', message: reach(1, '10.0.0.1', '10.0.0.2'), error: NEXT_HOPS },
  { what: 'routes over one of each', message: reach(1, '::1', '10.0.0.2'), error: NEXT_HOPS },
  {
    what: 'a prefix of 33 bits',
    message: withdrawing({ address: address('10.0.0.0'), length: 33 }),
    error: 'a prefix of IPv4 has at most 32 bits, not 33',
  },
  {
    what: 'a prefix of IPv6 among those of IPv4',
    message: withdrawing({ address: address('::'), length: 0 }),
    error: 'a prefix of IPv6 has no place among those of IPv4',
  },
  {
    what: 'an address of 33 bits',
    message: withdrawing({ address: { family: 'IPv4', value: 1n << 32n }, length: 32 }),
    error: '4294967296 is no whole number from 0 to 4294967295',
  },
  {
    what: 'an address of 129 bits',
    message: withAttribute(
      pathAttribute('mp-reach-nlri', { afi: 2, safi: 1, nextHops: [{ family: 'IPv6', value: 1n << 128n }], nlri: [] }),
    ),
    error: `an IPv6 address has no value ${1n << 128n}`,
  },
  {
    what: 'more than 4,096 octets',
    message: { type: 'notification', code: 1, subcode: 1, data: new Uint8Array(4096 - 20) },
    error: 'the message is longer than 4096 octets',
  },
])('$what cannot be written', ({ message, error }) => {
  expect(() => encodeMessage(message, FOUR_OCTET)).toThrow(new EncodeError(error));
});

test('what is just as long as a message may be can be written', () => {
  const message: Message = { type: 'notification', code: 1, subcode: 1, data: new Uint8Array(4096 - 21) };
  expect(encodeMessage(message, FOUR_OCTET)).toHaveLength(4096);
});

// 65535 has two octets, 65536 becomes 23456.
test.each([
  { asn: 65_535, octets: 'ffff' },
  { asn: 65_536, octets: '5ba0' },
])('AS $asn is $octets where AS numbers have two octets', ({ asn, octets }) => {
  const attributes = [
    pathAttribute('as-path', [{ type: 'sequence', asns: [asn] }]),
    pathAttribute('aggregator', { asn, address: address('10.0.0.1') }),
  ];
  const written = encodeMessage({ type: 'update', withdrawn: [], attributes, nlri: [] }, INITIAL_CONTEXT);
  expect(hexadecimalOf(written)).toBe(hexadecimalOf(bgpMessage(TYPE.update, `0000 0010 40020402 01${octets} c00706${octets} 0a000001`)));
});
