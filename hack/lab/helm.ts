import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ControlPlane } from '../kubernetes/control-plane.ts';
import { ensureHelm } from '../kubernetes/helm.ts';
import { run, searchPath } from './command.ts';

/** The chart of the checkout. */
const CHART: string = fileURLToPath(new URL('../../charts/typemetal', import.meta.url));

/** An uninstallation waits for what it deletes. */
const PATIENCE_MILLISECONDS = 180_000;

/** Helm with the chart of the checkout, for one cluster. */
export class Helm {
  readonly #program: string;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(program: string, kubeconfig: string, home: string) {
    this.#program = program;
    this.#environment = { PATH: searchPath(), LANG: 'C', KUBECONFIG: kubeconfig, HOME: home };
  }

  /** Finds or builds Helm; what it keeps of its own goes into `folder`. */
  static async for(control: Pick<ControlPlane, 'adminKubeconfig'>, folder: string): Promise<Helm> {
    const report = (line: string): void => void process.stderr.write(`${line}\n`);
    return new Helm(await ensureHelm({ environment: process.env, report }), control.adminKubeconfig, join(folder, 'helm'));
  }

  /** What the chart makes of these values; flags behind Helm's own. */
  async render(values: object, ...more: readonly string[]): Promise<string> {
    return await this.#run(['template', 'metallb', CHART, '--namespace=metallb-system', '--values=-', ...more], values);
  }

  /** Runs a command on the release `metallb` with these values: install, upgrade. */
  async release(command: 'install' | 'upgrade', values: object, ...more: readonly string[]): Promise<string> {
    return await this.#run([command, 'metallb', CHART, '--namespace=metallb-system', '--values=-', ...more], values);
  }

  /** Takes the release away. */
  async uninstall(...more: readonly string[]): Promise<string> {
    return await this.#run(['uninstall', 'metallb', '--namespace=metallb-system', ...more]);
  }

  async #run(args: readonly string[], values?: object): Promise<string> {
    const stdin = values === undefined ? {} : { stdin: JSON.stringify(values) };
    return await run([this.#program, ...args], { environment: this.#environment, withinMilliseconds: PATIENCE_MILLISECONDS, ...stdin });
  }
}
