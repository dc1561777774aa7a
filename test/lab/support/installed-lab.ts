import { join } from 'node:path';
import type { RunningProgram } from '../../../hack/kubernetes/running-program.ts';
import type { Host } from '../../../hack/lab/host.ts';
import { Kubelet } from '../../../hack/lab/kubelet.ts';
import { Lab, type LabOptions } from '../../../hack/lab/lab.ts';
import { kindsServed, PRODUCT_NAMESPACE } from '../../../hack/lab/product.ts';
import { Cluster } from './cluster.ts';

const CONFIG = join(import.meta.dirname, '../../../config');
/** The controllers that make pods of the manifests. */
const CONTROLLERS = ['deployment-controller', 'replicaset-controller', 'daemonset-controller'];
/** Four pods on a machine that has other things to do. */
const ROLLOUT = '--timeout=110s';

/** A lab of two nodes in which `config/default` is installed as a user does it: its pods run as the manifests say. */
export class InstalledLab implements AsyncDisposable {
  readonly lab: Lab;
  readonly cluster: Cluster;
  readonly #kubelet: Kubelet;

  private constructor(lab: Lab) {
    this.lab = lab;
    this.cluster = new Cluster(lab.control.api);
    this.#kubelet = new Kubelet(lab, PRODUCT_NAMESPACE);
  }

  /** Fulfilled when all is rolled out. */
  static async start(options: LabOptions = {}): Promise<InstalledLab> {
    const lab = await Lab.start({ nodes: 2, controllers: CONTROLLERS, ...options });
    const installed = new InstalledLab(lab);
    try {
      await installed.apply('default');
      await kindsServed(lab.control);
      for (const object of ['deployment/controller', 'daemonset/speaker']) await installed.#rolledOut(object);
    } catch (cause) {
      await installed[Symbol.asyncDispose]();
      throw cause;
    }
    return installed;
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.lab.control.kubectl(args);
  }

  /** Applies a kustomization of `config/`, as GitOps tools do: the fields belong to whoever applied them. */
  apply(folder: string): Promise<string> {
    return this.kubectl('apply', '--server-side', '-k', join(CONFIG, folder));
  }

  /** The programs of the pods, by the names of these. */
  programs(): Promise<ReadonlyMap<string, RunningProgram>> {
    return this.#kubelet.programs();
  }

  /** The hosts of the pods, by the names of these. */
  hosts(): Promise<ReadonlyMap<string, Host>> {
    return this.#kubelet.hosts();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kubelet[Symbol.asyncDispose]();
    await this.lab[Symbol.asyncDispose]();
  }

  async #rolledOut(object: string): Promise<void> {
    const done = this.kubectl('rollout', 'status', object, '-n', PRODUCT_NAMESPACE, ROLLOUT);
    await Promise.race([done, this.#kubelet.ended]).catch(async (cause: unknown) => {
      const programs = [...(await this.#kubelet.programs())];
      const logs = await Promise.all(programs.map(async ([name, program]) => `${name}:\n${await program.tail()}`));
      throw new Error(`${object} is not rolled out:\n${logs.join('\n')}`, { cause });
    });
  }
}
