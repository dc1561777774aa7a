import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { advertisementLine, ipv6, neighborSolicitation, type Solicitation } from '../../../test/support/ndp-frames.ts';
import { describeDecodeError } from '../../lib/binary.ts';
import { ALL_NODES, formatIpv6, type Ipv6 } from '../../lib/ipv6.ts';
import { formatMac, type Mac } from '../../lib/mac.ts';
import { groupMac } from './ethernet.ts';
import {
  decodeNeighborAdvertisement,
  decodeNeighborSolicitation,
  encodeNeighborAdvertisement,
  encodeNeighborProbe,
  type NeighborAdvertisement,
  type NeighborSolicitation,
  newAdvertisementFrame,
  newProbeFrame,
} from './ndp.ts';

const TARGET = '2001:db8::1:2345';

/** fe80::ff:fe00:1 asks for 2001:db8::1:2345; written octet by octet, the checksum summed apart from this code. */
const QUESTION = bytesOf(`
  33 33 ff 01 23 45  02 00 00 00 00 01  86 dd
  60 00 00 00  00 20  3a  ff
  fe 80 00 00 00 00 00 00 00 00 00 ff fe 00 00 01
  ff 02 00 00 00 00 00 00 00 00 00 01 ff 01 23 45
  87 00 05 d7  00 00 00 00
  20 01 0d b8 00 00 00 00 00 00 00 00 00 01 23 45
  01 01 02 00 00 00 00 01`);

const MEANING: NeighborSolicitation = {
  destination: 0x3333_ff01_2345 as Mac,
  source: 0x0200_0000_0001 as Mac,
  sourceIp: ipv6('fe80::ff:fe00:1'),
  destinationIp: ipv6('ff02::1:ff01:2345'),
  target: ipv6(TARGET),
  sourceMac: 0x0200_0000_0001 as Mac,
};

