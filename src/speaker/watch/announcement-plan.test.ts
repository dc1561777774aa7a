import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { facts, l2Advertisement, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import type { L2AdvertisementSpec } from '../../crds/l2-advertisement.ts';
import { formatAddress } from '../../lib/ip.ts';
import { orderContenders } from '../../model/contenders.ts';
import { endpointFacts } from '../../model/endpoint-facts.ts';
import { parseL2Advertisements } from '../../model/l2-advertisement.ts';
import { EXCLUDE_LABEL, type NodeFacts } from '../../model/node-facts.ts';
import type { Candidacy } from '../../model/plan.ts';
import { parsePools } from '../../model/pool-set.ts';
import { type Observed, planAnnouncement } from './announcement-plan.ts';
import { ContenderSets } from './contender-sets.ts';
import { rankOf } from './owner.ts';

const NODES = ['node-1', 'node-2', 'node-3'];
const IP = '203.0.113.10';

function node(name: string, labels: Readonly<Record<string, string>> = {}, networkUnavailable = false): NodeFacts {
  return { name, labels: { host: name, ...labels }, networkUnavailable, excluded: EXCLUDE_LABEL in labels, drained: false };
}

function endpoints(...nodeNames: readonly string[]): Observed['endpoints'] {
  const metadata = { namespace: 'default', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } };
  return [endpointFacts({ metadata, endpoints: nodeNames.map((nodeName) => ({ nodeName })) })];
}

interface Scene extends Partial<Omit<Observed, 'service' | 'advertisements'>> {
  readonly service?: ServiceOptions | undefined;
  readonly advertisements?: readonly L2AdvertisementSpec[];
}

function observed({ service = { ips: [IP] }, advertisements = [{}], ...rest }: Scene): Observed {
  const objects = advertisements.map((spec, index) => l2Advertisement(`ad-${index}`, spec));
  return {
    node: 'node-1',
    service: facts(service),
    endpoints: endpoints('node-2'),
    nodes: NODES.map((name) => node(name)),
    pools: parsePools([pool('first', ['203.0.113.0/24', '2001:db8::/64']), pool('second', ['198.51.100.0/24'])]),
    unreadablePools: new Map(),
    advertisements: [...parseL2Advertisements(objects).advertisements.values()],
    localInterfaces: ['eth0', 'eth1'],
    loadBalancerClass: undefined,
    ignoreExcludeLabel: false,
    contenderSets: new ContenderSets(),
    forwards: true,
    ...rest,
  };
}

/** The nodes that may, best first. */
function ranked(candidacy: Candidacy | undefined): string[] {
  if (candidacy === undefined) return [];
  return orderContenders(candidacy.contenders, formatAddress(candidacy.address), rankOf).map((one) => one.node);
}

/** The order in which nodes come, as each of them sees it that may announce: all see the same. */
function orderOf(scene: Scene): string[] {
  const nodes = scene.nodes ?? NODES.map((name) => node(name));
  const verdicts = nodes.map(({ name }) => planAnnouncement(observed({ ...scene, node: name })));
  const orders = verdicts.flatMap((verdict) => (verdict.kind === 'announce' ? [ranked(verdict.announcement.candidacy)] : []));
  for (const order of orders) expect(order).toEqual(orders[0]);
  expect(orders).toHaveLength(orders[0]?.length ?? 0);
  return orders[0] ?? [];
}

/** The node that comes first. */
function announcers(scene: Scene): string[] {
  return orderOf(scene).slice(0, 1);
}

const selector = (name: string): { matchLabels: Record<string, string> } => ({ matchLabels: { host: name } });

