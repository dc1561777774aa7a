import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Ipv4 } from '../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../lib/mac.ts';
import { decodeSegmentFrame, encodeSegmentFrame, type Hello, type SegmentMessage } from '../wire/segment.ts';
import { HelloMemory } from './hello-memory.ts';

const HELLO: Hello = {
  ...{ kind: 'hello', intervalMilliseconds: 100, askable: 0x0a00_0001 as Ipv4, restarting: false, starting: false },
  ...{ alone: false, damped: false, digest: 7, gone: ['n9'] },
};
const MAC = 0x0200_0000_0001 as Mac;

function frameOf(sequence: number, message: SegmentMessage = HELLO, source: Mac = MAC): DataView {
  const header = { destination: BROADCAST_MAC, source, keyId: 1n, node: 'n1', boot: 2n, sequence };
  const octets = encodeSegmentFrame({ ...header, message });
  // As in a batch: the next frame takes the place of the one before.
  return new DataView(octets.slice().buffer);
}

test('a hello that differs from the one before in its number alone is not read again', () => {
  const memory = new HelloMemory();
  const [first, second] = [7, 2 ** 40 + 8].map((sequence) => memory.decode(frameOf(sequence), frameOf(7).byteLength));
  expect([first, second]).toEqual([7, 2 ** 40 + 8].map((sequence) => decodeSegmentFrame(frameOf(sequence))));
  expect(second?.ok && first?.ok && second.value.message === first.value.message).toBe(true);
});

test('what is remembered does not change with the memory it was read from', () => {
  const memory = new HelloMemory();
  const octets = frameOf(7);
  memory.decode(octets, octets.byteLength);
  new Uint8Array(octets.buffer).fill(0);
  expect(memory.decode(frameOf(8), octets.byteLength)).toEqual(decodeSegmentFrame(frameOf(8)));
});

test('whatever octets of a frame are others, it is read as if nothing had come before', () => {
  const length = frameOf(7).byteLength;
  const change = fc.record({ at: fc.nat(length - 1), octet: fc.nat(255), cut: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const memory = new HelloMemory();
      for (const { at, octet, cut } of [{ at: 0, octet: 255, cut: 0 }, ...changes]) {
        const octets = frameOf(8);
        octets.setUint8(at, octet);
        expect(memory.decode(octets, length - cut)).toEqual(decodeSegmentFrame(octets, length - cut));
      }
    }),
    { numRuns: 1_000 },
  );
});

test('other messages are read each time, and a hello is still known behind them', () => {
  const memory = new HelloMemory();
  const messages: SegmentMessage[] = [HELLO, { kind: 'challenge', nonce: 1n }, { kind: 'challenge', nonce: 1n }, HELLO];
  const read = messages.map((message, index) => memory.decode(frameOf(index, message), frameOf(index, message).byteLength));
  const objects = read.map((one) => (one.ok ? one.value.message : undefined));
  expect(objects).toEqual(messages);
  expect([objects[3] === objects[0], objects[2] === objects[1]]).toEqual([true, false]);
});

test('of too many MACs one is forgotten, whose next hello is read once more', () => {
  const memory = new HelloMemory();
  const message = (index: number): SegmentMessage | undefined => {
    const frame = frameOf(1, HELLO, (MAC + index) as Mac);
    const decoded = memory.decode(frame, frame.byteLength);
    return decoded.ok ? decoded.value.message : undefined;
  };
  const before = Array.from({ length: 1_025 }, (_, index) => message(index));
  const after = [1_024, 1, 0].map((index) => message(index) === before[index]);
  expect(after).toEqual([true, true, false]);
});
