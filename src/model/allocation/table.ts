import { type Family, type IpAddress, sameAddress } from '../../lib/ip.ts';
import { compareTexts } from '../../lib/order.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { type Pool, type PoolCandidate, poolAccepts } from '../pool.ts';
import { NO_POOLS, type PoolSet } from '../pool-set.ts';
import { AddressEntry } from './address-entry.ts';
import { type Claim, type Holding, sameClaim } from './claim.ts';
import { type AllocationFailure, failures } from './failure.ts';
import { type PoolCounters, PoolSpace } from './pool-space.ts';

/** An address and who holds it, sorted. */
export interface Allocation {
  readonly address: IpAddress;
  readonly services: readonly string[];
}

/** The first holders of a pool's addresses, and how many there are in all. */
export interface Allocations {
  readonly listed: readonly Allocation[];
  readonly total: number;
}

/** IPv4 as numbers, IPv6 as bigints: the two cannot be confused, and both are cheap keys. */
type AddressKey = number | bigint;

/**
 * Who holds which address: derived state, rebuilt at each start from the statuses of the Services. It makes no I/O and
 * every call is complete when it returns, so that decisions of several workers cannot interleave.
 *
 * No address is ever held by two Services that may not share it, but for foreign Services, which nobody asks. An
 * address that a Service gives up stays in use until the Service's status does not name it any more: until then others
 * read it there.
 */
export class AllocationTable {
  #pools: PoolSet = NO_POOLS;
  #spaces = new Map<string, PoolSpace>();
  readonly #byService = new Map<string, Holding>();
  readonly #byAddress = new Map<AddressKey, AddressEntry>();
  /** What the statuses of Services name, as far as that is more than nothing. */
  readonly #stated = new Map<string, Pick<Holding, 'uid' | 'addresses'>>();
  /** What Services gave up but their statuses still name. */
  readonly #leaving = new Map<string, readonly IpAddress[]>();
  /** How many Services of ours have addresses of each pool. */
  readonly #services = new Map<string, number>();
  #touched = new Set<string>();
  #easings = 0;

  /** The pools that addresses are taken from. */
  get pools(): PoolSet {
    return this.#pools;
  }

  /** Grows whenever something was given up that another Service may have been waiting for. */
  get easings(): number {
    return this.#easings;
  }

