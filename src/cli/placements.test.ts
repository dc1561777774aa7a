import { expect, test } from '@jest/globals';
import { type ServiceOptions, service as serviceObject } from '../../test/support/objects.ts';
import type { JsonObject } from '../lib/json.ts';
import { type PlacementView, placementsOf } from './placements.ts';

const POOL = { 'metallb.io/ip-allocated-from-pool': 'main' };

function service(name: string, { annotations, ...more }: ServiceOptions = {}): JsonObject {
  return serviceObject({ name, annotations: { ...POOL, ...annotations }, ips: ['192.0.2.7'], ...more }) as JsonObject;
}

function node(name: string, labels: Readonly<Record<string, string>> = {}, ready = 'True', more: readonly object[] = []): JsonObject {
  return { metadata: { name, labels }, status: { conditions: [{ type: 'Ready', status: ready }, ...more] } };
}

function owned(name: string, at: string): JsonObject {
  return { status: { node: at, serviceName: name, serviceNamespace: 'default' } };
}

function endpoints(name: string, ...nodes: readonly string[]): JsonObject {
  return {
    metadata: { namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: nodes.map((nodeName) => ({ addresses: ['10.0.0.1'], nodeName, conditions: { ready: true, serving: true } })),
  };
}

const nodes = ['node-1', 'node-2', 'node-3'].map((name, index) => node(name, { zone: index < 2 ? 'x' : 'y' }));
const WELL: PlacementView = {
  services: [service('web')],
  pools: [{ metadata: { name: 'main', labels: { tier: 'gold' } } }],
  l2Advertisements: [{ metadata: { name: 'all' }, spec: {} }],
  l2Statuses: [owned('web', 'node-1')],
  slices: [],
  nodes,
  states: nodes.map(({ metadata }) => ({ metadata: { name: `speaker-${(metadata as { name: string }).name}` } })),
};
const zone = (value: string): object => ({ matchLabels: { zone: value } });
const advertisement = (spec: object): Partial<PlacementView> => ({ l2Advertisements: [{ metadata: { name: 'all' }, spec }] });

test.each<{ what: string; view: Partial<PlacementView>; candidates: readonly string[] }>([
  { what: 'all other nodes', view: {}, candidates: ['node-2', 'node-3'] },
  { what: 'those that are selected', view: advertisement({ nodeSelectors: [zone('x')] }), candidates: ['node-2'] },
  { what: 'none, where no advertisement is of its pool', view: advertisement({ ipAddressPools: ['other'] }), candidates: [] },
  {
    what: 'by the labels of its pool',
    view: advertisement({ ipAddressPoolSelectors: [{ matchLabels: { tier: 'gold' } }] }),
    candidates: ['node-2', 'node-3'],
  },
  {
    what: 'those that are preferred as much',
    view: advertisement({ preferredNodeSelectors: [{ weight: 5, preference: zone('x') }] }),
    candidates: ['node-2'],
  },
  {
    what: 'those with an endpoint, where it wants one',
    view: {
      services: [service('web', { spec: { externalTrafficPolicy: 'Local' } })],
      slices: [endpoints('web', 'node-1', 'node-3'), endpoints('other', 'node-2')],
    },
    candidates: ['node-3'],
  },
  { what: 'none that has no speaker', view: { states: [{ metadata: { name: 'speaker-node-3' } }] }, candidates: ['node-3'] },
  { what: 'none that is not ready', view: { nodes: [node('node-2', {}, 'Unknown'), node('node-3')] }, candidates: ['node-3'] },
  {
    what: 'none that is excluded, or without network',
    view: {
      nodes: [
        node('node-2', { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }),
        node('node-3', {}, 'True', [{ type: 'NetworkUnavailable', status: 'True' }]),
      ],
    },
    candidates: [],
  },
  {
    what: 'none, where it shares its address',
    view: { services: [service('web', { annotations: { 'metallb.io/allow-shared-ip': 'k' } })] },
    candidates: [],
  },
  {
    what: 'none, where it asks for a node itself',
    view: { services: [service('web', { annotations: { 'metallb.io/preferred-node': 'node-1' } })] },
    candidates: [],
  },
  { what: 'none of a Service that is gone', view: { services: [] }, candidates: [] },
])('$what', ({ view, candidates }) => {
  expect(placementsOf({ ...WELL, ...view })).toEqual([{ service: 'default/web', node: 'node-1', candidates }]);
});

test('a Service that two nodes have at this moment is no one’s', () => {
  expect(placementsOf({ ...WELL, l2Statuses: [owned('web', 'node-1'), owned('other', 'node-3'), owned('web', 'node-2')] })).toEqual([
    { service: 'default/other', node: 'node-3', candidates: [] },
  ]);
});