function bytesOf(hexadecimal: string): Uint8Array {
  return Uint8Array.from(hexadecimal.trim().split(/\s+/), (octet) => Number.parseInt(octet, 16));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function verdictOn(bytes: Uint8Array): string {
  const decoded = decodeNeighborSolicitation(viewOf(bytes));
  return decoded.ok ? 'accepted' : describeDecodeError(decoded.error);
}

function damaged(at: number): Uint8Array {
  const bytes = QUESTION.slice();
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

const REFUSED: readonly [string, Uint8Array, string][] = [
  ['nothing', QUESTION.subarray(0, 0), 'frame length at offset 0 is 0, must be at least 78'],
  ['one octet too few', QUESTION.subarray(0, 77), 'frame length at offset 0 is 77, must be at least 78'],
  ['a VLAN tag', neighborSolicitation(TARGET, { set: { 12: 0x81, 13: 0 } }), `EtherType at offset 12 is ${0x8100}, must be 0x86dd`],
  ['version 4', neighborSolicitation(TARGET, { set: { 14: 0x45 } }), 'version at offset 14 is 4, must be 6'],
  ['extension headers', neighborSolicitation(TARGET, { set: { 20: 0 } }), 'next header at offset 20 is 0, must be 58'],
  ['a packet that crossed a router', neighborSolicitation(TARGET, { set: { 21: 64 } }), 'hop limit at offset 21 is 64, must be 255'],
  ['a message that is cut', QUESTION.subarray(0, 84), 'payload length at offset 18 is 32, must be 24 to 30'],
  ['a payload that is too short', neighborSolicitation(TARGET, { set: { 19: 23 } }), 'payload length at offset 18 is 23, must be 24 to 32'],
  ['a wrong checksum', damaged(57), `checksum at offset 56 is ${0x05d6}, must be right`],
  ['an advertisement', neighborSolicitation(TARGET, { set: { 54: 136 } }), 'type at offset 54 is 136, must be 135'],
  ['another code', neighborSolicitation(TARGET, { set: { 55: 1 } }), 'code at offset 55 is 1, must be 0'],
  ['a group as target', neighborSolicitation('ff02::1'), 'target at offset 62 is 255, must be a unicast address'],
  [
    'a group as source',
    neighborSolicitation(TARGET, { sourceIp: 'ff02::1' }),
    'source address at offset 22 is 255, must be a unicast address',
  ],
  [
    'an option of no length',
    neighborSolicitation(TARGET, { options: [14, 0, 0, 0, 0, 0, 0, 0] }),
    'option length at offset 87 is 0, must be 8 to 8',
  ],
  [
    'an option beyond the end',
    neighborSolicitation(TARGET, { options: [14, 2, 0, 0, 0, 0, 0, 0] }),
    'option length at offset 87 is 16, must be 8 to 8',
  ],
  ['a piece of an option', neighborSolicitation(TARGET, { options: [14, 1, 0] }), 'option length at offset 86 is 3, must be at least 8'],
  [
    'a link-layer address that is no MAC',
    neighborSolicitation(TARGET, { sourceMac: undefined, options: [1, 2, ...new Array<number>(14).fill(2)] }),
    'option length at offset 79 is 16, must be 8 for a MAC',
  ],
  [
    'a probe to one station',
    neighborSolicitation(TARGET, { sourceIp: '::', sourceMac: undefined, destinationIp: TARGET }),
    'destination address at offset 38 is 32, must be a solicited-node group where the source is ::',
  ],
  [
    'a probe with a link-layer address',
    neighborSolicitation(TARGET, { sourceIp: '::' }),
    'option type at offset 78 is 1, must be absent where the source is ::',
  ],
];

describe('decodeNeighborSolicitation', () => {
  test('reads a solicitation', () => {
    expect(decodeNeighborSolicitation(viewOf(QUESTION))).toEqual({ ok: true, value: MEANING });
  });

  test.each<{ what: string; change: Solicitation; mac: Mac | undefined }>([
    { what: 'one without the option', change: { sourceMac: undefined }, mac: undefined },
    { what: 'a probe of duplicate address detection', change: { sourceIp: '::', sourceMac: undefined }, mac: undefined },
    {
      what: 'a probe with a nonce (RFC 7527)',
      change: { sourceIp: '::', sourceMac: undefined, options: [14, 1, 1, 2, 3, 4, 5, 6] },
      mac: undefined,
    },
    { what: 'a unicast one', change: { destination: 0x0200_0000_0001 as Mac, destinationIp: TARGET }, mac: 0x0200_0000_0099 as Mac },
    {
      what: 'the option behind one that nobody knows',
      change: { sourceMac: undefined, options: [253, 2, ...new Array<number>(14).fill(9), 1, 1, 2, 0, 0, 0, 0, 7] },
      mac: 0x0200_0000_0007 as Mac,
    },
    { what: 'the first of two', change: { options: [1, 1, 2, 0, 0, 0, 0, 7] }, mac: 0x0200_0000_0099 as Mac },
  ])('reads $what', ({ change, mac }) => {
    const decoded = decodeNeighborSolicitation(viewOf(neighborSolicitation(TARGET, change)));
    expect(decoded).toMatchObject({ ok: true, value: { target: ipv6(TARGET) } });
    expect(decoded.ok && decoded.value.sourceMac).toBe(mac);
  });

  test.each(REFUSED)('refuses %s', (_, bytes, sentence) => {
    expect(verdictOn(bytes)).toBe(sentence);
  });

  test('reads no further than it was told', () => {
    expect(decodeNeighborSolicitation(viewOf(QUESTION), 85).ok).toBe(false);
    expect(decodeNeighborSolicitation(viewOf(QUESTION), 87).ok).toBe(false);
  });

  test('leaves what follows the message alone', () => {
    const padded = new Uint8Array(100).fill(0xee);
    padded.set(QUESTION);
    expect(decodeNeighborSolicitation(viewOf(padded))).toEqual({ ok: true, value: MEANING });
  });

  test('one octet that is wrong is never read as another question', () => {
    fc.assert(
      fc.property(fc.integer({ min: 54, max: 85 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = QUESTION.slice();
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        expect(verdictOn(bytes)).not.toBe('accepted');
      }),
    );
  });

  test('takes any octets without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 128 }), fc.boolean(), (bytes, alike) => {
        if (alike) bytes.set(QUESTION.subarray(0, Math.min(bytes.length, 60)));
        expect(typeof decodeNeighborSolicitation(viewOf(bytes)).ok).toBe('boolean');
      }),
    );
  });
});

