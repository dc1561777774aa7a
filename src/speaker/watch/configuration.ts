import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { L2Advertisement as L2AdvertisementObject } from '../../crds/l2-advertisement.ts';
import { type ConfigurationGauges, configurationGauges } from '../../kubernetes/configuration-gauges.ts';
import { type L2AdvertisementSet, parseL2Advertisements } from '../../model/l2-advertisement.ts';
import type { Pool } from '../../model/pool.ts';
import { NO_POOLS, type PoolSet, parsePools } from '../../model/pool-set.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

/** The objects of the configuration as the API server has them now. */
export interface ConfigurationSource {
  pools(): Iterable<IPAddressPool>;
  advertisements(): Iterable<L2AdvertisementObject>;
}

/** A pool as far as an advertisement selects it. */
export type PoolIdentity = Pick<Pool, 'name' | 'labels'>;

/** The objects that are in use, and why others are not. */
export interface ParsedConfiguration {
  readonly pools: PoolSet;
  /** Pools that are there, are refused and have no earlier form, by name: what they gave stays, and is announced. */
  readonly unreadablePools: ReadonlyMap<string, PoolIdentity>;
  readonly advertisements: L2AdvertisementSet;
}

/**
 * The checked configuration of this speaker, parsed when it is asked for after a change. A refused object keeps the
 * form in which it was last accepted; each refusal is one log line, and is counted as a stale configuration.
 */
export class Configuration {
  readonly #source: ConfigurationSource;
  readonly #log: Logger;
  readonly #gauges: ConfigurationGauges;
  /** What was parsed last: a refused object goes on as it was then. */
  #last: ParsedConfiguration = { pools: NO_POOLS, unreadablePools: new Map(), advertisements: parseL2Advertisements([]) };
  /** The same while no object has changed since. */
  #current: ParsedConfiguration | undefined;
  #refusals: ReadonlyMap<string, string> = new Map();

  constructor(source: ConfigurationSource, log: Logger, metrics: Metrics) {
    this.#source = source;
    this.#log = log;
    this.#gauges = configurationGauges(metrics);
  }

  /** Says that an object has changed: the next question parses anew. */
  outdate(): void {
    this.#current = undefined;
  }

  /** The checked configuration. */
  get current(): ParsedConfiguration {
    this.#current ??= this.#parse();
    return this.#current;
  }

  #parse(): ParsedConfiguration {
    const objects = [...this.#source.pools()];
    const pools = parsePools(objects, this.#last.pools);
    this.#last = {
      pools,
      unreadablePools: unreadable(objects, pools),
      advertisements: parseL2Advertisements([...this.#source.advertisements()], this.#last.advertisements),
    };
    this.#report(this.#last);
    return this.#last;
  }

  #report({ pools, advertisements }: ParsedConfiguration): void {
    const refusals = new Map<string, string>();
    for (const [name, error] of pools.refused) refusals.set(`ipaddresspool ${name}`, error);
    for (const [name, error] of advertisements.refused) refusals.set(`l2advertisement ${name}`, error);
    for (const [object, error] of refusals) {
      if (this.#refusals.get(object) !== error) {
        this.#log.error('failed to parse the configuration', { op: 'setConfig', object, error });
      }
    }
    this.#refusals = refusals;
    this.#gauges.loaded.set(1);
    this.#gauges.stale.set(refusals.size > 0 ? 1 : 0);
  }
}

function unreadable(objects: readonly IPAddressPool[], { pools, refused }: PoolSet): ReadonlyMap<string, PoolIdentity> {
  const without = objects.filter(({ metadata: { name } }) => refused.has(name) && !pools.has(name));
  return new Map(without.map(({ metadata: { name, labels = {} } }) => [name, { name, labels }]));
}
