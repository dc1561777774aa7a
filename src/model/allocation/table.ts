import { type Family, type IpAddress, sameAddress } from '../../lib/ip.ts';
import { compareTexts } from '../../lib/order.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { type Pool, type PoolCandidate, poolAccepts } from '../pool.ts';
import { NO_POOLS, type PoolSet } from '../pool-set.ts';
import { type Claim, type Holding, sameClaim } from './claim.ts';
import { type AllocationFailure, failures } from './failure.ts';
import { type PoolCounters, PoolSpace } from './pool-space.ts';

/** One address in use. */
interface AddressEntry {
  readonly address: IpAddress;
  /** By Service; several only if they may share, or if one is foreign. One that is leaving stays as it last held it. */
  readonly holders: Map<string, Holding>;
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
  /** For each sharing key, the addresses on which it is in force. */
  readonly #bySharing = new Map<string, Map<AddressKey, AddressEntry>>();
  /** What the statuses of Services name, as far as that is more than nothing. */
  readonly #stated = new Map<string, Pick<Holding, 'uid' | 'addresses'>>();
  /** What Services gave up but their statuses still name. */
  readonly #leaving = new Map<string, readonly IpAddress[]>();
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
    for (const pool of pools.pools.values()) {
      const present = this.#spaces.get(pool.name);
      // The same parsed pool has the same space; a new one starts empty and is filled below.
      spaces.set(pool.name, present?.pool === pool ? present : new PoolSpace(pool));
    }
    this.#touched = new Set([...this.#touched, ...spaces.keys()]);
    this.#pools = pools;
    this.#spaces = spaces;
    for (const { address } of this.#byAddress.values()) this.#spaceOf(address)?.occupy(address);
    this.#easings++;
  }

  /** What a Service holds. */
  holdingOf(service: string): Holding | undefined {
    return this.#byService.get(service);
  }

  /** Keys of the Services that hold an address, sorted. */
  holdersOf(address: IpAddress): string[] {
    return [...(this.#byAddress.get(keyOf(address))?.holders.keys() ?? [])].sort(compareTexts);
  }

  /** The counters of one family of a pool; `undefined` for a pool that is not in use. */
  counters(pool: string, family: Family): PoolCounters | undefined {
    return this.#spaces.get(pool)?.counters(family);
  }

  /** The pools whose counters may have changed since this was last asked, sorted. */
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
    const mayHave = (address: IpAddress): boolean => address.family === family && this.#refusal(claim, [address]) === undefined;
    const leaving = this.#leaving.get(claim.service)?.find((address) => space.placeOf(address) !== undefined && mayHave(address));
    if (leaving !== undefined) return leaving;
    let best = space.firstFree(family);
    let bestPlace = best === undefined ? undefined : space.placeOf(best);
    for (const { address } of this.#bySharing.get(claim.sharing)?.values() ?? []) {
      if (!mayHave(address)) continue;
      const place = space.placeOf(address);
      if (place === undefined || (bestPlace !== undefined && place >= bestPlace)) continue;
      best = address;
      bestPlace = place;
    }
    return best;
  }

  #commonPool(addresses: readonly IpAddress[]): Pool | undefined {
    const [first, ...others] = addresses.map((address) => this.#pools.ownerOf(address));
    return others.every((owner) => owner === first) ? first : undefined;
  }

  #spaceOf(address: IpAddress): PoolSpace | undefined {
    const pool = this.#pools.ownerOf(address);
    return pool === undefined ? undefined : this.#spaces.get(pool.name);
  }

  /**
   * Why the claim may not have these addresses beside those who hold them already. A foreign Service counts for who comes
   * after it only: whoever can write a status must not take a running address from another.
   */
  #refusal(claim: Claim, addresses: readonly IpAddress[]): AllocationFailure | undefined {
    for (const address of addresses) {
      const holders = this.#byAddress.get(keyOf(address))?.holders;
      const hasIt = holders?.has(claim.service) === true;
      const others = [...(holders?.values() ?? [])].filter(({ service, foreign }) => service !== claim.service && !(hasIt && foreign));
      if (others.some(({ sharing }) => sharing === '' || sharing !== claim.sharing)) {
        return failures.sharingKey(claim.service, others.map(({ service }) => service).sort(compareTexts));
      }
      const port = claim.ports.find((wanted) => others.some(({ ports }) => ports.includes(wanted)));
      if (port !== undefined) return failures.portInUse(port, address);
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
    return holding;
  }

  #attach(address: IpAddress, holding: Holding): void {
    const key = keyOf(address);
    const entry = this.#byAddress.get(key) ?? { address, holders: new Map<string, Holding>() };
    const before = entry.holders.get(holding.service);
    entry.holders.set(holding.service, holding);
    this.#byAddress.set(key, entry);
    if (before !== undefined) {
      const leaving = this.#leaving.get(holding.service)?.filter((other) => !sameAddress(other, address)) ?? [];
      this.#setLeaving(holding.service, leaving);
      this.#unindexSharing(before.sharing, key, entry);
      if (!sameClaim(before, holding)) this.#easings++;
    }
    this.#indexSharing(holding.sharing, key, entry);
    const space = this.#spaceOf(address);
    if (space?.occupy(address) === true) this.#touched.add(space.pool.name);
  }

  /** Takes a Service off an address, or notes that it is leaving as long as its status names it. */
  #giveUp(address: IpAddress, service: string): void {
    if (includes(this.#stated.get(service)?.addresses ?? [], address)) {
      this.#setLeaving(service, [...(this.#leaving.get(service) ?? []), address]);
      return;
    }
    const key = keyOf(address);
    const entry = this.#byAddress.get(key);
    const holder = entry?.holders.get(service);
    if (entry === undefined || holder === undefined) return;
    entry.holders.delete(service);
    this.#unindexSharing(holder.sharing, key, entry);
    this.#easings++;
    if (entry.holders.size > 0) return;
    this.#byAddress.delete(key);
    const space = this.#spaceOf(address);
    if (space?.vacate(address) === true) this.#touched.add(space.pool.name);
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

  #indexSharing(sharing: string, key: AddressKey, entry: AddressEntry): void {
    if (sharing === '') return;
    const entries = this.#bySharing.get(sharing);
    if (entries === undefined) this.#bySharing.set(sharing, new Map([[key, entry]]));
    else entries.set(key, entry);
  }

  #unindexSharing(sharing: string, key: AddressKey, entry: AddressEntry): void {
    const entries = this.#bySharing.get(sharing);
    if (entries === undefined || [...entry.holders.values()].some((holder) => holder.sharing === sharing)) return;
    entries.delete(key);
    if (entries.size === 0) this.#bySharing.delete(sharing);
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
