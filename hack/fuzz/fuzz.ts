// Looks for octets that break a promise of the BGP codec: make fuzz, make fuzz SECONDS=600 ARGS="update open".
import { parseArgs } from 'node:util';
import { TARGETS } from './targets.ts';
import { fuzz } from './watch.ts';

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    runs: { type: 'string', default: String(Number.MAX_SAFE_INTEGER) },
    seed: { type: 'string', default: String(Date.now() & 0x7fff_ffff) },
  },
  allowPositionals: true,
});
const limits = { seconds: Number(values.seconds), runs: Number(values.runs), seed: Number(values.seed) };
const names = TARGETS.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0 || Object.values(limits).some(Number.isNaN)) {
  process.stderr.write(`usage: fuzz.ts [--seconds N] [--runs N] [--seed N] [TARGET …]; targets: ${names.join(', ')}\n`);
  process.exit(2);
}

for (const name of positionals.length === 0 ? names : positionals) {
  const { runs, blocks, kept, stepsPerOctet, find } = await fuzz(name, limits);
  const figures = `${runs} inputs, ${blocks} blocks reached, ${kept} inputs kept, at most ${stepsPerOctet.toFixed(1)} steps an octet`;
  process.stdout.write(`${name}: ${find === undefined ? 'nothing found' : 'FOUND'}: ${figures}, seed ${limits.seed}\n`);
  if (find === undefined) continue;
  process.stdout.write(`${Buffer.from(find.input).toString('hex')}\n${find.reason}\n`);
  process.exitCode = 1;
}
