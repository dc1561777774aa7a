import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
const PACKING_MILLISECONDS = 60_000;
/** As somebody who knows nothing of this repository would set it: strict, and without the types of Node. */
const STRICT = [
  '--noEmit',
  '--strict',
  '--exactOptionalPropertyTypes',
  '--module',
  'nodenext',
  '--target',
  'es2023',
  '--lib',
  'es2023,dom',
  '--types',
  '',
];

let folder = '';
let installed = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bgp-parser-'));
  const archive = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'hack/package-bgp-parser.ts', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  installed = join(folder, 'user/node_modules/@typemetal/bgp-parser');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['xzf', archive.trim(), '-C', installed, '--strip-components=1']);
  writeFileSync(join(folder, 'user/package.json'), '{ "type": "module" }');
}, PACKING_MILLISECONDS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program in the folder of somebody who installed the package. */
function run(program: string, ...args: string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: join(folder, 'user'), encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

function readme(): string {
  return readFileSync(join(installed, 'README.md'), 'utf8');
}

test('the package holds JavaScript, its types, README and licence, and no test', () => {
  const files = globSync('**/*.*', { cwd: installed });
  expect(files).toEqual(expect.arrayContaining(['README.md', 'package.json', 'dist/bgp-parser.js', 'dist/bgp-parser.d.ts']));
  expect(files.filter((file) => /\.test\.|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  expect(globSync('LICENSE', { cwd: installed })).toEqual(['LICENSE']);
});

test('it needs no other package and runs nothing when it is installed', () => {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  expect(Object.keys(manifest).filter((name) => /dependencies|scripts|gyp/i.test(name))).toEqual([]);
});

test('it runs where there is nothing of Node', () => {
  const script = `
    for (const name of ['Buffer', 'process', 'setImmediate', 'require']) delete globalThis[name];
    const { decodeMessage, INITIAL_CONTEXT } = await import('@typemetal/bgp-parser');
    console.log(decodeMessage(new Uint8Array(3), INITIAL_CONTEXT).faults[0].reason);`;
  writeFileSync(join(folder, 'user/a.js'), script);
  expect(run(process.execPath, 'a.js')).toEqual({ status: 0, output: 'message has 3 octets, must have at least 19\n' });
});

test('its types are there: the examples of the README hold, and a wrong use is refused', () => {
  const examples = [...readme().matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  const names = examples.map((code, index) => {
    writeFileSync(join(folder, `user/example${index}.ts`), code);
    return `example${index}.ts`;
  });
  expect(run('tsc', ...STRICT, ...names)).toEqual({ status: 0, output: '' });
  writeFileSync(join(folder, 'user/wrong.ts'), "import { negotiate } from '@typemetal/bgp-parser';\nnegotiate(1, 2);\n");
  const wrong = run('tsc', ...STRICT, 'wrong.ts');
  expect(wrong.status).not.toBe(0);
  expect(wrong.output).toContain("Argument of type 'number' is not assignable to parameter of type 'Open'");
});

test('the command is there, and prints what the README says', () => {
  const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const [, words = '', output = ''] = /^```sh\nnpx .*bgp-parser (decode .*)\n```\n\n```text\n([\s\S]*?)^```$/m.exec(readme()) ?? [];
  expect(run(process.execPath, join(installed, bin['bgp-parser']), ...words.split(' '))).toEqual({ status: 0, output });
});
