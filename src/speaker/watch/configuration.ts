import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { L2Advertisement as L2AdvertisementObject } from '../../crds/l2-advertisement.ts';
import { type L2AdvertisementSet, parseL2Advertisements } from '../../model/l2-advertisement.ts';
import { NO_POOLS, type PoolSet, parsePools } from '../../model/pool-set.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Gauge, Metrics } from '../../telemetry/metrics.ts';

/** The objects of the configuration as the API server has them now. */
export interface ConfigurationSource {
  pools(): Iterable<IPAddressPool>;
  advertisements(): Iterable<L2AdvertisementObject>;
}

/**
 * The checked configuration of this speaker, parsed when it is asked for after a change. A refused object keeps the
 * form in which it was last accepted; each refusal is one log line, and is counted as a stale configuration.
 */
export class Configuration {
  readonly #source: ConfigurationSource;
  readonly #log: Logger;
  readonly #loaded: Gauge;
  readonly #stale: Gauge;
  #pools: PoolSet = NO_POOLS;
  #advertisements: L2AdvertisementSet = parseL2Advertisements([]);
  #refusals: ReadonlyMap<string, string> = new Map();
  #outdated = true;

  constructor(source: ConfigurationSource, log: Logger, metrics: Metrics) {
    this.#source = source;
    this.#log = log;
    this.#loaded = metrics.gauge(
      'metallb_k8s_client_config_loaded_bool',
      '1 if the MetalLB configuration was successfully loaded at least once.',
    );
    this.#stale = metrics.gauge(
      'metallb_k8s_client_config_stale_bool',
      '1 if running on a stale configuration, because the latest config failed to load.',
    );
    this.#loaded.set(0);
    this.#stale.set(0);
  }

  /** Says that an object has changed: the next question parses anew. */
  outdate(): void {
    this.#outdated = true;
  }

  get pools(): PoolSet {
    this.#refresh();
    return this.#pools;
  }

  get advertisements(): L2AdvertisementSet {
    this.#refresh();
    return this.#advertisements;
  }

  #refresh(): void {
    if (!this.#outdated) return;
    this.#outdated = false;
    this.#pools = parsePools([...this.#source.pools()], this.#pools);
    this.#advertisements = parseL2Advertisements([...this.#source.advertisements()], this.#advertisements);
    this.#report();
  }

  #report(): void {
    const refusals = new Map<string, string>();
    for (const [name, error] of this.#pools.refused) refusals.set(`ipaddresspool ${name}`, error);
    for (const [name, error] of this.#advertisements.refused) refusals.set(`l2advertisement ${name}`, error);
    for (const [object, error] of refusals) {
      if (this.#refusals.get(object) !== error) {
        this.#log.error('failed to parse the configuration', { op: 'setConfig', object, error });
      }
    }
    this.#refusals = refusals;
    this.#loaded.set(1);
    this.#stale.set(refusals.size > 0 ? 1 : 0);
  }
}
