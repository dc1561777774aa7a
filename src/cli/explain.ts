import type { Condition } from '../crds/meta.ts';
import { type JsonObject, listOf, objectOf, textMapOf, textOf, textsOf } from '../lib/json.ts';
import { compareTexts } from '../lib/order.ts';
import {
  type AdvertisementScope,
  parseScope,
  type ScopeSource,
  selectsNode,
  selectsPool,
  selectsService,
} from '../model/advertisement-scope.ts';
import { type EndpointFacts, endpointFacts } from '../model/endpoint-facts.ts';
import { mayAnnounce, nodeFacts } from '../model/node-facts.ts';
import {
  ANNOTATION_PREFIX,
  POOL_ANNOTATION,
  PREFERRED_NODE_ANNOTATION,
  preferredNodeOf,
  type ServiceFacts,
  serviceFacts,
} from '../model/service.ts';
import { nameOf, titleOf } from './manifests.ts';
import type { Problem } from './problem.ts';
import { sessionProblems, sessionsOf } from './sessions.ts';

/** What the API server has about a Service. */
export interface ServiceView {
  /** Where the configuration lies. */
  readonly namespace: string;
  readonly service: JsonObject;
  readonly pools: readonly JsonObject[];
  readonly l2Advertisements: readonly JsonObject[];
  readonly bgpAdvertisements: readonly JsonObject[];
  readonly peers: readonly JsonObject[];
  /** The ServiceL2Status and ServiceBGPStatus objects of this Service. */
  readonly l2Statuses: readonly JsonObject[];
  readonly bgpStatuses: readonly JsonObject[];
  readonly slices: readonly JsonObject[];
  readonly nodes: readonly JsonObject[];
  /** Events about BGPPeers, by which nodes tell of their sessions. */
  readonly peerEvents: readonly JsonObject[];
  /** Events about the Service. */
  readonly events: readonly JsonObject[];
  /** Whether any ConfigurationState says that a controller has been here. */
  readonly controllerSeen: boolean;
}

/** Who announces a Service, and how. */
export interface Announcer {
  readonly protocol: 'layer 2' | 'BGP';
  readonly node: string;
  /** Links or peers; empty for all of the node's. */
  readonly to: readonly string[];
}

/** What becomes of a Service, and why. */
export interface Explanation {
  /** `namespace/name`. */
  readonly service: string;
  readonly state: 'announced' | 'not announced' | 'pending' | 'not a load balancer';
  readonly addresses: readonly string[];
  readonly pool: string | undefined;
  /** What the controller says in the condition of the Service. */
  readonly allocation: Pick<Condition, 'status' | 'reason' | 'message'> | undefined;
  readonly externalTrafficPolicy: string;
  readonly announcedBy: readonly Announcer[];
  /** How many endpoints can serve on each node; an empty name for those that name none. */
  readonly endpoints: readonly { readonly node: string; readonly serving: number }[];
  /** Kind and name of the advertisements that mean it. */
  readonly advertisements: readonly string[];
  readonly problems: readonly Problem[];
}

/** The reason of the event by which a speaker says that another host has an address. */
const CONFLICT_EVENT = 'AddressConflict';

const CONDITION = `${ANNOTATION_PREFIX}AddressAllocated`;

/** Explains a Service by what the API server has about it. Never throws. */
export function explain(view: ServiceView): Explanation {
  const facts = serviceFacts(view.service);
  const allocation = conditionOf(view.service, CONDITION);
  const addresses = facts.ingress.map(({ ip }) => ip).filter((ip) => ip !== '');
  const pool = facts.annotations[POOL_ANNOTATION];
  const announcedBy = announcersOf(view);
  const endpoints = endpointsOf(view.slices.map(endpointFacts));
  const balances = facts.type === 'LoadBalancer';
  const l2 = balances ? meaning(view.l2Advertisements, facts, pool, view) : [];
  const bgp = balances ? meaning(view.bgpAdvertisements, facts, pool, view) : [];
  const state = !balances
    ? 'not a load balancer'
    : addresses.length === 0
      ? 'pending'
      : announcedBy.length > 0
        ? 'announced'
        : 'not announced';
  const base = {
    service: facts.key,
    state,
    addresses,
    pool,
    allocation,
    externalTrafficPolicy: facts.externalTrafficPolicy,
    announcedBy,
    endpoints,
  } as const;
  const advertisements = [...l2, ...bgp].map(titleOf);
  return { ...base, advertisements, problems: problemsWith({ ...base, advertisements, problems: [] }, { view, facts, l2, bgp }) };
}

