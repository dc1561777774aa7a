import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { licencesOf, packagesIn } from './licences.ts';

let root = '';

/** Puts a package without code into the folder. */
function install(name: string, manifest: object, files: Readonly<Record<string, string>> = {}): void {
  const folder = join(root, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '1.2.3', ...manifest }));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'typemetal-licences-'));
  install('both', { license: 'Apache-2.0' }, { 'NOTICE.txt': 'noticed\n', 'LICENSE.md': 'the text\n', 'licenses.js': 'no licence' });
  install('file-only', {}, { LICENCE: 'British' });
  install('word-only', { license: 'MIT' });
  install('none', {});
});
afterAll(() => rmSync(root, { recursive: true }));

test('a package is known by its innermost folder, once, and only when code of it is left', () => {
  const inputs = {
    'src/a.ts': { bytesInOutput: 9 },
    'node_modules/a/lib/x.js': { bytesInOutput: 1 },
    'node_modules/a/y.js': { bytesInOutput: 1 },
    'node_modules/a/node_modules/@s/b/z.js': { bytesInOutput: 1 },
    'node_modules/unused/index.js': { bytesInOutput: 0 },
  };
  const metafile = JSON.stringify({ outputs: { 'lib/a.js': { inputs }, 'lib/b.js': { inputs } } });
  expect(packagesIn(metafile)).toEqual(['node_modules/a', 'node_modules/a/node_modules/@s/b']);
});

test.each([
  { name: 'both', text: /^=+\nboth 1\.2\.3: Apache-2\.0\n\nthe text\n\nnoticed\n$/ },
  { name: 'file-only', text: /^=+\nfile-only 1\.2\.3: see below\n\nBritish\n$/ },
  { name: 'word-only', text: /^=+\nword-only 1\.2\.3: MIT\n\n\n$/ },
])('$name', ({ name, text }) => {
  expect(licencesOf(root, [`node_modules/${name}`])).toMatch(text);
});

test('a package that names no licence stops the bundle', () => {
  expect(() => licencesOf(root, ['node_modules/none'])).toThrow('none 1.2.3 names no licence');
});
