import { type Family, type IpAddress, lastAddress } from '../../lib/ip.ts';
import { PrefixMap } from '../../lib/prefix-map.ts';
import { leavesOut, type Pool, poolPrefixes } from '../pool.ts';

/** A run of addresses of a pool, and the number of its first one. */
interface Run {
  /** Place in the family's whole address space of the run's first address, counting only what the pool does not leave out. */
  readonly first: bigint;
  readonly firstOrdinal: bigint;
}

/** In 256 IPv4 addresses, those that end in neither .0 nor .255. */
const USABLE_OF_256 = 254n;

/**
 * Numbers the addresses of one family in a pool from 0 without a gap, in the order in which they are given out: prefix
 * after prefix as the pool lists them, ascending in each, without those that avoidBuggyIPs leaves out.
 */
export class AddressNumbering {
  /** How many addresses there are. */
  readonly size: bigint;
  readonly #pool: Pool;
  readonly #family: Family;
  readonly #byAddress = new PrefixMap<Run>();
  readonly #byOrdinal: Run[] = [];
  readonly #skips: boolean;

  constructor(pool: Pool, family: Family) {
    this.#pool = pool;
    this.#family = family;
    this.#skips = pool.avoidBuggyIPs && family === 'IPv4';
    let size = 0n;
    for (const prefix of poolPrefixes(pool)) {
      if (prefix.address.family !== family) continue;
      const run = { first: this.#placeOf(prefix.address.value), firstOrdinal: size };
      this.#byAddress.add(prefix, run);
      this.#byOrdinal.push(run);
      size += this.#placeOf(lastAddress(prefix).value + 1n) - run.first;
    }
    this.size = size;
  }

  /** The number of an address, or `undefined` if it is not one of the pool's. */
  ordinalOf(address: IpAddress): bigint | undefined {
    const run = this.#byAddress.find(address)?.value;
    if (run === undefined || leavesOut(this.#pool, address)) return undefined;
    return run.firstOrdinal + this.#placeOf(address.value) - run.first;
  }

  /** The address with a number, which must be below the size. */
  addressAt(ordinal: bigint): IpAddress {
    const run = this.#runOf(ordinal);
    return { family: this.#family, value: this.#addressAtPlace(run.first + ordinal - run.firstOrdinal) };
  }

  /** The last run that begins at or below the number; an empty run never is, for the next one begins at the same number. */
  #runOf(ordinal: bigint): Run {
    let low = 0;
    let high = this.#byOrdinal.length;
    let found: Run = { first: 0n, firstOrdinal: 0n };
    while (low < high) {
      const middle = (low + high) >>> 1;
      const run = this.#byOrdinal[middle];
      if (run !== undefined && run.firstOrdinal <= ordinal) {
        found = run;
        low = middle + 1;
      } else high = middle;
    }
    return found;
  }

  /** How many addresses below `value` are not left out, in the whole address space. */
  #placeOf(value: bigint): bigint {
    if (!this.#skips) return value;
    const inBlock = value & 0xffn;
    return (value >> 8n) * USABLE_OF_256 + (inBlock === 0n ? 0n : inBlock - 1n);
  }

  /** The inverse of `#placeOf` for addresses that are not left out. */
  #addressAtPlace(place: bigint): bigint {
    return this.#skips ? ((place / USABLE_OF_256) << 8n) + (place % USABLE_OF_256) + 1n : place;
  }
}
