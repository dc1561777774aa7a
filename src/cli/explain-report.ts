import { type JsonObject, objectOf, textOf } from '../lib/json.ts';
import { compareTexts } from '../lib/order.ts';
import { type Cluster, EVENTS, NODES, SERVICES, SLICES } from './cluster.ts';
import { type Explanation, explain } from './explain.ts';
import { problemLines, problemsOf } from './problem.ts';
import { CommandError, type Paint, type Report, type Tone } from './report.ts';
import { section, table } from './table.ts';

/** Which Service is meant. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** Something that was said of the Service lately. */
interface EventLine {
  readonly last: string;
  readonly reason: string;
  readonly message: string;
}

/** Events are there for an hour; the last ones tell the story. */
const MOST_EVENTS = 10;

/** What kubectl writes in front of the name of a Service. */
const KIND = /^(?:services?|svc)\//;

/** `NAME` in `namespace`, `service/NAME` as kubectl prints it, or `NAMESPACE/NAME`. */
export function serviceNamed(operand: string, namespace: string): ServiceName {
  if (KIND.test(operand)) return { namespace, name: operand.replace(KIND, '') };
  const slash = operand.indexOf('/');
  return slash < 0 ? { namespace, name: operand } : { namespace: operand.slice(0, slash), name: operand.slice(slash + 1) };
}

/** Explains a Service from what the API server has. Throws a `CommandError` when the Service cannot be read. */
export async function explainReport(cluster: Cluster, { namespace, name }: ServiceName): Promise<Report> {
  const { object: service, fault } = await cluster.get(SERVICES, { namespace, name });
  if (fault !== undefined) throw new CommandError(fault);
  if (service === undefined) throw new CommandError(`there is no Service ${namespace}/${name}: see kubectl get services -A`);
  const ofService = `metallb.io/service-name=${name},metallb.io/service-namespace=${namespace}`;
  const [pools, l2Advertisements, bgpAdvertisements, peers, l2Statuses, bgpStatuses, states, slices, nodes, events, peerEvents] =
    await Promise.all([
      cluster.kind('pools'),
      cluster.kind('l2Advertisements'),
      cluster.kind('bgpAdvertisements'),
      cluster.kind('peers'),
      cluster.kind('l2Statuses', ofService),
      cluster.kind('bgpStatuses', ofService),
      cluster.kind('states'),
      cluster.list({ ...SLICES, namespace, labelSelector: `kubernetes.io/service-name=${name}` }),
      cluster.list(NODES),
      cluster.list({ ...EVENTS, namespace, fieldSelector: `involvedObject.kind=Service,involvedObject.name=${name}` }),
      cluster.list({ ...EVENTS, namespace: cluster.namespace, fieldSelector: 'involvedObject.kind=BGPPeer' }),
    ]);
  const uid = objectOf(service.metadata).uid;
  const lately = events.items.filter(({ involvedObject }) => objectOf(involvedObject).uid === uid);
  const explanation = explain({
    namespace: cluster.namespace,
    service,
    pools: pools.items,
    l2Advertisements: l2Advertisements.items,
    bgpAdvertisements: bgpAdvertisements.items,
    peers: peers.items,
    l2Statuses: l2Statuses.items,
    bgpStatuses: bgpStatuses.items,
    slices: slices.items,
    nodes: nodes.items,
    peerEvents: peerEvents.items,
    events: lately,
    controllerSeen: states.items.some(({ metadata }) => objectOf(metadata).name === 'controller'),
  });
  const unseen = [pools, l2Advertisements, bgpAdvertisements, peers, l2Statuses, bgpStatuses, states, slices, nodes, events, peerEvents];
  const problems = [...problemsOf(unseen.map((each) => each.fault)), ...explanation.problems];
  const lines = lately.map(eventLine);
  return reportOf({ ...explanation, problems }, lines.sort((left, right) => compareTexts(left.last, right.last)).slice(-MOST_EVENTS));
}

function eventLine({ lastTimestamp, eventTime, reason, message }: JsonObject): EventLine {
  return { last: textOf(lastTimestamp) ?? textOf(eventTime) ?? '', reason: textOf(reason) ?? '', message: textOf(message) ?? '' };
}

/** How an explanation is told. */
export function reportOf(explanation: Explanation, events: readonly EventLine[]): Report {
  const { problems } = explanation;
  return {
    exitCode: problems.length === 0 ? 0 : 1,
    json: { ...explanation, events },
    complaints: [],
    text: (paint) =>
      [
        headline(explanation, paint),
        section('ANNOUNCED BY', announcers(explanation, paint), paint),
        section('ENDPOINTS', endpoints(explanation, paint), paint),
        section(
          'EVENTS',
          table(
            ['LAST', 'REASON', 'MESSAGE'],
            events.map(({ last, reason, message }) => [last, reason, message]),
            paint,
          ),
          paint,
        ),
        problemLines(problems, paint),
      ].join(''),
  };
}

const TONES: Readonly<Record<Explanation['state'], Tone>> = {
  announced: 'good',
  'not announced': 'bad',
  pending: 'bad',
  'not a load balancer': 'doubtful',
};

function headline({ service, state, addresses, pool, advertisements, externalTrafficPolicy }: Explanation, paint: Paint): string {
  const has = addresses.length === 0 ? 'none' : `${addresses.join(', ')}${pool === undefined ? '' : ` of IPAddressPool ${pool}`}`;
  const rows = [
    ['Service', service],
    ['State', paint(TONES[state], state)],
    ['Addresses', has],
    ['Advertisements', advertisements.length === 0 ? 'none' : advertisements.join(', ')],
    ['Traffic policy', externalTrafficPolicy],
  ];
  return `${rows.map(([title = '', text = '']) => `${`${title}:`.padEnd(17)}${text}\n`).join('')}\n`;
}

function announcers({ announcedBy }: Explanation, paint: Paint): string {
  const rows = announcedBy.map(({ protocol, node, to }) => {
    const all = protocol === 'BGP' ? 'no peer' : 'all its links';
    return [node, protocol, to.length === 0 ? all : to.join(', ')];
  });
  return table(['NODE', 'PROTOCOL', 'TO'], rows, paint);
}

function endpoints(explanation: Explanation, paint: Paint): string {
  const rows = explanation.endpoints.map(({ node, serving }) => [node === '' ? 'no node' : node, String(serving)]);
  return table(['NODE', 'SERVING'], rows, paint);
}
