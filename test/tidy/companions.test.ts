import { describe, expect, test } from '@jest/globals';
import { type CoveredElsewhere, checkCompanions, isTypesOnly } from './companions.ts';
import { sourceFile } from './source-file.ts';

const source = sourceFile('src/lib/a.ts', 'export const a: number = 1;\n');
const beside = sourceFile('src/lib/a.test.ts', '');
const importer = sourceFile('src/lib/b.test.ts', "import { a } from './a.ts';\n");
const lab = sourceFile('test/lab/a.test.ts', '');

describe('checkCompanions', () => {
  test.each<{ what: string; files: (typeof source)[]; elsewhere: CoveredElsewhere; complaints: readonly string[] }>([
    { what: 'a test beside it', files: [source, beside], elsewhere: {}, complaints: [] },
    { what: 'no test', files: [source], elsewhere: {}, complaints: ['src/lib/a.ts: has no test: write src/lib/a.test.ts'] },
    {
      what: 'a source that imports it',
      files: [source, beside, sourceFile('src/lib/c.ts', "import { a } from './a.ts';\nf(a);\n")],
      elsewhere: {},
      complaints: ['src/lib/c.ts: has no test: write src/lib/c.test.ts'],
    },
    {
      what: 'a tested source of its folder that is made of it',
      files: [source, sourceFile('src/lib/c.test.ts', ''), sourceFile('src/lib/c.ts', "import { a } from './a.ts';\nf(a);\n")],
      elsewhere: {},
      complaints: [],
    },
    {
      what: 'a tested source of another folder that is made of it',
      files: [source, sourceFile('src/model/c.test.ts', ''), sourceFile('src/model/c.ts', "import { a } from '../lib/a.ts';\nf(a);\n")],
      elsewhere: {},
      complaints: ['src/lib/a.ts: has no test: write src/lib/a.test.ts'],
    },
    { what: 'a test elsewhere that imports it', files: [source, importer], elsewhere: {}, complaints: [] },
    { what: 'a test elsewhere', files: [source, lab], elsewhere: { 'src/lib/a.ts': 'test/lab/a.test.ts' }, complaints: [] },
    {
      what: 'a test elsewhere that is gone',
      files: [source],
      elsewhere: { 'src/lib/a.ts': 'test/lab/a.test.ts' },
      complaints: ['src/lib/a.ts: test/lab/a.test.ts, which should cover it, does not exist'],
    },
    {
      what: 'both',
      files: [source, beside, lab],
      elsewhere: { 'src/lib/a.ts': 'test/lab/a.test.ts' },
      complaints: ['src/lib/a.ts: has a test of its own: take it out of test/tidy/covered-elsewhere.ts'],
    },
    {
      what: 'a source that is gone',
      files: [lab],
      elsewhere: { 'src/lib/a.ts': 'test/lab/a.test.ts' },
      complaints: ['src/lib/a.ts: is gone: take it out of test/tidy/covered-elsewhere.ts'],
    },
    { what: 'types', files: [sourceFile('src/lib/a.ts', 'export type A = 1;\n')], elsewhere: {}, complaints: [] },
    { what: 'a program for contributors', files: [sourceFile('hack/a.ts', 'f();\n')], elsewhere: {}, complaints: [] },
  ])('$what', ({ files, elsewhere, complaints }) => expect(checkCompanions(files, elsewhere)).toEqual(complaints));
});

test.each<{ text: string; typesOnly: boolean }>([
  { text: "/** A. */\nimport type { B } from './b.ts';\nexport interface A extends B {\n  readonly c: 1;\n}\n", typesOnly: true },
  { text: 'declare const a: unique symbol;\nexport type A = { readonly [a]: 1 };\n', typesOnly: true },
  { text: 'export type A = 1;\nexport const a: A = 1;\n', typesOnly: false },
  { text: 'interface A {}\nfunction f(): void {}\n', typesOnly: false },
])('$text has only types: $typesOnly', ({ text, typesOnly }) => expect(isTypesOnly(sourceFile('src/lib/a.ts', text))).toBe(typesOnly));
