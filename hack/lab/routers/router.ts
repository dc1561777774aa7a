import { mkdir, writeFile } from 'node:fs/promises';
import { eventually } from '../../kubernetes/eventually.ts';
import type { Environment } from '../../kubernetes/programs.ts';
import type { RunningProgram } from '../../kubernetes/running-program.ts';
import type { Sandbox } from '../../kubernetes/sandbox.ts';
import type { Host } from '../host.ts';

/** One program of a router. */
export interface Daemon {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Environment;
}

/** What all of one make of routers have in common: how they are started and spoken to. `folder` is the router's own. */
export interface RouterKind {
  readonly name: 'frr' | 'bird' | 'gobgp' | 'exabgp';
  /** The file in the router's folder that its configuration is written to. */
  readonly configurationFile: string;
  /** The whole configuration, made of what the user of the router writes. */
  readonly complete: (folder: string, configuration: string) => string;
  /** The programs that it consists of, in the order to start them in. */
  readonly daemons: (folder: string) => readonly Daemon[];
  /** The command that has one line of the router's own command language carried out. */
  readonly order: (folder: string, line: string) => readonly string[];
  /** The command that prints its version, and where in what it prints that stands. */
  readonly version: { readonly command: readonly string[]; readonly pattern: RegExp };
}

/** A port that somebody listens on stands in the fourth column of what ss prints. */
const BGP_LISTENERS = ['ss', '--no-header', '--listening', '--tcp', '--numeric', 'sport = :179'];

/** All four are ready within a second on an idle core; ExaBGP, which is written in Python, takes longest. */
const READY_MILLISECONDS = 120_000;

/**
 * A router that runs on a host of the lab, with the configuration, sockets and logs in a folder of the lab's own: nothing
 * of the machine's own installation is read or written, and any number of them run side by side.
 */
export class Router implements AsyncDisposable {
  readonly kind: RouterKind;
  readonly host: Host;
  readonly #folder: string;
  readonly #programs: RunningProgram[] = [];

  private constructor(kind: RouterKind, host: Host, folder: string) {
    this.kind = kind;
    this.host = host;
    this.#folder = folder;
  }

  /** Starts a router on `host`; fulfilled when it takes BGP connections. One host has one router of a kind. */
  static async start(sandbox: Sandbox, kind: RouterKind, host: Host, configuration: string): Promise<Router> {
    const folder = sandbox.path('routers', `${host.name}-${kind.name}`);
    await mkdir(folder, { recursive: true });
    const router = new Router(kind, host, folder);
    await router.configure(configuration);
    await router.start();
    return router;
  }

  /** Writes another configuration; it counts from the next start on, or when the router is told to read it. */
  async configure(configuration: string): Promise<void> {
    await writeFile(`${this.#folder}/${this.kind.configurationFile}`, this.kind.complete(this.#folder, configuration));
  }

  /** Starts it again after {@link stop} or {@link kill}; fulfilled when it takes BGP connections. */
  async start(): Promise<void> {
    for (const { name, command, environment } of this.kind.daemons(this.#folder))
      this.#programs.push(this.host.start(`${this.host.name}-${name}`, command, environment));
    const ready = async (): Promise<'ready' | RunningProgram | false> => {
      const ended = this.#programs.find((program) => !program.alive);
      if (ended !== undefined) return ended;
      return (await this.host.run(BGP_LISTENERS)).trim() !== '' && 'ready';
    };
    const what = `${this.kind.name} on ${this.host.name} takes BGP connections`;
    const outcome = await eventually(what, ready, { withinMilliseconds: READY_MILLISECONDS });
    if (outcome !== 'ready') throw await outcome.failure('ended while starting');
  }

  /** Has one line of the router's own command language carried out, and gives what it printed. */
  order(line: string): Promise<string> {
    return this.host.run(this.kind.order(this.#folder, line));
  }

  /** The version, as the router itself tells it. */
  async version(): Promise<string> {
    const { command, pattern } = this.kind.version;
    return pattern.exec(await this.host.run(command))?.[1] ?? 'unknown';
  }

  /** Ends it in good order: it takes leave of its neighbours. */
  async stop(): Promise<void> {
    for (const program of this.#programs.splice(0).reverse()) await program.stop();
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    for (const program of this.#programs.splice(0).reverse()) await program.kill();
  }

  /** Freezes it: its connections stay, and nothing is said or heard on them until it is {@link thaw}ed. */
  freeze(): void {
    for (const program of this.#programs) program.pause();
  }

  /** Lets it go on after {@link freeze}. */
  thaw(): void {
    for (const program of this.#programs) program.resume();
  }

  /** The last lines that its BGP daemon wrote, as many as a person would read unless told. */
  async tail(lines?: number): Promise<string> {
    return (await this.#programs.at(-1)?.tail(lines)) ?? '';
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
