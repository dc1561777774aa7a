import type { ConfigurationStatus, ObjectMeta } from '../../crds/meta.ts';
import { type JsonObject, listOf, objectOf, textMapOf } from '../../lib/json.ts';

/** What the controller keeps of an object of the configuration; what its spec is, the rules find out. */
export interface KeptObject {
  readonly metadata: ObjectMeta;
  readonly spec?: never;
  readonly status?: ConfigurationStatus;
}

/** Reads an object of the configuration. The server vouches for the metadata. Of a status, what is no condition is left out. */
export function keptObject({ metadata, spec, status }: JsonObject): KeptObject {
  const { name, namespace, uid, labels, generation, creationTimestamp, resourceVersion } = objectOf(metadata);
  return {
    metadata: { name, namespace, uid, labels: textMapOf(labels), generation, creationTimestamp, resourceVersion },
    spec,
    status: status === undefined ? undefined : statusOf(objectOf(status)),
  } as unknown as KeptObject;
}

function statusOf({ observedGeneration, conditions }: JsonObject): JsonObject {
  return { observedGeneration, conditions: listOf(conditions).filter((each) => Object.keys(objectOf(each)).length > 0) };
}
