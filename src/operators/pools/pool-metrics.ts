import type { Family } from '../../lib/ip.ts';
import type { PoolCounters } from '../../model/allocation/pool-space.ts';
import type { Gauge, Metrics } from '../../telemetry/metrics.ts';

/** The counters of both families of a pool. */
export type FamilyCounters = Readonly<Record<Family, PoolCounters>>;

/** The gauges about pools, under upstream's names. */
export class PoolMetrics {
  readonly #usable: Readonly<Record<Family | 'all', Gauge>>;
  readonly #inUse: Readonly<Record<Family | 'all', Gauge>>;
  readonly #services: Gauge;
  #pools: ReadonlySet<string> = new Set();

  /** Registers them; once a process. */
  constructor(metrics: Metrics) {
    const gauge = (name: string, help: string): Gauge => metrics.gauge(`metallb_allocator_${name}`, `${help}, per pool`, ['pool']);
    this.#usable = {
      all: gauge('addresses_total', 'Number of usable IP addresses'),
      IPv4: gauge('ipv4_addresses_total', 'Number of usable IPV4 addresses'),
      IPv6: gauge('ipv6_addresses_total', 'Number of usable IPV6 addresses'),
    };
    this.#inUse = {
      all: gauge('addresses_in_use_total', 'Number of IP addresses in use'),
      IPv4: gauge('ipv4_addresses_in_use_total', 'Number of IPV4 addresses in use'),
      IPv6: gauge('ipv6_addresses_in_use_total', 'Number of IPV6 addresses in use'),
    };
    this.#services = gauge('services_allocated_total', 'Number of services allocated');
  }

  /** Forgets all pools: this replica gives no addresses any more, and what it knew of them grows old. */
  clear(): void {
    for (const pool of this.#pools) this.#remove(pool);
    this.#pools = new Set();
  }

  /** Notes which pools are in use; the series of pools that went are removed. */
  setPools(pools: ReadonlySet<string>): void {
    for (const pool of this.#pools) if (!pools.has(pool)) this.#remove(pool);
    this.#pools = pools;
  }

  /** Notes the counters of a pool in use, and how many Services have addresses of it. */
  setCounters(pool: string, { IPv4, IPv6 }: FamilyCounters, services: number): void {
    const labels = { pool };
    this.#services.set(services, labels);
    this.#usable.IPv4.set(Number(IPv4.capacity), labels);
    this.#usable.IPv6.set(Number(IPv6.capacity), labels);
    this.#usable.all.set(Number(IPv4.capacity + IPv6.capacity), labels);
    this.#inUse.IPv4.set(Number(IPv4.inUse), labels);
    this.#inUse.IPv6.set(Number(IPv6.inUse), labels);
    this.#inUse.all.set(Number(IPv4.inUse + IPv6.inUse), labels);
  }

  #remove(pool: string): void {
    this.#services.remove({ pool });
    for (const gauges of [this.#usable, this.#inUse]) for (const gauge of Object.values(gauges)) gauge.remove({ pool });
  }
}
