import { ADDRESS_BITS, type IpAddress, type Prefix } from '../../lib/ip.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { selectsNode, selectsService } from '../../model/advertisement-scope.ts';
import { announcesPool, type BgpAdvertisement } from '../../model/bgp-advertisement.ts';
import { canBeServed, type EndpointFacts, endpointsOn, servingNodes } from '../../model/endpoint-facts.ts';
import type { NodeFacts } from '../../model/node-facts.ts';
import type { PlannedRoute } from '../../model/planned-route.ts';
import { parseWeightByEndpoints, WEIGHT_ANNOTATION, type WeightByEndpoints, weightOf } from '../../model/route-weight.ts';
import type { ServiceFacts } from '../../model/service.ts';
import { type NoSubject, type SubjectSurroundings, subjectOf } from './subject.ts';

/** Everything the decision about the routes to one Service rests on, as one node sees it. */
export interface RouteObservation extends SubjectSurroundings {
  /** The node that decides; `undefined` when the cluster has none of its name. */
  readonly node: NodeFacts | undefined;
  /** `undefined` when the Service is gone. */
  readonly service: ServiceFacts | undefined;
  /** All EndpointSlices of the Service. */
  readonly endpoints: readonly EndpointFacts[];
  readonly advertisements: readonly BgpAdvertisement[];
  /** Whether the node was to leave, and its routers have had the time to move their traffic. */
  readonly drained: boolean;
  /** `--ignore-exclude-lb`. */
  readonly ignoreExcludeLabel: boolean;
}

/** Why a node announces no routes to a Service, in the words that upstream logs. */
export type NoRouteReason =
  | NoSubject
  | 'nodeNetworkUnavailable'
  | 'nodeLabeledExcludeBalancers'
  /** By the annotation; upstream has none. */
  | 'nodeDrained'
  | 'notOwner'
  | 'noMatchingAdvertisement'
  | 'conflictingAdvertisements'
  | 'noEndpoints'
  | 'noLocalEndpoints';

/** What one node does about the routes to one Service. */
export type RouteVerdict =
  | {
      readonly kind: 'announce';
      readonly addresses: readonly IpAddress[];
      readonly routes: readonly PlannedRoute[];
      /** What of the Service's wishes cannot be read and counts as absent, as a sentence. */
      readonly fault: string | undefined;
    }
  /** `detail` says more to people, where there is more to say. */
  | { readonly kind: 'withhold'; readonly reason: NoRouteReason; readonly detail: string };

/**
 * Decides which routes a node announces for one Service: of each advertisement that is about it and selects the node, a
 * route to each of its addresses or to the aggregate around it. All nodes that may announce do, so that routers spread
 * the traffic; with externalTrafficPolicy Local those that have an endpoint which serves.
 */
export function planRoutes(observed: RouteObservation): RouteVerdict {
  const subject = subjectOf(observed.service, observed);
  if (!subject.ok) return withhold(subject.error);
  const { service, addresses, pool } = subject.value;
  const unfit = nodeReason(observed);
  if (unfit !== undefined) return withhold(unfit);
  const ofPool = observed.advertisements.filter((advertisement) => announcesPool(advertisement, pool));
  const here = advertisementsHere(observed, ofPool, service);
  if (!here.ok) return withhold(here.error);
  const unserved = endpointReason(observed, service);
  if (unserved !== undefined) return withhold(unserved);
  const conflict = conflictIn(here.value, addresses);
  if (conflict !== undefined) return withhold('conflictingAdvertisements', conflict);
  const wish = weightWish(service);
  const routes = here.value.flatMap((advertisement) => routesOf(advertisement, addresses, observed, wish.word));
  return { kind: 'announce', addresses, routes, fault: wish.fault };
}

function withhold(reason: NoRouteReason, detail: string = ''): RouteVerdict {
  return { kind: 'withhold', reason, detail };
}

function nodeReason({ node, drained, ignoreExcludeLabel }: RouteObservation): NoRouteReason | undefined {
  if (node?.networkUnavailable === true) return 'nodeNetworkUnavailable';
  if (!drained) return undefined;
  return node?.excluded === true && !ignoreExcludeLabel ? 'nodeLabeledExcludeBalancers' : 'nodeDrained';
}

function endpointReason({ node, endpoints }: RouteObservation, service: ServiceFacts): NoRouteReason | undefined {
  if (service.externalTrafficPolicy !== 'Local') return canBeServed(endpoints) ? undefined : 'noEndpoints';
  return servingNodes(endpoints).has(node?.name ?? '') ? undefined : 'noLocalEndpoints';
}

/** The advertisements that select both this node and the Service. */
function advertisementsHere(
  { node }: RouteObservation,
  ofPool: readonly BgpAdvertisement[],
  service: ServiceFacts,
): Result<readonly BgpAdvertisement[], NoRouteReason> {
  const ofNode = node === undefined ? [] : ofPool.filter((advertisement) => selectsNode(advertisement, node.labels));
  if (ofNode.length === 0) return err('notOwner');
  const ofService = ofNode.filter((advertisement) => selectsService(advertisement, service.labels));
  return ofService.length === 0 ? err('noMatchingAdvertisement') : ok(ofService);
}

/** Two wishes for one route that cannot both be met; where only Services decide it, it shows only here. */
function conflictIn(advertisements: readonly BgpAdvertisement[], addresses: readonly IpAddress[]): string | undefined {
  const sameRoute = ({ aggregationLength: left }: BgpAdvertisement, { aggregationLength: right }: BgpAdvertisement): boolean =>
    addresses.some(({ family }) => left[family] === right[family]);
  for (const [index, one] of advertisements.entries()) {
    for (const other of advertisements.slice(index + 1)) {
      const [left, right] = [one.localPreference ?? 0, other.localPreference ?? 0];
      if (left !== right && sameRoute(one, other) && sharePeer(one, other)) {
        return `advertisements '${one.name}' and '${other.name}' have conflicting LOCAL_PREF (${left} vs ${right})`;
      }
    }
  }
  return undefined;
}

function sharePeer({ peers: left }: BgpAdvertisement, { peers: right }: BgpAdvertisement): boolean {
  return left.length === 0 || right.length === 0 || left.some((peer) => right.includes(peer));
}

/** What the Service itself says about weights. */
function weightWish({ annotations }: ServiceFacts): { readonly word?: WeightByEndpoints; readonly fault: string | undefined } {
  const text = annotations[WEIGHT_ANNOTATION];
  if (text === undefined) return { fault: undefined };
  const parsed = parseWeightByEndpoints(text);
  return parsed.ok ? { word: parsed.value, fault: undefined } : { fault: `annotation ${WEIGHT_ANNOTATION}: ${parsed.error}` };
}

function routesOf(
  advertisement: BgpAdvertisement,
  addresses: readonly IpAddress[],
  { node, endpoints }: RouteObservation,
  weighing: WeightByEndpoints = advertisement.weightByEndpoints,
): readonly PlannedRoute[] {
  const { aggregationLength, localPreference, communities, peers } = advertisement;
  return addresses.map((address) => {
    const { family } = address;
    const weight = weightOf(weighing, endpointsOn(node?.name ?? '', family, endpoints));
    return { prefix: prefixAround(address, aggregationLength[family]), localPreference, communities, weight, peers };
  });
}

/** The prefix of this length that holds an address. */
function prefixAround({ family, value }: IpAddress, length: number): Prefix {
  const hostBits = BigInt(ADDRESS_BITS[family] - length);
  return { address: { family, value: (value >> hostBits) << hostBits }, length };
}
