import { beforeEach, expect, test } from '@jest/globals';
import { facts } from '../../../test/support/objects.ts';
import { RecordingLogger } from '../../../test/support/recording-logger.ts';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { SoleWire } from '../../../test/support/sole-wire.ts';
import type { EventRecorder } from '../../kubernetes/event-recorder.ts';
import { parseAddress } from '../../lib/ip.ts';
import type { Announcement, PlanChange } from '../../model/plan.ts';
import { AnnouncedServices } from './announced-services.ts';
import { AnnouncementNotices } from './announcement-notices.ts';
import type { Verdict } from './announcement-plan.ts';
import { Announcer } from './announcer.ts';

const web = facts({ ips: ['203.0.113.10'] });
let changes: PlanChange[];
let wire: SoleWire;
let events: string[];
let announced: AnnouncedServices;
let metrics: RecordingMetrics;
let announcer: Announcer;
let log: RecordingLogger;

beforeEach(() => {
  wire = new SoleWire((addresses, certain) => announcer.own(addresses, certain));
  changes = wire.changes;
  events = [];
  announced = new AnnouncedServices();
  metrics = new RecordingMetrics();
  log = new RecordingLogger();
  const recorder: EventRecorder = {
    record: (subject, type, reason, message) => void events.push(`${subject.name} ${type} ${reason} ${message}`),
  };
  const notices = new AnnouncementNotices({ node: 'node-1', metrics, log, events: recorder });
  announcer = new Announcer({ node: 'node-1', announced, notices, log, applyToWire: (change) => wire.apply(change) });
});

function announce(...ips: string[]): Verdict {
  const addresses = ips.map(parseAddress).filter((address) => address !== undefined);
  return { kind: 'announce', announcement: { service: web.key, addresses, interfaces: { all: true } } };
}

/** What other nodes may announce, on a link of that name. */
function others(link: string): Announcement {
  const [address] = web.ingress.map(({ ip }) => parseAddress(ip));
  if (address === undefined) throw new Error('no address');
  const candidacy = { address, self: false, contenders: new Map([['node-1', 0]]) };
  return { service: web.key, addresses: [address], interfaces: { all: false, names: [link] }, candidacy };
}

test('an announcement is told to the wire, the metrics and the people, once', () => {
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  expect(changes.map(({ kind }) => kind)).toEqual(['announce']);
  expect(events).toEqual(['web Normal nodeAssigned announcing from node "node-1" with protocol "layer2"']);
  expect(announced.announcements()).toHaveLength(1);
});

test('another address withdraws the first and announces the second', () => {
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  announcer.carryOut(web.key, web, announce('203.0.113.11'));
  expect(changes.map(({ kind }) => kind)).toEqual(['announce', 'withdraw', 'announce']);
});

test('a Service that was never announced is not withdrawn; one that was, once', () => {
  announcer.carryOut(web.key, web, { kind: 'withhold', reason: 'notOwner' });
  expect(changes).toEqual([]);
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  announcer.carryOut(web.key, undefined, { kind: 'withhold', reason: 'serviceDeleted' });
  announcer.carryOut(web.key, undefined, { kind: 'withhold', reason: 'serviceDeleted' });
  expect(changes.map(({ kind }) => kind)).toEqual(['announce', 'withdraw']);
  expect(announced.get(web.key)).toBeUndefined();
});

test('a missing interface is said once by a warning, and again after it was there', () => {
  const missing: Verdict = { kind: 'withhold', reason: 'noMatchingInterface', address: '203.0.113.10', others: others('eth9') };
  announcer.carryOut(web.key, web, missing);
  announcer.carryOut(web.key, web, missing);
  const text = `the interfaces specified by LB IP "203.0.113.10" doesn't exist in assigned node "node-1" with protocol "layer2"`;
  expect(events).toEqual([`web Warning announceFailed ${text}`]);
  expect(announced.announcements()).toEqual([]);
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  announcer.carryOut(web.key, web, missing);
  expect(events.filter((event) => event.includes('announceFailed'))).toHaveLength(2);
  expect(changes.map((change) => change.kind === 'announce' && change.announcement.candidacy?.self !== false)).toEqual([
    false,
    true,
    false,
  ]);
});

