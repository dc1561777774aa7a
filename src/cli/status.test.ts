import { expect, test } from '@jest/globals';
import type { JsonObject } from '../lib/json.ts';
import { PLAIN } from './report.ts';
import { type InstallationView, statusOf } from './status.ts';
import { reportOf } from './status-report.ts';

const conditions = (status: string, message = ''): object => ({ conditions: [{ type: 'Ready', status, reason: 'x', message }] });
const node = (name: string, metadata: object = {}): JsonObject => ({ metadata: { name, ...metadata }, status: conditions('True') });
const state = (name: string, result: string): JsonObject => ({ metadata: { name }, status: { result } });
const service = (name: string, spec: object, ...ips: readonly string[]): JsonObject => ({
  metadata: { name, namespace: 'default' },
  spec: { type: 'LoadBalancer', ...spec },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});
const COUNTS = { assignedIPv4: 3, assignedIPv6: 1, availableIPv4: 20, availableIPv6: 5 };
const PEER = { myASN: 64512, peerASN: 64513, peerAddress: '192.0.2.1' };

const session = (host: string, reason: string): JsonObject => ({
  involvedObject: { kind: 'BGPPeer', name: 'tor' },
  source: { host },
  reason,
  message: `node "${host}" says so`,
});

const WELL: InstallationView = {
  namespace: 'metallb-system',
  pools: [{ metadata: { name: 'spare' } }, { metadata: { name: 'main' }, status: { ...COUNTS, ...conditions('True') } }],
  l2Advertisements: [],
  bgpAdvertisements: [],
  peers: [{ metadata: { name: 'tor' }, spec: { ...PEER, nodeSelectors: [{ matchLabels: { rack: '1' } }] }, status: conditions('True') }],
  bfdProfiles: [],
  communities: [],
  l2Statuses: [{ status: { node: 'node-1' } }, { status: { node: 'node-1' } }],
  bgpStatuses: [{ status: { node: 'node-2', peers: ['tor'] } }, { status: { node: 'node-2', peers: ['tor'] } }],
  states: [state('controller', 'Valid'), state('speaker-node-1', 'Valid'), state('speaker-node-2', 'Valid')],
  nodes: [node('node-2', { labels: { rack: '1' } }), node('node-1')],
  services: [service('a', {}, '192.0.2.7'), service('b', { type: 'ClusterIP' }), service('other', { loadBalancerClass: 'x/y' })],
  events: [session('node-2', 'sessionUp')],
};

test('an installation that is well', () => {
  expect(statusOf(WELL)).toEqual({
    pools: [
      { name: 'main', assigned: 4, available: 25, ready: 'yes' },
      { name: 'spare', assigned: undefined, available: undefined, ready: 'unknown' },
    ],
    nodes: [
      { name: 'node-1', speaker: 'Valid', mayAnnounce: true, layer2: 2, bgp: 0, note: '' },
      { name: 'node-2', speaker: 'Valid', mayAnnounce: true, layer2: 0, bgp: 2, note: '' },
    ],
    peers: [
      { name: 'tor', address: '192.0.2.1', asn: '64513', nodes: 1, announcing: 1, sessions: { up: ['node-2'], down: [] }, ready: 'yes' },
    ],
    services: { addressed: 1, pending: [] },
    problems: [],
  });
});

test('is told in tables', () => {
  const { exitCode, text } = reportOf(statusOf(WELL));
  expect(exitCode).toBe(0);
  expect(
    text(PLAIN)
      .split('\n')
      .map((line) => line.trimEnd()),
  ).toEqual([
    'POOLS',
    '  NAME    IN USE   FREE   READY',
    '  main    4        25     yes',
    '  spare   ?        ?      unknown',
    '',
    'NODES',
    '  NAME     CONFIGURATION   LAYER 2   BGP   NOTE',
    '  node-1   Valid           2         0',
    '  node-2   Valid           0         2',
    '',
    'PEERS',
    '  NAME   ADDRESS     AS      SESSIONS       NODES ANNOUNCING   READY',
    '  tor    192.0.2.1   64513   1 up, 0 down   1/1                yes',
    '',
    '1 Services have addresses, 0 wait for one.',
    '',
  ]);
});

const waiting = Array.from({ length: 12 }, (_, index) => service(`s${String(index).padStart(2, '0')}`, {}));

test.each<{ what: string; changes: Partial<InstallationView>; says: string }>([
  { what: 'no controller', changes: { states: WELL.states.slice(1) }, says: 'no controller has said anything' },
  { what: 'no speaker', changes: { states: WELL.states.slice(0, 2) }, says: 'no speaker has said anything on node-2' },
  {
    what: 'a refused object',
    changes: { communities: [{ kind: 'Community', metadata: { name: 'c' }, status: conditions('False', 'a\nb') }] },
    says: 'Community c is refused: a; b',
  },
  {
    what: 'a session that is down',
    changes: { events: ['node-1', 'node-2', 'node-3'].map((host) => session(host, 'sessionDown')) },
    says: 'BGPPeer tor: node "node-1" says so (nor have node-2, node-3)',
  },
  { what: 'a Service that waits', changes: { services: [service('a', {})] }, says: 'Service default/a waits for an address' },
  {
    what: 'many that wait',
    changes: { services: waiting },
    says: `12 Services wait for an address: ${waiting
      .slice(0, 10)
      .map((_, index) => `default/s0${index}`)
      .join(', ')} and 2 more`,
  },
])('$what', ({ changes, says }) => {
  const status = statusOf({ ...WELL, ...changes });
  expect(status.problems.map(({ text }) => text)).toEqual([says]);
  expect(reportOf(status)).toMatchObject({ exitCode: 1, json: status });
  expect(reportOf(status).text(PLAIN)).toContain(`\nWHAT IS WRONG\n  ✗ ${says}\n    → `);
});

test.each([
  { namespace: 'metallb-system', flag: '' },
  { namespace: 'lb', flag: ' --metallb-namespace lb' },
])('what is to be done next is done in $namespace, where the configuration lies', ({ namespace, flag }) => {
  const view = { ...WELL, namespace, events: [session('node-1', 'sessionDown')], services: [service('a', {})] };
  expect(statusOf(view).problems.map(({ remedy }) => remedy)).toEqual([
    `see what else was said: kubectl -n ${namespace} describe bgppeer tor`,
    `see why: kubectl typemetal explain default/a${flag}`,
  ]);
});

test.each([
  {
    what: 'a label',
    metadata: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } },
    note: 'excluded by its label',
  },
  { what: 'an annotation', metadata: { annotations: { 'metallb.io/bgp-drain': '' } }, note: 'its routes are taken away' },
])('a node with $what has the note $note', ({ metadata, note }) => {
  expect(statusOf({ ...WELL, nodes: [node('node-1', metadata)] }).nodes).toMatchObject([{ note }]);
});

test('a peer of which nobody has said anything has a question mark', () => {
  expect(reportOf(statusOf({ ...WELL, events: [] })).text(PLAIN)).toMatch(/^ {2}tor +192\.0\.2\.1 +64513 +\? +1\/1/m);
});

test('an excluded node without a speaker is nobody to miss', () => {
  const excluded = node('node-3', { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } });
  expect(statusOf({ ...WELL, nodes: [...WELL.nodes, excluded] }).problems).toEqual([]);
});
