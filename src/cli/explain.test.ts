import { expect, test } from '@jest/globals';
import type { JsonObject } from '../lib/json.ts';
import { explain, type ServiceView } from './explain.ts';

const node = (name: string, labels: object = {}): JsonObject => ({ metadata: { name, labels } });
const EXCLUDED = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' };
const ready = (status: string, message: string): object => ({ conditions: [{ type: 'Ready', status, reason: 'x', message }] });
const named = (kind: string, name: string, spec: object = {}, more: object = {}): JsonObject => ({
  kind,
  metadata: { name },
  spec,
  ...more,
});
const slice = (addressType: string, ...nodes: readonly (string | undefined)[]): JsonObject => ({
  addressType,
  endpoints: nodes.map((nodeName) => ({ nodeName, conditions: { ready: true } })),
});
const allocated = (status: string, message: string): JsonObject => ({
  type: 'metallb.io/AddressAllocated',
  status,
  reason: 'Word',
  message,
});

interface Draft {
  readonly spec?: object;
  readonly ips?: readonly string[];
  readonly condition?: JsonObject;
  readonly labels?: object;
  readonly annotations?: object;
}

function service({
  spec,
  ips = ['192.0.2.1'],
  condition = allocated('True', 'Has 192.0.2.1 of IPAddressPool "main".'),
  labels,
  annotations,
}: Draft): JsonObject {
  return {
    metadata: {
      name: 'web',
      namespace: 'default',
      labels,
      annotations: ips.length > 0 ? { 'metallb.io/ip-allocated-from-pool': 'main', ...annotations } : {},
    },
    spec: { type: 'LoadBalancer', ...spec },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) }, conditions: [condition] },
  };
}

/** A Service that is well, but for what `changes` says. */
function view(changes: Partial<ServiceView> & { readonly draft?: Draft } = {}): ServiceView {
  return {
    namespace: 'lb',
    service: service(changes.draft ?? {}),
    pools: [named('IPAddressPool', 'main')],
    l2Advertisements: [named('L2Advertisement', 'all')],
    bgpAdvertisements: [],
    peers: [],
    l2Statuses: [{ status: { node: 'node-1', interfaces: [{ name: 'eth0' }] } }],
    bgpStatuses: [],
    slices: [slice('IPv4', 'node-1')],
    nodes: [node('node-1'), node('node-2')],
    peerEvents: [],
    events: [],
    controllerSeen: true,
    ...changes,
  };
}

test('a Service that is well has no problem', () => {
  expect(explain(view())).toEqual({
    service: 'default/web',
    state: 'announced',
    addresses: ['192.0.2.1'],
    pool: 'main',
    allocation: { status: 'True', reason: 'Word', message: 'Has 192.0.2.1 of IPAddressPool "main".' },
    externalTrafficPolicy: 'Cluster',
    announcedBy: [{ protocol: 'layer 2', node: 'node-1', to: ['eth0'] }],
    endpoints: [{ node: 'node-1', serving: 1 }],
    advertisements: ['L2Advertisement all'],
    problems: [],
  });
});

const NOBODY: Partial<ServiceView> = { l2Statuses: [] };
const BGP: Partial<ServiceView> = {
  l2Advertisements: [],
  l2Statuses: [],
  bgpAdvertisements: [named('BGPAdvertisement', 'all')],
  peers: [named('BGPPeer', 'tor')],
};
const WAITS = { ips: [], condition: allocated('False', 'There is no IPAddressPool: create one.') };
const SILENT = { ips: [], condition: {} };

