import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { L2Advertisement } from '../../crds/l2-advertisement.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../../lib/json.ts';
import { type EndpointFacts, endpointFacts } from '../../model/endpoint-facts.ts';
import { READY } from '../../model/ready-condition.ts';
import { type ServiceFacts, serviceFacts } from '../../model/service.ts';

/** What the speaker keeps of any object that says what a node announces. */
export interface ServiceStatusFacts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** Since when its status says of this generation that it is ready, RFC 3339; `undefined` when it does not. */
  readonly readySince: string | undefined;
  /** The node that wrote it, by its label. */
  readonly node: string;
  /** `namespace/name` of the Service it is about, by its labels; empty when they are missing. */
  readonly service: string;
}

/** What the speaker keeps of a ServiceL2Status. */
export interface L2StatusFacts extends ServiceStatusFacts {
  /** What the status says; `undefined` while nothing is written. */
  readonly status: { readonly node: string; readonly interfaces: readonly string[] } | undefined;
}

/** What the speaker keeps of a ServiceBGPStatus. */
export interface BgpStatusFacts extends ServiceStatusFacts {
  /** What the status says; `undefined` while nothing is written. */
  readonly status: { readonly node: string; readonly peers: readonly string[] } | undefined;
}

/** Labels by which these objects are found: upstream's names. */
export const STATUS_LABELS = {
  node: 'metallb.io/node',
  service: 'metallb.io/service-name',
  serviceNamespace: 'metallb.io/service-namespace',
} as const;

/** Reads what these objects have in common. Never throws; what is missing reads as empty. */
export function serviceStatusFacts(object: JsonObject): ServiceStatusFacts {
  const metadata = objectOf(object.metadata);
  const labels = objectOf(metadata.labels);
  const service = textOf(labels[STATUS_LABELS.service]) ?? '';
  const generation = Number(metadata.generation ?? 0);
  return {
    name: textOf(metadata.name) ?? '',
    namespace: textOf(metadata.namespace) ?? '',
    uid: textOf(metadata.uid) ?? '',
    resourceVersion: textOf(metadata.resourceVersion) ?? '',
    generation,
    readySince: readySince(objectOf(object.status), generation),
    node: textOf(labels[STATUS_LABELS.node]) ?? '',
    service: service === '' ? '' : `${textOf(labels[STATUS_LABELS.serviceNamespace]) ?? ''}/${service}`,
  };
}

function readySince({ observedGeneration, conditions }: JsonObject, generation: number): string | undefined {
  const ready = listOf(conditions)
    .map(objectOf)
    .find(({ type }) => type === READY);
  const holds = observedGeneration === generation && ready?.observedGeneration === generation && ready.status === 'True';
  return holds ? textOf(ready.lastTransitionTime) : undefined;
}

/** Reads a ServiceL2Status as the API gives it. Never throws; what is missing reads as empty. */
export function l2StatusFacts(object: JsonObject): L2StatusFacts {
  const { node, interfaces } = objectOf(object.status);
  const name = textOf(node);
  const names = listOf(interfaces).map((each) => textOf(objectOf(each).name) ?? '');
  return { ...serviceStatusFacts(object), status: name === undefined ? undefined : { node: name, interfaces: names } };
}

/** Reads a ServiceBGPStatus as the API gives it. Never throws; what is missing reads as empty. */
export function bgpStatusFacts(object: JsonObject): BgpStatusFacts {
  const { node, peers } = objectOf(object.status);
  const name = textOf(node);
  const names = listOf(peers).map((each) => textOf(each) ?? '');
  return { ...serviceStatusFacts(object), status: name === undefined ? undefined : { node: name, peers: names } };
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

/** Only Services of type LoadBalancer: where the server cannot select them, they are picked here. */
export function loadBalancerFacts(object: JsonObject): ServiceFacts | undefined {
  const facts = serviceFacts(object);
  return facts.type === 'LoadBalancer' ? facts : undefined;
}

/** Slices that belong to no Service are of no interest. */
export function serviceEndpoints(object: JsonObject): EndpointFacts | undefined {
  const facts = endpointFacts(object);
  return facts.service === '' ? undefined : facts;
}
