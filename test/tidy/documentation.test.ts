import { describe, expect, test } from '@jest/globals';
import { checkDecisions, checkDocumentation } from './documentation.ts';
import { sourceFile } from './source-file.ts';

describe('checkDocumentation', () => {
  test.each<{ path: string; text: string; names: readonly string[] }>([
    { path: 'src/lib/a.ts', text: '/** A. */\nexport function a(): void {}\n', names: [] },
    { path: 'src/lib/a.ts', text: 'export function a(): void {}\n', names: ['a'] },
    { path: 'src/lib/a.ts', text: '/** A. */\n\nexport type A = 1;\n', names: ['A'] },
    { path: 'src/lib/a.ts', text: '// A.\nexport interface A {}\n', names: ['A'] },
    {
      path: 'src/lib/a.ts',
      text: 'export abstract class A {}\nexport async function b() {}\nexport const c = 1;\n',
      names: ['A', 'b', 'c'],
    },
    { path: 'src/lib/a.ts', text: 'function a(): void {}\nconst text = `\nexport const b = 1;\n`;\n', names: [] },
    { path: 'test/support/a.ts', text: 'export class A {}\n', names: ['A'] },
    { path: 'src/lib/a.test.ts', text: 'export class A {}\n', names: [] },
  ])('$path: $text', ({ path, text, names }) => {
    expect(checkDocumentation([sourceFile(path, text)])).toEqual(
      names.map((name) => expect.stringContaining(` ${name} is exported without a doc comment`)),
    );
  });
});

describe('checkDecisions', () => {
  const whole = '# Title\n\n## Context\n\na\n\n## Decision\n\nb\n\n## Consequence\n\nc\n';
  test.each<{ path: string; text: string; complaints: number }>([
    { path: 'docs/decisions/0001-one-thread.md', text: whole, complaints: 0 },
    { path: 'docs/decisions/README.md', text: '', complaints: 0 },
    { path: 'docs/decisions/one-thread.md', text: whole, complaints: 1 },
    { path: 'docs/decisions/0001-one-thread.md', text: '# Title\n\n## Context\n', complaints: 2 },
  ])('$path: $complaints', ({ path, text, complaints }) => expect(checkDecisions([sourceFile(path, text)])).toHaveLength(complaints));

  test('a number is given once', () => {
    const pages = ['0001-one-thread', '0002-two', '0002-three'].map((name) => sourceFile(`docs/decisions/${name}.md`, whole));
    expect(checkDecisions(pages)).toEqual(['docs/decisions: 2 pages have the number 0002: give the younger the next free one']);
  });
});
