import type { Family, IpAddress } from '../../lib/ip.ts';
import type { Pool } from '../pool.ts';
import { AddressNumbering } from './address-numbering.ts';
import { OrdinalSet } from './ordinal-set.ts';

/** How many addresses of one family a pool has, and how many of them Services hold; a shared address counts once. */
export interface PoolCounters {
  readonly capacity: bigint;
  readonly inUse: bigint;
}

/** One family of a pool. */
interface FamilySpace {
  readonly numbering: AddressNumbering;
  readonly used: OrdinalSet;
  inUse: bigint;
}

/** The addresses of one pool: which are in use, and which is the first that is not. Every operation is O(log n). */
export class PoolSpace {
  readonly pool: Pool;
  readonly #families: Readonly<Record<Family, FamilySpace>>;

  constructor(pool: Pool) {
    this.pool = pool;
    this.#families = { IPv4: familySpace(pool, 'IPv4'), IPv6: familySpace(pool, 'IPv6') };
  }

  /** Marks an address of the pool as in use; says whether that is news. */
  occupy(address: IpAddress): boolean {
    const space = this.#families[address.family];
    const ordinal = space.numbering.ordinalOf(address);
    if (ordinal === undefined || !space.used.add(ordinal)) return false;
    space.inUse += 1n;
    return true;
  }

  /** Marks an address of the pool as free; says whether that is news. */
  vacate(address: IpAddress): boolean {
    const space = this.#families[address.family];
    const ordinal = space.numbering.ordinalOf(address);
    if (ordinal === undefined || !space.used.delete(ordinal)) return false;
    space.inUse -= 1n;
    return true;
  }

  /** The first free address of a family, in the order in which the pool gives them out. */
  firstFree(family: Family): IpAddress | undefined {
    const { numbering, used } = this.#families[family];
    const ordinal = used.lowestAbsent();
    return ordinal === undefined ? undefined : numbering.addressAt(ordinal);
  }

  /** The place of an address in the order in which the pool gives them out; `undefined` if it is not one of the pool's. */
  placeOf(address: IpAddress): bigint | undefined {
    return this.#families[address.family].numbering.ordinalOf(address);
  }

  /** The counters of one family. */
  counters(family: Family): PoolCounters {
    const { numbering, inUse } = this.#families[family];
    return { capacity: numbering.size, inUse };
  }
}

function familySpace(pool: Pool, family: Family): FamilySpace {
  const numbering = new AddressNumbering(pool, family);
  return { numbering, used: new OrdinalSet(numbering.size), inUse: 0n };
}
