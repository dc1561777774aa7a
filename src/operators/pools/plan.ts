import type { IPAddressPool, IPAddressPoolStatus } from '../../crds/ip-address-pool.ts';
import type { Condition } from '../../crds/meta.ts';
import { type Family, formatAddress } from '../../lib/ip.ts';
import { sameTexts } from '../../lib/order.ts';
import type { PoolCounters } from '../../model/allocation/pool-space.ts';
import type { Allocations } from '../../model/allocation/table.ts';
import type { PlannedLine } from '../../model/planned.ts';
import { type PoolSet, parsePools } from '../../model/pool-set.ts';
import { readyCondition, saysCondition, withCondition } from '../../model/ready-condition.ts';

/** The pools as they are now to be used, and what to say about them. */
export interface PoolsPlan {
  readonly pools: PoolSet;
  readonly lines: readonly PlannedLine[];
}

/** Decides which pools are used. Each refusal is said once, when it comes or changes, and so is its end. */
export function planPools(objects: readonly IPAddressPool[], previous: PoolSet | undefined): PoolsPlan {
  const pools = parsePools(objects, previous);
  const lines: PlannedLine[] = [];
  for (const [pool, error] of pools.refused) {
    if (previous?.refused.get(pool) === error) continue;
    const inUse = pools.pools.has(pool) ? 'the last good version of the pool goes on' : 'its services are left as they are';
    lines.push({ level: 'error', message: 'failed to parse the configuration', fields: { pool, error, inUse } });
  }
  for (const pool of previous?.refused.keys() ?? []) {
    if (pools.pools.has(pool) && !pools.refused.has(pool)) {
      lines.push({ level: 'info', message: 'the address pool is valid again and in use', fields: { pool } });
    }
  }
  return { pools, lines };
}

/** What is known of one IPAddressPool when its turn comes. */
export interface PoolObservation {
  readonly object: IPAddressPool;
  /** Why its present spec is refused; `undefined` when it is not. */
  readonly refusal: string | undefined;
  /** Of each family, for a pool that addresses are taken from; `undefined` for one that is not. */
  readonly counters: Readonly<Record<Family, PoolCounters>> | undefined;
  /** Who holds which addresses; `undefined` with the counters. */
  readonly allocations: Allocations | undefined;
  /** RFC 3339; the time of a condition that turns. */
  readonly now: string;
  /** The status that was decided last; a server may not have kept all of it. */
  readonly lastDecided: IPAddressPoolStatus | undefined;
}

/** Counters beyond this lose digits in JSON numbers; the largest that is still exact stands for "more than anybody needs". */
const LARGEST_COUNT = BigInt(Number.MAX_SAFE_INTEGER);

/** The status that the pool should have; `undefined` when it stands there already. */
export function planPool(observation: PoolObservation): IPAddressPoolStatus | undefined {
  const { object, refusal, now, lastDecided } = observation;
  const { status, metadata } = object;
  const condition = readyCondition({ generation: metadata.generation ?? 0, refusal, before: [status, lastDecided], now });
  const desired: IPAddressPoolStatus = {
    ...countersOf(observation),
    ...allocationsOf(observation),
    observedGeneration: metadata.generation ?? 0,
    conditions: withCondition(status, condition),
  };
  return status !== undefined && saysAll(status, desired, condition) ? undefined : desired;
}

type CounterFields = Pick<IPAddressPoolStatus, 'assignedIPv4' | 'assignedIPv6' | 'availableIPv4' | 'availableIPv6'>;

const COUNTER_FIELDS: readonly (keyof CounterFields)[] = ['assignedIPv4', 'assignedIPv6', 'availableIPv4', 'availableIPv6'];

/** A pool that is not in use keeps the counters it last had: of what its Services still hold nothing better is known. */
function countersOf({ counters, object: { status } }: PoolObservation): CounterFields {
  if (counters === undefined) {
    const { assignedIPv4 = 0, assignedIPv6 = 0, availableIPv4 = 0, availableIPv6 = 0 } = status ?? {};
    return { assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 };
  }
  const { IPv4, IPv6 } = counters;
  return {
    assignedIPv4: countOf(IPv4.inUse),
    assignedIPv6: countOf(IPv6.inUse),
    availableIPv4: countOf(IPv4.capacity - IPv4.inUse),
    availableIPv6: countOf(IPv6.capacity - IPv6.inUse),
  };
}

type AllocationFields = Pick<IPAddressPoolStatus, 'allocations' | 'allocationsTotal'>;

/** A pool that is not in use keeps what it last said, as with the counters. */
function allocationsOf({ allocations, object: { status } }: PoolObservation): AllocationFields {
  if (allocations === undefined) {
    const { allocations: listed = [], allocationsTotal = 0 } = status ?? {};
    return { allocations: listed, allocationsTotal };
  }
  const { listed, total } = allocations;
  return { allocations: listed.map(({ address, services }) => ({ address: formatAddress(address), services })), allocationsTotal: total };
}

function countOf(addresses: bigint): number {
  return Number(addresses > LARGEST_COUNT ? LARGEST_COUNT : addresses);
}

function sameAllocations(present: AllocationFields['allocations'], desired: AllocationFields['allocations'] = []): boolean {
  return (
    present?.length === desired.length &&
    desired.every(({ address, services }, index) => address === present[index]?.address && sameTexts(services, present[index].services))
  );
}

function saysAll(present: IPAddressPoolStatus, desired: IPAddressPoolStatus, condition: Condition): boolean {
  return (
    COUNTER_FIELDS.every((field) => present[field] === desired[field]) &&
    present.observedGeneration === desired.observedGeneration &&
    present.allocationsTotal === desired.allocationsTotal &&
    sameAllocations(present.allocations, desired.allocations) &&
    saysCondition(present, condition)
  );
}
