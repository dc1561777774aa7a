import { type JsonObject, listOf, objectOf, type TextMap, textMapOf } from '../../lib/json.ts';
import { POOL_ANNOTATION, type ServiceFacts, serviceFacts } from '../../model/service.ts';

/** The condition of a Service that says whether it has the addresses it should have, and if not, why. */
export const ADDRESS_ALLOCATED = 'metallb.io/AddressAllocated';

/** What the controller needs of a Service. */
export interface AddressableFacts extends ServiceFacts {
  /** `status.conditions` whole, for those of others are written along with ours. */
  readonly conditions: readonly JsonObject[];
}

/** Reads a Service as the API gives it. Never throws; what is missing or of a wrong type counts as absent. */
export function readService(object: unknown): AddressableFacts {
  const { conditions } = objectOf(objectOf(object).status);
  return { ...serviceFacts(object), conditions: listOf(conditions).map(objectOf) };
}

/**
 * What the controller keeps of a Service: nothing of one that is no load balancer and has no trace of having been one.
 * Those with a trace stay until it is gone, for an address or a condition may have to be taken from them.
 */
export function addressableFacts(object: JsonObject): AddressableFacts | undefined {
  const facts = readService(object);
  const traces =
    facts.ingress.length > 0 ||
    facts.annotations[POOL_ANNOTATION] !== undefined ||
    facts.conditions.some(({ type }) => type === ADDRESS_ALLOCATED);
  return facts.type === 'LoadBalancer' || traces ? facts : undefined;
}

/** What the controller keeps of a Namespace: its labels, which pools select. */
export function namespaceLabels({ metadata }: JsonObject): TextMap {
  return textMapOf(objectOf(metadata).labels);
}