test.each<{ reason: 'invalidIP' | 'ipNotAllowed' | 'sharedIPWithServiceSelector' | 'notOwner' | 'noIPAllocated'; said: string[] }>([
  { reason: 'invalidIP', said: ['error invalid IP allocated by controller'] },
  { reason: 'ipNotAllowed', said: ['error IP allocated by controller not allowed by config'] },
  { reason: 'sharedIPWithServiceSelector', said: [expect.stringContaining('warn a Service with a sharing key')] as never },
  { reason: 'notOwner', said: [] },
  { reason: 'noIPAllocated', said: [] },
])('$reason is said once: $said', ({ reason, said }) => {
  const lines = (): string[] => log.lines.map(({ level, message }) => `${level} ${message}`);
  announcer.carryOut(web.key, web, { kind: 'withhold', reason });
  announcer.carryOut(web.key, web, { kind: 'withhold', reason });
  expect(lines()).toEqual(said);
  announcer.carryOut(web.key, undefined, { kind: 'withhold', reason: 'serviceDeleted' });
  announcer.carryOut(web.key, web, { kind: 'withhold', reason });
  expect(lines()).toEqual([...said, ...said]);
});

test('links matter to Services that name them, and to those that wait for one', () => {
  const scoped: Verdict = {
    kind: 'announce',
    announcement: { service: web.key, addresses: [], interfaces: { all: false, names: ['eth1'] } },
  };
  expect([...announcer.boundToInterfaces()]).toEqual([]);
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  expect([...announcer.boundToInterfaces()]).toEqual([]);
  announcer.carryOut(web.key, web, scoped);
  expect([...announcer.boundToInterfaces()]).toEqual([web.key]);
  announcer.carryOut(web.key, web, { kind: 'withhold', reason: 'noMatchingInterface', address: '203.0.113.10', others: others('eth9') });
  expect([...announcer.boundToInterfaces()]).toEqual([web.key]);
  announcer.carryOut(web.key, web, { kind: 'withhold', reason: 'notOwner' });
  expect([...announcer.boundToInterfaces()]).toEqual([]);
  const elsewhere = { ...others('eth0'), interfaces: { all: false, names: [] } as const };
  announcer.carryOut(web.key, web, { kind: 'withhold', reason: 'noMatchingAdvertisement', others: elsewhere });
  expect([...announcer.boundToInterfaces()]).toEqual([]);
});

test('the gauge follows each address', () => {
  const value = (ip: string): number | undefined =>
    metrics.value('metallb_speaker_announced', { service: web.key, protocol: 'layer2', node: 'node-1', ip });
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  expect([value('203.0.113.10'), value('203.0.113.11')]).toEqual([1, undefined]);
  announcer.carryOut(web.key, web, announce('203.0.113.11'));
  expect([value('203.0.113.10'), value('203.0.113.11')]).toEqual([undefined, 1]);
  announcer.carryOut(web.key, web, { kind: 'withhold', reason: 'notOwner' });
  expect(value('203.0.113.11')).toBeUndefined();
});

test('whose address somebody else has is told what to do about it, and no other Service', () => {
  announcer.carryOut(web.key, web, announce('203.0.113.10', '2001:db8::1'));
  const mac = '02:ff:00:00:00:01';
  announcer.conflicted({ what: 'stranger', address: '203.0.113.99', mac, node: '' });
  expect(events).toHaveLength(1);
  announcer.conflicted({ what: 'stranger', address: '203.0.113.10', mac, node: '' });
  announcer.conflicted({ what: 'thief', address: '2001:db8::1', mac, node: '' });
  announcer.conflicted({ what: 'kernel', address: '203.0.113.10', mac, node: 'node-2' });
  expect(events.slice(1)).toEqual([
    expect.stringMatching(
      /^web Warning AddressConflict node "node-1" does not announce 203\.0\.113\.10: the host with MAC 02:ff:00:00:00:01/,
    ),
    expect.stringMatching(/^web Warning AddressConflict the host with MAC 02:ff:00:00:00:01, .* says that 2001:db8::1 is its own/),
    expect.stringMatching(/^web Warning StrictARP the kernel of node "node-2" .* "ip address show to 203\.0\.113\.10"/),
  ]);
  expect(log.lines.at(-1)?.fields).toEqual({
    ...{ event: 'addressConflict', kind: 'kernel', ip: '203.0.113.10', mac, node: 'node-2' },
    services: [web.key],
  });
});

