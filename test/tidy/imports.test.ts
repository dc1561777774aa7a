import { expect, test } from '@jest/globals';
import { importsOf, packageOf } from './imports.ts';
import { sourceFile } from './source-file.ts';

test.each<{ text: string; found: readonly { specifier: string; target?: string | undefined; typesOnly: boolean }[] }>([
  { text: "import { a } from './b.ts';", found: [{ specifier: './b.ts', target: 'src/lib/b.ts', typesOnly: false }] },
  { text: "import type { A } from '../crds/b.ts';", found: [{ specifier: '../crds/b.ts', target: 'src/crds/b.ts', typesOnly: true }] },
  { text: "import { type A, type B } from 'c';", found: [{ specifier: 'c', target: undefined, typesOnly: true }] },
  { text: "import {\n  a,\n  type B,\n} from 'c';", found: [{ specifier: 'c', target: undefined, typesOnly: false }] },
  { text: "import * as a from 'b';", found: [{ specifier: 'b', target: undefined, typesOnly: false }] },
  { text: "import 'b';", found: [{ specifier: 'b', target: undefined, typesOnly: false }] },
  { text: "export { a } from './b.ts';", found: [{ specifier: './b.ts', target: 'src/lib/b.ts', typesOnly: false }] },
  { text: "const a = await import('b');", found: [{ specifier: 'b', target: undefined, typesOnly: false }] },
  { text: "export const a = 'b';\nexport type A = 'b';\nexport function f(a: 'b'): void;", found: [] },
  { text: "// import { a } from 'b';\nconst text = `\nimport { a } from 'b';\n`;", found: [] },
])('$text', ({ text, found }) => {
  expect(importsOf(sourceFile('src/lib/a.ts', text))).toEqual(found.map((one) => expect.objectContaining(one)));
});

test('an import knows its line', () => {
  expect(importsOf(sourceFile('src/lib/a.ts', "\n\nimport { a } from 'b';\n"))[0]?.line).toBe(3);
});

test.each([
  ['winston', 'winston'],
  ['winston/lib/a.js', 'winston'],
  ['@a/b/c', '@a/b'],
  ['node:fs', 'node:fs'],
])('%s is in %s', (specifier, name) => expect(packageOf(specifier)).toBe(name));
