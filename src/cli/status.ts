import type { LabelSelector } from '../crds/meta.ts';
import { integerOf, type JsonObject, listOf, objectOf, textOf } from '../lib/json.ts';
import { compareTexts } from '../lib/order.ts';
import { mayAnnounce, nodeFacts } from '../model/node-facts.ts';
import { matchesAny, parseSelectors } from '../model/selector.ts';
import { ANNOTATION_PREFIX } from '../model/service.ts';
import { DEFAULT_NAMESPACE } from './command-line.ts';
import { conditionOf } from './explain.ts';
import { nameOf, titleOf } from './manifests.ts';
import { type Problem, someOf } from './problem.ts';
import { type Sessions, sessionProblems, sessionsOf } from './sessions.ts';

/** What the API server has about an installation. */
export interface InstallationView {
  /** Where the configuration lies. */
  readonly namespace: string;
  readonly pools: readonly JsonObject[];
  readonly l2Advertisements: readonly JsonObject[];
  readonly bgpAdvertisements: readonly JsonObject[];
  readonly peers: readonly JsonObject[];
  readonly bfdProfiles: readonly JsonObject[];
  readonly communities: readonly JsonObject[];
  readonly l2Statuses: readonly JsonObject[];
  readonly bgpStatuses: readonly JsonObject[];
  readonly states: readonly JsonObject[];
  readonly nodes: readonly JsonObject[];
  readonly services: readonly JsonObject[];
  /** Events about BGPPeers. */
  readonly events: readonly JsonObject[];
}

/** How much of a pool is in use; `undefined` where nobody has counted. */
export interface PoolLine {
  readonly name: string;
  readonly assigned: number | undefined;
  readonly available: number | undefined;
  readonly ready: 'yes' | 'no' | 'unknown';
}

/** What a node does. */
export interface NodeLine {
  readonly name: string;
  /** What its speaker says of the configuration; `none` when no speaker has said anything. */
  readonly speaker: string;
  readonly mayAnnounce: boolean;
  /** How many Services it announces. */
  readonly layer2: number;
  readonly bgp: number;
  /** Why it does less than others. */
  readonly note: string;
}

/** A peer, and who is to announce to it. */
export interface PeerLine {
  readonly name: string;
  readonly address: string;
  readonly asn: string;
  readonly nodes: number;
  /** Nodes that say that they announce something to it. */
  readonly announcing: number;
  /** What nodes said of their sessions within the last hour; `undefined` when none did. */
  readonly sessions: Sessions | undefined;
  readonly ready: 'yes' | 'no' | 'unknown';
}

/** All of it. */
export interface Status {
  readonly pools: readonly PoolLine[];
  readonly nodes: readonly NodeLine[];
  readonly peers: readonly PeerLine[];
  readonly services: { readonly addressed: number; readonly pending: readonly string[] };
  readonly problems: readonly Problem[];
}

/** Sums up an installation. Never throws. */
export function statusOf(view: InstallationView): Status {
  const nodes = view.nodes.map((node) => nodeLine(node, view));
  const sessions = sessionsOf(view.events);
  const peers = view.peers.map((peer) => peerLine(peer, view, sessions)).sort(byName);
  const services = servicesOf(view.services);
  return {
    pools: view.pools.map(poolLine).sort(byName),
    nodes: nodes.sort(byName),
    peers,
    services,
    problems: [
      ...processProblems(view, nodes),
      ...refused(view),
      ...peers.flatMap(({ name, sessions: said }) => sessionProblems(name, said?.down ?? [], view.namespace)),
      ...pendingProblems(services.pending, view.namespace),
    ],
  };
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return compareTexts(left.name, right.name);
}

function poolLine(pool: JsonObject): PoolLine {
  const status = objectOf(pool.status);
  const sum = (...names: readonly string[]): number | undefined => {
    const counts = names.map((name) => integerOf(status[name]));
    return counts.every((count) => count !== undefined) ? counts.reduce((total, count) => total + count, 0) : undefined;
  };
  return {
    name: nameOf(pool),
    assigned: sum('assignedIPv4', 'assignedIPv6'),
    available: sum('availableIPv4', 'availableIPv6'),
    ready: readiness(pool),
  };
}

function readiness(object: JsonObject): PoolLine['ready'] {
  const ready = conditionOf(object, 'Ready')?.status;
  return ready === 'True' ? 'yes' : ready === 'False' ? 'no' : 'unknown';
}