test.each<{ what: string; given: ServiceView; state: string; says: RegExp }>([
  {
    what: 'another type',
    given: view({ draft: { spec: { type: 'NodePort' }, ips: [] } }),
    state: 'not a load balancer',
    says: /^its type is NodePort$/,
  },
  { what: 'no address', given: view({ draft: WAITS }), state: 'pending', says: /^There is no IPAddressPool: create one\.$/ },
  {
    what: 'a controller that has not looked',
    given: view({ draft: SILENT }),
    state: 'pending',
    says: /^the controller has not looked at it$/,
  },
  {
    what: 'no controller',
    given: view({ draft: SILENT, controllerSeen: false }),
    state: 'pending',
    says: /^no controller is here to look at it$/,
  },
  {
    what: 'the class of nobody',
    given: view({ draft: { ...SILENT, spec: { loadBalancerClass: 'example.com/x' } } }),
    state: 'pending',
    says: /^it is of the class example\.com\/x, and no installation/,
  },
  {
    what: 'one family of two',
    given: view({ draft: { condition: allocated('True', 'Has 192.0.2.1 of IPAddressPool "main". No IPv6 is left.') } }),
    state: 'announced',
    says: /^No IPv6 is left\.$/,
  },
  { what: 'no endpoint', given: view({ slices: [], l2Statuses: [] }), state: 'not announced', says: /^no endpoint can serve it/ },
  {
    what: 'no advertisement',
    given: view({ ...NOBODY, l2Advertisements: [] }),
    state: 'not announced',
    says: /^no advertisement means IPAddressPool main and this Service$/,
  },
  {
    what: 'an advertisement of another pool',
    given: view({ ...NOBODY, l2Advertisements: [named('L2Advertisement', 'a', { ipAddressPools: ['other'] })] }),
    state: 'not announced',
    says: /^no advertisement means/,
  },
  {
    what: 'an advertisement of other Services',
    given: view({ ...NOBODY, l2Advertisements: [named('L2Advertisement', 'a', { serviceSelectors: [{ matchLabels: { a: 'b' } }] })] }),
    state: 'not announced',
    says: /^no advertisement means/,
  },
  {
    what: 'an advertisement of no node',
    given: view({ ...NOBODY, l2Advertisements: [named('L2Advertisement', 'a', { nodeSelectors: [{ matchLabels: { a: 'b' } }] })] }),
    state: 'not announced',
    says: /by layer 2, and no node does: the nodeSelectors of L2Advertisement a select none$/,
  },
  {
    what: 'excluded nodes',
    given: view({ ...NOBODY, nodes: [node('node-1', EXCLUDED)] }),
    state: 'not announced',
    says: /no node does: those that may are excluded/,
  },
  {
    what: 'endpoints where no node may announce',
    given: view({ ...NOBODY, draft: { spec: { externalTrafficPolicy: 'Local' } }, nodes: [node('node-1', EXCLUDED), node('node-2')] }),
    state: 'not announced',
    says: /with externalTrafficPolicy Local it must have an endpoint, and those are on node-1$/,
  },
  {
    what: 'silent speakers',
    given: view(NOBODY),
    state: 'not announced',
    says: /by layer 2, and no node does, though node-1, node-2 could$/,
  },
  {
    what: 'no peer',
    given: view({ ...BGP, peers: [] }),
    state: 'not announced',
    says: /^it is to be announced by BGP, and there is no BGPPeer$/,
  },
  { what: 'silent speakers of BGP', given: view(BGP), state: 'not announced', says: /by BGP, and no node does, though/ },
  {
    what: 'a peer that is refused',
    given: view({ ...BGP, peers: [named('BGPPeer', 'tor', {}, { status: ready('False', 'bad\nworse') })] }),
    state: 'not announced',
    says: /^BGPPeer tor is refused: bad; worse$/,
  },
  {
    what: 'a pool whose edit is refused',
    given: view({ pools: [named('IPAddressPool', 'main', {}, { status: ready('False', 'bad') })] }),
    state: 'announced',
    says: /^IPAddressPool main is refused: bad$/,
  },
])('$what', ({ given, state, says }) => {
  const explanation = explain(given);
  expect(explanation.state).toBe(state);
  expect(explanation.problems.map(({ text }) => text)).toContainEqual(expect.stringMatching(says));
});

test.each([
  {
    by: 'layer 2',
    given: { ...NOBODY, l2Advertisements: [named('L2Advertisement', 'a', {}, { status: ready('False', 'bad') })] },
    says: 'L2Advertisement a',
  },
  {
    by: 'BGP',
    given: { ...BGP, bgpAdvertisements: [named('BGPAdvertisement', 'a', {}, { status: ready('False', 'bad') })] },
    says: 'BGPAdvertisement a',
  },
])('where the advertisement by $by is refused, that is what is wrong, and not the speakers', ({ given, says }) => {
  expect(explain(view(given)).problems.map(({ text }) => text)).toEqual([`${says} is refused: bad`]);
});

