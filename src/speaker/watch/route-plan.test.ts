import { describe, expect, test } from '@jest/globals';
import { facts, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import type { BGPAdvertisementSpec } from '../../crds/bgp-advertisement.ts';
import { formatPrefix } from '../../lib/ip.ts';
import { parseBgpConfiguration } from '../../model/bgp-configuration.ts';
import { endpointFacts } from '../../model/endpoint-facts.ts';
import { EXCLUDE_LABEL, type NodeFacts } from '../../model/node-facts.ts';
import { parsePools } from '../../model/pool-set.ts';
import { planRoutes, type RouteObservation, type RouteVerdict } from './route-plan.ts';

const IP = '203.0.113.10';
const IPV6 = '2001:db8::10';
const POOLS = parsePools([pool('first', ['203.0.113.0/24', '2001:db8::/64']), pool('second', ['198.51.100.0/24'])]);
const NODE: NodeFacts = { name: 'node-1', labels: { rack: 'a' }, networkUnavailable: false, excluded: false, drained: false };

interface Scene extends Partial<Omit<RouteObservation, 'service' | 'advertisements' | 'endpoints'>> {
  readonly service?: ServiceOptions;
  readonly advertisements?: Readonly<Record<string, BGPAdvertisementSpec>>;
  /** Nodes with an endpoint that serves. */
  readonly servedOn?: readonly string[];
}

function verdict({ service = { ips: [IP] }, advertisements = { all: {} }, servedOn = ['node-2'], ...rest }: Scene): RouteVerdict {
  const metadata = { namespace: 'default', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } };
  const objects = {
    bgpAdvertisements: Object.entries(advertisements).map(([name, spec]) => ({
      apiVersion: 'metallb.io/v1beta1' as const,
      kind: 'BGPAdvertisement' as const,
      metadata: { name, namespace: 'metallb-system' },
      spec,
    })),
    peers: [],
    bfdProfiles: [],
    communities: [],
    nodes: [],
    secrets: [],
  };
  const { bgpAdvertisements } = parseBgpConfiguration(objects, [...POOLS.pools.values()]);
  return planRoutes({
    node: NODE,
    service: facts(service),
    endpoints: [endpointFacts({ metadata, endpoints: servedOn.map((nodeName) => ({ nodeName })) })],
    pools: POOLS,
    unreadablePools: new Map(),
    advertisements: [...bgpAdvertisements.inUse.values()],
    loadBalancerClass: undefined,
    drained: false,
    ignoreExcludeLabel: false,
    ...rest,
  });
}

const LOCAL: ServiceOptions = { ips: [IP], spec: { externalTrafficPolicy: 'Local' } };
const RACK_B = [{ matchLabels: { rack: 'b' } }];
const excluded: NodeFacts = { ...NODE, labels: { [EXCLUDE_LABEL]: '' }, excluded: true };

describe('why no route is announced', () => {
  test.each<{ why: string; scene: Scene; reason: string }>([
    { why: 'the type', scene: { service: { ips: [IP], spec: { type: 'ClusterIP' } } }, reason: 'notLoadBalancer' },
    { why: 'no address', scene: { service: { ips: [] } }, reason: 'noIPAllocated' },
    { why: 'an address of no pool', scene: { service: { ips: ['192.168.77.1'] } }, reason: 'ipNotAllowed' },
    { why: 'a node whose network is not set up', scene: { node: { ...NODE, networkUnavailable: true } }, reason: 'nodeNetworkUnavailable' },
    { why: 'the annotation', scene: { drained: true }, reason: 'nodeDrained' },
    {
      why: 'the annotation beside a label that does not count',
      scene: { node: excluded, drained: true, ignoreExcludeLabel: true },
      reason: 'nodeDrained',
    },
    { why: 'the label', scene: { node: excluded, drained: true }, reason: 'nodeLabeledExcludeBalancers' },
    { why: 'a node that is not there', scene: { node: undefined }, reason: 'notOwner' },
    { why: 'no advertisement', scene: { advertisements: {} }, reason: 'notOwner' },
    { why: 'an advertisement of another pool', scene: { advertisements: { a: { ipAddressPools: ['second'] } } }, reason: 'notOwner' },
    { why: 'one of other nodes', scene: { advertisements: { a: { nodeSelectors: RACK_B } } }, reason: 'notOwner' },
    { why: 'one of other Services', scene: { advertisements: { a: { serviceSelectors: RACK_B } } }, reason: 'noMatchingAdvertisement' },
    { why: 'an address that is none', scene: { service: { ips: [IP, 'lb.example'] } }, reason: 'invalidIP' },
    { why: 'addresses of two pools', scene: { service: { ips: [IP, '198.51.100.7'] } }, reason: 'ipNotAllowed' },
    { why: 'another class', scene: { loadBalancerClass: 'x' }, reason: 'otherLoadBalancerClass' },
    {
      why: 'one of other nodes beside one of other Services',
      scene: { advertisements: { a: { nodeSelectors: RACK_B }, b: { serviceSelectors: RACK_B } } },
      reason: 'noMatchingAdvertisement',
    },
    { why: 'nothing that serves', scene: { servedOn: [] }, reason: 'noEndpoints' },
    { why: 'nothing that serves here', scene: { service: LOCAL }, reason: 'noLocalEndpoints' },
  ])('$why: $reason', ({ scene, reason }) => {
    expect(verdict(scene)).toMatchObject({ kind: 'withhold', reason });
  });

  test('two preferences for one route', () => {
    const serviceSelectors = [{ matchLabels: { app: 'web' } }];
    const advertisements = { a: { localPref: 7, serviceSelectors }, b: { localPref: 8, serviceSelectors } };
    expect(verdict({ service: { ips: [IP], labels: { app: 'web' } }, advertisements })).toEqual({
      kind: 'withhold',
      reason: 'conflictingAdvertisements',
      detail: "advertisements 'a' and 'b' have conflicting LOCAL_PREF (7 vs 8)",
    });
  });

  const seven = { localPref: 7, serviceSelectors: [{ matchLabels: { app: 'web' } }] };
  const wide = { aggregationLength: 26, aggregationLengthV6: 64 };
  test.each<{ what: string; ips?: string[]; one?: BGPAdvertisementSpec; other: BGPAdvertisementSpec; conflict: boolean }>([
    { what: 'the default beside another', other: {}, conflict: true },
    { what: 'the same preference', other: { localPref: 7 }, conflict: false },
    { what: 'routes of another length', other: wide, conflict: false },
    { what: 'another length of IPv4 alone, for an IPv4 address', other: { aggregationLength: 26 }, conflict: false },
    { what: 'another length of IPv4 alone, for both', ips: [IP, IPV6], other: { aggregationLength: 26 }, conflict: true },
    { what: 'another length of IPv6 alone, for an IPv4 address', other: { aggregationLengthV6: 64 }, conflict: true },
    { what: 'other peers', one: { peers: ['a'] }, other: { peers: ['b'] }, conflict: false },
    { what: 'a peer in common', one: { peers: ['a', 'b'] }, other: { peers: ['b', 'c'] }, conflict: true },
    { what: 'all peers', one: { peers: ['a'] }, other: {}, conflict: true },
    { what: 'another node', other: { nodeSelectors: RACK_B }, conflict: false },
    { what: 'another Service', other: { serviceSelectors: RACK_B }, conflict: false },
  ])('beside a preference of 7, $what: conflict $conflict', ({ ips = [IP], one = {}, other, conflict }) => {
    const advertisements = { a: { ...seven, ...one }, b: other };
    expect(verdict({ service: { ips, labels: { app: 'web' } }, advertisements }).kind).toBe(conflict ? 'withhold' : 'announce');
  });
});