/** What {@link problemsWith} looks at beside the explanation so far. */
interface Ground {
  readonly view: ServiceView;
  readonly facts: ServiceFacts;
  readonly l2: readonly JsonObject[];
  readonly bgp: readonly JsonObject[];
}

function problemsWith(so: Explanation, ground: Ground): readonly Problem[] {
  const { facts } = ground;
  if (so.state === 'not a load balancer') {
    return [{ text: `its type is ${facts.type}`, remedy: 'set spec.type to LoadBalancer: no other type gets an address' }];
  }
  const found = [...allocationProblems(so, ground)];
  if (so.state === 'pending') return found;
  const serving = so.endpoints.reduce((sum, each) => sum + each.serving, 0);
  const name = so.service.slice(so.service.indexOf('/') + 1);
  if (serving === 0) {
    const remedy = `compare spec.selector with the labels of the pods, and see kubectl -n ${facts.namespace} get endpointslices -l kubernetes.io/service-name=${name}`;
    found.push({ text: 'no endpoint can serve it: nobody would answer a client, so nobody announces it', remedy });
  }
  if (so.advertisements.length === 0) {
    const remedy = 'create an L2Advertisement or a BGPAdvertisement that names the pool, or correct the selectors of the one that should';
    found.push({ text: `no advertisement means IPAddressPool ${so.pool ?? ''} and this Service`, remedy });
  } else if (serving > 0) found.push(...announcementProblems(so, ground));
  return [...found, ...wishProblems(ground), ...brokenSessions(so, ground), ...refusals(so, ground)];
}

/** The Service asks for a node that it cannot have. */
function wishProblems({ view, facts, l2 }: Ground): readonly Problem[] {
  const wish = facts.annotations[PREFERRED_NODE_ANNOTATION] ?? '';
  if (wish === '' || l2.length === 0) return [];
  if (preferredNodeOf(facts) !== wish) {
    const text = `the annotation ${PREFERRED_NODE_ANNOTATION} is not used: the Service may share its address with others`;
    return [{ text, remedy: 'take it away, or the annotation metallb.io/allow-shared-ip' }];
  }
  const able = view.nodes.map(nodeFacts).filter((node) => mayAnnounce(node, false) && l2.some((each) => nodeSelected(each, node.labels)));
  if (able.some(({ name }) => name === wish)) return [];
  const text = `it asks for node "${wish}" by the annotation ${PREFERRED_NODE_ANNOTATION}, and that may not announce it`;
  return [{ text, remedy: 'name a node that is there and that its advertisements select, or take the annotation away' }];
}

/** Sessions that are to carry its routes and do not, as nodes said within the hour: a status of a Service says what is meant only. */
function brokenSessions({ announcedBy }: Explanation, { view }: Ground): readonly Problem[] {
  const routes = announcedBy.filter(({ protocol }) => protocol === 'BGP');
  return Array.from(sessionsOf(view.peerEvents)).flatMap(([peer, { down }]) =>
    sessionProblems(
      peer,
      down.filter(({ node }) => routes.some((route) => route.node === node && route.to.includes(peer))),
      view.namespace,
    ),
  );
}

