import { expect, test } from '@jest/globals';
import { plannedPeer, serviceRoutes } from '../../../test/support/bgp-plans.ts';
import { sessionReport } from '../../../test/support/session-reports.ts';
import { parseAddress } from '../../lib/ip.ts';
import { type SpeakerFacts, speakerStatus } from './speaker-status.ts';

const NOTHING: SpeakerFacts = {
  node: 'node-1',
  at: 1_700_000_000_000,
  resumed: false,
  sessions: [],
  gaps: new Map(),
  announcements: [],
  layer2Reasons: new Map(),
  plan: undefined,
  bgpReasons: new Map(),
};

test('a speaker that knows nothing yet says so', () => {
  expect(speakerStatus(NOTHING)).toEqual({
    form: 1,
    node: 'node-1',
    time: '2023-11-14T22:13:20.000Z',
    resumed: false,
    sessions: [],
    gaps: [],
    services: [],
    omittedServices: 0,
  });
});

test('what is announced to whom, and why it is not', () => {
  const address = parseAddress('198.51.100.200');
  if (address === undefined) throw new Error('no address');
  const [web, shop] = [serviceRoutes('default/web', '203.0.113.1/32'), serviceRoutes('default/shop', '203.0.113.0/24')];
  const routes = [web, { ...shop, routes: shop.routes.map((route) => ({ ...route, peers: ['other'] })) }];
  const status = speakerStatus({
    ...NOTHING,
    sessions: [sessionReport({ peer: 'tor' }), sessionReport({ peer: 'other', state: 'idle', lastError: 'no route to the host' })],
    gaps: new Map([['third', 'it has no password']]),
    announcements: [{ service: 'default/web', addresses: [address], interfaces: { all: true } }],
    layer2Reasons: new Map([['default/shop', 'notOwner']]),
    bgpReasons: new Map([['default/away', 'noEndpoints']]),
    plan: { routes, peers: [plannedPeer()], draining: false },
  });
  expect(status.sessions).toMatchObject([
    { peer: 'other', lastError: 'no route to the host', routes: ['203.0.113.1/32', '203.0.113.0/24'] },
    { peer: 'tor', since: '2023-11-14T22:13:20.000Z', routes: ['203.0.113.1/32'] },
  ]);
  expect(status.gaps).toEqual([{ peer: 'third', reason: 'it has no password' }]);
  expect(status.services).toEqual([
    { service: 'default/away', layer2: [], routes: [], bgpReason: 'noEndpoints' },
    { service: 'default/shop', layer2: [], layer2Reason: 'notOwner', routes: ['203.0.113.0/24'] },
    { service: 'default/web', layer2: ['198.51.100.200'], routes: ['203.0.113.1/32'] },
  ]);
});

test('it stays below a megabyte, and says what it leaves out', () => {
  const routes = Array.from({ length: 10_000 }, (_, at) => serviceRoutes(`default/service-${at}`, `10.${at >> 8}.${at & 255}.1/32`));
  const status = speakerStatus({ ...NOTHING, sessions: [sessionReport()], plan: { routes, peers: [], draining: false } });
  expect([status.services.length, status.omittedServices, status.sessions[0]?.routes.length]).toEqual([2_000, 8_000, 1_000]);
  expect(JSON.stringify(status).length).toBeLessThan(1_000_000);
});
