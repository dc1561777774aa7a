import { type IpAddress, parseAddress } from '../lib/ip.ts';
import { integerOf, type JsonObject, listOf, objectOf, type TextMap, textMapOf, textOf, textsOf } from '../lib/json.ts';
import { compareTexts } from '../lib/order.ts';

/** What the allocator and the speaker need from a Service: all that a cache has to keep of it. */
export interface ServiceFacts {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** RFC 3339, as the server wrote it. */
  readonly creationTimestamp: string;
  /** ClusterIP, NodePort, LoadBalancer, ExternalName, or what a later Kubernetes adds. */
  readonly type: string;
  readonly loadBalancerClass: string | undefined;
  /** `spec.clusterIPs`, or `spec.clusterIP` alone where the list is absent. */
  readonly clusterIPs: readonly string[];
  readonly ipFamilies: readonly string[];
  readonly ipFamilyPolicy: string;
  /** `PROTOCOL/port` of each port, such as `TCP/80`. */
  readonly ports: readonly string[];
  readonly selector: TextMap;
  readonly labels: TextMap;
  /** Only the annotations of this product, under both prefixes. */
  readonly annotations: TextMap;
  readonly loadBalancerIP: string;
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly ingress: readonly IngressFacts[];
}

/** One entry of `status.loadBalancer.ingress`. */
export interface IngressFacts {
  /** As written; empty for an entry that has only a host name. */
  readonly ip: string;
  readonly ipMode: string | undefined;
  /** Whether it has a host name or port states, which this product never writes. */
  readonly foreign: boolean;
}

/** Prefix of the annotations. */
export const ANNOTATION_PREFIX = 'metallb.io/';
/** Prefix of the annotations before 0.14; still read, each use with a warning. */
export const DEPRECATED_PREFIX = 'metallb.universe.tf';

/** The annotations a user may set, without their prefix. */
export type UserAnnotation = 'address-pool' | 'loadBalancerIPs' | 'allow-shared-ip';

/** The annotation that names the pool a Service has its addresses from. */
export const POOL_ANNOTATION: string = `${ANNOTATION_PREFIX}ip-allocated-from-pool`;

/**
 * The annotation that names the node that is to answer for the Service's addresses on the segment before all others, while it may. For as long as it is there:
 * without it an owner keeps what it has.
 */
export const PREFERRED_NODE_ANNOTATION: string = `${ANNOTATION_PREFIX}preferred-node`;

/** Reads a Service as the API gives it. Never throws; a field that is missing or of a wrong type counts as absent. */
export function serviceFacts(service: unknown): ServiceFacts {
  const object = objectOf(service);
  return {
    ...identityOf(objectOf(object.metadata)),
    ...specOf(objectOf(object.spec)),
    ingress: ingressOf(objectOf(object.status)),
  };
}

type Identity = Pick<
  ServiceFacts,
  'key' | 'namespace' | 'name' | 'uid' | 'resourceVersion' | 'generation' | 'creationTimestamp' | 'labels' | 'annotations'
>;

function identityOf(metadata: JsonObject): Identity {
  const namespace = textOf(metadata.namespace) ?? '';
  const name = textOf(metadata.name) ?? '';
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid: textOf(metadata.uid) ?? '',
    resourceVersion: textOf(metadata.resourceVersion) ?? '',
    generation: integerOf(metadata.generation) ?? 0,
    creationTimestamp: textOf(metadata.creationTimestamp) ?? '',
    labels: textMapOf(metadata.labels),
    annotations: textMapOf(metadata.annotations, (key) => key.startsWith(ANNOTATION_PREFIX) || key.startsWith(DEPRECATED_PREFIX)),
  };
}

function specOf(spec: JsonObject): Omit<ServiceFacts, keyof Identity | 'ingress'> {
  const clusterIP = textOf(spec.clusterIP) ?? '';
  const clusterIPs = textsOf(spec.clusterIPs);
  return {
    type: textOf(spec.type) ?? 'ClusterIP',
    loadBalancerClass: textOf(spec.loadBalancerClass),
    clusterIPs: clusterIPs.length > 0 || clusterIP === '' ? clusterIPs : [clusterIP],
    ipFamilies: textsOf(spec.ipFamilies),
    ipFamilyPolicy: textOf(spec.ipFamilyPolicy) ?? 'SingleStack',
    ports: listOf(spec.ports).map(objectOf).map(portOf),
    selector: textMapOf(spec.selector),
    loadBalancerIP: textOf(spec.loadBalancerIP) ?? '',
    externalTrafficPolicy: spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
  };
}

function portOf({ protocol, port }: JsonObject): string {
  return `${textOf(protocol) ?? 'TCP'}/${integerOf(port) ?? 0}`;
}

function ingressOf(status: JsonObject): readonly IngressFacts[] {
  return listOf(objectOf(status.loadBalancer).ingress)
    .map(objectOf)
    .map(({ ip, ipMode, hostname, ports }) => ({
      ip: textOf(ip) ?? '',
      ipMode: textOf(ipMode),
      foreign: (textOf(hostname) ?? '') !== '' || listOf(ports).length > 0,
    }));
}

/** The addresses in a Service's status, in their order; what cannot be read is left out. */
export function ingressAddresses(facts: ServiceFacts): IpAddress[] {
  return facts.ingress.map(({ ip }) => parseAddress(ip)).filter((address) => address !== undefined);
}

/** The value of an annotation, empty when it is absent. The present prefix wins over the deprecated one, even with an empty value. */
export function annotationOf(facts: ServiceFacts, name: UserAnnotation): string {
  return facts.annotations[`${ANNOTATION_PREFIX}${name}`] ?? facts.annotations[`${DEPRECATED_PREFIX}/${name}`] ?? '';
}

/** Whether the annotation is there at all, under either prefix and with any value. */
export function hasAnnotation(facts: ServiceFacts, name: UserAnnotation): boolean {
  return (
    Object.hasOwn(facts.annotations, `${ANNOTATION_PREFIX}${name}`) || Object.hasOwn(facts.annotations, `${DEPRECATED_PREFIX}/${name}`)
  );
}

/** The node that the Service asks for; empty for none. One that shares its addresses asks for none: two of them could ask for two nodes. */
export function preferredNodeOf(facts: ServiceFacts): string {
  return hasAnnotation(facts, 'allow-shared-ip') ? '' : (facts.annotations[PREFERRED_NODE_ANNOTATION] ?? '');
}

/** The keys of all annotations under the deprecated prefix, sorted. */
export function deprecatedAnnotations(facts: ServiceFacts): string[] {
  return Object.keys(facts.annotations)
    .filter((key) => key.startsWith(DEPRECATED_PREFIX))
    .sort(compareTexts);
}

/** Whether this program is to serve the Service: its class is exactly `ownClass`, or absent when that is `undefined` (`--lb-class`). */
export function hasClass(facts: ServiceFacts, ownClass: string | undefined): boolean {
  return facts.loadBalancerClass === ownClass;
}

/** Orders Services from the oldest to the newest, at equal age by key. For `Array.sort`. */
export function compareAge(left: ServiceFacts, right: ServiceFacts): number {
  return compareTexts(left.creationTimestamp, right.creationTimestamp) || compareTexts(left.key, right.key);
}
