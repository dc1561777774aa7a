import { formatAddress } from '../../lib/ip.ts';
import type { Holding } from '../../model/allocation/claim.ts';
import { POOL_ANNOTATION, type ServiceFacts } from '../../model/service.ts';

/** What this product writes into a Service, all of it in one request. */
export interface DesiredStatus {
  /** Becomes `status.loadBalancer.ingress`; empty takes the field away. */
  readonly ingress: readonly DesiredIngress[];
  /** Becomes the annotation that names the pool; absent takes it away. */
  readonly pool: string | undefined;
}

/** One address. The mode says that traffic arrives with it as its destination, which is all that this product does. */
export interface DesiredIngress {
  readonly ip: string;
  readonly ipMode: 'VIP';
}

/** The status of a Service without addresses. */
export const CLEARED: DesiredStatus = { ingress: [], pool: undefined };

/** The status of a Service that holds addresses. */
export function statusOf({ addresses, pool }: Holding): DesiredStatus {
  return { ingress: addresses.map((address) => ({ ip: formatAddress(address), ipMode: 'VIP' })), pool };
}

/** Whether a Service says something else than it should. An entry without a mode means the same as VIP (Service API). */
export function differs(facts: ServiceFacts, { ingress, pool }: DesiredStatus): boolean {
  if (facts.annotations[POOL_ANNOTATION] !== pool || facts.ingress.length !== ingress.length) return true;
  return facts.ingress.some(({ ip, ipMode, foreign }, index) => foreign || ip !== ingress[index]?.ip || (ipMode ?? 'VIP') !== 'VIP');
}
