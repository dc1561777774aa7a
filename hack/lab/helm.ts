import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ControlPlane } from '../kubernetes/control-plane.ts';
import { ensureHelm, HELM_VERSIONS, type HelmVersion } from '../kubernetes/helm.ts';
import { run, searchPath } from './command.ts';

/** The chart of the checkout. */
const CHART: string = fileURLToPath(new URL('../../charts/typemetal', import.meta.url));

/** An uninstallation waits for what it deletes. */
const PATIENCE_MILLISECONDS = 180_000;

/** What Helm calls an installation, and where it is. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
}

const METALLB: Release = { name: 'metallb', namespace: 'metallb-system' };

/** Helm with the chart of the checkout, for one release in one cluster. */
export class Helm {
  readonly #program: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #release: Release;

  private constructor(program: string, release: Release, environment: Readonly<Record<string, string>>) {
    this.#program = program;
    this.#release = release;
    this.#environment = { PATH: searchPath(), LANG: 'C', ...environment };
  }

  /**
   * Finds or builds Helm, the newest unless `version` says otherwise; what it keeps of its own goes into `folder`. The release is `metallb` in
   * `metallb-system` when not given.
   */
  static async for(
    control: Pick<ControlPlane, 'adminKubeconfig'>,
    folder: string,
    release: Release = METALLB,
    version: HelmVersion = HELM_VERSIONS[0],
  ): Promise<Helm> {
    const report = (line: string): void => void process.stderr.write(`${line}\n`);
    const environment = { KUBECONFIG: control.adminKubeconfig, HOME: join(folder, 'helm') };
    return new Helm(await ensureHelm(version, { environment: process.env, report }), release, environment);
  }

  /** The same program for another release. */
  of(release: Release): Helm {
    return new Helm(this.#program, release, this.#environment);
  }

  /** What it calls itself: `v4.3.1`. */
  async version(): Promise<string> {
    return await this.#run(['version', '--template={{ .Version }}']);
  }

  /** What it finds to say of the chart. */
  async lint(): Promise<string> {
    return await this.#run(['lint', '--strict', CHART]);
  }

  /** What the chart makes of these values; flags behind Helm's own. */
  async render(values: object, ...more: readonly string[]): Promise<string> {
    return await this.#run(['template', this.#release.name, CHART, '--values=-', ...more], values);
  }

  /** Runs a command on the release with these values: install, upgrade. */
  async release(command: 'install' | 'upgrade', values: object, ...more: readonly string[]): Promise<string> {
    return await this.#run([command, this.#release.name, CHART, '--values=-', ...more], values);
  }

  /** Takes the release away. */
  async uninstall(...more: readonly string[]): Promise<string> {
    return await this.#run(['uninstall', this.#release.name, ...more]);
  }

  async #run(args: readonly string[], values?: object): Promise<string> {
    const stdin = values === undefined ? {} : { stdin: JSON.stringify(values) };
    const command = [this.#program, ...args, `--namespace=${this.#release.namespace}`];
    return await run(command, { environment: this.#environment, withinMilliseconds: PATIENCE_MILLISECONDS, ...stdin });
  }
}
