import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineCutter, LONGEST_LINE } from './line-cutter.ts';

test('lines are the same however the text is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-c\n]{0,5}$/)), (pieces) => {
      const cutter = new LineCutter();
      const lines = pieces.flatMap((piece) => cutter.push(piece) ?? []);
      expect([...lines, cutter.rest]).toEqual(pieces.join('').split('\n'));
    }),
  );
});

test.each([
  { text: 'a\r\nb', lines: ['a'], rest: 'b' },
  { text: '', lines: [], rest: '' },
  { text: 'a\n', lines: ['a'], rest: '' },
])('$text', ({ text, lines, rest }) => {
  const cutter = new LineCutter();
  expect(cutter.push(text)).toEqual(lines);
  expect(cutter.rest).toBe(rest);
});

test('a line without an end is refused while it grows', () => {
  const cutter = new LineCutter();
  expect(cutter.push('a'.repeat(LONGEST_LINE))).toEqual([]);
  expect(cutter.push('a')).toBeUndefined();
});