describe('why a Service is withheld', () => {
  test.each<{ why: string; scene: Scene; reason: string }>([
    { why: 'type', scene: { service: { ips: [IP], spec: { type: 'ClusterIP' } } }, reason: 'notLoadBalancer' },
    { why: 'class', scene: { service: { ips: [IP], spec: { loadBalancerClass: 'other' } } }, reason: 'otherLoadBalancerClass' },
    { why: 'own class wanted', scene: { loadBalancerClass: 'own' }, reason: 'otherLoadBalancerClass' },
    { why: 'no address', scene: { service: { ips: [] } }, reason: 'noIPAllocated' },
    { why: 'no readable address', scene: { service: { ips: [IP, 'web.example'] } }, reason: 'invalidIP' },
    { why: 'address of no pool', scene: { service: { ips: ['192.168.77.1'] } }, reason: 'ipNotAllowed' },
    { why: 'addresses of two pools', scene: { service: { ips: [IP, '198.51.100.1'] } }, reason: 'ipNotAllowed' },
    { why: 'no advertisement', scene: { advertisements: [] }, reason: 'noMatchingAdvertisement' },
    { why: 'another pool advertised', scene: { advertisements: [{ ipAddressPools: ['second'] }] }, reason: 'noMatchingAdvertisement' },
    { why: 'other nodes', scene: { advertisements: [{ nodeSelectors: [selector('node-2')] }] }, reason: 'noMatchingAdvertisement' },
    {
      why: 'other Services',
      scene: { advertisements: [{ serviceSelectors: [{ matchLabels: { app: 'db' } }] }] },
      reason: 'noMatchingAdvertisement',
    },
    {
      why: 'a shared address and a choosy advertisement',
      scene: {
        service: { ips: [IP], labels: { app: 'db' }, annotations: { 'metallb.io/allow-shared-ip': '' } },
        advertisements: [{ serviceSelectors: [{ matchLabels: { app: 'db' } }] }],
      },
      reason: 'sharedIPWithServiceSelector',
    },
    {
      why: 'the same on other nodes',
      scene: {
        service: { ips: [IP], labels: { app: 'db' }, annotations: { 'metallb.io/allow-shared-ip': '' } },
        advertisements: [{ serviceSelectors: [{ matchLabels: { app: 'db' } }], nodeSelectors: [selector('node-2')] }],
      },
      reason: 'noMatchingAdvertisement',
    },
    { why: 'nothing serves', scene: { endpoints: [] }, reason: 'notOwner' },
    { why: 'the network of the node', scene: { nodes: [node('node-1', {}, true)] }, reason: 'notOwner' },
    { why: 'the label of the node', scene: { nodes: [node('node-1', { [EXCLUDE_LABEL]: '' })] }, reason: 'notOwner' },
    { why: 'kube-proxy of the node is not well yet', scene: { forwards: false }, reason: 'kubeProxyNotReady' },
    { why: 'the interface is missing', scene: { advertisements: [{ interfaces: ['eth7'] }] }, reason: 'noMatchingInterface' },
  ])('$why: $reason', ({ scene, reason }) => {
    expect(planAnnouncement(observed(scene))).toMatchObject({ kind: 'withhold', reason });
  });

  test('a node whose kube-proxy is not well yet leaves it to the others, and stands in its order', () => {
    const verdict = planAnnouncement(observed({ forwards: false }));
    expect('others' in verdict && verdict.others?.candidacy).toMatchObject({
      self: false,
      contenders: new Map(NODES.map((name) => [name, 0])),
    });
  });

  test('a Service that is gone', () => {
    expect(planAnnouncement({ ...observed({}), service: undefined })).toEqual({ kind: 'withhold', reason: 'serviceDeleted' });
  });
});

const asking = (name: string): Record<string, string> => ({ 'metallb.io/preferred-node': name });

