import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { MetalError } from '../../src/lib/errors.ts';
import type { Environment } from '../kubernetes/programs.ts';

/** A short command of the lab failed; the message is the command and its error text. */
export class CommandError extends MetalError {
  readonly code = 'COMMAND_FAILED';
  readonly retryable = false;
}

/** What to hand to a command besides its arguments. */
export interface CommandOptions {
  readonly stdin?: string;
  readonly environment?: Environment;
  /** A minute when not given. */
  readonly withinMilliseconds?: number;
  readonly signal?: AbortSignal;
}

/** None of these commands has anything to wait for. */
const DEADLINE_MILLISECONDS = 60_000;

/** Where Debian keeps ip, nft and sysctl, which an ordinary user's PATH leaves out. */
const SYSTEM_FOLDERS = '/usr/local/sbin:/usr/sbin:/sbin';

/** The PATH of this process with the folders for system programs behind it. */
export function searchPath(): string {
  return `${process.env.PATH ?? ''}:${SYSTEM_FOLDERS}`;
}

/** Runs a short command to its end and gives its standard output; throws a {@link CommandError} when it fails. */
export async function run(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const deadline = AbortSignal.timeout(options.withinMilliseconds ?? DEADLINE_MILLISECONDS);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const [program = '', ...rest] = command;
  const child = spawn(program, rest, { env: options.environment ?? { PATH: searchPath(), LANG: 'C' }, signal });
  child.stdin.on('error', () => undefined); // it may end before it has read what it was given
  child.stdin.end(options.stdin ?? '');
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [printed, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new CommandError(`${command.join(' ')}: ${complaint.trim() || `ended with ${code}`}`);
  return printed;
}
