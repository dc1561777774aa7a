import { parseAddress } from '../../lib/ip.ts';
import { claimOf } from '../../model/allocation/claim.ts';
import type { AllocationTable } from '../../model/allocation/table.ts';
import { compareAge, hasClass, ingressAddresses, POOL_ANNOTATION, type ServiceFacts } from '../../model/service.ts';

/**
 * Books all addresses that stand in the statuses of Services, before any is given out. The oldest Service goes first,
 * so that of two with one address that they may not share the older keeps it, whatever order the server listed them in.
 *
 * Gives all Services in the order in which they are then to be looked at: first those whose address went to an older
 * one, for they must lose it soon, then those without any, then the rest, of each the oldest first: after a start over ten
 * thousand Services a new one does not wait until all others were found to be as they should.
 */
export function adoptServices<Facts extends ServiceFacts>(
  table: AllocationTable,
  services: Iterable<Facts>,
  ownClass: string | undefined,
): Facts[] {
  const byAge = [...services].sort(compareAge);
  // Of whatever type: what is no load balancer any more may still have to lose the address that its status names.
  const addressed = byAge.filter(({ ingress }) => ingress.length > 0);
  const robbed = new Set(addressed.filter((facts) => hasClass(facts, ownClass)).filter((facts) => !adopt(table, facts)));
  // Those of other load balancers come last: what they hold is in use either way, and must not displace an own holder.
  for (const facts of addressed) if (!hasClass(facts, ownClass)) table.holdForeign(facts.key, facts.uid, ingressAddresses(facts));
  const others = addressed.filter((facts) => !robbed.has(facts));
  return [...robbed, ...byAge.filter(({ ingress }) => ingress.length === 0), ...others];
}

/** A status that cannot be read whole is left to the Service's own turn, which clears it. */
function adopt(table: AllocationTable, facts: ServiceFacts): boolean {
  if (facts.ingress.some(({ ip }) => ip !== '' && parseAddress(ip) === undefined)) return false;
  const addresses = ingressAddresses(facts);
  return addresses.length === 0 || table.adopt(claimOf(facts), addresses, facts.annotations[POOL_ANNOTATION] ?? '').ok;
}
