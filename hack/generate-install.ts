// Writes dist/install.yaml: what `kubectl apply -k config/default` would apply, as one file. With --check it only tells whether that is so.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lookUp, places } from './kubernetes/places.ts';
import { ensureServers } from './kubernetes/servers.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILE = join(ROOT, 'dist', 'install.yaml');
const HEADER = '# Generated from config/default; change that, then: make generate\n';

/** The kustomize in it is the one that users have. */
async function kubectl(): Promise<string> {
  const found = await lookUp('kubectl', await places(process.env));
  if (found !== undefined) return found.path;
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  return (await ensureServers({ environment: process.env, report })).kubectl;
}

const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;
const fresh = HEADER + execFileSync(await kubectl(), ['kustomize', join(ROOT, 'config', 'default')], { encoding: 'utf8' });
const found = existsSync(FILE) ? readFileSync(FILE, 'utf8') : '';
if (!check) {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, fresh);
} else if (found !== fresh) {
  process.stderr.write('dist/install.yaml does not match config/default: run make generate and commit the result\n');
  process.exitCode = 1;
}
