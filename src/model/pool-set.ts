import type { IPAddressPool } from '../crds/ip-address-pool.ts';
import { formatPrefix, type IpAddress } from '../lib/ip.ts';
import type { TextMap } from '../lib/json.ts';
import { compareTexts } from '../lib/order.ts';
import { PrefixMap } from '../lib/prefix-map.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { byAge } from './object-set.ts';
import { leavesOut, type Pool, parsePool, poolPrefixes } from './pool.ts';

/** All pools together: those in use, and why the others are not. */
export interface PoolSet {
  /** The pools that addresses may be taken from, by name; no two hold one address. */
  readonly pools: ReadonlyMap<string, Pool>;
  /** The pools whose present spec is refused, by name, with upstream's error text. */
  readonly refused: ReadonlyMap<string, string>;
  /** The pinned pools that give addresses by themselves, in the order in which they are tried: by priority, then by name. */
  readonly pinned: readonly Pool[];
  /** The pools open to all that give addresses by themselves, by name. */
  readonly open: readonly Pool[];
  /** The pool that owns an address; an address that avoidBuggyIPs leaves out is owned by none. */
  ownerOf(address: IpAddress): Pool | undefined;
}

/** A set without any pool. */
export const NO_POOLS: PoolSet = parsePools([]);

/**
 * Checks all IPAddressPools together. A bad pool is refused with its error and the others are used. Of two that
 * overlap, the one created later is refused, and at equal age the one later by name, so that every process and every
 * restart decides the same.
 *
 * A refused pool goes on as it last was in `previous`, unless that overlaps a pool that is in use: a slip of the pen
 * in an edit must not take addresses from running Services. What did not change is taken from `previous` as it is, and
 * if nothing did, the result is `previous` itself.
 */
export function parsePools(objects: readonly IPAddressPool[], previous?: PoolSet): PoolSet {
  const owners = new PrefixMap<Pool>();
  const pools = new Map<string, Pool>();
  const refused = new Map<string, string>();
  for (const object of [...objects].sort(byAge)) {
    const { name } = object.metadata;
    const last = lastOf(object, previous);
    const parsed = pools.has(name) ? err(`duplicate definition of pool "${name}"`) : admit(parseAgain(object, last), owners);
    if (!parsed.ok) refused.set(name, parsed.error);
    const inUse = parsed.ok || last === undefined ? parsed : admit(ok(last), owners);
    if (inUse.ok) pools.set(name, inUse.value);
  }
  if (previous !== undefined && sameEntries(previous.pools, pools) && sameEntries(previous.refused, refused)) return previous;
  const ownerOf = (address: IpAddress): Pool | undefined => {
    const pool = owners.find(address)?.value;
    return pool === undefined || leavesOut(pool, address) ? undefined : pool;
  };
  const byName = [...pools.values()].sort((left, right) => compareTexts(left.name, right.name));
  const automatic = byName.filter(({ autoAssign }) => autoAssign);
  return {
    pools: new Map(byName.map((pool) => [pool.name, pool])),
    refused,
    pinned: automatic.filter(({ pinnedTo }) => pinnedTo !== undefined).sort((left, right) => priorityOf(left) - priorityOf(right)),
    open: automatic.filter(({ pinnedTo }) => pinnedTo === undefined),
    ownerOf,
  };
}

/** Lower goes first and 0 goes last, behind every number that an int64 could be. */
function priorityOf({ pinnedTo }: Pool): number {
  return pinnedTo === undefined || pinnedTo.priority === 0 ? Number.MAX_VALUE : pinnedTo.priority;
}

/** The same pool as it last was in use; another object of its name does not count. */
function lastOf({ metadata }: IPAddressPool, previous: PoolSet | undefined): Pool | undefined {
  const last = previous?.pools.get(metadata.name);
  return last !== undefined && last.uid === (metadata.uid ?? '') ? last : undefined;
}

function parseAgain(object: IPAddressPool, last: Pool | undefined): Result<Pool, string> {
  const { generation = 0, labels = {} } = object.metadata;
  const unchanged = last !== undefined && last.generation === generation && sameEntries(mapOf(last.labels), mapOf(labels));
  return unchanged ? ok(last) : parsePool(object);
}

function mapOf(labels: TextMap): ReadonlyMap<string, string> {
  return new Map(Object.entries(labels));
}

function sameEntries<Value>(left: ReadonlyMap<string, Value>, right: ReadonlyMap<string, Value>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}

/** Takes the prefixes of a pool for it, all or none. */
function admit(parsed: Result<Pool, string>, owners: PrefixMap<Pool>): Result<Pool, string> {
  if (!parsed.ok) return parsed;
  const pool = parsed.value;
  const own = new PrefixMap<Pool>();
  for (const prefix of poolPrefixes(pool)) {
    const clash = owners.overlapping(prefix) ?? own.add(prefix, pool);
    if (clash !== undefined) {
      return err(
        `CIDR "${formatPrefix(prefix)}" in pool "${pool.name}" overlaps with already defined CIDR "${formatPrefix(clash.prefix)}"`,
      );
    }
  }
  for (const prefix of poolPrefixes(pool)) owners.add(prefix, pool);
  return parsed;
}