describe('who announces', () => {
  test.each<{ why: string; scene: Scene; nodes: string[] }>([
    { why: 'the first in the order of the hash', scene: {}, nodes: ['node-1'] },
    {
      why: 'the only endpoint, with policy Local',
      scene: { service: { ips: [IP], spec: { externalTrafficPolicy: 'Local' } } },
      nodes: ['node-2'],
    },
    { why: 'the only node selected', scene: { advertisements: [{ nodeSelectors: [selector('node-3')] }] }, nodes: ['node-3'] },
    {
      why: 'one of the nodes that any advertisement selects',
      scene: { advertisements: [{ nodeSelectors: [selector('node-3')] }, { nodeSelectors: [selector('node-1')] }] },
      nodes: ['node-1'],
    },
    { why: 'nobody without an advertisement of the pool', scene: { advertisements: [{ ipAddressPools: ['second'] }] }, nodes: [] },
    {
      why: 'the preferred node',
      scene: { advertisements: [{ preferredNodeSelectors: [{ weight: 10, preference: selector('node-2') }] }] },
      nodes: ['node-2'],
    },
    { why: 'the node that the Service asks for', scene: { service: { ips: [IP], annotations: asking('node-3') } }, nodes: ['node-3'] },
    {
      why: 'that one before any that is preferred',
      scene: {
        service: { ips: [IP], annotations: asking('node-3') },
        advertisements: [{ preferredNodeSelectors: [{ weight: 100, preference: selector('node-2') }] }],
      },
      nodes: ['node-3'],
    },
    { why: 'another one where that one is unknown', scene: { service: { ips: [IP], annotations: asking('node-9') } }, nodes: ['node-1'] },
    {
      why: 'another one where that one has no endpoint, with policy Local',
      scene: { service: { ips: [IP], annotations: asking('node-3'), spec: { externalTrafficPolicy: 'Local' } } },
      nodes: ['node-2'],
    },
    {
      why: 'the first in the order where the address is shared, since two Services could ask for two nodes',
      scene: { service: { ips: [IP], annotations: { ...asking('node-3'), 'metallb.io/allow-shared-ip': 'k' } } },
      nodes: ['node-1'],
    },
    {
      why: 'an excluded node when the label is to be ignored',
      scene: { nodes: [node('node-1', { [EXCLUDE_LABEL]: 'true' })], ignoreExcludeLabel: true },
      nodes: ['node-1'],
    },
  ])('$why: $nodes', ({ scene, nodes }) => {
    expect(announcers(scene)).toEqual(nodes);
  });

  test('those that may, in the order of the address', () => {
    const labelled = fc.record({ exclude: fc.boolean(), down: fc.boolean() });
    fc.assert(
      fc.property(fc.array(labelled, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 254 }), (marks, host) => {
        const ip = `203.0.113.${host}`;
        const nodes = marks.map(({ exclude, down }, index) => node(`n${index}`, exclude ? { [EXCLUDE_LABEL]: '' } : {}, down));
        const free = nodes.filter((each) => !each.networkUnavailable && !each.excluded);
        const order = orderContenders(new Map(free.map(({ name }) => [name, 0])), ip, rankOf);
        expect(orderOf({ nodes, service: { ips: [ip] } })).toEqual(order.map((one) => one.node));
      }),
    );
  });
});

test('Services that share an IPv4 address have one owner, in whatever order the status lists the addresses', () => {
  for (let host = 1; host < 60; host++) {
    const ip = `203.0.113.${host}`;
    expect(announcers({ service: { ips: ['2001:db8::5', ip] } })).toEqual(announcers({ service: { ips: [ip] } }));
  }
});

