import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeError } from '../../src/lib/errors.ts';
import type { ControlPlane } from '../kubernetes/control-plane.ts';
import { eventually } from '../kubernetes/eventually.ts';
import type { Environment } from '../kubernetes/programs.ts';
import type { RunningProgram } from '../kubernetes/running-program.ts';
import type { Host } from './host.ts';

/** The checkout whose manifests the lab applies. */
const CHECKOUT: string = fileURLToPath(new URL('../..', import.meta.url));
/** The programs as an image holds them: `make bundle` puts them there. */
const PROGRAMS: string = join(CHECKOUT, 'build', 'bundle', 'bin');

/** The namespace that the manifests put everything in. */
export const PRODUCT_NAMESPACE = 'metallb-system';

/** The port of the health probes where no flag names another. */
export const HEALTH_PORT = 17472;

/** The port of the webhooks where no flag names another. */
export const WEBHOOK_PORT = 9443;

/** A process starts in a quarter of a second on an idle core; many at once on two busy ones take a while. */
const READY_MILLISECONDS = 180_000;

/** How one process of the product is started. */
export interface ProductOptions {
  /** What to call the process, its log, and the pod of a controller; needed only for a second one on the same host. */
  readonly name?: string;
  /** Flags behind the lab's own. */
  readonly flags?: readonly string[];
  readonly environment?: Environment;
  /** For a second process on the same host. */
  readonly healthPort?: number;
}

/** Which process, where, and as whom. */
export interface ProductLaunch extends ProductOptions {
  readonly program: 'controller' | 'speaker';
  readonly host: Host;
  readonly kubeconfig: string;
  readonly podName: string;
  /** The only capability it keeps, as setpriv spells it; none when absent. */
  readonly capability?: string;
}

/** One process of the product: it can be killed and started again as often as a test likes. */
export class ProductProcess {
  readonly name: string;
  readonly #launch: ProductLaunch;
  readonly #command: readonly string[];
  #program: RunningProgram;

  private constructor(launch: ProductLaunch, command: readonly string[]) {
    this.name = launch.name ?? launch.podName;
    this.#launch = launch;
    this.#command = command;
    this.#program = this.#spawn();
  }

  /** Starts the process; {@link ready} waits for it. */
  static async start(launch: ProductLaunch): Promise<ProductProcess> {
    return new ProductProcess(launch, await commandOf(launch));
  }

  /** The process that runs, or ran last: pause, stop and kill it here. Its log goes on over restarts. */
  get program(): RunningProgram {
    return this.#program;
  }

  /** Starts it again after it ended. */
  start(): void {
    this.#program = this.#spawn();
  }

  /** Kills it without a word and starts it again. */
  async crash(): Promise<void> {
    await this.#program.kill();
    this.start();
  }

  /** Fulfilled when it says that it is ready; throws with the end of its log when it ends before that. */
  async ready(signal?: AbortSignal): Promise<void> {
    const url = `http://127.0.0.1:${this.#launch.healthPort ?? HEALTH_PORT}/readyz`;
    const probe = async (): Promise<'ready' | 'ended' | false> => {
      if (!this.#program.alive) return 'ended';
      const answer = await this.#launch.host.agent.ask({ kind: 'http', url, withinMilliseconds: 1_000 });
      return answer.status === 200 && 'ready';
    };
    const patience = { withinMilliseconds: READY_MILLISECONDS };
    const outcome = await eventually(`${this.name} is ready`, probe, patience, signal).catch(async (cause: unknown) => {
      throw await this.#program.failure(`does not become ready (${describeError(cause)})`);
    });
    if (outcome === 'ended') throw await this.#program.failure('ended while starting');
  }

  #spawn(): RunningProgram {
    const { host, podName, environment } = this.#launch;
    const env = { METALLB_NAMESPACE: PRODUCT_NAMESPACE, METALLB_POD_NAME: podName, ...environment };
    return host.start(this.name, this.#command, env);
  }
}

/** Applies the kinds and the rights of `config/`, and waits until the server knows them. The processes are started apart. */
export async function installManifests(control: ControlPlane): Promise<void> {
  await control.kubectl(['apply', '--server-side', '-k', join(CHECKOUT, 'config', 'crd')]);
  await control.kubectl(['apply', '--server-side', '-k', join(CHECKOUT, 'config', 'rbac')]);
  await kindsServed(control);
}

/** Waits until the server serves all kinds that it has definitions of. */
export async function kindsServed(control: Pick<ControlPlane, 'kubectl'>): Promise<void> {
  const patience = { withinMilliseconds: READY_MILLISECONDS };
  await control.kubectl(['wait', '--for=condition=Established', `--timeout=${READY_MILLISECONDS / 1_000}s`, 'crd', '--all']);
  const names = await control.kubectl(['get', 'crd', '-o', 'jsonpath={.items[*].metadata.name}']);
  // Who is told that a definition is established may be told so before the part of the server that serves its objects.
  const listed = (): Promise<true> => control.kubectl(['get', names.split(' ').join(','), '-A']).then(() => true);
  await eventually('all kinds are served', listed, patience);
}

/** Applies `config/webhook`: from then on the API server asks the controller before it takes a change of the configuration. */
export async function installWebhookManifests(control: ControlPlane): Promise<void> {
  await control.kubectl(['apply', '--server-side', '-k', join(CHECKOUT, 'config', 'webhook')]);
}

async function commandOf(launch: ProductLaunch): Promise<readonly string[]> {
  const path = join(PROGRAMS, launch.program);
  const flags = [`--kubeconfig=${launch.kubeconfig}`];
  if (launch.healthPort !== undefined) flags.push(`--health-probe-port=${launch.healthPort}`);
  return [...(await confinement(launch.host, path, launch.capability)), path, ...flags, ...(launch.flags ?? [])];
}

/**
 * What takes every capability away but the one: a pod's container has no more. Root without any may not enter the home
 * of another user, though: where the checkout lies in one, reading is kept as well.
 */
async function confinement(host: Host, path: string, capability?: string): Promise<readonly string[]> {
  const kept = capability === undefined ? [] : [`+${capability}`];
  for (const more of [[], ['+dac_read_search']]) {
    const prefix = ['setpriv', `--bounding-set=${['-all', ...kept, ...more].join(',')}`, '--inh-caps=-all', '--no-new-privs', '--'];
    const readable = await host.run([...prefix, 'test', '-r', path]).then(
      () => true,
      () => false,
    );
    if (readable) return prefix;
  }
  throw new Error(`${path} cannot be read: run make bundle as the user who owns the checkout`);
}
