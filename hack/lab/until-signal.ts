import { describeError, MetalError } from '../../src/lib/errors.ts';
import { Sandbox } from '../kubernetes/sandbox.ts';

/** Why a story stopped before its end: somebody pressed Ctrl-C or ended the process. */
class Interrupted extends MetalError {
  readonly code = 'INTERRUPTED';
  readonly retryable = true;
}

/** What a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED_STATUS = 130;

/** Any time will do. */
const KEEP_ALIVE_MILLISECONDS = 60_000;

/** What happens in a sandbox, and what is to be said of it when it is gone. */
export interface Story {
  readonly tell: (sandbox: Sandbox, signal: AbortSignal) => Promise<void>;
  readonly afterwards?: (sandbox: Sandbox) => Promise<void>;
  /** Whether being stopped is its proper end, and no failure. */
  readonly endless?: boolean;
}

/**
 * Tells a story in a sandbox, and removes the sandbox at its end, also when it fails and when the process is told to
 * stop. Then ends this process: with exit code 0 only when the story came to its end.
 */
export async function tellInSandbox(story: Story): Promise<never> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort(new Interrupted(`stopped by ${name}`)));
  // The children do not keep this process alive: a story may be waiting for nothing but them.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MILLISECONDS);
  try {
    const told = await inSandbox((sandbox) => Promise.race([story.tell(sandbox, stop.signal), rejection(stop.signal)]));
    await story.afterwards?.(told);
  } catch (thrown) {
    process.exitCode = tellFailure(thrown, story.endless === true);
  }
  clearInterval(alive);
  // What a story that was left in the middle still waits for is gone with its sandbox.
  process.exit();
}

/** Says why a story ended early, and gives the exit code for that. */
function tellFailure(thrown: unknown, endless: boolean): number {
  const interrupted = thrown instanceof Interrupted;
  const reason = thrown instanceof MetalError ? thrown.message : describeError(thrown);
  process.stderr.write(`\n${interrupted ? `${reason}, everything is removed` : `failed: ${reason}`}\n`);
  if (!interrupted) return 1;
  return endless ? 0 : INTERRUPTED_STATUS;
}

/** Gives the sandbox when it is gone. */
async function inSandbox(tell: (sandbox: Sandbox) => Promise<void>): Promise<Sandbox> {
  await using sandbox = await Sandbox.open();
  await tell(sandbox);
  return sandbox;
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}
