import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { L2Advertisement } from '../../crds/l2-advertisement.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../../lib/json.ts';

/** What the speaker keeps of a ServiceL2Status. */
export interface L2StatusFacts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The node that wrote it, by its label. */
  readonly node: string;
  /** `namespace/name` of the Service it is about, by its labels; empty when they are missing. */
  readonly service: string;
  /** What the status says; `undefined` while nothing is written. */
  readonly status: { readonly node: string; readonly interfaces: readonly string[] } | undefined;
}

/** Labels of a ServiceL2Status, by which it is found: upstream's names. */
export const L2_STATUS_LABELS = {
  node: 'metallb.io/node',
  service: 'metallb.io/service-name',
  serviceNamespace: 'metallb.io/service-namespace',
} as const;

/** Reads a ServiceL2Status as the API gives it. Never throws; what is missing reads as empty. */
export function l2StatusFacts(object: JsonObject): L2StatusFacts {
  const metadata = objectOf(object.metadata);
  const labels = objectOf(metadata.labels);
  const service = textOf(labels[L2_STATUS_LABELS.service]) ?? '';
  return {
    name: textOf(metadata.name) ?? '',
    namespace: textOf(metadata.namespace) ?? '',
    uid: textOf(metadata.uid) ?? '',
    resourceVersion: textOf(metadata.resourceVersion) ?? '',
    node: textOf(labels[L2_STATUS_LABELS.node]) ?? '',
    service: service === '' ? '' : `${textOf(labels[L2_STATUS_LABELS.serviceNamespace]) ?? ''}/${service}`,
    status: statusOf(objectOf(object.status)),
  };
}

function statusOf({ node, interfaces }: JsonObject): L2StatusFacts['status'] {
  const name = textOf(node);
  if (name === undefined) return undefined;
  return { node: name, interfaces: listOf(interfaces).map((each) => textOf(objectOf(each).name) ?? '') };
}

/** What decides over a pool: its spec, and what names and dates it. The schema of the CRD vouches for the types. */
export function poolSource({ metadata, spec }: JsonObject): IPAddressPool {
  const { name, namespace, uid, labels, generation, creationTimestamp } = objectOf(metadata);
  return { metadata: { name, namespace, uid, labels, generation, creationTimestamp }, spec } as unknown as IPAddressPool;
}

/** What decides over an advertisement. The schema of the CRD vouches for the types. */
export function l2AdvertisementSource({ metadata, spec }: JsonObject): L2Advertisement {
  const { name, namespace, labels } = objectOf(metadata);
  return { metadata: { name, namespace, labels }, spec } as unknown as L2Advertisement;
}
