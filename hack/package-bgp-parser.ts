// What npm would publish of packages/bgp-parser: JavaScript and types, made from the sources that the repository runs as they stand.
// Node strips no types below node_modules, so that whoever installs the package needs them stripped before.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../packages/bgp-parser', import.meta.url));
const folder = resolve(process.argv[2] ?? 'build');
const target = join(folder, 'bgp-parser');

/** The manifest with the paths of what is made of the sources, and of their types. */
function published(manifest: string): string {
  const { exports: offered, ...rest } = JSON.parse(manifest.replaceAll(/"\.\/src\/([^"]+)\.ts"/g, '"./dist/$1.js"'));
  const both = Object.entries<string>(offered).map(([name, path]) => [name, { types: path.replace(/\.js$/, '.d.ts'), default: path }]);
  return `${JSON.stringify({ ...rest, exports: Object.fromEntries(both), files: ['dist'] }, undefined, 2)}\n`;
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
execFileSync('tsc', ['-p', SOURCE, '--outDir', join(target, 'dist')], { stdio: 'inherit' });
for (const file of ['README.md', 'LICENSE']) cpSync(join(SOURCE, file), join(target, file));
writeFileSync(join(target, 'package.json'), published(readFileSync(join(SOURCE, 'package.json'), 'utf8')));
const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: target, encoding: 'utf8' });
process.stdout.write(`${join(folder, packed.trim())}\n`);