test('an address that comes from another node is told of, with the reason and the silence', () => {
  announcer.carryOut(web.key, web, announce('203.0.113.10', '2001:db8::1'));
  // The Service goes with its first address: word of the other one is about somebody else's.
  announcer.taken({ ip: '2001:db8::1', from: 'node-2', reason: 'left' });
  announcer.taken({ ip: '203.0.113.10', from: 'node-2', reason: 'gone', silentMilliseconds: 305 });
  announcer.taken({ ip: '203.0.113.10', from: 'node-2', reason: 'left' });
  announcer.taken({ ip: '203.0.113.10', from: 'node-2', reason: 'stale' });
  announcer.taken({ ip: '203.0.113.10', from: 'node-2', reason: 'preferred' });
  announcer.taken({ ip: '203.0.113.10', from: 'node-2', reason: 'unheard' });
  expect(events.slice(1)).toEqual([
    'web Warning ownerChanged node "node-1" answers for 203.0.113.10: node "node-2" is gone, after 305 ms of silence',
    'web Normal ownerChanged node "node-1" answers for 203.0.113.10: node "node-2" has handed it over',
    'web Normal ownerChanged node "node-1" answers for 203.0.113.10: node "node-2" may not announce it, and has not heard of that',
    'web Normal ownerChanged node "node-1" answers for 203.0.113.10: it is preferred to node "node-2"',
    'web Warning ownerChanged node "node-1" answers for 203.0.113.10: node "node-2" is not heard any more where it announces it',
  ]);
});

test('of an address hear the Services that have it now, and no others', () => {
  const mail = facts({ name: 'mail', ips: ['203.0.113.10'] });
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  const { addresses } = others('eth0');
  announcer.carryOut(mail.key, mail, { kind: 'announce', announcement: { service: mail.key, addresses, interfaces: { all: true } } });
  const takenBy = (ip: string): string[] => {
    events.length = 0;
    announcer.taken({ ip, from: 'node-2', reason: 'left' });
    return events.map((event) => event.split(' ')[0] ?? '');
  };
  expect(takenBy('203.0.113.10')).toEqual(['web', 'mail']);
  announcer.carryOut(web.key, web, announce('203.0.113.11'));
  expect([takenBy('203.0.113.10'), takenBy('203.0.113.11')]).toEqual([['mail'], ['web']]);
  announcer.carryOut(mail.key, undefined, { kind: 'withhold', reason: 'serviceDeleted' });
  expect(takenBy('203.0.113.10')).toEqual([]);
});

test('a Service made anew under the same name is a new one to its reader', () => {
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  announcer.carryOut(web.key, { ...web, uid: 'another' }, announce('203.0.113.10'));
  expect(events).toHaveLength(2);
});

test('what is another node’s is not announced, and nobody is told', () => {
  announcer = new Announcer({
    ...{ node: 'node-1', announced, log, applyToWire: (change) => void changes.push(change) },
    notices: new AnnouncementNotices({
      node: 'node-1',
      metrics: new RecordingMetrics(),
      log,
      events: { record: () => void events.push('said') },
    }),
  });
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  announcer.own([], true);
  expect([events, announced.announcements(), announcer.reasons.get(web.key)]).toEqual([[], [], 'notOwner']);
  announcer.own(['203.0.113.10'], true);
  expect([events, announced.announcements().length, announcer.reasons.get(web.key)]).toEqual([['said'], 1, undefined]);
  announcer.own([], true);
  expect([announced.announcements(), announced.planned().length, announcer.reasons.get(web.key)]).toEqual([[], 1, 'notOwner']);
});

test('an address that goes to others is theirs to announce until they do', () => {
  announcer.carryOut(web.key, web, announce('203.0.113.10'));
  announcer.carryOut(web.key, web, { kind: 'withhold', reason: 'notOwner', others: others('eth0') });
  expect(changes.map(({ kind }) => kind)).toEqual(['announce', 'announce']);
  expect([announced.announcements(), announced.planned()]).toEqual([[], [others('eth0')]]);
});

test('the wire is told again when another node may announce, and not of equal ones', () => {
  const [address] = web.ingress.map(({ ip }) => parseAddress(ip));
  if (address === undefined) throw new Error('no address');
  for (const nodes of ['ab', 'ba', 'abc', 'abc']) {
    const contenders = new Map(Array.from(nodes, (node) => [node, 0]));
    const announcement = { service: web.key, addresses: [address], interfaces: { all: true } as const };
    announcer.carryOut(web.key, web, {
      kind: 'announce',
      announcement: { ...announcement, candidacy: { address, self: true, contenders } },
    });
  }
  expect(changes).toHaveLength(2);
  expect(events).toHaveLength(1);
});
