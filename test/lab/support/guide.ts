import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../../hack/lab/command.ts';
import type { Lab } from '../../../hack/lab/lab.ts';

const CHECKOUT = join(import.meta.dirname, '../../..');

/** A step is as long as the longest wait in its commands. */
const STEP_MILLISECONDS = 600_000;

/** The commands of each numbered step of a section of a page, as they stand there. Throws when there is no such section. */
export async function stepsOf(page: string, section: string): Promise<readonly string[]> {
  const text = await readFile(join(CHECKOUT, 'docs', page), 'utf8');
  const [, after] = text.split(`\n## ${section}\n`);
  if (after === undefined) throw new Error(`${page} has no section ${section}`);
  const [body = ''] = after.split(/^##/m);
  return body
    .split(/^\d+\. /m)
    .slice(1)
    .map((step) => step.match(/^ {7}\S.*$/gm)?.map((line) => line.trim()) ?? [])
    .map((lines) => lines.join('\n'));
}

/** Runs the commands of a step in a shell, in the checkout and with every right, up to the first that fails; gives what they printed. */
export async function play(lab: Lab, step: string): Promise<string> {
  const { servers, adminKubeconfig } = lab.control;
  const programs = `${dirname(servers.kubectl)}:${join(CHECKOUT, 'bin')}`;
  const environment = { PATH: `${programs}:${process.env.PATH ?? ''}`, KUBECONFIG: adminKubeconfig, HOME: lab.folder };
  const command = ['sh', '-euc', `cd "$0"\n${step}`, CHECKOUT];
  return await run(command, { environment, withinMilliseconds: STEP_MILLISECONDS });
}
