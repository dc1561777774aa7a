import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sealKeyOf } from './seal-key.ts';

/** RFC 4231, Section 4.3: the key "Jefe". */
const JEFE = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
const SIGNED = Buffer.from('what do ya want for nothing?');

test('signs as RFC 4231 says', () => {
  expect(Buffer.from(sealKeyOf('Jefe').sign(SIGNED)).toString('hex')).toBe(JEFE);
});

test('signs any octets with any key as the HMAC of Node does, one after the other', () => {
  const octets = fc.uint8Array({ maxLength: 4_000 });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.array(octets, { maxLength: 4 }), (text, messages) => {
      const key = sealKeyOf(text);
      for (const message of messages) {
        const code = key.sign(message);
        expect(Buffer.from(code)).toEqual(createHmac('sha256', text).update(message).digest());
        expect([key.hasSigned(message, code), key.hasSigned(message, code.subarray(0, 16))]).toEqual([true, true]);
      }
    }),
  );
});

test('keys are told apart by a number that is the same on every node', () => {
  expect(sealKeyOf('a').id).toBe(sealKeyOf('a').id);
  expect(new Set(['', 'a', 'b'].map((text) => sealKeyOf(text).id)).size).toBe(3);
});

describe('a code', () => {
  const code = Uint8Array.from(Buffer.from(JEFE, 'hex'));
  const other = (index: number): Uint8Array => code.with(index, (code[index] ?? 0) ^ 1);

  test.each<[string, Uint8Array, boolean]>([
    ['whole', code, true],
    ['the first half', code.subarray(0, 16), true],
    ['another first octet', other(0), false],
    ['another last octet', other(31), false],
    ['another last octet of the first half', other(15).subarray(0, 16), false],
    ['the second half', code.subarray(16), false],
    ['longer than it is', Uint8Array.from([...code, 0]), false],
    ['nothing', new Uint8Array(0), false],
  ])('%s', (_, given, good) => {
    expect(sealKeyOf('Jefe').hasSigned(SIGNED, given)).toBe(good);
  });

  test('of another key, or of other octets', () => {
    expect([sealKeyOf('jefe').hasSigned(SIGNED, code), sealKeyOf('Jefe').hasSigned(SIGNED.subarray(1), code)]).toEqual([false, false]);
  });
});