describe('a node that may not announce a Service', () => {
  test.each<{ why: string; scene: Scene; others: string[] | undefined }>([
    { why: 'another node may', scene: { nodes: [node('node-1', { [EXCLUDE_LABEL]: '' }), node('node-2')] }, others: ['node-2'] },
    { why: 'others are selected', scene: { advertisements: [{ nodeSelectors: [selector('node-3')] }] }, others: ['node-3'] },
    {
      why: 'it lacks the interface and comes first',
      scene: { advertisements: [{ interfaces: ['eth7'] }] },
      others: ['node-1', 'node-2', 'node-3'],
    },
    {
      why: 'it lacks the interface',
      scene: { node: 'node-2', advertisements: [{ interfaces: ['eth7'] }] },
      others: ['node-1', 'node-2', 'node-3'],
    },
    { why: 'nobody may', scene: { endpoints: [] }, others: undefined },
  ])('says who may: $why', ({ scene, others }) => {
    const verdict = planAnnouncement(observed(scene));
    const candidacy = verdict.kind === 'withhold' && 'others' in verdict ? verdict.others?.candidacy : undefined;
    expect(candidacy && ranked(candidacy)).toEqual(others);
    expect(candidacy?.self ?? false).toBe(false);
  });

  test('is silent about an interface that it lacks when it does not come first', () => {
    expect(planAnnouncement(observed({ node: 'node-2', advertisements: [{ interfaces: ['eth7'] }] }))).toMatchObject({
      reason: 'notOwner',
    });
  });
});

describe('a pool that cannot be read', () => {
  const unreadablePools = new Map([['broken', { name: 'broken', labels: { zone: 'a' } }]]);
  const given = { ips: ['192.168.77.1'], annotations: { 'metallb.io/ip-allocated-from-pool': 'broken' } };

  test.each<{ why: string; scene: Scene; nodes: string[] }>([
    { why: 'what it gave is announced', scene: { service: given, unreadablePools }, nodes: ['node-1'] },
    {
      why: 'by the advertisements that select it',
      scene: { service: given, unreadablePools, advertisements: [{ ipAddressPoolSelectors: [{ matchLabels: { zone: 'a' } }] }] },
      nodes: ['node-1'],
    },
    { why: 'and by no other', scene: { service: given, unreadablePools, advertisements: [{ ipAddressPools: ['first'] }] }, nodes: [] },
    { why: 'what another gave is not', scene: { service: { ips: ['192.168.77.1'] }, unreadablePools }, nodes: [] },
    { why: 'when it is gone, neither', scene: { service: given }, nodes: [] },
  ])('$why', ({ scene, nodes }) => expect(announcers(scene).slice(0, 1)).toEqual(nodes.length === 0 ? [] : announcers(scene)));

  test('its Services have one owner', () => {
    expect(announcers({ service: given, unreadablePools })).toHaveLength(1);
  });
});

describe('what is announced', () => {
  test.each<{ why: string; advertisements: L2AdvertisementSpec[]; interfaces: object }>([
    { why: 'everywhere', advertisements: [{}], interfaces: { all: true } },
    { why: 'on the named', advertisements: [{ interfaces: ['eth1'] }], interfaces: { all: false, names: ['eth1'] } },
    {
      why: 'on the union',
      advertisements: [{ interfaces: ['eth1'] }, { interfaces: ['eth0'] }],
      interfaces: { all: false, names: ['eth0', 'eth1'] },
    },
    { why: 'everywhere if one says so', advertisements: [{ interfaces: ['eth1'] }, {}], interfaces: { all: true } },
    {
      why: 'by the advertisements of this node alone',
      advertisements: [{ interfaces: ['eth1'] }, { interfaces: ['eth0'], nodeSelectors: [selector('node-2')] }],
      interfaces: { all: false, names: ['eth1'] },
    },
  ])('$why', ({ advertisements, interfaces }) => {
    expect(planAnnouncement(observed({ advertisements }))).toMatchObject({ kind: 'announce', announcement: { interfaces } });
  });

  test('all addresses of the Service go to the owner of the first', () => {
    const verdict = planAnnouncement(observed({ service: { ips: [IP, '2001:db8::1'] } }));
    expect(verdict.kind === 'announce' ? verdict.announcement.addresses.map(formatAddress) : verdict).toEqual([IP, '2001:db8::1']);
  });

  test('before the links are known a named interface counts as there', () => {
    expect(planAnnouncement(observed({ advertisements: [{ interfaces: ['eth7'] }], localInterfaces: undefined })).kind).toBe('announce');
  });
});
