import type { Family } from '../lib/ip.ts';
import { type JsonObject, listOf, objectOf, textOf } from '../lib/json.ts';

/** What the speaker needs from an EndpointSlice: where a Service can be served. */
export interface EndpointFacts {
  /** `namespace/name` of the slice. */
  readonly key: string;
  /** `namespace/name` of the Service it belongs to; empty when it belongs to none. */
  readonly service: string;
  /** Of all its addresses; `undefined` when they are names, or of a family that a later Kubernetes adds. */
  readonly family: Family | undefined;
  /** How many of its endpoints can serve on each node. */
  readonly servingByNode: ReadonlyMap<string, number>;
  /** How many of them are not about to end; the same map where that is all of them. */
  readonly readyByNode: ReadonlyMap<string, number>;
  /** How many of its endpoints can serve and name no node. */
  readonly servingElsewhere: number;
}

const SERVICE_LABEL = 'kubernetes.io/service-name';

/** Reads an EndpointSlice as the API gives it. Never throws; a field that is missing or of a wrong type counts as absent. */
export function endpointFacts(slice: unknown): EndpointFacts {
  const { metadata, endpoints, addressType } = objectOf(slice);
  const { name, namespace, labels } = objectOf(metadata);
  const service = textOf(objectOf(labels)[SERVICE_LABEL]) ?? '';
  const inNamespace = textOf(namespace) ?? '';
  return {
    key: `${inNamespace}/${textOf(name) ?? ''}`,
    service: service && `${inNamespace}/${service}`,
    family: addressType === 'IPv4' || addressType === 'IPv6' ? addressType : undefined,
    ...countsOf(listOf(endpoints).map(objectOf)),
  };
}

function countsOf(endpoints: readonly JsonObject[]): Pick<EndpointFacts, 'servingByNode' | 'readyByNode' | 'servingElsewhere'> {
  const servingByNode = new Map<string, number>();
  const readyByNode = new Map<string, number>();
  let servingElsewhere = 0;
  let allReady = true;
  for (const { conditions, nodeName } of endpoints) {
    const ready = isReady(objectOf(conditions));
    if (!ready && objectOf(conditions).serving !== true) continue;
    const node = textOf(nodeName);
    if (node === undefined) servingElsewhere++;
    else servingByNode.set(node, (servingByNode.get(node) ?? 0) + 1);
    if (node !== undefined && ready) readyByNode.set(node, (readyByNode.get(node) ?? 0) + 1);
    allReady &&= ready;
  }
  return { servingByNode, readyByNode: allReady ? servingByNode : readyByNode, servingElsewhere };
}

/** An absent `ready` means ready; what is terminating is not, though it may still serve (EndpointSlice API). */
function isReady({ ready }: JsonObject): boolean {
  return ready === undefined || ready === null || ready === true;
}

/** Whether any endpoint of these slices, all of one Service, can serve. */
export function canBeServed(slices: Iterable<EndpointFacts>): boolean {
  for (const slice of slices) if (slice.servingElsewhere > 0 || slice.servingByNode.size > 0) return true;
  return false;
}

/** The nodes with an endpoint that can serve, from all slices of one Service. */
export function servingNodes(slices: Iterable<EndpointFacts>): Set<string> {
  const nodes = new Set<string>();
  for (const slice of slices) for (const node of slice.servingByNode.keys()) nodes.add(node);
  return nodes;
}

/**
 * How many endpoints of a node share what comes to an address of this family, from all slices of one Service: those that
 * are ready, or, as kube-proxy has it, those that terminate and still serve where none is ready.
 */
export function endpointsOn(node: string, family: Family, slices: Iterable<EndpointFacts>): number {
  let [ready, serving] = [0, 0];
  for (const slice of slices) {
    if (slice.family !== undefined && slice.family !== family) continue;
    ready += slice.readyByNode.get(node) ?? 0;
    serving += slice.servingByNode.get(node) ?? 0;
  }
  return ready > 0 ? ready : serving;
}
