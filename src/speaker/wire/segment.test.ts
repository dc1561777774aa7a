import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeDecodeError } from '../../lib/binary.ts';
import type { IpAddress } from '../../lib/ip.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../lib/mac.ts';
import {
  type Claim,
  decodeSegmentFrame,
  encodeSegmentFrame,
  keyIdOf,
  LONGEST_SEGMENT_FRAME,
  MOST_CLAIMS,
  type SegmentFrame,
  type SegmentMessage,
  sealedLength,
} from './segment.ts';

const HEADER = {
  destination: BROADCAST_MAC,
  source: 0x0200_0000_0001 as Mac,
  keyId: 0x0102_0304_0506_0708n,
  node: 'n1',
  boot: 0x1112_1314_1516_1718n,
  sequence: 0x2a,
};

/** n1 says hello every 100 ms, can be asked at 10.0.0.1, and holds n9 for gone; written octet by octet, without a seal. */
const HELLO = bytesOf(`
  ff ff ff ff ff ff  02 00 00 00 00 01  88 b5
  01 00  00 4c
  01 02 03 04 05 06 07 08
  11 12 13 14 15 16 17 18
  00 00 00 00 00 00 00 2a
  02 6e 31
  02  00 64  0a 00 00 01  de ad be ef  01 02 6e 39
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00`);

const MEANING: SegmentFrame = {
  ...HEADER,
  message: {
    ...{ kind: 'hello', intervalMilliseconds: 100, askable: 0x0a00_0001 as Ipv4, restarting: false, starting: false },
    ...{ alone: true, damped: false },
    ...{ digest: 0xdead_beef, gone: ['n9'] },
  },
};

function bytesOf(hexadecimal: string): Uint8Array {
  return Uint8Array.from(hexadecimal.trim().split(/\s+/), (octet) => Number.parseInt(octet, 16));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function changed(offset: number, ...octets: readonly number[]): Uint8Array {
  const bytes = HELLO.slice();
  bytes.set(octets, offset);
  return bytes;
}

const names = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/);
const nonces = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const addresses: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.nat({ max: 2 ** 32 - 1 }).map((value): IpAddress => ({ family: 'IPv4', value: BigInt(value) })),
  nonces.chain((high) => nonces.map((low): IpAddress => ({ family: 'IPv6', value: (high << 64n) | low }))),
);
const claims: fc.Arbitrary<readonly Claim[]> = fc.oneof(names, fc.constant('')).chain((owner) =>
  fc.array(fc.record({ address: addresses, epoch: fc.nat({ max: 2 ** 32 - 1 }), owner: fc.constant(owner), leaving: fc.boolean() }), {
    minLength: 1,
    maxLength: MOST_CLAIMS,
  }),
);
const messages: fc.Arbitrary<SegmentMessage> = fc.oneof(
  fc.record({ kind: fc.constant('claims' as const), claims }),
  fc.record({
    kind: fc.constant('hello' as const),
    intervalMilliseconds: fc.nat({ max: 65_535 }),
    askable: fc.nat({ max: 2 ** 32 - 1 }).map((ip) => ip as Ipv4),
    restarting: fc.boolean(),
    starting: fc.boolean(),
    alone: fc.boolean(),
    damped: fc.boolean(),
    digest: fc.nat({ max: 2 ** 32 - 1 }),
    gone: fc.array(names, { maxLength: 8 }),
  }),
  fc.record({
    kind: fc.constantFrom('suspect' as const, 'heard' as const),
    node: names,
    boot: nonces,
    sequence: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  }),
  fc.record({ kind: fc.constantFrom('challenge' as const, 'response' as const), nonce: nonces }),
);
const mac = fc.nat({ max: 2 ** 48 - 1 }).map((value) => value as Mac);
const frames: fc.Arbitrary<SegmentFrame> = fc.record({
  destination: mac,
  source: mac,
  keyId: nonces,
  node: names,
  boot: nonces,
  sequence: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  message: messages,
});

