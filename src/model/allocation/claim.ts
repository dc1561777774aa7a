import type { IpAddress } from '../../lib/ip.ts';
import { compareTexts, sameTexts } from '../../lib/order.ts';
import { annotationOf, type ServiceFacts } from '../service.ts';

/** What a Service brings along when it wants an address: it decides with whom it may share. */
export interface Claim {
  /** `namespace/name`. */
  readonly service: string;
  /** Tells a Service from a later one of the same name. */
  readonly uid: string;
  /** `PROTOCOL/port` of each port. */
  readonly ports: readonly string[];
  /** What must be equal, and not empty, for two Services to share an address. */
  readonly sharing: string;
}

/** The addresses that a Service holds, all from one pool. */
export interface Holding extends Claim {
  /** Name of the pool; empty when it is not known, and for a foreign Service. */
  readonly pool: string;
  readonly addresses: readonly IpAddress[];
  /** Whether another load balancer serves it: its addresses are in use, and none of our business. */
  readonly foreign: boolean;
}

/** The claim of a Service as it is now. */
export function claimOf(facts: ServiceFacts): Claim {
  return { service: facts.key, uid: facts.uid, ports: facts.ports, sharing: sharingOf(facts) };
}

/**
 * The user's key and the back ends that traffic reaches: with the policy Cluster any node passes it on, so all such
 * Services may share; with Local the node that has the address must have the endpoints of each, so only Services of
 * identical selectors may. Empty when the user gave no key.
 */
function sharingOf(facts: ServiceFacts): string {
  const key = annotationOf(facts, 'allow-shared-ip');
  if (key === '') return '';
  const backends = facts.externalTrafficPolicy === 'Local' ? ['Local', selectorText(facts)] : ['Cluster'];
  return JSON.stringify([key, ...backends]);
}

function selectorText({ selector }: ServiceFacts): string {
  return Object.entries(selector)
    .map(([label, value]) => `${label}=${value}`)
    .sort(compareTexts)
    .join(',');
}

/** Whether two claims of one Service are worth the same to others. */
export function sameClaim(left: Claim, right: Claim): boolean {
  return left.uid === right.uid && left.sharing === right.sharing && sameTexts(left.ports, right.ports);
}
