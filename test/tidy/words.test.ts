import { expect, test } from '@jest/globals';
import { sourceFile } from './source-file.ts';
import { checkWords } from './words.ts';

/** Put together here, so that this file names none of them. */
const hosts = [
  ['registry', 'npmjs', 'org'],
  ['proxy', 'golang', 'org'],
  ['deb', 'debian', 'org'],
  ['archive', 'ubuntu', 'com'],
  ['registry', 'yarnpkg', 'com'],
  ['npm', 'pkg', 'github', 'com'],
  ['static', 'crates', 'io'],
].map((parts) => parts.join('.'));

test.each(hosts)('the host %s stands nowhere', (host) => {
  expect(checkWords([sourceFile('docs/a.md', `a\nhttps://${host}/b\n`)])).toEqual([expect.stringContaining('docs/a.md:2: ')]);
});

test.each([`TO${'DO'}: later`, `a(); // FIX${'ME'}`, `X${'XX'} ask`])('%s is not left behind', (text) => {
  expect(checkWords([sourceFile('src/lib/a.ts', text)])).toHaveLength(1);
});

test.each(['mktemp /tmp/aXXXXXX', 'https://kubernetes.io/docs', 'a registry (prom-client)', 'todo lists'])('%s is fine', (text) => {
  expect(checkWords([sourceFile('docs/a.md', text)])).toEqual([]);
});
