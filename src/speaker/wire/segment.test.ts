import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeDecodeError } from '../../lib/binary.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../lib/mac.ts';
import {
  decodeSegmentFrame,
  encodeSegmentFrame,
  keyIdOf,
  LONGEST_SEGMENT_FRAME,
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
  01 00  00 48
  01 02 03 04 05 06 07 08
  11 12 13 14 15 16 17 18
  00 00 00 00 00 00 00 2a
  02 6e 31
  02  00 64  0a 00 00 01  01 02 6e 39
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00`);

const MEANING: SegmentFrame = {
  ...HEADER,
  message: { kind: 'hello', intervalMilliseconds: 100, askable: 0x0a00_0001 as Ipv4, restarting: false, alone: true, gone: ['n9'] },
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
const messages: fc.Arbitrary<SegmentMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('hello' as const),
    intervalMilliseconds: fc.nat({ max: 65_535 }),
    askable: fc.nat({ max: 2 ** 32 - 1 }).map((ip) => ip as Ipv4),
    restarting: fc.boolean(),
    alone: fc.boolean(),
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
    ['a kind of the future', changed(15, 5), 'kind at offset 15 is 5, must be less than 5'],
    ['a length beyond the frame', changed(17, 73), 'length at offset 16 is 73, must be 59 to 72'],
    ['a length that leaves no room', changed(17, 58), 'length at offset 16 is 58, must be 59 to 72'],
    ['a name beyond the end', changed(42, 99), 'node at offset 43 is 13, must be at least 99 octets'],
    ['a name of no length', changed(42, 0), 'node at offset 43 is 0, must be the name of a node'],
    ['a name that no node has', changed(43, 0x2f), 'node at offset 43 is 2, must be the name of a node'],
    ['more names than there are', changed(52, 2), 'gone at offset 56 is 0, must be at least 1 octets'],
  ])('refuses %s', (_, bytes, sentence) => {
    const decoded = decodeSegmentFrame(viewOf(bytes));
    expect(decoded.ok ? 'accepted' : describeDecodeError(decoded.error)).toBe(sentence);
  });

  test('takes any octets without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, alike) => {
        if (alike) bytes.set(HELLO.subarray(0, Math.min(bytes.length, 45)));
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
