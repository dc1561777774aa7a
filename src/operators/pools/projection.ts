import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import { type JsonObject, listOf, objectOf, textMapOf, textsOf } from '../../lib/json.ts';

/**
 * What the controller keeps of an IPAddressPool. The server vouches for the metadata; the spec is checked when it is
 * parsed. Of a status that others wrote, what is no condition and no text is left out.
 */
export function poolObject({ metadata, spec, status }: JsonObject): IPAddressPool {
  const { name, namespace, uid, labels, generation, creationTimestamp, resourceVersion } = objectOf(metadata);
  return {
    metadata: { name, namespace, uid, labels: textMapOf(labels), generation, creationTimestamp, resourceVersion },
    spec,
    status: status === undefined ? undefined : statusOf(objectOf(status)),
  } as unknown as IPAddressPool;
}

function statusOf(status: JsonObject): JsonObject {
  const allocations = listOf(status.allocations).map(objectOf);
  return {
    ...status,
    conditions: listOf(status.conditions).filter((each) => Object.keys(objectOf(each)).length > 0),
    allocations: allocations.map(({ address, services }) => ({ address, services: textsOf(services) })),
  };
}