function nodeLine(node: JsonObject, { l2Statuses, bgpStatuses, states }: InstallationView): NodeLine {
  const facts = nodeFacts(node);
  const count = (statuses: readonly JsonObject[]): number => statuses.filter(({ status }) => objectOf(status).node === facts.name).length;
  const state = states.find((each) => nameOf(each) === `speaker-${facts.name}`);
  const notes = [
    facts.excluded ? 'excluded by its label' : '',
    facts.networkUnavailable ? 'its network is not there' : '',
    facts.drained ? 'its routes are taken away' : '',
    conditionOf(node, 'Ready')?.status === 'True' ? '' : 'not Ready',
  ];
  return {
    name: facts.name,
    speaker: state === undefined ? 'none' : (textOf(objectOf(state.status).result) ?? 'Unknown'),
    mayAnnounce: mayAnnounce(facts, false),
    layer2: count(l2Statuses),
    bgp: count(bgpStatuses),
    note: notes.filter((note) => note !== '').join(', '),
  };
}

function peerLine(peer: JsonObject, { nodes, bgpStatuses }: InstallationView, sessions: ReadonlyMap<string, Sessions>): PeerLine {
  const spec = objectOf(peer.spec);
  const name = nameOf(peer);
  const selectors = parseSelectors('nodeSelectors', listOf(spec.nodeSelectors) as readonly LabelSelector[]);
  const selected = nodes
    .map(nodeFacts)
    .filter(({ labels }) => selectors.ok && (selectors.value.length === 0 || matchesAny(selectors.value, labels)));
  const announcing = bgpStatuses.map(({ status }) => objectOf(status)).filter(({ peers }) => listOf(peers).includes(name));
  return {
    name,
    address: textOf(spec.peerAddress) ?? textOf(spec.interface) ?? '',
    asn: String(integerOf(spec.peerASN) ?? textOf(spec.dynamicASN) ?? ''),
    nodes: selected.length,
    announcing: new Set(announcing.map(({ node }) => node)).size,
    sessions: sessions.get(name),
    ready: readiness(peer),
  };
}

function servicesOf(services: readonly JsonObject[]): Status['services'] {
  const balanced = services.filter(({ spec }) => objectOf(spec).type === 'LoadBalancer');
  const hasAddress = ({ status }: JsonObject): boolean => listOf(objectOf(objectOf(status).loadBalancer).ingress).length > 0;
  // What another product serves waits for that one.
  const isOurs = (service: JsonObject): boolean =>
    objectOf(service.spec).loadBalancerClass === undefined || conditionOf(service, `${ANNOTATION_PREFIX}AddressAllocated`) !== undefined;
  const pending = balanced.filter((service) => !hasAddress(service) && isOurs(service));
  const keys = pending.map((service) => `${textOf(objectOf(service.metadata).namespace) ?? ''}/${nameOf(service)}`);
  return { addressed: balanced.filter(hasAddress).length, pending: keys.sort(compareTexts) };
}

function processProblems({ states }: InstallationView, nodes: readonly NodeLine[]): readonly Problem[] {
  const found: Problem[] = [];
  if (!states.some((state) => nameOf(state) === 'controller')) {
    found.push({
      text: 'no controller has said anything',
      remedy: 'see whether one runs: kubectl get pods -A -l component=controller (from the chart: app.kubernetes.io/component=controller)',
    });
  }
  const silent = nodes.filter(({ speaker, mayAnnounce: may }) => speaker === 'none' && may).map(({ name }) => name);
  if (silent.length > 0) {
    found.push({
      text: `no speaker has said anything on ${someOf(silent)}`,
      remedy: 'see whether they run there: tolerations and nodeSelector of the DaemonSet decide',
    });
  }
  return found;
}

function refused(view: InstallationView): readonly Problem[] {
  const configuration = [view.pools, view.l2Advertisements, view.bgpAdvertisements, view.peers, view.bfdProfiles, view.communities].flat();
  return configuration.flatMap((object) => {
    const ready = conditionOf(object, 'Ready');
    return ready?.status === 'False'
      ? [
          {
            text: `${titleOf(object)} is refused: ${ready.message.replaceAll('\n', '; ')}`,
            remedy: 'mend it: what is refused is not used as it stands',
          },
        ]
      : [];
  });
}

function pendingProblems(pending: readonly string[], namespace: string): readonly Problem[] {
  if (pending.length === 0) return [];
  const text =
    pending.length === 1
      ? `Service ${pending[0]} waits for an address`
      : `${pending.length} Services wait for an address: ${someOf(pending)}`;
  const flag = namespace === DEFAULT_NAMESPACE ? '' : ` --metallb-namespace ${namespace}`;
  return [{ text, remedy: `see why: kubectl typemetal explain ${pending[0]}${flag}` }];
}
