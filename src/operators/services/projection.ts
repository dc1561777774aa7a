import { type JsonObject, objectOf, type TextMap, textMapOf } from '../../lib/json.ts';
import { POOL_ANNOTATION, type ServiceFacts, serviceFacts } from '../../model/service.ts';

/**
 * What the controller keeps of a Service: nothing of one that is no load balancer and has no trace of having been one.
 * Those with a trace stay until it is gone, for an address may have to be taken from them.
 */
export function addressableFacts(object: JsonObject): ServiceFacts | undefined {
  const facts = serviceFacts(object);
  const traces = facts.ingress.length > 0 || facts.annotations[POOL_ANNOTATION] !== undefined;
  return facts.type === 'LoadBalancer' || traces ? facts : undefined;
}

/** What the controller keeps of a Namespace: its labels, which pools select. */
export function namespaceLabels({ metadata }: JsonObject): TextMap {
  return textMapOf(objectOf(metadata).labels);
}
