import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { eventually } from '../../../hack/kubernetes/eventually.ts';
import { type ControllerOptions, Lab } from '../../../hack/lab/lab.ts';
import type { ProductProcess } from '../../../hack/lab/product.ts';
import { PATIENCE } from './cluster.ts';
import { settles } from './settles.ts';

/** The namespace of the configuration. */
export const NAMESPACE = 'metallb-system';

const CONFIG = join(import.meta.dirname, '../../../config');

/** An object for kubectl. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: object;
}

/** An object of the configuration. */
export function manifest(kind: string, name: string, spec: object, namespace: string = NAMESPACE): Manifest {
  const version = kind === 'BGPPeer' ? 'v1beta2' : 'v1beta1';
  return { apiVersion: `metallb.io/${version}`, kind, metadata: { name, namespace }, spec };
}

/** A pool of these addresses. */
export function poolOf(name: string, ...addresses: readonly string[]): Manifest {
  return manifest('IPAddressPool', name, { addresses });
}

/** A pool that no rule lets in. */
const NONSENSE: Manifest = poolOf('probe', 'nonsense');

/** A cluster whose API server asks the product's webhooks, as its `kubectl` sees it. */
export class AdmissionLab implements AsyncDisposable {
  readonly lab: Lab;
  readonly #controllers: ProductProcess[] = [];

  private constructor(lab: Lab) {
    this.lab = lab;
  }

  /** With everything installed and nothing of the product running. */
  static async start(): Promise<AdmissionLab> {
    const lab = await Lab.start({ nodes: 1 });
    try {
      await lab.installProduct();
      return new AdmissionLab(lab);
    } catch (cause) {
      await lab[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Starts a controller; fulfilled when it is ready. */
  async startController(options: ControllerOptions = {}): Promise<ProductProcess> {
    const controller = await this.lab.startController(options);
    this.#controllers.push(controller);
    await controller.ready();
    return controller;
  }

  /** Stops all controllers that run. */
  async stopControllers(): Promise<void> {
    await Promise.all(this.#controllers.map(({ program }) => program.stop()));
    this.#controllers.length = 0;
  }

  /** Runs kubectl; `object` is for `-f -`. Throws with what it printed when it fails. */
  kubectl(args: readonly string[], object?: object): Promise<string> {
    return this.lab.control.kubectl(args, object === undefined ? {} : { stdin: JSON.stringify(object) });
  }

  apply(object: object, ...flags: readonly string[]): Promise<string> {
    return this.kubectl(['apply', ...flags, '-f', '-'], object);
  }

  /** What kubectl says when it applies an object that is refused; throws when it is taken. */
  async refusal(object: object, ...flags: readonly string[]): Promise<string> {
    const taken = await this.apply(object, ...flags).catch((refused: Error) => refused);
    if (typeof taken === 'string') throw new Error(`taken: ${taken}`);
    return taken.message;
  }

  /** Applies an object that is deleted when it goes out of scope. One that was there before it may stand in its way for half a second more. */
  async lend(object: Manifest): Promise<AsyncDisposable> {
    await settles(`${object.kind} ${object.metadata.name} is let in`, () => this.apply(object));
    return { [Symbol.asyncDispose]: () => this.remove(object) };
  }

  /** Applies a folder of `config/` with one of its components. */
  async applyComponent(resource: string, component: string): Promise<void> {
    const folder = join(this.lab.folder, `with-${basename(component)}`);
    await mkdir(folder, { recursive: true });
    const place = (name: string): string => relative(folder, join(CONFIG, name));
    const kustomization = { resources: [place(resource)], components: [place(component)] };
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    await this.kubectl(['apply', '--server-side', '-k', folder]);
  }

  async remove({ kind, metadata }: Manifest): Promise<void> {
    await this.kubectl(['delete', '--ignore-not-found', '-n', metadata.namespace ?? '', kind, metadata.name]);
  }

  /** Waits until the API server asks the webhooks and gets an answer. */
  async reviewed(): Promise<void> {
    const asks = async (): Promise<boolean> => await this.isReviewed();
    await eventually('the API server asks the webhooks', asks, PATIENCE);
  }

  /** Whether the webhooks have a say at this moment. */
  async isReviewed(): Promise<boolean> {
    const said = await this.apply(NONSENSE, '--dry-run=server').catch((refused: Error) => refused.message);
    return said.includes('denied the request');
  }

  /** An object as the server has it. */
  async get<Found>(...args: readonly string[]): Promise<Found> {
    return JSON.parse(await this.kubectl(['get', '-o', 'json', ...args])) as Found;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab[Symbol.asyncDispose]();
  }
}
