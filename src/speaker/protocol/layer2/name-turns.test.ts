import { expect, test } from '@jest/globals';
import type { Ipv4 } from '../../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../../lib/mac.ts';
import { decodeSegmentFrame, encodeSegmentFrame, type Hello } from '../../wire/segment.ts';
import { NameTurns } from './name-turns.ts';

/** The longest name that a node can have (RFC 1123, Section 2.1). */
const LONGEST_NAME = 253;

test('four names keep their order', () => {
  const turns = new NameTurns();
  expect([turns.next(['a', 'b', 'c', 'd']), turns.next(['a', 'b', 'c', 'd'])].map((names) => names.join(''))).toEqual(['abcd', 'abcd']);
});

test('of more all come first in turn', () => {
  const turns = new NameTurns();
  const names = [...'abcdefg'];
  expect([1, 2, 3].map(() => turns.next(names).join(''))).toEqual(['efgabcd', 'bcdefga', 'fgabcde']);
});

test('however long all names are, each of five is in one of two hellos', () => {
  const turns = new NameTurns();
  const [node = '', ...names] = [...'nabcde'].map((letter) => letter.repeat(LONGEST_NAME));
  const told = (): readonly string[] => {
    const flags = { restarting: false, starting: false, alone: false, damped: false };
    const message: Hello = { kind: 'hello', intervalMilliseconds: 100, askable: 0 as Ipv4, digest: 0, ...flags, gone: turns.next(names) };
    const header = { destination: BROADCAST_MAC, source: 0x0200_0000_0001 as Mac, keyId: 0n, node, boot: 0n, sequence: 1 };
    const octets = encodeSegmentFrame({ ...header, message });
    const read = decodeSegmentFrame(new DataView(octets.buffer, octets.byteOffset, octets.length), octets.length);
    return read.ok && read.value.message.kind === 'hello' ? read.value.message.gone : [];
  };
  expect(new Set([...told(), ...told()])).toEqual(new Set(names));
});
