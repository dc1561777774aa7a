import { spawn } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { executable } from './places.ts';
import { type Environment, ETCD_VERSION, KUBERNETES_VERSION, type ProgramName, type Provision } from './programs.ts';
import { ProvisionError } from './provision-error.ts';
import { stage } from './stage.ts';
import { spanText, Ticker } from './ticker.ts';

/** Where Go's own installer puts it, which is not on everybody's PATH. */
const USUAL_ROOT = '/usr/local/go';

/** The module that holds the server of etcd; its program is named after the last part that is no version. */
const ETCD_MODULE = 'go.etcd.io/etcd/server/v3';

/** Packages that the five programs are made of, for the progress lines only. */
const PACKAGES_ABOUT = 2_750;

/** How many lines of the compiler's words are kept for a failure. */
const KEPT_LINES = 20;

/** The Go program: on the PATH, in GOROOT, or at its usual place. */
export async function findGo(environment: Environment): Promise<string | undefined> {
  const onPath = (environment.PATH ?? '').split(delimiter).map((folder) => join(folder, 'go'));
  for (const path of [...onPath, join(environment.GOROOT || USUAL_ROOT, 'bin', 'go')]) if (await executable(path)) return path;
  return undefined;
}

/**
 * Builds the programs from Go modules into `folder`: about five minutes for all of them on two cores with nothing
 * cached. Go checks what it fetches against its checksum database. Throws a {@link ProvisionError} with the end of Go's words.
 */
export async function buildPrograms(
  go: string,
  names: readonly ProgramName[],
  folder: string,
  provision: Provision,
  signal?: AbortSignal,
): Promise<void> {
  const { report } = provision;
  report(`building ${names.join(', ')} from Go modules: about 5 minutes on two cores, once`);
  const began = performance.now();
  await stage(folder, async (temporary, ready) => {
    const module = join(temporary, 'module');
    await mkdir(module);
    const toolchain = new Toolchain(go, module, goEnvironment(provision.environment, folder), signal);
    await writeFile(join(module, 'go.mod'), goModule(await kubernetesModule(toolchain)));
    using _ticker = new Ticker(report, () => toolchain.progress());
    await toolchain.run(['build', '-v', '-trimpath', `-ldflags=${linkerFlags()}`, '-o', `${ready}/`, ...names.map(packageOf)]);
    if (names.includes('etcd')) await rename(join(ready, 'server'), join(ready, 'etcd'));
  });
  report(`built in ${spanText(performance.now() - began)}: kept in ${folder}`);
}

/** The main package of a program. */
function packageOf(name: ProgramName): string {
  return name === 'etcd' ? ETCD_MODULE : `k8s.io/kubernetes/cmd/${name}`;
}

/** What a program answers when it is asked for its version; without these flags it would call itself v0.0.0. */
function linkerFlags(): string {
  const [major, minor] = KUBERNETES_VERSION.slice(1).split('.');
  const values = { gitVersion: KUBERNETES_VERSION, gitMajor: major, gitMinor: minor, gitTreeState: 'clean', gitCommit: 'unknown' };
  const settings = Object.entries(values).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return ['-s', '-w', ...settings].join(' ');
}

/** The text of the go.mod file of Kubernetes itself. */
async function kubernetesModule(toolchain: Toolchain): Promise<string> {
  const answer = JSON.parse(await toolchain.run(['mod', 'download', '-json', `k8s.io/kubernetes@${KUBERNETES_VERSION}`])) as {
    GoMod: string;
  };
  return await readFile(answer.GoMod, 'utf8');
}

/**
 * A module that requires Kubernetes and etcd. Kubernetes names the modules of its own tree at v0.0.0, which nobody
 * published: each of them, and only those, is replaced by the version published with this release.
 */
export function goModule(kubernetes: string): string {
  const published = KUBERNETES_VERSION.replace(/^v1/, 'v0');
  const staging = [...kubernetes.matchAll(/^\s+(k8s\.io\/[a-z-]+) v0\.0\.0$/gm)].map((match) => match[1] ?? '');
  const language = /^go .*$/m.exec(kubernetes)?.[0] ?? '';
  const replaced = [...new Set(staging)].map((name) => `replace ${name} => ${name} ${published}`);
  return [
    'module test-servers',
    language,
    `require k8s.io/kubernetes ${KUBERNETES_VERSION}`,
    `require ${ETCD_MODULE} ${ETCD_VERSION}`,
    ...replaced,
    '',
  ].join('\n');
}

/** Go's environment: the caller's, static programs, and folders beside the cache where there is no home to have them in. */
export function goEnvironment(environment: Environment, folder: string): Environment {
  const homeless = environment.HOME === undefined ? { GOPATH: join(folder, '..', 'go'), GOCACHE: join(folder, '..', 'go-build') } : {};
  const flags = `${environment.GOFLAGS ?? ''} -mod=mod -modcacherw -buildvcs=false`.trim();
  return { ...homeless, ...environment, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: flags };
}

/** The go program in one module, and how far it is. */
export class Toolchain {
  readonly #go: string;
  readonly #folder: string;
  readonly #environment: Environment;
  readonly #signal: AbortSignal | undefined;
  #fetched = 0;
  #compiled = 0;

  constructor(go: string, folder: string, environment: Environment, signal?: AbortSignal) {
    this.#go = go;
    this.#folder = folder;
    this.#environment = environment;
    this.#signal = signal;
  }

  /** One line on how far it is. */
  progress(): string {
    return `${this.#fetched} modules fetched, ${this.#compiled} of about ${PACKAGES_ABOUT} packages compiled`;
  }

  /** Runs the go program and gives its standard output. */
  async run(args: readonly string[]): Promise<string> {
    const child = spawn(this.#go, args, {
      cwd: this.#folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: this.#signal,
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const [printed, words, code] = await Promise.all([text(child.stdout), this.#listen(child.stderr), ended]);
    if (code !== 0) throw new ProvisionError(`go ${args[0]} failed:\n${words.join('\n')}`, true);
    return printed;
  }

  /** Counts what is told of each step, and keeps the last lines. */
  async #listen(stream: AsyncIterable<Buffer>): Promise<string[]> {
    const kept: string[] = [];
    let partial = '';
    for await (const chunk of stream) {
      const lines = `${partial}${chunk}`.split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('go: downloading')) this.#fetched++;
        else this.#compiled++;
      }
      kept.push(...lines);
      kept.splice(0, kept.length - KEPT_LINES);
    }
    return kept;
  }
}
