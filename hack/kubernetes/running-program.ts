import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { MetalError } from '../../src/lib/errors.ts';
import { eventually } from './eventually.ts';
import type { Environment } from './programs.ts';

/** A program ended by itself or did not do what it was started for; the message carries the end of its log. */
export class ProgramError extends MetalError {
  readonly code = 'PROGRAM_FAILED';
  readonly retryable = false;
}

/** What to start, and where its output goes. */
export interface Launch {
  /** What to call it in messages. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly environment: Environment;
  /** A file that standard output and error are appended to. */
  readonly log: string;
}

/** How many lines of a log a message carries: enough for the cause, little enough to read. */
const TAIL_LINES = 15;

/** A program that does not end within this long after SIGTERM hangs, and is killed: all of them need a second or two on an idle machine. */
const STOP_MILLISECONDS = 30_000;

/** One program that was started and its log. Starting is synchronous; that it can run at all shows in {@link exited}. */
export class RunningProgram {
  readonly name: string;
  readonly log: string;
  /** Fulfilled when it ended, with its exit code or the signal's name; never rejected. */
  readonly exited: Promise<number | string>;
  readonly #child: ChildProcess;

  private constructor(launch: Launch, child: ChildProcess) {
    this.name = launch.name;
    this.log = launch.log;
    this.#child = child;
    this.exited = new Promise((resolve) => {
      child.once('error', (cause) => resolve(cause.message));
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  /** Starts a program in a session of its own, so that the terminal's Ctrl-C reaches only who started it. */
  static start(launch: Launch): RunningProgram {
    const [program = '', ...rest] = launch.command;
    const log = openSync(launch.log, 'a', 0o600);
    try {
      const child = spawn(program, rest, { env: launch.environment, stdio: ['ignore', log, log], detached: true });
      child.unref();
      return new RunningProgram(launch, child);
    } finally {
      closeSync(log);
    }
  }

  /** The process's number; `undefined` when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it has not ended. */
  get alive(): boolean {
    return this.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Freezes the program (SIGSTOP): its connections stay, nothing answers. On a busy machine its threads may run for some time yet: see {@link paused}. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Fulfilled when no thread of the program that was told to {@link pause} runs any more. */
  async paused(): Promise<void> {
    const isStopped = async (): Promise<boolean> => (await statesOf(this.pid)).every((state) => state === 'T');
    await eventually(`${this.name} stands still`, isStopped, { withinMilliseconds: STOP_MILLISECONDS, pauseMilliseconds: 5 });
  }

  /** Lets a paused program go on. */
  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Asks it to end and waits; kills it when it takes too long. Fulfilled when it has ended. */
  async stop(withinMilliseconds: number = STOP_MILLISECONDS): Promise<void> {
    if (!this.alive) return;
    this.#child.ref();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), withinMilliseconds);
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGTERM');
    await this.exited;
    clearTimeout(timer);
  }

  /** Kills it without a word, as a crash would, and waits until it is gone. */
  async kill(): Promise<void> {
    if (!this.alive) return;
    this.#child.ref();
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** The last lines of its log. */
  async tail(lines: number = TAIL_LINES): Promise<string> {
    const text = await readFile(this.log, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** An error that says `what` of this program, with the end of its log. */
  async failure(what: string): Promise<ProgramError> {
    return new ProgramError(`${this.name} ${what}; the end of ${basename(this.log)}:\n${await this.tail()}`);
  }
}

/** What each thread of a process does, in the letters of proc(5). */
async function statesOf(pid: number | undefined): Promise<readonly string[]> {
  const folder = `/proc/${pid}/task`;
  const stats = (await readdir(folder)).map((thread) => readFile(`${folder}/${thread}/stat`, 'utf8'));
  // The name of the program comes before, in brackets, and may hold anything.
  return (await Promise.all(stats)).map((stat) => stat.slice(stat.lastIndexOf(')') + 2).charAt(0));
}