function allocationProblems({ allocation, state }: Explanation, { facts, view }: Ground): readonly Problem[] {
  if (allocation?.status === 'False') return [{ text: allocation.message, remedy: '' }];
  if (state !== 'pending') {
    // A text behind the sentence that tells the addresses is about what is lacking.
    const rest = (allocation?.message ?? '').replace(/^Has .+? of IPAddressPool "[^"]*"\.\s*/, '');
    return rest === '' ? [] : [{ text: rest, remedy: '' }];
  }
  if (facts.loadBalancerClass !== undefined) {
    const remedy = `start an installation with --lb-class=${facts.loadBalancerClass}, or create the Service anew without spec.loadBalancerClass`;
    return [{ text: `it is of the class ${facts.loadBalancerClass}, and no installation that serves this class has looked at it`, remedy }];
  }
  const text = view.controllerSeen ? 'the controller has not looked at it' : 'no controller is here to look at it';
  return [
    {
      text,
      remedy:
        'see whether one runs: kubectl get pods -A -l "component=controller" (from the chart: app.kubernetes.io/component=controller)',
    },
  ];
}

function announcementProblems(so: Explanation, { view, facts, l2, bgp }: Ground): readonly Problem[] {
  const has = (protocol: Announcer['protocol']): boolean => so.announcedBy.some((each) => each.protocol === protocol);
  const found: Problem[] = [];
  // What is refused is said of itself: nobody is to look for the cause elsewhere.
  const [frames, routes] = [l2.filter((each) => !isRefused(each)), bgp.filter((each) => !isRefused(each))];
  if (frames.length > 0 && !has('layer 2')) found.push(noNode('layer 2', frames, { view, facts, so }));
  if (routes.length === 0 || has('BGP')) return found;
  if (view.peers.length > 0) return [...found, noNode('BGP', routes, { view, facts, so })];
  return [...found, { text: 'it is to be announced by BGP, and there is no BGPPeer', remedy: 'create a BGPPeer for each router' }];
}

/** Why no node announces what an advertisement means. */
function noNode(
  protocol: Announcer['protocol'],
  advertisements: readonly JsonObject[],
  { view, facts, so }: { readonly view: ServiceView; readonly facts: ServiceFacts; readonly so: Explanation },
): Problem {
  const nodes = view.nodes.map(nodeFacts);
  const selected = nodes.filter(({ labels }) => advertisements.some((each) => nodeSelected(each, labels)));
  const able = selected.filter((node) => mayAnnounce(node, false));
  const local = so.endpoints.map(({ node }) => node);
  const text = `it is to be announced by ${protocol}, and no node does`;
  if (selected.length === 0)
    return {
      text: `${text}: the nodeSelectors of ${advertisements.map(titleOf).join(', ')} select none`,
      remedy: 'correct nodeSelectors, or label nodes',
    };
  if (able.length === 0) {
    return {
      text: `${text}: those that may are excluded by their label, or their network is not there`,
      remedy: 'see kubectl get nodes --show-labels, and the condition NetworkUnavailable',
    };
  }
  if (facts.externalTrafficPolicy === 'Local' && !able.some(({ name }) => local.includes(name))) {
    return {
      text: `${text}: with externalTrafficPolicy Local it must have an endpoint, and those are on ${local.join(', ')}`,
      remedy: 'let pods run where nodes may announce, or set externalTrafficPolicy to Cluster',
    };
  }
  if (protocol === 'layer 2') {
    const conflict = conflictIn(view.events);
    if (conflict !== undefined) return conflict;
  }
  return {
    text: `${text}, though ${able.map(({ name }) => name).join(', ')} could`,
    remedy: 'see whether the speakers run, and what they log: kubectl get pods -A -o wide -l "component=speaker"',
  };
}

/** What a speaker said last of a host that has an address of the Service: the first sentence is what is so, the others what to do. */
function conflictIn(events: readonly JsonObject[]): Problem | undefined {
  const said = events.filter(({ reason }) => reason === CONFLICT_EVENT);
  const last = said.toSorted((left, right) => compareTexts(textOf(left.lastTimestamp) ?? '', textOf(right.lastTimestamp) ?? '')).at(-1);
  if (last === undefined) return undefined;
  const [text = '', ...remedy] = (textOf(last.message) ?? '').split('. ');
  return { text, remedy: remedy.join('. ') };
}

