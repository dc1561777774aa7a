import { type IpAddress, parseAddress } from '../../lib/ip.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Pool } from '../../model/pool.ts';
import type { PoolSet } from '../../model/pool-set.ts';
import { hasClass, POOL_ANNOTATION, type ServiceFacts } from '../../model/service.ts';

/** Why a Service is none that anybody could announce, in the words that upstream logs. */
export type NoSubject = 'serviceDeleted' | 'notLoadBalancer' | 'otherLoadBalancerClass' | 'noIPAllocated' | 'invalidIP' | 'ipNotAllowed';

/** A Service that has addresses, and the pool that they are of. */
export interface Subject {
  readonly service: ServiceFacts;
  /** At least one. */
  readonly addresses: readonly IpAddress[];
  readonly pool: Pick<Pool, 'name' | 'labels'>;
}

/** Where addresses come from, and for whom. */
export interface SubjectSurroundings {
  readonly pools: PoolSet;
  /** Pools that cannot be read, by name: a Service that has its addresses from one keeps them. */
  readonly unreadablePools: ReadonlyMap<string, Pick<Pool, 'name' | 'labels'>>;
  /** `--lb-class`; `undefined` means Services without a class. */
  readonly loadBalancerClass: string | undefined;
}

/** Whether a Service, `undefined` when it is gone, is one to announce, by whichever protocol. */
export function subjectOf(
  service: ServiceFacts | undefined,
  { pools, unreadablePools, loadBalancerClass }: SubjectSurroundings,
): Result<Subject, NoSubject> {
  if (service === undefined) return err('serviceDeleted');
  if (service.type !== 'LoadBalancer') return err('notLoadBalancer');
  if (!hasClass(service, loadBalancerClass)) return err('otherLoadBalancerClass');
  const parsed = service.ingress.map(({ ip }) => parseAddress(ip));
  const addresses = parsed.filter((address) => address !== undefined);
  // An entry of somebody else (a host name) means that the address is not ours alone to announce.
  if (addresses.length < parsed.length) return err('invalidIP');
  if (addresses.length === 0) return err('noIPAllocated');
  const pool = commonPool(pools, addresses) ?? unreadablePools.get(service.annotations[POOL_ANNOTATION] ?? '');
  return pool === undefined ? err('ipNotAllowed') : ok({ service, addresses, pool });
}

function commonPool(pools: PoolSet, addresses: readonly IpAddress[]): Pool | undefined {
  const owners = new Set(addresses.map((address) => pools.ownerOf(address)));
  return owners.size === 1 ? owners.values().next().value : undefined;
}
