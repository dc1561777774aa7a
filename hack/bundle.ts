// What an image of the product holds beside Node: `make bundle` puts it into build/bundle. Four files of JavaScript, made by esbuild of
// the sources and the packages they use, the compiled files, a launcher for each program, and the licences of all that is in there.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeClientPart } from './bundle/client-part.ts';
import { licencesOf, packagesIn } from './bundle/licences.ts';
import { originsOf } from './bundle/origins.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const target = resolve(process.argv[2] ?? join(ROOT, 'build', 'bundle'));
const library = join(target, 'lib');

/** What each file is made of. */
const ENTRIES = [
  'controller=src/operators/main.ts',
  'speaker=src/speaker/main.ts',
  'wire=src/speaker/shell/main.ts',
  'kubectl-typemetal=src/cli/main.ts',
];
/** The binary package itself: the package around it runs a script when it is installed. */
const ESBUILD = join(ROOT, 'node_modules', '@esbuild', `linux-${process.arch}`, 'bin', 'esbuild');
/** What packages written for CommonJS ask for. */
const PREAMBLE = "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);";

/**
 * The flags of bin/launch.sh, but that there are no types to strip, and that the bundled packages use a module that Node warns of. One arena that is
 * trimmed keeps 6 MB less of the C library's memory on each node (glibc, mallopt(3)); little of either process is allocated there.
 */
function launcher(name: string): string {
  return [
    '#!/bin/sh',
    'root=$(dirname "$(dirname "$(readlink -f "$0")")")',
    'export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072',
    `exec node --max-semi-space-size=4 --disable-warning=DEP0040 "$root/lib/${name}.js" "$@"`,
    '',
  ].join('\n');
}

rmSync(target, { recursive: true, force: true });
for (const folder of [library, join(target, 'bin')]) mkdirSync(folder, { recursive: true });
const meta = join(ROOT, 'build', 'bundle.json');
const parts = writeClientPart(ROOT, join(ROOT, 'build', 'client-part'));
execFileSync(
  ESBUILD,
  [
    ...ENTRIES,
    `--outdir=${library}`,
    `--metafile=${meta}`,
    ...['--sourcemap=external', '--sources-content=false'],
    `--banner:js=${PREAMBLE}`,
    ...Object.entries(parts).map(([name, path]) => `--alias:${name}=${path}`),
    ...['--bundle', '--platform=node', '--target=node24', '--format=esm', '--log-level=warning'],
    // Names and lines stay, for stack traces; comments go, for their licences are collected below.
    ...['--minify-whitespace', '--minify-syntax', '--legal-comments=none', '--line-limit=160'],
  ],
  { cwd: ROOT, stdio: 'inherit' },
);
for (const map of readdirSync(library).filter((name) => name.endsWith('.map'))) {
  const path = join(library, map);
  const origins = originsOf(readFileSync(path, 'utf8'), (source) => !source.includes('node_modules/'));
  writeFileSync(path.replace(/map$/, 'origins'), origins);
  rmSync(path);
}
const compiled = readdirSync(join(ROOT, 'build')).filter((name) => name.endsWith('.node'));
for (const name of compiled) cpSync(join(ROOT, 'build', name), join(library, name));
const { name, version, license } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
writeFileSync(join(library, 'package.json'), `${JSON.stringify({ name, version, license, type: 'module' })}\n`);
for (const program of ['controller', 'speaker', 'kubectl-typemetal']) {
  writeFileSync(join(target, 'bin', program), launcher(program));
  chmodSync(join(target, 'bin', program), 0o755);
}
cpSync(join(ROOT, 'LICENSE'), join(target, 'LICENSE'));
writeFileSync(join(target, 'LICENSES-OF-PACKAGES'), licencesOf(ROOT, packagesIn(readFileSync(meta, 'utf8'))));
process.stdout.write(`${target}\n`);
