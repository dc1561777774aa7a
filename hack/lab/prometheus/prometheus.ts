import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../kubernetes/eventually.ts';
import type { RunningProgram } from '../../kubernetes/running-program.ts';
import type { Host } from '../host.ts';
import type { Lab } from '../lab.ts';
import { PRODUCT_NAMESPACE } from '../product.ts';
import { configurationOf, type ServiceMonitor } from './configuration.ts';
import { type Listed, targetsOf } from './discovery.ts';

/** What to watch, and as whom. */
export interface Watch {
  readonly monitors: readonly ServiceMonitor[];
  /** What a file of rules holds. */
  readonly rules: object;
  /** The service account, as `namespace/name`. */
  readonly account: string;
}

/** One series with its value at one time. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** One thing that is scraped. */
export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: 'up' | 'down' | 'unknown';
  readonly scrapeUrl: string;
  readonly lastError: string;
}

/** So that a test waits seconds, not minutes; a scrape may take as long, on a machine that has other things to do. */
const INTERVAL = '2s';
const PORT = 9090;
const READY_MILLISECONDS = 60_000;
const WITHIN_MILLISECONDS = 5_000;

/** Debian's Prometheus on a host of the lab, configured as the Prometheus operator configures its own; it is told what there is by {@link discover}. */
export class Prometheus implements AsyncDisposable {
  readonly #host: Host;
  readonly #program: RunningProgram;
  /** Gives what its account sees of a kind. */
  readonly #list: (kind: keyof Listed) => Promise<unknown>;
  readonly #targets: string;

  private constructor(host: Host, program: RunningProgram, parts: { list: (kind: keyof Listed) => Promise<unknown>; targets: string }) {
    this.#host = host;
    this.#program = program;
    this.#list = parts.list;
    this.#targets = parts.targets;
  }

  /** Starts it on `host`, with all it keeps in a folder of the lab; fulfilled when it answers. */
  static async start(lab: Lab, host: Host, { monitors, rules, account }: Watch): Promise<Prometheus> {
    const folder = lab.sandbox.path('prometheus');
    await mkdir(folder, { recursive: true });
    const [namespace = '', name = ''] = account.split('/');
    const kubeconfig = await lab.control.serviceAccountKubeconfig(namespace, name);
    const file = (of: string): string => join(folder, of);
    await writeFile(file('token'), JSON.parse(await readFile(kubeconfig, 'utf8')).users[0].user.token, { mode: 0o600 });
    await writeFile(file('targets.json'), '[]');
    // JSON is YAML too.
    await writeFile(file('rules.yml'), JSON.stringify(rules));
    const surroundings = { targets: file('targets.json'), token: file('token'), rules: [file('rules.yml')], interval: INTERVAL };
    await writeFile(file('prometheus.yml'), JSON.stringify(configurationOf(monitors, surroundings)));
    const flags = [`--config.file=${file('prometheus.yml')}`, `--storage.tsdb.path=${file('data')}`];
    const program = host.start('prometheus', ['prometheus', ...flags, `--web.listen-address=127.0.0.1:${PORT}`]);
    const list = async (kind: keyof Listed): Promise<unknown> => {
      const args = ['get', kind, `--kubeconfig=${kubeconfig}`, '-n', PRODUCT_NAMESPACE, '-o', 'json'];
      return JSON.parse(await lab.control.kubectl(args)).items;
    };
    const prometheus = new Prometheus(host, program, { list, targets: surroundings.targets });
    await prometheus.#ready();
    return prometheus;
  }

  /** Looks for what there is to be scraped, with the rights of its account; Prometheus reads it within moments. */
  async discover(): Promise<void> {
    const kinds = ['endpointslices', 'services', 'pods'] as const;
    const listed = await Promise.all(kinds.map(async (kind) => [kind, await this.#list(kind)] as const));
    const groups = targetsOf(Object.fromEntries(listed) as unknown as Listed);
    await writeFile(`${this.#targets}.new`, JSON.stringify(groups));
    await rename(`${this.#targets}.new`, this.#targets);
  }

  /** The series that an expression has now. */
  async query(expression: string): Promise<readonly Sample[]> {
    const { result } = (await this.#get('query', { query: expression })) as { readonly result: readonly Sample[] };
    return result;
  }

  /** The values that a label has. */
  async valuesOf(label: string): Promise<readonly string[]> {
    return (await this.#get(`label/${label}/values`)) as readonly string[];
  }

  /** The metrics that the targets told of, also those without a series. */
  async metrics(): Promise<ReadonlySet<string>> {
    return new Set(Object.keys((await this.#get('metadata')) as object));
  }

  /** What is scraped. */
  async targets(): Promise<readonly Target[]> {
    const { activeTargets } = (await this.#get('targets', { state: 'active' })) as { readonly activeTargets: readonly Target[] };
    return activeTargets;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program.stop();
  }

  async #ready(): Promise<void> {
    const probe = async (): Promise<'ready' | 'ended' | false> => {
      if (!this.#program.alive) return 'ended';
      return (await this.#ask('/-/ready')).status === 200 && 'ready';
    };
    const outcome = await eventually('Prometheus is ready', probe, { withinMilliseconds: READY_MILLISECONDS });
    if (outcome === 'ended') throw await this.#program.failure('ended while starting');
  }

  async #get(what: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const { text } = await this.#ask(`/api/v1/${what}?${new URLSearchParams(parameters)}`);
    const answer = JSON.parse(text) as { readonly status: string; readonly data?: unknown; readonly error?: string };
    if (answer.status !== 'success') throw new Error(`Prometheus: ${what} ${JSON.stringify(parameters)}: ${answer.error}`);
    return answer.data;
  }

  #ask(path: string): Promise<{ readonly status: number; readonly text: string }> {
    return this.#host.agent.ask({ kind: 'http', url: `http://127.0.0.1:${PORT}${path}`, withinMilliseconds: WITHIN_MILLISECONDS });
  }
}
