import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { L2Advertisement as L2AdvertisementObject } from '../../crds/l2-advertisement.ts';
import { type BgpConfiguration, type BgpObjects, objectsOfNode, parseBgpConfiguration } from '../../model/bgp-configuration.ts';
import { bgpFaults, type ConfigurationFault, faultLine, faultsOfKind } from '../../model/configuration.ts';
import { type L2AdvertisementSet, parseL2Advertisements } from '../../model/l2-advertisement.ts';
import type { Pool } from '../../model/pool.ts';
import { NO_POOLS, type PoolSet, parsePools } from '../../model/pool-set.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { KnownForms } from './known-forms.ts';

/** The objects of the configuration as the API server has them now. */
export interface ConfigurationSource {
  pools(): Iterable<IPAddressPool>;
  advertisements(): Iterable<L2AdvertisementObject>;
  /** What there is about BGP, of all nodes. */
  bgp(): BgpObjects;
  /** Fulfilled when all is known that is about BGP, pools among it; early when `signal` is aborted. */
  whenBgpKnown(signal: AbortSignal): Promise<void>;
}

/** What is read together: pools and L2Advertisements, or what there is about BGP beside them. */
export type ConfigurationPart = 'layer2' | 'bgp';

/** What reading the configuration needs of the world. */
export interface ConfigurationPorts {
  /** The node of this speaker. */
  readonly node: string;
  readonly source: ConfigurationSource;
  readonly log: Logger;
  /** Told what is wrong with a part whenever it was read, one line a fault. */
  readonly faultsFound: (part: ConfigurationPart, faults: readonly string[]) => void;
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
 * form in which it was last accepted; each refusal is one log line.
 */
export class Configuration {
  readonly #ports: ConfigurationPorts;
  /** What was parsed last: a refused object goes on as it was then. */
  #last: ParsedConfiguration = { pools: NO_POOLS, unreadablePools: new Map(), advertisements: parseL2Advertisements([]) };
  /** The same while no object has changed since. */
  #current: ParsedConfiguration | undefined;
  #lastBgp: BgpConfiguration | undefined;
  /** Of the own node, when peers and advertisements were last chosen by them. */
  readonly #labels = new KnownForms<Readonly<Record<string, string>>>();
  readonly #said: Record<ConfigurationPart, ReadonlyMap<string, string>> = { layer2: new Map(), bgp: new Map() };

  constructor(ports: ConfigurationPorts) {
    this.#ports = ports;
  }

  /** Says that a pool or an L2Advertisement has changed: the next question parses anew. */
  outdate(): void {
    this.#current = undefined;
  }

  /** Reads pools and L2Advertisements if they have changed. */
  read(): void {
    this.#current ??= this.#parse();
  }

  /** The checked configuration. */
  get current(): ParsedConfiguration {
    this.#current ??= this.#parse();
    return this.#current;
  }

  /** What there is about BGP for this node, as it was read last; `undefined` before that. */
  get bgp(): BgpConfiguration | undefined {
    return this.#lastBgp;
  }

  /** Fulfilled when {@link readBgp} finds all that there is; early when `signal` is aborted. */
  whenBgpKnown(signal: AbortSignal): Promise<void> {
    return this.#ports.source.whenBgpKnown(signal);
  }

  /** Reads what there is about BGP for this node, beside the pools in use. */
  readBgp(): void {
    const objects = this.#ports.source.bgp();
    const labels = objects.nodes.find(({ name }) => name === this.#ports.node)?.labels ?? {};
    if (this.#labels.changed(this.#ports.node, labels) && this.#lastBgp !== undefined) {
      this.#ports.log.info('Node labels changed, resyncing BGP peers', { event: 'nodeLabelsChanged' });
    }
    this.#lastBgp = parseBgpConfiguration(objectsOfNode(objects, labels), [...this.current.pools.pools.values()], this.#lastBgp);
    this.#report('bgp', bgpFaults(this.#lastBgp));
  }

  #parse(): ParsedConfiguration {
    const { source } = this.#ports;
    const objects = [...source.pools()];
    const pools = parsePools(objects, this.#last.pools);
    const advertisements = parseL2Advertisements([...source.advertisements()], this.#last.advertisements);
    this.#last = { pools, unreadablePools: unreadable(objects, pools), advertisements };
    const refused = faultsOfKind('IPAddressPool', pools.refused);
    this.#report('layer2', [...refused, ...faultsOfKind('L2Advertisement', advertisements.refused)]);
    return this.#last;
  }

  #report(part: ConfigurationPart, faults: readonly ConfigurationFault[]): void {
    const { log, faultsFound } = this.#ports;
    const refusals = new Map(faults.map(({ kind, name, text }) => [`${kind.toLowerCase()} ${name}`, text]));
    for (const [object, error] of refusals) {
      if (this.#said[part].get(object) !== error) {
        log.error('failed to parse the configuration', { op: 'setConfig', object, error });
      }
    }
    this.#said[part] = refusals;
    faultsFound(part, faults.map(faultLine));
  }
}

function unreadable(objects: readonly IPAddressPool[], { pools, refused }: PoolSet): ReadonlyMap<string, PoolIdentity> {
  const without = objects.filter(({ metadata: { name } }) => refused.has(name) && !pools.has(name));
  return new Map(without.map(({ metadata: { name, labels = {} } }) => [name, { name, labels }]));
}
