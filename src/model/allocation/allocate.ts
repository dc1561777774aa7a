import { type Family, formatAddress, type IpAddress } from '../../lib/ip.ts';
import { compareTexts } from '../../lib/order.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { serviceFamilies } from '../ip-families.ts';
import type { PoolCandidate } from '../pool.ts';
import { type RequestedAddresses, requestedAddresses } from '../requested-addresses.ts';
import { annotationOf, type ServiceFacts } from '../service.ts';
import { chooseAutomatically, chooseFromPool, familyRequest } from './choose.ts';
import { claimOf, type Holding } from './claim.ts';
import { type AllocationFailure, failures } from './failure.ts';
import type { AllocationTable } from './table.ts';

/**
 * Gives a Service addresses: exactly those it asks for, else of the pool it asks for, else of any pool that gives
 * addresses by itself. On refusal the Service holds what it held.
 */
export function allocate(table: AllocationTable, facts: ServiceFacts, candidate: PoolCandidate): Result<Holding, AllocationFailure> {
  const families = serviceFamilies(facts);
  if (!families.ok) return err(failures.noFamilies(families.error));
  const requested = requestedAddresses(facts);
  if (!requested.ok) return err(failures.unreadableRequest(requested.error));
  const applicant = { claim: claimOf(facts), candidate, request: familyRequest(facts, families.value) };
  if (requested.value !== undefined) {
    const { addresses } = requested.value;
    if (requested.value.families !== families.value) return err(failures.otherFamily(addresses));
    return allocateRequested(table, facts, candidate, requested.value);
  }
  const pool = annotationOf(facts, 'address-pool');
  const chosen = pool === '' ? chooseAutomatically(table, applicant) : chooseFromPool(table, applicant, pool);
  return chosen.ok ? table.assign(applicant.claim, chosen.value, candidate) : chosen;
}

function allocateRequested(
  table: AllocationTable,
  facts: ServiceFacts,
  candidate: PoolCandidate,
  { addresses }: RequestedAddresses,
): Result<Holding, AllocationFailure> {
  const claim = claimOf(facts);
  const owner = table.check(claim, addresses, candidate);
  if (!owner.ok) return owner;
  const pool = annotationOf(facts, 'address-pool');
  if (pool !== '' && owner.value.name !== pool) return err(failures.otherPool(addresses, pool));
  return table.assign(claim, inTextOrder(addresses), candidate);
}

/** Upstream's order of requested addresses in a status, whatever the order of the request. */
function inTextOrder(addresses: readonly IpAddress[]): IpAddress[] {
  return [...addresses].sort((left, right) => compareTexts(formatAddress(left), formatAddress(right)));
}

/** Adds to the one address of a Service one of the other family, of the same pool. On refusal it keeps the one. */
export function allocateAdditional(
  table: AllocationTable,
  facts: ServiceFacts,
  candidate: PoolCandidate,
  holding: Holding,
): Result<{ readonly holding: Holding; readonly added: IpAddress }, AllocationFailure> {
  const family: Family = holding.addresses[0]?.family === 'IPv4' ? 'IPv6' : 'IPv4';
  const claim = claimOf(facts);
  const added = table.firstFor(claim, holding.pool, family);
  if (added === undefined) return err(failures.familyExhausted(holding.pool, family));
  const assigned = table.assign(claim, [...holding.addresses, added], candidate);
  return assigned.ok ? ok({ holding: assigned.value, added }) : assigned;
}