  /** Takes over a new set of pools. What is held stays held, in whatever pool it lies now, until its Service is looked at. */
  setPools(pools: PoolSet): void {
    const spaces = new Map<string, PoolSpace>();
    const before = new Set(this.#spaces.values());
    for (const pool of pools.pools.values()) {
      const present = this.#spaces.get(pool.name);
      // The same parsed pool has the same space; a new one starts empty and is filled below.
      spaces.set(pool.name, present?.pool === pool ? present : new PoolSpace(pool));
    }
    this.#touched = new Set([...this.#touched, ...spaces.keys()]);
    this.#pools = pools;
    this.#spaces = spaces;
    for (const entry of this.#byAddress.values()) {
      const space = this.#spaceOf(entry.address);
      if (space !== undefined && !before.has(space)) space.takeOver(entry);
    }
    this.#easings++;
  }

  /** What a Service holds. */
  holdingOf(service: string): Holding | undefined {
    return this.#byService.get(service);
  }

  /** Keys of the Services that hold an address, sorted. */
  holdersOf(address: IpAddress): string[] {
    return this.#byAddress.get(keyOf(address))?.services() ?? [];
  }

  /** The counters of one family of a pool; `undefined` for a pool that is not in use. */
  counters(pool: string, family: Family): PoolCounters | undefined {
    return this.#spaces.get(pool)?.counters(family);
  }

  /** How many Services have addresses of a pool, those of another load balancer left out; one with two addresses counts once. */
  services(pool: string): number {
    return this.#services.get(pool) ?? 0;
  }

  /** Who holds which addresses of a pool, as far as `most` holders; `undefined` for a pool that is not in use. */
  allocations(pool: string, most: number): Allocations | undefined {
    const space = this.#spaces.get(pool);
    if (space === undefined) return undefined;
    const listed: Allocation[] = [];
    let room = most;
    for (const address of space.inUse()) {
      if (room <= 0) break;
      const services = this.holdersOf(address).slice(0, room);
      room -= services.length;
      listed.push({ address, services });
    }
    return { listed, total: space.holders };
  }

  /** The pools whose counters or holders may have changed since this was last asked, sorted. */
  drainTouched(): string[] {
    const touched = [...this.#touched].sort(compareTexts);
    this.#touched = new Set();
    return touched;
  }

  /**
   * The pool from which a Service may have exactly these addresses. Refuses if they are not all in one pool, the pool
   * does not take the Service, or another holder of one of them may not share it.
   */
  check(claim: Claim, addresses: readonly IpAddress[], candidate: PoolCandidate): Result<Pool, AllocationFailure> {
    const pool = this.#commonPool(addresses);
    if (pool === undefined) return err(failures.notInConfig(addresses));
    if (!poolAccepts(pool, candidate)) return err(failures.notAccepted(pool.name));
    const refusal = this.#refusal(claim, addresses);
    return refusal === undefined ? ok(pool) : err(refusal);
  }

  /** Gives a Service exactly these addresses, instead of what it held. Refuses as {@link check} does, and then changes nothing. */
  assign(claim: Claim, addresses: readonly IpAddress[], candidate: PoolCandidate): Result<Holding, AllocationFailure> {
    const pool = this.check(claim, addresses, candidate);
    return pool.ok ? ok(this.#hold({ ...claim, pool: pool.value.name, addresses, foreign: false })) : pool;
  }

  /**
   * Books what a status says that a Service holds, in whatever pool, accepted or not: what is in use must not be given
   * to others before its own Service was looked at. Refuses only what may not be shared with an earlier holder.
   */
  adopt(claim: Claim, addresses: readonly IpAddress[], pool: string): Result<Holding, AllocationFailure> {
    const refusal = this.#refusal(claim, addresses);
    if (refusal !== undefined) return err(refusal);
    return ok(this.#hold({ ...claim, pool, addresses, foreign: false }));
  }

  /** Books addresses that a Service of another load balancer has; nobody is asked, and nobody may share them. */
  holdForeign(service: string, uid: string, addresses: readonly IpAddress[]): void {
    this.#hold({ service, uid, ports: [], sharing: '', pool: '', addresses, foreign: true });
  }

  /**
   * Notes which addresses the status of a Service names now; what it gave up and is not among them comes free. With
   * another `uid` it is another Service of the same name, and all of the earlier one's comes free.
   */
  state(service: string, uid: string, addresses: readonly IpAddress[]): void {
    const known = this.#byService.get(service) ?? this.#stated.get(service);
    if (known !== undefined && known.uid !== uid) this.forget(service);
    if (addresses.length > 0) this.#stated.set(service, { uid, addresses });
    else this.#stated.delete(service);
    this.#reviewLeaving(service);
  }

  /** Takes everything from a Service; says what it held. */
  release(service: string): Holding | undefined {
    const holding = this.#byService.get(service);
    this.#byService.delete(service);
    if (holding !== undefined) this.#count(holding, -1);
    for (const address of holding?.addresses ?? []) this.#giveUp(address, service);
    return holding;
  }

  /** Takes everything from a Service that does not exist any more, its status included; says what it held. */
  forget(service: string): Holding | undefined {
    const holding = this.release(service);
    this.#stated.delete(service);
    this.#reviewLeaving(service);
    return holding;
  }

  /**
   * The address of a family in a pool that is best for the claim: what its Service is just leaving, for then it need not
   * move; else the first one that is free, or that the claim may share with all who hold it.
   */
  firstFor(claim: Claim, pool: string, family: Family): IpAddress | undefined {
    const space = this.#spaces.get(pool);
    if (space === undefined) return undefined;
    const mayHave = (address: IpAddress): boolean =>
      address.family === family && this.#byAddress.get(keyOf(address))?.admits(claim) === true;
    const leaving = this.#leaving.get(claim.service)?.find((address) => space.placeOf(address) !== undefined && mayHave(address));
    return leaving ?? space.firstFor(family, claim);
  }

  #commonPool(addresses: readonly IpAddress[]): Pool | undefined {
    const [first, ...others] = addresses.map((address) => this.#pools.ownerOf(address));
    return others.every((owner) => owner === first) ? first : undefined;
  }

  #spaceOf(address: IpAddress): PoolSpace | undefined {
    const pool = this.#pools.ownerOf(address);
    return pool === undefined ? undefined : this.#spaces.get(pool.name);
  }

  #refusal(claim: Claim, addresses: readonly IpAddress[]): AllocationFailure | undefined {
    for (const address of addresses) {
      const refusal = this.#byAddress.get(keyOf(address))?.refusal(claim);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #hold(holding: Holding): Holding {
    const before = this.#byService.get(holding.service);
    if (before !== undefined && sameHolding(before, holding)) return before;
    // Attached before the others are given up, so that an address that stays is not counted as free in between.
    for (const address of holding.addresses) this.#attach(address, holding);
    for (const address of before?.addresses ?? []) if (!includes(holding.addresses, address)) this.#giveUp(address, holding.service);
    this.#byService.set(holding.service, holding);
    if (before !== undefined) this.#count(before, -1);
    this.#count(holding, 1);
    return holding;
  }

  #count({ pool }: Holding, change: 1 | -1): void {
    const services = this.services(pool) + change;
    if (services === 0) this.#services.delete(pool);
    else this.#services.set(pool, services);
    if (this.#spaces.has(pool)) this.#touched.add(pool);
  }

  #attach(address: IpAddress, holding: Holding): void {
    const key = keyOf(address);
    const entry = this.#byAddress.get(key) ?? new AddressEntry(address);
    const before = entry.add(holding);
    this.#byAddress.set(key, entry);
    const space = this.#spaceOf(address);
    if (space?.occupy(entry, before) === true) this.#touched.add(space.pool.name);
    if (before === undefined) return;
    const leaving = this.#leaving.get(holding.service)?.filter((other) => !sameAddress(other, address)) ?? [];
    this.#setLeaving(holding.service, leaving);
    if (!sameClaim(before, holding)) this.#easings++;
  }

  /** Takes a Service off an address, or notes that it is leaving as long as its status names it. */
  #giveUp(address: IpAddress, service: string): void {
    if (includes(this.#stated.get(service)?.addresses ?? [], address)) {
      this.#setLeaving(service, [...(this.#leaving.get(service) ?? []), address]);
      return;
    }
    const key = keyOf(address);
    const entry = this.#byAddress.get(key);
    const holder = entry?.remove(service);
    if (entry === undefined || holder === undefined) return;
    this.#easings++;
    const space = this.#spaceOf(address);
    if (entry.size === 0) this.#byAddress.delete(key);
    if (space?.vacate(entry, holder) === true) this.#touched.add(space.pool.name);
  }

  #reviewLeaving(service: string): void {
    const leaving = this.#leaving.get(service) ?? [];
    this.#leaving.delete(service);
    for (const address of leaving) this.#giveUp(address, service);
  }

  #setLeaving(service: string, addresses: readonly IpAddress[]): void {
    if (addresses.length > 0) this.#leaving.set(service, addresses);
    else this.#leaving.delete(service);
  }
}

function keyOf(address: IpAddress): AddressKey {
  return address.family === 'IPv4' ? Number(address.value) : address.value;
}

function sameHolding(left: Holding, right: Holding): boolean {
  return (
    left.pool === right.pool && left.foreign === right.foreign && sameClaim(left, right) && sameAddresses(left.addresses, right.addresses)
  );
}

function includes(addresses: readonly IpAddress[], address: IpAddress): boolean {
  return addresses.some((other) => sameAddress(other, address));
}

/** Whether two lists name the same addresses in the same order. */
function sameAddresses(left: readonly IpAddress[], right: readonly IpAddress[]): boolean {
  return left.length === right.length && left.every((address, index) => right[index] !== undefined && sameAddress(address, right[index]));
}
