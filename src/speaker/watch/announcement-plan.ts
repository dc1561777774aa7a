import { formatAddress } from '../../lib/ip.ts';
import { compareTexts } from '../../lib/order.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { selectsNode, selectsPool, selectsService } from '../../model/advertisement-scope.ts';
import { orderContenders, preferring } from '../../model/contenders.ts';
import { canBeServed, type EndpointFacts, servingNodes } from '../../model/endpoint-facts.ts';
import type { L2Advertisement } from '../../model/l2-advertisement.ts';
import type { Announcement, Candidacy, Contenders, InterfaceScope } from '../../model/plan.ts';
import { hasAnnotation, preferredNodeOf, type ServiceFacts } from '../../model/service.ts';
import type { ContenderSets, ContenderSurroundings } from './contender-sets.ts';
import { rankOf } from './owner.ts';
import { type NoSubject, type Subject, type SubjectSurroundings, subjectOf } from './subject.ts';

/** Everything the decision about one Service rests on, as one node sees it. */
export interface Observed extends SubjectSurroundings, ContenderSurroundings {
  /** The node that decides. */
  readonly node: string;
  /** `undefined` when the Service is gone. */
  readonly service: ServiceFacts | undefined;
  /** All EndpointSlices of the Service. */
  readonly endpoints: readonly EndpointFacts[];
  /** Remembers what was made of the Nodes for the Service before. */
  readonly contenderSets: ContenderSets;
  readonly advertisements: readonly L2Advertisement[];
  /** Names of the links this node could announce on; `undefined` until the wire thread has said. */
  readonly localInterfaces: readonly string[] | undefined;
  /** Whether what this node draws to itself would be forwarded: not before its kube-proxy is well, after a start of the node. */
  readonly forwards: boolean;
}

/** Why a node does not announce a Service, in the words that upstream logs. */
export type WithholdReason =
  | NoSubject
  | 'noMatchingAdvertisement'
  | 'sharedIPWithServiceSelector'
  | 'notOwner'
  /** This node was just started, and its kube-proxy is not well yet. */
  | 'kubeProxyNotReady'
  /** This node is the owner, but has none of the interfaces that the advertisements name. */
  | 'noMatchingInterface';

/**
 * What one node does about one Service: it is a candidate, or it is none. `others` is there when other nodes may answer for it: what this one
 * has it hands over to them. `address` is the text of the Service's first address.
 */
export type Verdict =
  | { readonly kind: 'announce'; readonly announcement: Announcement }
  | {
      readonly kind: 'withhold';
      readonly reason: Exclude<WithholdReason, 'noMatchingInterface'>;
      readonly others?: Announcement;
    }
  | { readonly kind: 'withhold'; readonly reason: 'noMatchingInterface'; readonly address: string; readonly others: Announcement };

/**
 * Decides whether this node may answer for the addresses of one Service on the segment, and which others may. In which order they come follows
 * from that: see {@link orderContenders}. Which of them does, they make out on the segment.
 *
 * Preferred-node scores add up over the advertisements that match the Service; the node that the Service itself asks for comes before all others. With externalTrafficPolicy Local only
 * nodes with an endpoint that serves are candidates; without any such endpoint nobody announces, whatever the policy.
 */
export function planAnnouncement(observed: Observed): Verdict {
  const subject = subjectOf(observed.service, observed);
  if (!subject.ok) return { kind: 'withhold', reason: subject.error };
  const { service, addresses } = subject.value;
  // Services that share an IPv4 address must have one owner, whatever stands beside it.
  const address = addresses.find(({ family }) => family === 'IPv4') ?? addresses[0];
  if (address === undefined) return { kind: 'withhold', reason: 'noIPAllocated' };
  const advertisements = advertisementsOf(observed, subject.value);
  if (!advertisements.ok) return { kind: 'withhold', reason: advertisements.error };
  const { matching, own } = advertisements.value;
  const contenders = contendersFor(observed, service, matching);
  const announcementOf = (candidacy: Candidacy): Announcement => {
    return { service: service.key, addresses, interfaces: interfaceScopeOf(own), candidacy };
  };
  const others = announcementOf({ address, self: false, contenders });
  if (!contenders.has(observed.node)) {
    const reason = own.length === 0 ? 'noMatchingAdvertisement' : 'notOwner';
    return contenders.size === 0 ? { kind: 'withhold', reason } : { kind: 'withhold', reason, others };
  }
  if (!observed.forwards) return { kind: 'withhold', reason: 'kubeProxyNotReady', others };
  if (anyExists(others.interfaces, observed.localInterfaces)) {
    return { kind: 'announce', announcement: announcementOf({ address, self: true, contenders }) };
  }
  const [first] = orderContenders(contenders, formatAddress(address), rankOf);
  if (first?.node !== observed.node) return { kind: 'withhold', reason: 'notOwner', others };
  return { kind: 'withhold', reason: 'noMatchingInterface', address: formatAddress(address), others };
}

type Withheld = Exclude<WithholdReason, 'noMatchingInterface'>;

/** The advertisements that are about a Service: all of them, and those that select this node. */
interface Advertised {
  readonly matching: readonly L2Advertisement[];
  readonly own: readonly L2Advertisement[];
}

function advertisementsOf(observed: Observed, { service, pool }: Subject): Result<Advertised, Withheld> {
  const matching = observed.advertisements.filter((each) => selectsPool(each, pool) && selectsService(each, service.labels));
  // Two Services on one address could be selected differently, and then have two owners.
  const selective = matching.some((advertisement) => advertisement.serviceSelectors.length > 0);
  const own = advertisementsOn(observed, matching);
  // A node that is not meant need not tell anybody what is wrong.
  if (selective && hasAnnotation(service, 'allow-shared-ip')) {
    return err(own.length === 0 ? 'noMatchingAdvertisement' : 'sharedIPWithServiceSelector');
  }
  return ok({ matching, own });
}

function advertisementsOn({ node, nodes }: Observed, advertisements: readonly L2Advertisement[]): readonly L2Advertisement[] {
  const labels = nodes.find(({ name }) => name === node)?.labels ?? {};
  return advertisements.filter((advertisement) => selectsNode(advertisement, labels));
}

function contendersFor(observed: Observed, service: ServiceFacts, advertisements: readonly L2Advertisement[]): Contenders {
  if (!canBeServed(observed.endpoints)) return new Map();
  const contenders = observed.contenderSets.of(observed, advertisements);
  const preferred = preferredNodeOf(service);
  if (service.externalTrafficPolicy !== 'Local') return observed.contenderSets.preferring(preferred, contenders);
  const local = servingNodes(observed.endpoints);
  return preferring(preferred, new Map([...contenders].filter(([node]) => local.has(node))));
}

/** The union of what the advertisements allow: one without interfaces allows all. */
function interfaceScopeOf(advertisements: readonly L2Advertisement[]): InterfaceScope {
  const names = new Set<string>();
  for (const { interfaces } of advertisements) {
    if (interfaces.all) return { all: true };
    for (const name of interfaces.names) names.add(name);
  }
  return { all: false, names: [...names].sort(compareTexts) };
}

function anyExists(scope: InterfaceScope, local: readonly string[] | undefined): boolean {
  return scope.all || local === undefined || scope.names.some((name) => local.includes(name));
}
