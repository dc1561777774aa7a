import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { searchPath } from '../../../hack/lab/command.ts';
import type { Lab } from '../../../hack/lab/lab.ts';

const BIN = join(import.meta.dirname, '../../../bin');
/** Longer than any of its commands takes. */
const DEADLINE_MILLISECONDS = 240_000;

/** What a command said, and how it ended. */
export interface Told {
  readonly code: number | null;
  readonly printed: string;
  readonly complaint: string;
}

/** How a command is run. */
export interface TypemetalOptions {
  readonly stdin?: string;
  /** The administrator's unless told. */
  readonly kubeconfig?: string;
}

/** Runs `kubectl typemetal` as people do: kubectl finds the plug-in on the PATH. */
export async function runTypemetal(lab: Lab, args: readonly string[], options: TypemetalOptions = {}): Promise<Told> {
  const { stdin = '', kubeconfig = lab.control.adminKubeconfig } = options;
  const home = join(lab.folder, 'home');
  await mkdir(home, { recursive: true });
  const environment = { PATH: `${BIN}:${searchPath()}`, KUBECONFIG: kubeconfig, HOME: home };
  const child = spawn(lab.control.servers.kubectl, ['typemetal', ...args], {
    env: environment,
    signal: AbortSignal.timeout(DEADLINE_MILLISECONDS),
  });
  child.stdin.on('error', () => undefined); // it may end before it has read what it was given
  child.stdin.end(stdin);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [printed, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, printed, complaint };
}
