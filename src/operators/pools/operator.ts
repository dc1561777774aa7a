import type { IPAddressPool, IPAddressPoolStatus } from '../../crds/ip-address-pool.ts';
import { untilAborted } from '../../kubernetes/aborted.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import { rfc3339 } from '../../kubernetes/rfc3339.ts';
import type { StatusWriter } from '../../kubernetes/status-writer.ts';
import type { Store } from '../../kubernetes/store.ts';
import { assert } from '../../lib/assert.ts';
import { type Clock, type Micros, milliseconds } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { AllocationTable } from '../../model/allocation/table.ts';
import { faultLine, faultsOfKind } from '../../model/configuration.ts';
import { planPool, planPools } from './plan.ts';
import type { FamilyCounters, PoolMetrics } from './pool-metrics.ts';
import { poolObject } from './projection.ts';

/** What keeping pools needs of the world. */
export interface PoolWorld {
  /** Where IPAddressPools lie; those of other namespaces are none of ours. */
  readonly namespace: string;
  /** Shared with who gives addresses to Services: this operator sets its pools. */
  readonly table: AllocationTable;
  readonly statuses: StatusWriter;
  readonly metrics: PoolMetrics;
  /** Told what is wrong with pools whenever they were read, one line a fault. */
  readonly faultsFound: (faults: readonly string[]) => void;
  /** Called when the table has got another set of pools. */
  readonly poolsChanged: () => void;
}

const IP_ADDRESS_POOLS: Resource = { group: 'metallb.io', version: 'v1beta1', plural: 'ipaddresspools' };

/** Counters change with each Service; people read them at leisure. At most one write in this time and pool. */
const COUNTER_PAUSE: Micros = milliseconds(1_000);

/** About 8 KB of status, which whoever watches pools gets with each change: on every node a speaker does. */
const MOST_HOLDERS = 100;

/** Reads the IPAddressPools into the table, and writes into their statuses what became of them. */
export class IPAddressPoolOperator extends ResourceOperator {
  readonly #world: PoolWorld;
  readonly #clock: Clock;
  readonly #metrics: PoolMetrics;
  readonly #loaded = Promise.withResolvers<void>();
  #objects: Store<IPAddressPool> | undefined;
  /** Whether a pool came, changed or went since the table got its pools. */
  #unread: boolean = true;
  /** What the table was told of each pool, by key. */
  #read: ReadonlyMap<string, string> = new Map();

  readonly #decided = new Map<string, IPAddressPoolStatus>();

  constructor(world: PoolWorld, ports: OperatorPorts) {
    super('IPAddressPool', ports);
    this.#world = world;
    this.#clock = ports.clock;
    this.#metrics = world.metrics;
  }

  /** Resolves when the table has the pools that were there at the start; early when `signal` is aborted. */
  async whenLoaded(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#loaded.promise, signal);
  }

  /** Takes notice that the counters of these pools may have changed. */
  countersChanged(pools: Iterable<string>): void {
    for (const pool of pools) this.queue.addAfter(`${this.#world.namespace}/${pool}`, COUNTER_PAUSE);
  }

  protected override async init(): Promise<void> {
    const { group, version, plural } = IP_ADDRESS_POOLS;
    const names = (key: string, objects: Store<IPAddressPool>): string[] => {
      const object = objects.get(key);
      if (object !== undefined && this.#read.get(key) === versionOf(object)) {
        // Only its status changed, mostly by our own write: that needs no haste, or each write would be followed by another.
        this.queue.addAfter(key, COUNTER_PAUSE);
        return [];
      }
      this.#unread = true;
      return [key];
    };
    this.#objects = await this.watchResource(group, version, plural, { project: poolObject, names }, this.#world.namespace);
  }

  protected override async prepare(): Promise<void> {
    this.#readPools();
    this.#loaded.resolve();
  }

  override async reconcile(key: string, signal: AbortSignal): Promise<void> {
    if (this.#unread) this.#readPools();
    const object = this.#objects?.get(key);
    if (object === undefined) {
      this.#decided.delete(key);
      return;
    }
    const { name } = object.metadata;
    const counters = this.#countersOf(name);
    if (counters !== undefined) this.#metrics.setCounters(name, counters, this.#world.table.services(name));
    const refusal = this.#world.table.pools.refused.get(name);
    const now = rfc3339(this.#clock.wallMilliseconds());
    const allocations = this.#world.table.allocations(name, MOST_HOLDERS);
    const status = planPool({ object, refusal, counters, allocations, now, lastDecided: this.#decided.get(key) });
    if (status === undefined) return;
    this.#decided.set(key, status);
    await this.#write(object, status, signal);
  }

  #readPools(): void {
    const objects = this.#objects;
    assert(objects !== undefined, 'pools are read before they are watched');
    const { table, poolsChanged } = this.#world;
    const { pools, lines } = planPools(
      [...objects.entries()].map(([, object]) => object),
      table.pools,
    );
    for (const { level, message, fields } of lines) this.logger[level](message, fields);
    this.#metrics.setPools(new Set(pools.pools.keys()));
    this.#world.faultsFound(faultsOfKind('IPAddressPool', pools.refused).map(faultLine));
    const isNews = pools !== table.pools;
    if (isNews) table.setPools(pools);
    // Not before: what the table has not got is still to be read.
    this.#unread = false;
    this.#read = new Map(Array.from(objects.entries(), ([key, object]) => [key, versionOf(object)]));
    if (!isNews) return;
    for (const key of objects.keys()) this.queue.add(key);
    poolsChanged();
  }

  #countersOf(pool: string): FamilyCounters | undefined {
    const IPv4 = this.#world.table.counters(pool, 'IPv4');
    const IPv6 = this.#world.table.counters(pool, 'IPv6');
    return IPv4 === undefined || IPv6 === undefined ? undefined : { IPv4, IPv6 };
  }

  /** What did not arrive because the pool changed meanwhile is decided anew by that change. */
  async #write({ metadata }: IPAddressPool, status: IPAddressPoolStatus, signal: AbortSignal): Promise<void> {
    const { name, namespace, uid = '', resourceVersion = '' } = metadata;
    const target = { name, namespace, uid, resourceVersion };
    await this.#world.statuses.write(IP_ADDRESS_POOLS, target, { status: status as unknown as JsonObject }, signal);
  }
}

/** Differs when something that decides over a pool does: all but its status. */
function versionOf({ metadata: { uid, generation, labels } }: IPAddressPool): string {
  return JSON.stringify([uid, generation, labels]);
}
