import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { MetalError } from '../../src/lib/errors.ts';
import type { Environment } from './programs.ts';

/** kubectl ended with an exit code other than zero; the message is what it printed. */
export class KubectlError extends MetalError {
  readonly code = 'KUBECTL_FAILED';
  readonly retryable = false;
}

/** What to hand to kubectl besides its arguments. */
export interface KubectlOptions {
  /** For `-f -`. */
  readonly stdin?: string;
  readonly signal?: AbortSignal;
}

/** Runs kubectl and gives its standard output; throws a {@link KubectlError} with its error text when it fails. */
export type Kubectl = (args: readonly string[], options?: KubectlOptions) => Promise<string>;

/** A command of kubectl that takes longer than this hangs. */
const DEADLINE_MILLISECONDS = 240_000;

/** The given kubectl with an environment that holds KUBECONFIG and a HOME to cache in. */
export function kubectlWith(program: string, environment: Environment): Kubectl {
  return async (args, options = {}) => {
    const deadline = AbortSignal.timeout(DEADLINE_MILLISECONDS);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
    const child = spawn(program, args, { env: environment, signal });
    child.stdin.on('error', () => undefined); // kubectl may end before it has read what it was given
    child.stdin.end(options.stdin ?? '');
    const code = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const [printed, complaint, ended] = await Promise.all([text(child.stdout), text(child.stderr), code]);
    if (ended !== 0) throw new KubectlError(`kubectl ${args.join(' ')}: ${complaint.trim() || `ended with ${ended}`}`);
    return printed;
  };
}