const PREFERRED = 'metallb.io/preferred-node';
test.each<{ what: string; annotations: object; given?: Partial<ServiceView>; says: readonly string[] }>([
  { what: 'one that may announce it', annotations: { [PREFERRED]: 'node-2' }, says: [] },
  {
    what: 'one that is not there',
    annotations: { [PREFERRED]: 'node-9' },
    says: [`it asks for node "node-9" by the annotation ${PREFERRED}, and that may not announce it`],
  },
  {
    what: 'one that is excluded',
    annotations: { [PREFERRED]: 'node-2' },
    given: { nodes: [node('node-1'), node('node-2', EXCLUDED)] },
    says: [`it asks for node "node-2" by the annotation ${PREFERRED}, and that may not announce it`],
  },
  {
    what: 'one, while it shares its address',
    annotations: { [PREFERRED]: 'node-2', 'metallb.io/allow-shared-ip': 'k' },
    says: [`the annotation ${PREFERRED} is not used: the Service may share its address with others`],
  },
])('a Service that asks for a node: $what', ({ annotations, given, says }) => {
  expect(explain(view({ draft: { annotations }, ...given })).problems.map(({ text }) => text)).toEqual(says);
});

test('endpoints are in the order of their nodes', () => {
  const { endpoints } = explain(view({ slices: [slice('IPv4', 'node-2', 'node-1')] }));
  expect(endpoints.map((each) => each.node)).toEqual(['node-1', 'node-2']);
});

test('a Service over BGP names nodes and peers, and needs no status of layer 2', () => {
  const { announcedBy, problems } = explain(view({ ...BGP, bgpStatuses: [{ status: { node: 'node-2', peers: ['tor'] } }] }));
  expect(announcedBy).toEqual([{ protocol: 'BGP', node: 'node-2', to: ['tor'] }]);
  expect(problems).toEqual([]);
});

test('sessions that are to carry its routes are told of, as far as nodes have said what became of them', () => {
  const said = (host: string, peer: string, reason: string, message = ''): JsonObject => ({
    involvedObject: { name: peer },
    source: { host },
    reason,
    message,
    lastTimestamp: '2026-01-01T00:00:00Z',
  });
  const peerEvents = [
    said('node-1', 'tor', 'sessionUp'),
    said('node-2', 'tor', 'sessionDown', 'node-2 has no session'),
    said('node-3', 'tor', 'sessionDown', 'node-3 has no session'),
    said('node-4', 'tor', 'sessionDown', 'of another Service'),
    said('node-1', 'core', 'sessionDown', 'not for this Service'),
  ];
  const bgpStatuses = ['node-1', 'node-2', 'node-3'].map((name) => ({ status: { node: name, peers: ['tor'] } }));
  expect(explain(view({ ...BGP, bgpStatuses, peerEvents })).problems).toEqual([
    {
      text: 'BGPPeer tor: node-2 has no session (nor have node-3)',
      remedy: 'see what else was said: kubectl -n lb describe bgppeer tor',
    },
  ]);
});

test('a host that has the address is why nobody announces it, in the words that were said last', () => {
  const said = (message: string, lastTimestamp: string): JsonObject => ({ reason: 'AddressConflict', message, lastTimestamp });
  const events = [
    said('node "node-1" does not announce 192.0.2.1: a host has it. Find it. Stop it', '2026-01-01T00:01:00Z'),
    said('an older word. Do this', '2026-01-01T00:00:00Z'),
    { reason: 'nodeAssigned', message: 'announcing', lastTimestamp: '2026-01-01T00:02:00Z' },
  ];
  expect(explain(view({ l2Statuses: [], events })).problems).toEqual([
    { text: 'node "node-1" does not announce 192.0.2.1: a host has it', remedy: 'Find it. Stop it' },
  ]);
  expect(explain(view({ events })).problems).toEqual([]);
});

test('a pod of both families is one endpoint; those of several slices of a family add up', () => {
  const slices = [slice('IPv4', 'node-1', 'node-1'), slice('IPv4', 'node-1', undefined), slice('IPv6', 'node-1', 'node-1', 'node-1')];
  expect(explain(view({ slices })).endpoints).toEqual([
    { node: 'node-1', serving: 3 },
    { node: '', serving: 1 },
  ]);
});

test('pools are selected by their labels too', () => {
  const l2Advertisements = [named('L2Advertisement', 'a', { ipAddressPoolSelectors: [{ matchLabels: { a: 'b' } }] })];
  const pools = [{ metadata: { name: 'main', labels: { a: 'b' } } }];
  expect(explain(view({ l2Advertisements, pools })).advertisements).toEqual(['L2Advertisement a']);
});
