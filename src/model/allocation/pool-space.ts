import type { Family, IpAddress } from '../../lib/ip.ts';
import type { Pool } from '../pool.ts';
import type { AddressEntry } from './address-entry.ts';
import { AddressNumbering } from './address-numbering.ts';
import type { Claim, Holding } from './claim.ts';
import { OrdinalSet } from './ordinal-set.ts';
import { SharedAddresses } from './shared-addresses.ts';

/** How many addresses of one family a pool has, and how many of them Services hold; a shared address counts once. */
export interface PoolCounters {
  readonly capacity: bigint;
  readonly inUse: bigint;
}

/** One family of a pool. */
interface FamilySpace {
  readonly numbering: AddressNumbering;
  readonly used: OrdinalSet;
  readonly shared: SharedAddresses;
  inUse: bigint;
  /** How many Services hold an address, one by one. */
  holders: number;
}

/** The addresses of one pool: which are in use, and which is the first that is free or may be shared. No operation looks
 * at all addresses or all Services. */
export class PoolSpace {
  readonly pool: Pool;
  readonly #families: Readonly<Record<Family, FamilySpace>>;

  constructor(pool: Pool) {
    this.pool = pool;
    this.#families = { IPv4: familySpace(pool, 'IPv4'), IPv6: familySpace(pool, 'IPv6') };
  }

  /**
   * Notes an address of the pool as it is held now, `before` being what the newest holder held it by; says whether that
   * is news to who counts the holders.
   */
  occupy(entry: AddressEntry, before?: Holding): boolean {
    const space = this.#families[entry.address.family];
    const place = space.numbering.ordinalOf(entry.address);
    if (place === undefined) return false;
    space.shared.file(place, entry);
    if (before !== undefined) space.shared.portsGivenUp(place, before.ports);
    else space.holders++;
    if (space.used.add(place)) space.inUse += 1n;
    return before === undefined;
  }

  /** Notes an address that was in use before the pool had it, with all its holders. */
  takeOver(entry: AddressEntry): void {
    const space = this.#families[entry.address.family];
    const place = space.numbering.ordinalOf(entry.address);
    if (place === undefined || !space.used.add(place)) return;
    space.shared.file(place, entry);
    space.inUse += 1n;
    space.holders += entry.size;
  }

  /** Notes that `holder` does not hold an address of the pool any more; says whether that is news to who counts the holders. */
  vacate(entry: AddressEntry, holder: Holding): boolean {
    const space = this.#families[entry.address.family];
    const place = space.numbering.ordinalOf(entry.address);
    if (place === undefined) return false;
    space.holders--;
    if (entry.size > 0) {
      space.shared.file(place, entry);
      space.shared.portsGivenUp(place, holder.ports);
    } else {
      space.shared.remove(place);
      if (space.used.delete(place)) space.inUse -= 1n;
    }
    return true;
  }

  /** The first address of a family that is free or that the claim may share, in the order in which the pool gives them out. */
  firstFor(family: Family, { sharing, ports }: Claim): IpAddress | undefined {
    const { numbering, used, shared } = this.#families[family];
    const free = used.lowestAbsent();
    const common = sharing === '' ? undefined : shared.firstPlace(sharing, ports);
    const place = free === undefined || (common !== undefined && common < free) ? common : free;
    return place === undefined ? undefined : numbering.addressAt(place);
  }

  /** The place of an address in the order in which the pool gives them out; `undefined` if it is not one of the pool's. */
  placeOf(address: IpAddress): bigint | undefined {
    return this.#families[address.family].numbering.ordinalOf(address);
  }

  /** How many Services hold an address of the pool; one with two addresses counts twice. */
  get holders(): number {
    return this.#families.IPv4.holders + this.#families.IPv6.holders;
  }

  /** The addresses in use, in the order in which the pool gives them out, IPv4 before IPv6. */
  *inUse(): Generator<IpAddress> {
    for (const { numbering, used } of [this.#families.IPv4, this.#families.IPv6]) {
      for (let place = used.lowestMember(0n); place !== undefined; place = used.lowestMember(place + 1n)) yield numbering.addressAt(place);
    }
  }

  /** The counters of one family. */
  counters(family: Family): PoolCounters {
    const { numbering, inUse } = this.#families[family];
    return { capacity: numbering.size, inUse };
  }
}

function familySpace(pool: Pool, family: Family): FamilySpace {
  const numbering = new AddressNumbering(pool, family);
  return { numbering, used: new OrdinalSet(numbering.size), shared: new SharedAddresses(numbering.size), inUse: 0n, holders: 0 };
}
