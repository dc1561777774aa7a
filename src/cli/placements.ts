import type { L2Advertisement as L2AdvertisementObject } from '../crds/l2-advertisement.ts';
import { type JsonObject, objectOf, textMapOf, textOf } from '../lib/json.ts';
import { selectsNode, selectsPool, selectsService } from '../model/advertisement-scope.ts';
import { endpointFacts, servingNodes } from '../model/endpoint-facts.ts';
import { type L2Advertisement, parseL2Advertisements, preferredNodeScore } from '../model/l2-advertisement.ts';
import { mayAnnounce, type NodeFacts, nodeFacts } from '../model/node-facts.ts';
import { hasAnnotation, POOL_ANNOTATION, PREFERRED_NODE_ANNOTATION, type ServiceFacts, serviceFacts } from '../model/service.ts';
import type { Placement } from './balance.ts';
import { conditionOf } from './explain.ts';
import { nameOf } from './manifests.ts';

/** What the API server has about who answers for what. */
export interface PlacementView {
  readonly services: readonly JsonObject[];
  readonly pools: readonly JsonObject[];
  readonly l2Advertisements: readonly JsonObject[];
  readonly l2Statuses: readonly JsonObject[];
  readonly slices: readonly JsonObject[];
  readonly nodes: readonly JsonObject[];
  /** The ConfigurationStates, by which speakers say that they are there. */
  readonly states: readonly JsonObject[];
}

/** What all Services have in common. */
interface Ground {
  readonly advertisements: readonly L2Advertisement[];
  /** Labels by the name of the pool. */
  readonly pools: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Those that may announce, are ready and have a speaker. */
  readonly nodes: readonly NodeFacts[];
  readonly slices: ReadonlyMap<string, readonly JsonObject[]>;
}

/**
 * Who answers for each Service on the segment, and which nodes might as well: those that are selected and preferred as much, with an endpoint under
 * `externalTrafficPolicy: Local`. A Service that shares its address, or asks for a node itself, is to stay. Never throws.
 */
export function placementsOf(view: PlacementView): readonly Placement[] {
  const ground = groundOf(view);
  const services = new Map(view.services.map(serviceFacts).map((facts) => [facts.key, facts]));
  return Array.from(ownersOf(view.l2Statuses), ([service, node]) => {
    const facts = services.get(service);
    return { service, node, candidates: facts === undefined || stays(facts) ? [] : candidatesOf(facts, node, ground) };
  });
}

/** By the Service; one of which two nodes say that they have it is on its way from one to the other, and is left out. */
export function ownersOf(l2Statuses: readonly JsonObject[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  const twice = new Set<string>();
  for (const { status } of l2Statuses) {
    const { serviceNamespace, serviceName, node } = objectOf(status);
    const key = `${textOf(serviceNamespace) ?? ''}/${textOf(serviceName) ?? ''}`;
    if (owners.has(key)) twice.add(key);
    owners.set(key, textOf(node) ?? '');
  }
  for (const key of twice) owners.delete(key);
  return owners;
}

function groundOf({ l2Advertisements, pools, nodes, states, slices }: PlacementView): Ground {
  const speakers = new Set(states.map(nameOf));
  const isThere = (node: JsonObject): boolean => conditionOf(node, 'Ready')?.status === 'True' && speakers.has(`speaker-${nameOf(node)}`);
  const advertisements = parseL2Advertisements(l2Advertisements as unknown as readonly L2AdvertisementObject[]).advertisements;
  return {
    advertisements: [...advertisements.values()],
    pools: new Map(pools.map((pool) => [nameOf(pool), textMapOf(objectOf(pool.metadata).labels)])),
    nodes: nodes
      .filter(isThere)
      .map(nodeFacts)
      .filter((node) => mayAnnounce(node, false)),
    slices: Map.groupBy(slices, ({ metadata }) => {
      const { namespace, labels } = objectOf(metadata);
      return `${textOf(namespace) ?? ''}/${textOf(objectOf(labels)['kubernetes.io/service-name']) ?? ''}`;
    }),
  };
}

function stays(facts: ServiceFacts): boolean {
  return hasAnnotation(facts, 'allow-shared-ip') || Object.hasOwn(facts.annotations, PREFERRED_NODE_ANNOTATION);
}

function candidatesOf(facts: ServiceFacts, owner: string, { advertisements, pools, nodes, slices }: Ground): readonly string[] {
  const name = facts.annotations[POOL_ANNOTATION] ?? '';
  const pool = { name, labels: pools.get(name) ?? {} };
  const matching = advertisements.filter((each) => selectsPool(each, pool) && selectsService(each, facts.labels));
  const serving = servingNodes((slices.get(facts.key) ?? []).map(endpointFacts));
  const able = nodes.filter(
    ({ name: node, labels }) =>
      matching.some((each) => selectsNode(each, labels)) && (facts.externalTrafficPolicy === 'Cluster' || serving.has(node)),
  );
  const scoreOf = ({ labels }: NodeFacts): number => matching.reduce((sum, each) => sum + preferredNodeScore(each, labels), 0);
  const best = Math.max(...able.map(scoreOf));
  return able.filter((node) => scoreOf(node) === best && node.name !== owner).map((node) => node.name);
}
