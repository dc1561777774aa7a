import type { Gauge, Metrics } from '../telemetry/metrics.ts';

/**
 * What the parts of a process found wrong with the configuration, gathered for those who tell it: the gauges here, under
 * upstream's names, and the ConfigurationState of the process. Made once a process.
 */
export class ConfigurationReport {
  readonly #parts: readonly string[];
  readonly #held: () => boolean;
  readonly #stale: Gauge;
  readonly #listeners = new Set<() => void>();
  #faults = new Map<string, readonly string[]>();
  #loaded = false;

  /**
   * `parts` names everybody who reads configuration; until all have, nothing is known. `held` tells whether the objects are
   * there to be read: a replica that follows reads them when it leads, and is not to be taken for one that lacks them.
   */
  constructor(metrics: Metrics, parts: readonly string[], held: () => boolean = () => false) {
    this.#parts = parts;
    this.#held = held;
    metrics.measured(
      'metallb_k8s_client_config_loaded_bool',
      '1 if the MetalLB configuration was successfully loaded at least once.',
      [],
      () => [{ value: this.#wasLoaded() ? 1 : 0 }],
    );
    this.#stale = metrics.gauge(
      'metallb_k8s_client_config_stale_bool',
      '1 if running on a stale configuration, because the latest config failed to load.',
    );
    this.#stale.set(0);
  }

  /** Takes what one part found, one line a fault; none when it could use everything. */
  set(part: string, faults: readonly string[]): void {
    this.#faults.set(part, faults);
    this.#tell();
  }

  /** Forgets everything: whoever read it reads no more. That a configuration was loaded once stays true. */
  clear(): void {
    this.#faults = new Map();
    this.#tell();
  }

  /** One line a fault, in the order of the parts; `undefined` while a part has not read its configuration. */
  get faults(): readonly string[] | undefined {
    const lines: string[] = [];
    for (const part of this.#parts) {
      const found = this.#faults.get(part);
      if (found === undefined) return undefined;
      lines.push(...found);
    }
    return lines;
  }

  /** Calls `listener` when something was found. Disposing ends it. */
  subscribe(listener: () => void): Disposable {
    const own = (): void => listener();
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  #wasLoaded(): boolean {
    this.#loaded ||= this.#held();
    return this.#loaded;
  }

  #tell(): void {
    this.#loaded ||= this.faults !== undefined;
    const refused = [...this.#faults.values()].some((faults) => faults.length > 0);
    this.#stale.set(refused ? 1 : 0);
    for (const listener of this.#listeners) listener();
  }
}