describe('which routes are announced', () => {
  test.each<{ what: string; scene: Scene; routes: string[] }>([
    { what: 'one to the address', scene: {}, routes: [`${IP}/32`] },
    { what: 'with the label while routers move their traffic', scene: { node: excluded }, routes: [`${IP}/32`] },
    { what: 'with the label that is to be ignored', scene: { node: excluded, ignoreExcludeLabel: true }, routes: [`${IP}/32`] },
    { what: 'by who serves locally', scene: { service: LOCAL, servedOn: ['node-1'] }, routes: [`${IP}/32`] },
    { what: 'one of each family', scene: { service: { ips: [IP, IPV6] } }, routes: [`${IP}/32`, `${IPV6}/128`] },
    {
      what: 'an aggregate beside the address',
      scene: {
        service: { ips: [IP, IPV6] },
        advertisements: { a: { aggregationLength: 26, aggregationLengthV6: 64 }, b: { peers: ['tor'] } },
      },
      routes: ['203.0.113.0/26', '2001:db8::/64', `${IP}/32 tor`, `${IPV6}/128 tor`],
    },
  ])('$what', ({ scene, routes }) => {
    const decided = verdict(scene);
    const texts = decided.kind === 'announce' ? decided.routes.map(({ prefix, peers }) => [formatPrefix(prefix), ...peers].join(' ')) : [];
    expect(texts).toEqual(routes);
  });

  const ONE = { endpoints: 1, transitive: false };
  const annotated = (word: string): ServiceOptions => ({ ips: [IP], annotations: { 'metallb.io/weight-by-endpoints': word } });
  const here = ['node-1', 'node-1', 'node-2'];
  test.each<{ what: string; scene: Scene; weight: object | undefined; fault?: RegExp }>([
    { what: 'unless asked for', scene: { servedOn: here }, weight: undefined },
    {
      what: 'by the advertisement',
      scene: { advertisements: { a: { weightByEndpoints: 'NonTransitive' } } },
      weight: { ...ONE, endpoints: 0 },
    },
    {
      what: 'of the endpoints of this node',
      scene: { service: annotated('NonTransitive'), servedOn: here },
      weight: { ...ONE, endpoints: 2 },
    },
    {
      what: 'for other AS too',
      scene: { service: annotated('Transitive'), servedOn: ['node-1'] },
      weight: { endpoints: 1, transitive: true },
    },
    {
      what: 'unless the Service does not want it',
      scene: { service: annotated('None'), advertisements: { a: { weightByEndpoints: 'Transitive' } } },
      weight: undefined,
    },
    {
      what: 'as the advertisement says where the Service says nothing that can be read',
      scene: { service: annotated('yes'), advertisements: { a: { weightByEndpoints: 'NonTransitive' } }, servedOn: ['node-1'] },
      weight: ONE,
      fault: /^annotation metallb\.io\/weight-by-endpoints: "yes" is none of None, NonTransitive, Transitive$/,
    },
  ])('with a weight, $what', ({ scene, weight, fault }) => {
    const decided = verdict(scene);
    expect(decided).toMatchObject({ kind: 'announce', routes: [{ weight }] });
    expect(decided.kind === 'announce' ? (decided.fault ?? '') : 'none').toMatch(fault ?? /^$/);
  });

  test('with preference and communities of their advertisement', () => {
    const decided = verdict({ advertisements: { a: { localPref: 7, communities: ['64512:1', 'large:1:2:3'] } } });
    expect(decided).toMatchObject({
      routes: [
        {
          localPreference: 7,
          communities: [
            { kind: 'standard', value: 0xfc_00_00_01 },
            { kind: 'large', localData2: 3 },
          ],
        },
      ],
    });
  });
});
