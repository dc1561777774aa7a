import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineCutter } from './line-cutter.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function cutAll(cutter: LineCutter, pieces: readonly Uint8Array[]): string[] {
  return pieces.flatMap((piece) => [...cutter.cut(piece)]);
}

describe('LineCutter', () => {
  test.each<{ name: string; pieces: string[]; lines: string[] }>([
    { name: 'whole lines', pieces: ['a\nb\n'], lines: ['a', 'b'] },
    { name: 'a line in pieces', pieces: ['a', 'b', 'c\n'], lines: ['abc'] },
    { name: 'an end of its own', pieces: ['a', '\n', 'b\n'], lines: ['a', 'b'] },
    { name: 'empty lines', pieces: ['\n\na\n\n'], lines: ['a'] },
    { name: 'no end yet', pieces: ['a\nb'], lines: ['a'] },
    { name: 'nothing', pieces: ['', ''], lines: [] },
  ])('$name', ({ pieces, lines }) => {
    expect(cutAll(new LineCutter(), pieces.map(bytes))).toEqual(lines);
  });

  test('however the bytes are cut, characters of several bytes too, the lines are the same', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n')));
    fc.assert(
      fc.property(texts, fc.infiniteStream(fc.integer({ min: 1, max: 7 })), (lines, sizes) => {
        const whole = bytes(lines.map((line) => `${line}\n`).join(''));
        const pieces: Uint8Array[] = [];
        for (let start = 0; start < whole.length; ) {
          const size = sizes.next().value ?? 1;
          pieces.push(whole.subarray(start, start + size));
          start += size;
        }
        expect(cutAll(new LineCutter(), pieces)).toEqual(lines);
      }),
    );
  });

  test('a line that is too long is refused before it is whole', () => {
    const cutter = new LineCutter(10);
    expect(cutAll(cutter, [bytes('0123456789\n')])).toEqual(['0123456789']);
    expect(() => cutAll(cutter, [bytes('01234'), bytes('567890')])).toThrow('a line of more than 10 bytes');
  });
});