describe('decodeSegmentFrame', () => {
  test('reads a hello', () => {
    expect(decodeSegmentFrame(viewOf(HELLO))).toEqual({ ok: true, value: MEANING });
    expect(keyIdOf(viewOf(HELLO))).toBe(HEADER.keyId);
  });

  test('leaves padding alone', () => {
    const padded = new Uint8Array(200).fill(0xee);
    padded.set(HELLO);
    expect(decodeSegmentFrame(viewOf(padded))).toEqual({ ok: true, value: MEANING });
    expect(sealedLength(viewOf(padded), 200)).toEqual({ ok: true, value: HELLO.length });
  });

  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'frame length at offset 0 is 0, must be at least 59'],
    ['another EtherType', changed(13, 0xb6), `EtherType at offset 12 is ${0x88b6}, must be 0x88b5`],
    ['a version of the future', changed(14, 2), 'version at offset 14 is 2, must be 1'],
    ['a kind of the future', changed(15, 6), 'kind at offset 15 is 6, must be less than 6'],
    ['a length beyond the frame', changed(17, 77), 'length at offset 16 is 77, must be 59 to 76'],
    ['a length that leaves no room', changed(17, 58), 'length at offset 16 is 58, must be 59 to 76'],
    ['a name beyond the end', changed(42, 99), 'node at offset 43 is 17, must be at least 99 octets'],
    ['a name of no length', changed(42, 0), 'node at offset 43 is 0, must be the name of a node'],
    ['a name that no node has', changed(43, 0x2f), 'node at offset 43 is 2, must be the name of a node'],
    ['more names than there are', changed(56, 2), 'gone at offset 60 is 0, must be at least 1 octets'],
  ])('refuses %s', (_, bytes, sentence) => {
    const decoded = decodeSegmentFrame(viewOf(bytes));
    expect(decoded.ok ? 'accepted' : describeDecodeError(decoded.error)).toBe(sentence);
  });

  test.each<[string, string]>([
    ['more claims than there are', '00 02  00 00 00 00 01 c6 33 64 01'],
    ['an address of IPv6 that is cut', '02 6e 31 01  01 00 00 00 01 20 01'],
    ['an owner that no node is', '02 2e 31 00'],
  ])('refuses claims with %s', (_, body) => {
    const octets = bytesOf(body);
    const frame = new Uint8Array(45 + octets.length + 16);
    frame.set(HELLO.subarray(0, 45));
    frame.set(octets, 45);
    frame[15] = 5;
    frame[17] = frame.length;
    expect(decodeSegmentFrame(viewOf(frame)).ok).toBe(false);
  });

  test('takes any octets without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.option(fc.nat({ max: 5 })), (bytes, kind) => {
        if (kind !== null) bytes.set(HELLO.subarray(0, Math.min(bytes.length, 45)));
        if (kind !== null && bytes.length > 17) bytes.set([kind, 0, bytes.length], 15);
        expect(typeof decodeSegmentFrame(viewOf(bytes)).ok).toBe('boolean');
      }),
    );
  });
});

describe('encodeSegmentFrame', () => {
  test('writes what decodeSegmentFrame reads', () => {
    expect(encodeSegmentFrame(MEANING)).toEqual(HELLO);
  });

  test('mirrors decodeSegmentFrame for every frame', () => {
    fc.assert(
      fc.property(frames, (frame) => expect(decodeSegmentFrame(viewOf(encodeSegmentFrame(frame)))).toEqual({ ok: true, value: frame })),
    );
  });

  test('has room for the most claims of the longest owner', () => {
    const owner = 'n'.repeat(253);
    const address: IpAddress = { family: 'IPv6', value: 2n ** 128n - 1n };
    const most = Array.from({ length: MOST_CLAIMS + 1 }, (_, epoch): Claim => ({ address, epoch, owner, leaving: true }));
    const octets = encodeSegmentFrame({ ...HEADER, node: owner, message: { kind: 'claims', claims: most } });
    expect(decodeSegmentFrame(viewOf(octets))).toMatchObject({ value: { message: { claims: most.slice(0, MOST_CLAIMS) } } });
  });

  test('leaves out the names that do not fit', () => {
    const gone = Array.from({ length: 300 }, (_, index) => `node-${index}`);
    const octets = encodeSegmentFrame({ ...MEANING, message: { ...MEANING.message, gone } as SegmentMessage });
    const decoded = decodeSegmentFrame(viewOf(octets));
    const said = decoded.ok && decoded.value.message.kind === 'hello' ? decoded.value.message.gone : [];
    expect(said).toEqual(gone.slice(0, said.length));
    expect(said.length).toBeGreaterThan(100);
    expect(octets.length).toBeLessThanOrEqual(LONGEST_SEGMENT_FRAME);
  });
});