describe('encodeNeighborAdvertisement', () => {
  const ANSWER: NeighborAdvertisement = {
    destination: 0x0200_0000_0099 as Mac,
    source: 0x0200_0000_0001 as Mac,
    sourceIp: ipv6('fe80::1'),
    destinationIp: ipv6('fe80::99'),
    target: ipv6(TARGET),
    targetMac: 0x0200_0000_0002 as Mac,
    solicited: true,
    override: true,
  };

  test.each<{ change: Partial<NeighborAdvertisement>; line: string }>([
    { change: {}, line: '2001:db8::1:2345 is 02:00:00:00:00:02 to fe80::99 02:00:00:00:00:99 from fe80::1, solicited override' },
    {
      change: { solicited: false, destinationIp: ALL_NODES, destination: groupMac(ALL_NODES) },
      line: '2001:db8::1:2345 is 02:00:00:00:00:02 to ff02::1 33:33:00:00:00:01 from fe80::1, override',
    },
    { change: { override: false }, line: '2001:db8::1:2345 is 02:00:00:00:00:02 to fe80::99 02:00:00:00:00:99 from fe80::1, solicited' },
  ])('writes $line', ({ change, line }) => {
    const frame = newAdvertisementFrame();
    encodeNeighborAdvertisement({ ...ANSWER, ...change }, frame);
    expect(advertisementLine(frame)).toBe(line);
  });

  test('writes every message whole, also into a frame that was used before', () => {
    const mac = fc.integer({ min: 0, max: 2 ** 48 - 1 }).map((value) => value as Mac);
    const ip = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value) => value as Ipv6);
    const flag = fc.boolean();
    const frame = newAdvertisementFrame();
    const messages = fc.record({
      ...{ destination: mac, source: mac, sourceIp: ip, destinationIp: ip },
      ...{ target: ip, targetMac: mac, solicited: flag, override: flag },
    });
    fc.assert(
      fc.property(messages, (message) => {
        encodeNeighborAdvertisement(message, frame);
        const { target, targetMac, destination, destinationIp, sourceIp } = message;
        const flags = [...(message.solicited ? ['solicited'] : []), ...(message.override ? ['override'] : [])].join(' ');
        const to = `${formatIpv6(destinationIp)} ${formatMac(destination)}`;
        expect(advertisementLine(frame)).toBe(
          `${formatIpv6(target)} is ${formatMac(targetMac)} to ${to} from ${formatIpv6(sourceIp)}, ${flags}`,
        );
      }),
    );
  });
});

describe('decodeNeighborAdvertisement', () => {
  const mac = 0x0200_0000_0001 as Mac;
  /** A solicitation in all but the type, the flags and the option. */
  function verdict(change: Solicitation, at: Readonly<Record<number, number>> = {}): string {
    const set = { 54: 136, ...at };
    const decoded = decodeNeighborAdvertisement(viewOf(neighborSolicitation(TARGET, { sourceMac: undefined, ...change, set })));
    if (!decoded.ok) return describeDecodeError(decoded.error);
    const { source, target, targetMac } = decoded.value;
    return `${formatIpv6(target)} ${formatMac(source)} ${targetMac === undefined ? 'none' : formatMac(targetMac)}`;
  }

  test('reads what it writes', () => {
    const frame = newAdvertisementFrame();
    const to = { destination: groupMac(ALL_NODES), destinationIp: ALL_NODES };
    const targetMac = 0x0200_0000_0002 as Mac;
    const ours = { ...to, source: mac, sourceIp: ipv6('fe80::1'), target: ipv6(TARGET), targetMac, solicited: false, override: true };
    encodeNeighborAdvertisement(ours, frame);
    expect(decodeNeighborAdvertisement(frame)).toEqual({ ok: true, value: { source: mac, target: ipv6(TARGET), targetMac } });
  });

  test.each<{ what: string; change?: Solicitation; set?: Readonly<Record<number, number>>; gives: string }>([
    { what: 'no option', gives: `${TARGET} 02:00:00:00:00:99 none` },
    { what: 'its option', change: { options: [2, 1, 2, 0, 0, 0, 0, 7] }, gives: `${TARGET} 02:00:00:00:00:99 02:00:00:00:00:07` },
    { what: "a solicitation's option", change: { options: [1, 1, 2, 0, 0, 0, 0, 7] }, gives: `${TARGET} 02:00:00:00:00:99 none` },
    { what: 'a solicitation', set: { 54: 135 }, gives: 'type at offset 54 is 135, must be 136' },
    { what: 'code 1', set: { 55: 1 }, gives: 'code at offset 55 is 1, must be 0' },
    { what: 'hop limit 64', set: { 21: 64 }, gives: 'hop limit at offset 21 is 64, must be 255' },
    { what: 'a group', set: { 62: 0xff }, gives: 'target at offset 62 is 255, must be a unicast address' },
    { what: 'an answer to all', set: { 58: 0x40 }, gives: 'solicited flag at offset 58 is 1, must be 0 where all are told' },
    {
      what: 'an option of no length',
      change: { options: [2, 0, 2, 0, 0, 0, 0, 7] },
      gives: 'option length at offset 79 is 0, must be 8 to 8',
    },
  ])('with $what: $gives', ({ change = {}, set = {}, gives }) => {
    expect(verdict(change, set)).toBe(gives);
  });
});

test('a probe is a solicitation without a source, to those who may have the address', () => {
  const frame = newProbeFrame();
  encodeNeighborProbe(ipv6(TARGET), 0x0200_0000_0001 as Mac, frame);
  expect(decodeNeighborSolicitation(frame)).toEqual({
    ok: true,
    value: { ...MEANING, sourceIp: 0n, sourceMac: undefined },
  });
});
