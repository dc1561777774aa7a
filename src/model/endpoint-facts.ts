import { type JsonObject, listOf, objectOf, textOf } from '../lib/json.ts';

/** What the speaker needs from an EndpointSlice: where a Service can be served. */
export interface EndpointFacts {
  /** `namespace/name` of the slice. */
  readonly key: string;
  /** `namespace/name` of the Service it belongs to; empty when it belongs to none. */
  readonly service: string;
  /** How many of its endpoints can serve on each node. */
  readonly servingByNode: ReadonlyMap<string, number>;
  /** How many of its endpoints can serve and name no node. */
  readonly servingElsewhere: number;
}

const SERVICE_LABEL = 'kubernetes.io/service-name';

/** Reads an EndpointSlice as the API gives it. Never throws; a field that is missing or of a wrong type counts as absent. */
export function endpointFacts(slice: unknown): EndpointFacts {
  const { metadata, endpoints } = objectOf(slice);
  const { name, namespace, labels } = objectOf(metadata);
  const service = textOf(objectOf(labels)[SERVICE_LABEL]) ?? '';
  const servingByNode = new Map<string, number>();
  let servingElsewhere = 0;
  for (const endpoint of listOf(endpoints).map(objectOf)) {
    if (!canServe(objectOf(endpoint.conditions))) continue;
    const node = textOf(endpoint.nodeName);
    if (node === undefined) servingElsewhere++;
    else servingByNode.set(node, (servingByNode.get(node) ?? 0) + 1);
  }
  const inNamespace = textOf(namespace) ?? '';
  return { key: `${inNamespace}/${textOf(name) ?? ''}`, service: service && `${inNamespace}/${service}`, servingByNode, servingElsewhere };
}

/** Ready, or terminating and still serving; an absent `ready` means ready (EndpointSlice API). */
function canServe({ ready, serving }: JsonObject): boolean {
  return ready === undefined || ready === null || ready === true || serving === true;
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
