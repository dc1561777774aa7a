import { beforeEach, expect, test } from '@jest/globals';
import { facts } from '../../../test/support/objects.ts';
import { RecordingLogger } from '../../../test/support/recording-logger.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { parseAddress, parsePrefix } from '../../lib/ip.ts';
import type { BgpChange } from '../../model/bgp-plan.ts';
import { AnnouncementNotices } from './announcement-notices.ts';
import { RouteAnnouncer } from './route-announcer.ts';
import type { RouteVerdict } from './route-plan.ts';

const web = facts({ name: 'web', ips: ['203.0.113.10'] });
const GONE: RouteVerdict = { kind: 'withhold', reason: 'noEndpoints', detail: '' };

let changes: BgpChange[];
let events: string[];
let metrics: RecordingMetrics;
let log: RecordingLogger;
let announcer: RouteAnnouncer;

beforeEach(() => {
  changes = [];
  events = [];
  metrics = new RecordingMetrics();
  log = new RecordingLogger();
  const recorder = { record: (...[, type, reason, message]: readonly unknown[]) => void events.push(`${type} ${reason} ${message}`) };
  const notices = new AnnouncementNotices({ node: 'node-1', metrics, log, events: recorder });
  announcer = new RouteAnnouncer({ notices, log, applyToWire: (change) => void changes.push(change) });
});

function announce(ip: string, communities: number[] = []): RouteVerdict {
  const [address, prefix] = [parseAddress(ip), parsePrefix(`${ip}/32`)];
  if (address === undefined || !prefix.ok) throw new Error(ip);
  const values = communities.map((value) => ({ kind: 'standard' as const, value }));
  const route = { prefix: prefix.value, localPreference: undefined, communities: values, weight: undefined, peers: [] };
  return { kind: 'announce', addresses: [address], routes: [route], fault: undefined };
}

function gauge(ip: string): number | undefined {
  return metrics.value('metallb_speaker_announced', { service: web.key, protocol: 'bgp', node: 'node-1', ip });
}

test('nothing goes to the wire before everything was decided once', () => {
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  announcer.setPeers([]);
  announcer.replay();
  expect(changes).toEqual([]);
  announcer.complete();
  const whole = { kind: 'replace-bgp', routes: [{ service: web.key }], peers: [] };
  expect(changes).toMatchObject([whole, { kind: 'drain', draining: false }]);
});

test('what was said once is not said again until it changes', () => {
  announcer.complete();
  changes = [];
  for (const verdict of [announce('203.0.113.10'), announce('203.0.113.10')]) announcer.carryOut(web.key, web, verdict);
  expect([changes.length, gauge('203.0.113.10'), events]).toEqual([
    1,
    1,
    ['Normal nodeAssigned announcing from node "node-1" with protocol "bgp"'],
  ]);
  announcer.carryOut(web.key, web, announce('203.0.113.10', [1]));
  expect([changes.length, events.length]).toEqual([2, 1]);
  announcer.carryOut(web.key, web, announce('203.0.113.11'));
  expect([changes.length, gauge('203.0.113.10'), gauge('203.0.113.11')]).toEqual([3, undefined, 1]);
});

test('what is withheld is taken back, with the reason in the log', () => {
  announcer.complete();
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  changes = [];
  for (const verdict of [GONE, GONE]) announcer.carryOut(web.key, web, verdict);
  expect(changes).toEqual([{ kind: 'route', service: web.key, routes: [] }]);
  expect(gauge('203.0.113.10')).toBeUndefined();
  expect(log.lines.at(-1)?.fields).toMatchObject({ event: 'serviceWithdrawn', reason: 'noEndpoints', protocol: 'bgp' });
});

test('a wish that cannot be read is said once, and does not keep the routes back', () => {
  announcer.complete();
  const odd = { ...announce('203.0.113.10'), fault: 'annotation x: "y" is none of z' } as RouteVerdict;
  for (const verdict of [odd, odd, announce('203.0.113.10'), odd]) announcer.carryOut(web.key, web, verdict);
  const warned = log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  expect(warned).toEqual(['annotation x: "y" is none of z', 'annotation x: "y" is none of z']);
  expect(changes.filter(({ kind }) => kind === 'route')).toHaveLength(1);
});

test('how many routes a Service has is said when they change, and that a node without a network has none', () => {
  const two = announce('203.0.113.10', [1]) as Extract<RouteVerdict, { kind: 'announce' }>;
  const both: RouteVerdict = { ...two, routes: [...two.routes, ...two.routes] };
  const cut: RouteVerdict = { kind: 'withhold', reason: 'nodeNetworkUnavailable', detail: '' };
  for (const verdict of [announce('203.0.113.10'), announce('203.0.113.10'), both, both, cut, cut])
    announcer.carryOut(web.key, web, verdict);
  const made = log.lines.filter(({ message }) => message === 'making advertisements using BGP');
  expect(made.map(({ level, fields }) => [level, fields.event, fields.service, fields.numAds])).toEqual([
    ['info', 'updatedAdvertisements', web.key, 1],
    ['info', 'updatedAdvertisements', web.key, 2],
  ]);
  const skipped = log.lines.filter(({ fields }) => fields.event === 'skipping should announce bgp');
  expect(skipped).toMatchObject([{ level: 'warn', fields: { service: web.key, reason: 'nodeNetworkUnavailable' } }]);
});

test('a conflict is said once', () => {
  const conflict: RouteVerdict = { kind: 'withhold', reason: 'conflictingAdvertisements', detail: "advertisements 'a' and 'b' …" };
  for (const verdict of [conflict, conflict]) announcer.carryOut(web.key, web, verdict);
  const fields = { op: 'setBalancer', service: web.key, error: "advertisements 'a' and 'b' …" };
  expect(log.lines).toMatchObject([{ level: 'error', message: 'failed to announce service', fields }]);
});
