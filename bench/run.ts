// Runs the benchmarks one after the other and keeps what they print: `make bench`, or `make bench ARGS="arp services"`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { requirements } from '../hack/lab/requirements.ts';
import { print } from './samples.ts';

const BENCHMARKS = [
  'allocation',
  'arp',
  'bgp',
  'bgp-parser',
  'hellos',
  'layer2',
  'leader',
  'plan',
  'pods',
  'services',
  'speaker-start',
] as const;
const FOLDER = fileURLToPath(new URL('results', import.meta.url));

const words = process.argv.slice(2);
/** Options are the benchmark's own, as in `bgp --present=0,1000`. */
const options = words.filter((word) => word.startsWith('--'));
const wanted = words.filter((word) => !word.startsWith('--'));
const unknown = wanted.filter((name) => !BENCHMARKS.some((benchmark) => benchmark === name));
if (unknown.length > 0) {
  process.stderr.write(`there is no benchmark ${unknown.join(', ')}: choose from ${BENCHMARKS.join(', ')}\n`);
  process.exit(1);
}
const missing = await requirements((line) => void process.stderr.write(`${line}\n`));
if (missing.length > 0) {
  process.stderr.write(`this machine cannot run the benchmarks, it lacks ${missing.join('; ')}\n`);
  process.exit(1);
}
await mkdir(FOLDER, { recursive: true });
print('machine', { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), node: process.version });
for (const name of BENCHMARKS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.pipe(process.stdout, { end: false });
  child.stdout.pipe(createWriteStream(`${FOLDER}/${name}.jsonl`));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) process.exit(1);
}
