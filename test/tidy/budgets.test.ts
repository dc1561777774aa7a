import { describe, expect, test } from '@jest/globals';
import { BUDGET, checkBudgets, functionsOf, quantile } from './budgets.ts';
import { sourceFile } from './source-file.ts';

/** A function of exactly `lines` lines. */
function functionOf(lines: number, name = 'f'): string {
  return [`function ${name}(): void {`, ...new Array<string>(lines - 2).fill('  g();'), '}', ''].join('\n');
}

describe('functionsOf', () => {
  test.each<{ what: string; text: string; lengths: readonly number[] }>([
    { what: 'a function', text: 'export async function f(): Promise<void> {\n  g();\n}\n', lengths: [3] },
    { what: 'an arrow function', text: 'const f = (): void => {\n  g();\n};\n', lengths: [3] },
    { what: 'a callback', text: "test('a', () => {\n  g();\n});\n", lengths: [3] },
    { what: 'a method', text: 'class A {\n  f(): void {\n    g();\n  }\n}\n', lengths: [3] },
    {
      what: 'a private and a static method',
      text: 'class A {\n  #f(a: B): C {\n    g();\n  }\n  static async f<T>(a: T): C {\n    g();\n  }\n}\n',
      lengths: [3, 3],
    },
    { what: 'a method with a computed name', text: 'class A {\n  [Symbol.dispose](): void {\n    g();\n  }\n}\n', lengths: [3] },
    { what: 'parameters over several lines', text: 'export function f(\n  a: B,\n  c: D,\n): E {\n  g();\n}\n', lengths: [6] },
    { what: 'one within another', text: 'function f(): void {\n  g(() => {\n    h();\n  });\n}\n', lengths: [5, 3] },
    {
      what: 'conditions and loops',
      text: 'function f(): void {\n  if (a) {\n    g();\n  } else if (b) {\n    h();\n  }\n  for (const a of b) {\n    g();\n  }\n}\n',
      lengths: [10],
    },
    {
      what: 'a condition over several lines',
      text: 'function f(): void {\n  if (\n    a &&\n    b\n  ) {\n    g();\n  }\n}\n',
      lengths: [8],
    },
    { what: 'a brace in a string', text: "function f(): void {\n  g('\\\n}');\n}\n", lengths: [4] },
    { what: 'C', text: 'static int f(int a) {\n  if (a) {\n    g();\n  }\n  return 0;\n}\n', lengths: [6] },
    { what: 'a class and an object', text: 'class A {\n  readonly b = 1;\n}\nconst c = {\n  d: 1,\n};\n', lengths: [] },
  ])('$what', ({ what, text, lengths }) => {
    expect(functionsOf(sourceFile(what === 'C' ? 'src/a.c' : 'src/a.ts', text)).map((one) => one.lines)).toEqual(lengths);
  });
});

describe('checkBudgets', () => {
  test.each<{ what: string; path: string; text: string; complaints: readonly string[] }>([
    { what: 'short', path: 'src/lib/a.ts', text: functionOf(5), complaints: [] },
    { what: 'at the limit', path: 'test/a.test.ts', text: functionOf(BUDGET.function + 1), complaints: [] },
    {
      what: 'a long file',
      path: 'src/lib/a.c',
      text: 'int a;\n'.repeat(401),
      complaints: [
        'src/lib/a.c: 401 lines, at most 400: split it',
        'the median file has up to 401 lines, at most 150: split the long ones',
      ],
    },
  ])('$what', ({ path, text, complaints }) => expect(checkBudgets([sourceFile(path, text)])).toEqual(complaints));

  test('a long function', () => {
    const short = Array.from({ length: 20 }, (_, index) => functionOf(3, `f${index}`)).join('');
    expect(checkBudgets([sourceFile('src/lib/a.ts', short + functionOf(51))])).toEqual([
      'src/lib/a.ts:61: a function of 51 lines, at most 50: split it',
    ]);
  });

  test.each<{ lengths: readonly number[]; complaint: string }>([
    { lengths: [3, 11, 12], complaint: 'the median function has up to 11 lines' },
    { lengths: [3, 3, 3, 3, 3, 3, 3, 3, 31, 31], complaint: 'nine of ten functions has up to 31 lines' },
  ])('$complaint', ({ lengths, complaint }) => {
    const text = lengths.map((lines, index) => functionOf(lines, `f${index}`)).join('');
    expect(checkBudgets([sourceFile('src/lib/a.ts', text)]).join()).toContain(complaint);
  });
});

test.each<{ values: readonly number[]; share: number; value: number }>([
  { values: [], share: 0.5, value: 0 },
  { values: [7], share: 0.9, value: 7 },
  { values: [3, 1, 2], share: 0.5, value: 2 },
  { values: [10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share: 0.9, value: 9 },
])('quantile $share of $values is $value', ({ values, share, value }) => expect(quantile(values, share)).toBe(value));
