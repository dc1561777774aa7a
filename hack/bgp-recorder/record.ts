// Records what real routers say, anew: make recordings. Names of scenarios, as in `frr-external`, record those alone.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisionError } from '../kubernetes/provision-error.ts';
import { requirements } from '../lab/requirements.ts';
import { ROUTER_PROGRAMS } from '../lab/routers/programs.ts';
import { Recorder } from './recorder.ts';
import { formatRecording } from './recording.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const FOLDER = join(import.meta.dirname, '../../packages/bgp-parser/recordings');

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One router after the other plays the scenarios of its kind. */
async function recordAll(wanted: readonly Scenario[]): Promise<void> {
  await using recorder = await Recorder.open();
  for (const scenario of wanted) {
    const recording = await recorder.record(scenario);
    const file = `${scenario.kind.name}-${scenario.name}.txt`;
    await writeFile(join(FOLDER, file), formatRecording(recording));
    report(`${file}: ${recording.messages.length} messages`);
  }
}

const names = process.argv.slice(2);
const wanted = SCENARIOS.filter(({ kind, name }) => names.length === 0 || names.includes(`${kind.name}-${name}`));
const missing = await requirements(report, ROUTER_PROGRAMS);
if (missing.length > 0) throw new ProvisionError(`this machine cannot record, it lacks ${missing.join('; ')}`, false);
// The children do not keep this process alive, and a scenario may be waiting for nothing but them.
const alive = setInterval(() => undefined, 60_000);
await Promise.all([...Map.groupBy(wanted, ({ kind }) => kind).values()].map(recordAll));
clearInterval(alive);
