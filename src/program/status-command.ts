import { join } from 'node:path';
import { describeError } from '../lib/errors.ts';
import { describeOptions, type OptionTable, parseOptions, textOption } from '../lib/go-flags.ts';
import type { Surroundings } from './program.ts';
import { readStatus } from './status-socket.ts';

interface StatusOptions {
  readonly stateDirectory: string;
}

const OPTIONS: OptionTable<StatusOptions> = {
  stateDirectory: textOption(
    'DIR',
    { flag: 'state-directory', env: 'TYPEMETAL_STATE_DIRECTORY', group: 'Node', help: 'folder of the speaker whose status is asked for' },
    '/run/typemetal',
  ),
};

/** The socket in the folder of a speaker on which it tells its status. */
export function statusPathIn(stateDirectory: string): string {
  return join(stateDirectory, 'status.sock');
}

/** Carries out `speaker status`: prints what the speaker of this node tells of itself, one JSON object. Gives the exit code. */
export async function runStatusCommand(surroundings: Omit<Surroundings, 'serviceAccountNamespace' | 'version'>): Promise<number> {
  const { argv, environment, stdout, stderr, clock, signal } = surroundings;
  const parsed = parseOptions(OPTIONS, argv.slice(1), environment);
  const refuse = (why: string): number => {
    stderr.write(`speaker status: ${why}\n`);
    return 1;
  };
  if (!parsed.ok) return refuse(parsed.error);
  if (parsed.value.kind !== 'run') {
    stdout.write(describeOptions('speaker status: prints how the speaker of this node is, as JSON.', OPTIONS));
    return 0;
  }
  try {
    stdout.write(await readStatus(statusPathIn(parsed.value.values.stateDirectory), clock, signal));
    return 0;
  } catch (thrown) {
    return refuse(describeError(thrown));
  }
}