/** Objects that concern it and are not used as they stand. */
function refusals({ pool, announcedBy }: Explanation, { view, l2, bgp }: Ground): readonly Problem[] {
  const named = new Set(announcedBy.flatMap(({ protocol, to }) => (protocol === 'BGP' ? to : [])));
  const pools = view.pools.filter((each) => nameOf(each) === pool);
  const peers = view.peers.filter((each) => bgp.length > 0 && !named.has(nameOf(each)));
  return [...pools, ...l2, ...bgp, ...peers].flatMap((object) => {
    if (!isRefused(object)) return [];
    const message = conditionOf(object, 'Ready')?.message ?? '';
    const text = `${titleOf(object)} is refused: ${message.replaceAll('\n', '; ')}`;
    return [{ text, remedy: 'mend it: what is refused is not used as it stands' }];
  });
}

function isRefused(object: JsonObject): boolean {
  return conditionOf(object, 'Ready')?.status === 'False';
}

/** The advertisements that mean a Service with addresses of this pool. */
function meaning(
  advertisements: readonly JsonObject[],
  facts: ServiceFacts,
  pool: string | undefined,
  { pools }: ServiceView,
): readonly JsonObject[] {
  const labels = textMapOf(objectOf(pools.find((each) => nameOf(each) === pool)?.metadata).labels);
  return advertisements.filter(({ spec }) => {
    const scope = scopeOf(spec);
    return scope !== undefined && pool !== undefined && selectsPool(scope, { name: pool, labels }) && selectsService(scope, facts.labels);
  });
}

function nodeSelected({ spec }: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const scope = scopeOf(spec);
  return scope !== undefined && selectsNode(scope, labels);
}

/** The server has checked its shape; `undefined` for selectors that make no sense. */
function scopeOf(spec: unknown): AdvertisementScope | undefined {
  const scope = parseScope(objectOf(spec) as ScopeSource);
  return scope.ok ? scope.value : undefined;
}

function announcersOf({ l2Statuses, bgpStatuses }: ServiceView): readonly Announcer[] {
  const of = (protocol: Announcer['protocol'], to: (status: JsonObject) => readonly string[]) => (object: JsonObject) => {
    const status = objectOf(object.status);
    return { protocol, node: textOf(status.node) ?? '', to: to(status) };
  };
  const links = ({ interfaces }: JsonObject): readonly string[] => listOf(interfaces).map((each) => textOf(objectOf(each).name) ?? '');
  return [...l2Statuses.map(of('layer 2', links)), ...bgpStatuses.map(of('BGP', ({ peers }) => textsOf(peers)))];
}

/** A pod of both families stands in a slice of each, and is one endpoint. */
function endpointsOf(slices: readonly EndpointFacts[]): Explanation['endpoints'] {
  const byFamily = Map.groupBy(slices, ({ family }) => family);
  const serving = new Map<string, number>();
  for (const ofOne of byFamily.values()) {
    for (const [node, count] of countsOf(ofOne)) serving.set(node, Math.max(serving.get(node) ?? 0, count));
  }
  const rows = Array.from(serving, ([node, count]) => ({ node, serving: count }));
  // Those of no node stand at the end.
  return rows.sort((left, right) => Number(left.node === '') - Number(right.node === '') || compareTexts(left.node, right.node));
}

function countsOf(slices: readonly EndpointFacts[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const add = (node: string, count: number): unknown => counts.set(node, (counts.get(node) ?? 0) + count);
  for (const { servingByNode, servingElsewhere } of slices) {
    for (const [node, count] of servingByNode) add(node, count);
    if (servingElsewhere > 0) add('', servingElsewhere);
  }
  return counts;
}

/** A condition of an object, as far as it can be read. */
export function conditionOf({ status }: JsonObject, wanted: string): Pick<Condition, 'status' | 'reason' | 'message'> | undefined {
  const found = listOf(objectOf(status).conditions)
    .map(objectOf)
    .find(({ type }) => type === wanted);
  const word = textOf(found?.status);
  if (word !== 'True' && word !== 'False' && word !== 'Unknown') return undefined;
  return { status: word, reason: textOf(found?.reason) ?? '', message: textOf(found?.message) ?? '' };
}
