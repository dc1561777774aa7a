import { formatAddress } from '../../lib/ip.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Holding } from '../../model/allocation/claim.ts';
import { POOL_ANNOTATION, type ServiceFacts } from '../../model/service.ts';
import { type AddressCondition, mergeCondition, saysCondition } from './condition.ts';
import type { AddressableFacts } from './projection.ts';

/** What this product writes into a Service, all of it in one request. */
export interface DesiredStatus {
  /** `undefined` leaves addresses and annotation as they are. */
  readonly addresses: DesiredAddresses | undefined;
  /** `undefined` takes ours away. */
  readonly condition: AddressCondition | undefined;
}

/** The addresses of a Service, and the pool they are from. */
export interface DesiredAddresses {
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

/** No addresses. */
export const CLEARED: DesiredAddresses = { ingress: [], pool: undefined };

/** The addresses that a Service holds. */
export function addressesOf({ addresses, pool }: Holding): DesiredAddresses {
  return { ingress: addresses.map((address) => ({ ip: formatAddress(address), ipMode: 'VIP' })), pool };
}

/** Whether a Service says other addresses than it should. An entry without a mode means the same as VIP (Service API). */
export function hasOtherAddresses(facts: ServiceFacts, desired: DesiredAddresses | undefined): boolean {
  if (desired === undefined) return false;
  const { ingress, pool } = desired;
  if (facts.annotations[POOL_ANNOTATION] !== pool || facts.ingress.length !== ingress.length) return true;
  return facts.ingress.some(({ ip, ipMode, foreign }, index) => foreign || ip !== ingress[index]?.ip || (ipMode ?? 'VIP') !== 'VIP');
}

/** Whether a Service says something else than it should. */
export function differs(facts: AddressableFacts, { addresses, condition }: DesiredStatus): boolean {
  return hasOtherAddresses(facts, addresses) || !saysCondition(facts, condition);
}

/** A merge patch of a Service's status and annotations. */
export interface ServicePatch {
  readonly status: JsonObject;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/**
 * What to send so that the Service says what it should. A merge patch replaces lists whole: the conditions of others go
 * along, and are as they stand, for the write is refused when the Service has changed.
 */
export function patchOf(facts: AddressableFacts, { addresses, condition }: DesiredStatus): ServicePatch {
  const merged = mergeCondition(facts, condition);
  const conditions = saysCondition(facts, condition) ? {} : { conditions: merged.length === 0 ? null : merged };
  if (addresses === undefined) return { status: conditions };
  const { ingress, pool } = addresses;
  return {
    status: { loadBalancer: { ingress: ingress.length === 0 ? null : ingress }, ...conditions },
    annotations: { [POOL_ANNOTATION]: pool ?? null },
  };
}
