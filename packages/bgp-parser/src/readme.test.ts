import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const PACKAGE = join(import.meta.dirname, '..');
const EXAMPLE = /^## (?<title>.+)\n(?:(?!## )[\s\S])*?^```ts\n(?<code>[\s\S]*?)^```\n\n```text\n(?<output>[\s\S]*?)^```$/gm;

const examples = [...readFileSync(join(PACKAGE, 'README.md'), 'utf8').matchAll(EXAMPLE)].map(({ groups }) => ({
  title: groups?.title ?? '',
  code: groups?.code ?? '',
  output: groups?.output ?? '',
}));

test('the README has three examples', () => expect(examples).toHaveLength(3));

// A process of its own, because there the package has the name that others import it by.
test.each(examples)('$title: prints what the README says', ({ code, output }) => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', code], {
    cwd: PACKAGE,
    encoding: 'utf8',
  });
  expect({ stdout, stderr: stderr.replace(/^.*ExperimentalWarning.*\n.*\n/m, '') }).toEqual({ stdout: output, stderr: '' });
});
