import type { IPAddressPool } from '../../src/crds/ip-address-pool.ts';
import { type AddressTexts, familyOf, givenOut } from './naive-addresses.ts';
import { conflict, type NaiveService, type NaiveWorld, naiveChoice, naivePools, nameOf, statedBy } from './naive-allocation.ts';
import { conditionFaultsAtRest, faultsAtRest, mayKeep } from './naive-rules.ts';
import type { ServiceOptions } from './objects.ts';
import { SmallCluster } from './small-cluster.ts';

/** A small cluster, and what the naive model has to remember of its past. */
export class History {
  readonly cluster: SmallCluster = new SmallCluster();
  #lastGood: NaiveWorld['pools'] = new Map();
  #frozen: NaiveWorld['frozen'] = new Set();

  /** What is, as the naive model takes it. */
  world(): NaiveWorld {
    const { services, namespaces } = this.cluster;
    const naive = [...services.values()].map((service) => service as unknown as NaiveService);
    return { services: naive, pools: this.#lastGood, frozen: this.#frozen, namespaces };
  }

  applyPool(name: string, object: IPAddressPool | undefined): void {
    this.cluster.applyPool(name, object);
    this.#judge(this.#lastGood);
  }

  restart(): void {
    this.cluster.restart();
    this.#judge(new Map());
  }

  handOver(): void {
    this.cluster.handOver();
    this.#judge(new Map());
  }

  #judge(lastGood: NaiveWorld['pools']): void {
    const { pools, frozen } = naivePools([...this.cluster.pools.values()], lastGood);
    this.#lastGood = pools;
    this.#frozen = frozen;
  }

  /** Brings all to rest; gives what is wrong then, and what another look at all would still write or say. */
  faultsAtRest(): string[] {
    const { cluster } = this;
    cluster.settle();
    const first = faultsAtRest(this.world());
    cluster.leader.lookAgain(() => true);
    cluster.settle();
    const before = [cluster.leader.writes, cluster.leader.events.length];
    cluster.leader.lookAgain(() => true);
    cluster.settle();
    const after = [cluster.leader.writes, cluster.leader.events.length];
    const restless = before.join() === after.join() ? [] : [`at rest ${before.join(' writes and ')} events became ${after.join(' and ')}`];
    return [...first, ...faultsAtRest(this.world()), ...conditionFaultsAtRest(this.world()), ...restless, ...this.#tableFaults()];
  }

  /** The table counts what the statuses name, as far as it lies in pools. */
  #tableFaults(): string[] {
    const { table } = this.cluster.leader;
    const stated = new Set(this.world().services.flatMap(statedBy));
    return [...this.#lastGood].flatMap(([name, pool]) => {
      const own = givenOut(pool).filter((text) => stated.has(text));
      return (['IPv4', 'IPv6'] as const).flatMap((family) => {
        const inUse = Number(table.counters(name, family)?.inUse);
        const expected = own.filter((text) => familyOf(text) === family).length;
        return inUse === expected ? [] : [`pool ${name} counts ${inUse} of ${family} in use, not ${expected}`];
      });
    });
  }

  /** What a change that begins at rest and comes to rest again did to Services that it does not concern, if to any. */
  faultsOfChange(change: () => void, changed: string | undefined): string[] {
    const before = new Map(this.world().services.map((service) => [nameOf(service), statedBy(service)]));
    change();
    const held = this.#mustStay(before, changed);
    const faults = this.faultsAtRest();
    const now = new Map(this.world().services.map((service) => [nameOf(service), statedBy(service)]));
    const moved = [...held].filter(([name, had]) => had.some((text) => now.get(name)?.includes(text) !== true));
    return [...faults, ...moved.map(([name, had]) => `${name} lost ${had.join(' ')} and has ${now.get(name)?.join(' ')}`)];
  }

  #mustStay(before: ReadonlyMap<string, AddressTexts>, changed: string | undefined): Map<string, AddressTexts> {
    const world = this.world();
    const stays = world.services.filter((service) => {
      const had = before.get(nameOf(service)) ?? [];
      const free = nameOf(service) !== changed || had.every((text) => conflict(world, service, text) === undefined);
      const ours = service.spec.loadBalancerClass === undefined && service.spec.type === 'LoadBalancer';
      return had.length > 0 && ours && free && mayKeep(world, service, had);
    });
    return new Map(stays.map((service) => [nameOf(service), before.get(nameOf(service)) ?? []]));
  }

  /** A new Service at rest gets exactly what the naive model says, or waits for the reason it gives. */
  faultsOfArrival(options: ServiceOptions): string[] {
    const { cluster } = this;
    cluster.settle();
    cluster.apply(options);
    const name = `${options.namespace}/${options.name}`;
    const find = (): NaiveService | undefined => this.world().services.find((service) => nameOf(service) === name);
    const service = find();
    const choice = service && naiveChoice(this.world(), service);
    const faults = this.faultsAtRest();
    const got = find();
    const expected = choice !== undefined && 'addresses' in choice ? choice.addresses.join(' ') : '';
    const has = got === undefined ? '' : statedBy(got).join(' ');
    return has === expected ? faults : [...faults, `${name} got [${has}] and should have [${expected}]`];
  }
}
