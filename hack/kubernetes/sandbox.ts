import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from './programs.ts';
import { ProgramError, RunningProgram } from './running-program.ts';
import { MARK, newSandbox } from './sandbox-folder.ts';
import { namespaceName, removeOrphans } from './sweep.ts';

/** Killing some thirty processes and deleting a dozen namespaces takes a second or two, on a busy machine ten. */
const REMOVAL_MILLISECONDS = 150_000;

/**
 * A folder, processes and network namespaces that live exactly as long as their owner. Disposing of the sandbox
 * removes all of it; a warden process does the same when the owner dies, however it dies, and the next sandbox that
 * is opened removes what a killed warden left.
 */
export class Sandbox implements AsyncDisposable {
  /** Six hexadecimal digits, in the name of everything that belongs to it. */
  readonly id: string;
  /** Held in memory where possible, readable by this user only. */
  readonly folder: string;
  readonly #warden: ChildProcess;
  readonly #gone: Promise<void>;
  #closing: boolean = false;

  private constructor(id: string, folder: string, warden: ChildProcess) {
    this.id = id;
    this.folder = folder;
    this.#warden = warden;
    this.#gone = new Promise((resolve) => warden.once('exit', () => resolve()));
  }

  /** Opens an empty sandbox, after removing those whose owners have died. */
  static async open(): Promise<Sandbox> {
    await removeOrphans();
    const { folder, record } = newSandbox();
    const program = fileURLToPath(new URL('./warden.ts', import.meta.url));
    const args = ['--disable-warning=ExperimentalWarning', program, folder, JSON.stringify(record)];
    const warden = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    const [word] = await Promise.race([once(warden.stdout, 'data'), once(warden, 'exit')]);
    if (String(word) !== 'ready\n') throw new ProgramError(`no sandbox could be made in ${folder}: its warden ended with ${word}`);
    warden.stdout.destroy();
    warden.unref();
    return new Sandbox(record.id, folder, warden);
  }

  /**
   * The environment of this sandbox's processes: only what is given here, a PATH, a home and the mark. Throws once the
   * sandbox is being disposed of: what is started then would outlive it.
   */
  environment(more: Environment = {}): Environment {
    if (this.#closing) throw new ProgramError(`nothing can be started any more: the sandbox ${this.id} is being removed`);
    const path = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
    return { PATH: path, HOME: this.folder, LANG: 'C', ...more, [MARK]: this.id };
  }

  /** Starts a program that ends with the sandbox; its log is `logs/NAME.log` in the folder. */
  start(name: string, command: readonly string[], more: Environment = {}): RunningProgram {
    return RunningProgram.start({ name, command, environment: this.environment(more), log: this.path('logs', `${name}.log`) });
  }

  /** The full name of this sandbox's network namespace `name`. */
  namespace(name: string): string {
    return namespaceName(this.id, name);
  }

  /** A path inside the folder. */
  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** Ends the sandbox: fulfilled when its processes, namespaces and folder are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#warden.stdin?.destroy();
    const timer = setTimeout(() => this.#warden.kill('SIGKILL'), REMOVAL_MILLISECONDS);
    await this.#gone;
    clearTimeout(timer);
    if (this.#warden.exitCode !== 0) throw new ProgramError(`the sandbox ${this.id} could not be removed whole: see ${this.folder}`);
  }
}
