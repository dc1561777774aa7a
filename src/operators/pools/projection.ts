import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import { type JsonObject, objectOf } from '../../lib/json.ts';

/** What the controller keeps of an IPAddressPool. The schema of the CRD vouches for the types. */
export function poolObject({ metadata, spec, status }: JsonObject): IPAddressPool {
  const { name, namespace, uid, labels, generation, creationTimestamp, resourceVersion } = objectOf(metadata);
  return {
    metadata: { name, namespace, uid, labels, generation, creationTimestamp, resourceVersion },
    spec,
    status,
  } as unknown as IPAddressPool;
}
