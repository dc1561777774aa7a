import { expect, test } from '@jest/globals';
import { sameCode, sealKeyOf } from './seal-key.ts';

/** RFC 4231, Section 4.3: the key "Jefe". */
const JEFE = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';

test('signs as RFC 4231 says', () => {
  const code = sealKeyOf('Jefe').sign(Buffer.from('what do ya want for nothing?'));
  expect(Buffer.from(code).toString('hex')).toBe(JEFE);
});

test('keys are told apart by a number that is the same on every node', () => {
  expect(sealKeyOf('a').id).toBe(sealKeyOf('a').id);
  expect(new Set(['', 'a', 'b'].map((text) => sealKeyOf(text).id)).size).toBe(3);
});

test.each<[string, number[], number[], boolean]>([
  ['the same', [1, 2], [1, 2], true],
  ['another octet', [1, 2], [1, 3], false],
  ['another length', [1, 2], [1, 2, 0], false],
])('%s', (_, left, right, same) => {
  expect(sameCode(Uint8Array.from(left), Uint8Array.from(right))).toBe(same);
});
