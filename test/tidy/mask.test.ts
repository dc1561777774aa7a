import { describe, expect, test } from '@jest/globals';
import { maskSource } from './mask.ts';

describe('maskSource', () => {
  // `@{` stands for what opens an expression in a template, which a plain string must not hold.
  test.each<{ text: string; code: string }>([
    { text: 'a; // b', code: 'a;     ' },
    { text: 'a /* b\nc */ d', code: 'a     \n     d' },
    { text: "f('a // b')", code: "f('      ')" },
    { text: String.raw`f('it\'s', "x'y")`, code: `f('     ', "   ")` },
    { text: "f('a\\\n}')", code: "f('  \n ')" },
    { text: "const t = `a @{f('b', `c @{d}`)} e`; g", code: "const t = `  @{f(' ', `  @{d}`)}  `; g" },
    { text: '`a @{{ b: 1 }} c`; d', code: '`  @{{ b: 1 }}  `; d' },
    { text: '`\\` @{a}`', code: '`   @{a}`' },
    { text: `x.test(/[/'"]/); y`, code: 'x.test(/     /); y' },
    { text: 'return /\\/\\//g; a', code: 'return /    /g; a' },
    { text: 'a / b / c; d', code: 'a / b / c; d' },
    { text: '(a) / b; "c / d"', code: '(a) / b; "     "' },
    { text: '`never closed', code: '`never closed' },
  ])('$text', ({ text, code }) => {
    const masked = maskSource(text.replaceAll('@{', '${')).code;
    expect(masked).toBe(code.replaceAll('@{', '${'));
  });

  test('counts each line that a comment touches', () => {
    const { commentLines } = maskSource("/** a\n * b\n */\nc; // d\n'// e';\n");
    expect([...commentLines]).toEqual([1, 2, 3, 4]);
  });

  test('reads itself and keeps its lines', () => {
    const text = maskSource.toString();
    expect(maskSource(text).code.split('\n')).toHaveLength(text.split('\n').length);
  });
});
