import { expect, test } from '@jest/globals';
import { checkOrphans } from './references.ts';
import { sourceFile } from './source-file.ts';

test.each<{ what: string; path: string; text: string; orphan: boolean }>([
  { what: 'an import', path: 'src/lib/b.ts', text: "import { a } from './a.ts';", orphan: false },
  { what: 'the path of a thread', path: 'src/speaker/b.ts', text: "new URL('../lib/a.ts', import.meta.url);", orphan: false },
  { what: 'a launcher', path: 'bin/a', text: 'ENTRY=src/lib/a.ts\n', orphan: false },
  { what: 'a test', path: 'src/lib/a.test.ts', text: "import { a } from './a.ts';", orphan: true },
  { what: 'a file of the same name elsewhere', path: 'src/model/b.ts', text: "import { a } from './a.ts';", orphan: true },
])('$what makes src/lib/a.ts used: not $orphan', ({ path, text, orphan }) => {
  const complaints = checkOrphans([sourceFile('src/lib/a.ts', ''), sourceFile(path, text)]);
  expect(complaints.includes('src/lib/a.ts: nobody uses it: delete it')).toBe(orphan);
});

test('what a package offers or starts is used, by the path from its manifest', () => {
  const files = [
    sourceFile('packages/a/package.json', '{ "exports": { ".": "./src/a.ts" }, "bin": { "a": "./src/main.ts" } }'),
    sourceFile('packages/a/src/a.ts', ''),
    sourceFile('packages/a/src/main.ts', ''),
  ];
  expect(checkOrphans(files)).toEqual([]);
  expect(checkOrphans([...files, sourceFile('packages/a/src/b.ts', '')])).toHaveLength(1);
});

test('what tests share is used by tests, types of the API by their folder, benchmarks by name', () => {
  const files = [
    sourceFile('test/support/a.ts', ''),
    sourceFile('src/lib/b.test.ts', "import { a } from '../../test/support/a.ts';"),
    sourceFile('src/crds/pool.ts', ''),
    sourceFile('bench/run.ts', "const BENCHMARKS = ['arp'];"),
    sourceFile('bench/arp.ts', ''),
    sourceFile('Makefile', 'bench:\n\tnode bench/run.ts\n'),
  ];
  expect(checkOrphans(files)).toEqual([]);
  expect(checkOrphans([...files, sourceFile('bench/old.ts', '')])).toHaveLength(1);
});
