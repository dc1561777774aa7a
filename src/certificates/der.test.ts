import { describe, expect, test } from '@jest/globals';
import { AssertionError } from '../lib/assert.ts';
import {
  bitString,
  contentOf,
  type Der,
  explicit,
  implicit,
  nothing,
  objectIdentifier,
  octetString,
  parts,
  sequence,
  setOf,
  time,
  truth,
  unsigned,
  utf8,
} from './der.ts';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const octets = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

describe('how values are written', () => {
  test.each<{ what: string; value: Der; is: string }>([
    { what: 'an empty sequence', value: sequence(), is: '3000' },
    { what: 'a sequence of two', value: sequence(truth(), nothing()), is: '30050101ff0500' },
    { what: 'a set', value: setOf(nothing()), is: '31020500' },
    { what: 'explicit 3', value: explicit(3, nothing()), is: 'a3020500' },
    { what: 'implicit 2', value: implicit(2, octets(0x61)), is: '820161' },
    { what: '0', value: unsigned(octets(0)), is: '020100' },
    { what: '0 without octets', value: unsigned(octets()), is: '020100' },
    { what: '127', value: unsigned(octets(127)), is: '02017f' },
    { what: '128, which is no negative number', value: unsigned(octets(128)), is: '02020080' },
    { what: '256 in four octets', value: unsigned(octets(0, 0, 1, 0)), is: '02020100' },
    { what: 'a name of small numbers', value: objectIdentifier('2.5.29.17'), is: '0603551d11' },
    { what: 'a name of great numbers', value: objectIdentifier('1.2.840.113549.1.1.11'), is: '06092a864886f70d01010b' },
    { what: 'a text', value: utf8('ä'), is: '0c02c3a4' },
    { what: 'octets', value: octetString(octets(1, 2)), is: '04020102' },
    { what: 'bits', value: bitString(octets(0x80), 7), is: '03020780' },
    { what: 'the last second of two digits', value: time(Date.UTC(2050, 0, 1) - 1), is: `170d${hex(Buffer.from('491231235959Z'))}` },
    { what: 'the first second of four', value: time(Date.UTC(2050, 0, 1)), is: `180f${hex(Buffer.from('20500101000000Z'))}` },
  ])('$what: $is', ({ value, is }) => {
    expect(hex(value)).toBe(is);
  });

  test.each<{ length: number; begins: string }>([
    { length: 127, begins: '047f' },
    { length: 128, begins: '048180' },
    { length: 255, begins: '0481ff' },
    { length: 256, begins: '04820100' },
    { length: 70_000, begins: '0483011170' },
  ])('a length of $length begins with $begins', ({ length, begins }) => {
    const value = octetString(new Uint8Array(length).fill(0xee));
    expect(hex(value).slice(0, begins.length + 2)).toBe(`${begins}ee`);
    expect(contentOf(value)).toHaveLength(length);
  });
});

describe('parts', () => {
  test('are what a sequence was made of, long ones too', () => {
    const members = [truth(), octetString(new Uint8Array(300)), sequence(nothing())];
    expect(parts(sequence(...members)).map(hex)).toEqual(members.map(hex));
    expect(parts(sequence())).toEqual([]);
  });

  test.each(['3005', '300301', '30040482ffff'])('of %s are refused', (text) => {
    expect(() => parts(Buffer.from(text, 'hex'))).toThrow(AssertionError);
  });
});
