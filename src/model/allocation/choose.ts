import type { Family, IpAddress } from '../../lib/ip.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { FamilySet } from '../ip-families.ts';
import { type Pool, type PoolCandidate, poolAccepts } from '../pool.ts';
import type { ServiceFacts } from '../service.ts';
import type { Claim } from './claim.ts';
import { type AllocationFailure, failures } from './failure.ts';
import type { AllocationTable } from './table.ts';

/** Which families a Service wants addresses of. */
export interface FamilyRequest {
  readonly families: FamilySet;
  /** Whether, of both, one will do. */
  readonly oneWillDo: boolean;
  /** Of which to have one, when both are not to be had. */
  readonly primary: Family;
}

/** Who wants addresses, and for what. */
export interface Applicant {
  readonly claim: Claim;
  readonly candidate: PoolCandidate;
  readonly request: FamilyRequest;
}

/** The wish of a Service whose cluster addresses are of `families`. */
export function familyRequest(facts: ServiceFacts, families: FamilySet): FamilyRequest {
  return {
    families,
    oneWillDo: families === 'dual' && facts.ipFamilyPolicy === 'PreferDualStack',
    primary: facts.ipFamilies[0] === 'IPv6' ? 'IPv6' : 'IPv4',
  };
}

/** The first address that a pool has for the Service, of each family. */
type Offer = Partial<Record<Family, IpAddress>>;

/** Addresses for a Service that asks for nothing: of the pinned pools that take it, else of those open to all. */
export function chooseAutomatically(table: AllocationTable, applicant: Applicant): Result<readonly IpAddress[], AllocationFailure> {
  const pinned = table.pools.pinned.filter((pool) => poolAccepts(pool, applicant.candidate));
  const chosen = bestOf(table, pinned, applicant) ?? bestOf(table, table.pools.open, applicant);
  if (chosen !== undefined) return ok(chosen);
  return err(pinned.length + table.pools.open.length === 0 ? failures.noPoolTakes() : failures.exhausted(applicant.request.families));
}

/** Addresses for a Service that asks for a pool by name; that the pool takes the Service is for the table to check. */
export function chooseFromPool(
  table: AllocationTable,
  applicant: Applicant,
  name: string,
): Result<readonly IpAddress[], AllocationFailure> {
  const pool = table.pools.pools.get(name);
  if (pool === undefined) {
    const fault = table.pools.refused.get(name);
    return err(fault === undefined ? failures.unknownPool(name) : failures.refusedPool(name, fault));
  }
  const { request } = applicant;
  const offer = offerOf(table, pool, applicant.claim);
  const chosen = fullOffer(offer, request.families) ?? (request.oneWillDo ? oneOf(offer.IPv4 ?? offer.IPv6) : undefined);
  if (chosen !== undefined) return ok(chosen);
  const empty = offer.IPv4 === undefined && offer.IPv6 === undefined;
  return err(empty ? failures.poolExhausted(name) : failures.familyExhausted(name, request.families));
}

/**
 * The first pool that has all families that are wanted. When one will do, a pool that has the primary family comes
 * next, then one that has the other. The addresses of a Service always come from one pool.
 */
function bestOf(table: AllocationTable, pools: readonly Pool[], { claim, request }: Applicant): readonly IpAddress[] | undefined {
  const single: Offer = {};
  for (const pool of pools) {
    const offer = offerOf(table, pool, claim);
    const full = fullOffer(offer, request.families);
    if (full !== undefined) return full;
    for (const family of ['IPv4', 'IPv6'] as const) if (offer[family] !== undefined) single[family] ??= offer[family];
  }
  const other: Family = request.primary === 'IPv4' ? 'IPv6' : 'IPv4';
  return request.oneWillDo ? oneOf(single[request.primary] ?? single[other]) : undefined;
}

function offerOf(table: AllocationTable, pool: Pool, claim: Claim): Offer {
  const offer: Offer = {};
  for (const family of ['IPv4', 'IPv6'] as const) {
    const address = table.firstFor(claim, pool.name, family);
    if (address !== undefined) offer[family] = address;
  }
  return offer;
}

/** All that is wanted, IPv4 first. */
function fullOffer({ IPv4, IPv6 }: Offer, families: FamilySet): readonly IpAddress[] | undefined {
  if (families === 'dual') return IPv4 !== undefined && IPv6 !== undefined ? [IPv4, IPv6] : undefined;
  return oneOf(families === 'IPv4' ? IPv4 : IPv6);
}

function oneOf(address: IpAddress | undefined): readonly IpAddress[] | undefined {
  return address === undefined ? undefined : [address];
}
