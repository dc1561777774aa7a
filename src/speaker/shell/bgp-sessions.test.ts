import { beforeEach, describe, expect, test } from '@jest/globals';
import { CEASE, capabilitiesOf, findAttribute, type Message, type Open } from '@typemetal/bgp-parser';
import { plannedPeer, serviceRoutes } from '../../../test/support/bgp-plans.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeTcp } from '../../../test/support/fake-tcp.ts';
import { ROUTER_OPEN, ScriptedRouter } from '../../../test/support/scripted-router.ts';
import { milliseconds } from '../../lib/clock.ts';
import { formatPrefix, parseAddress } from '../../lib/ip.ts';
import type { PlannedPeer } from '../../model/planned-peer.ts';
import { BgpSessions } from './bgp-sessions.ts';

/** The type of a message that ends a session (RFC 4271, Section 4.1). */
const NOTIFICATION = 3;

/** The OPEN of a router that keeps the routes of a speaker that restarts, also after a NOTIFICATION. */
const KEEPING_OPEN: Partial<Open> = {
  capabilities: [
    ...ROUTER_OPEN.capabilities,
    { code: 64, name: 'graceful-restart', restarted: false, notification: true, restartTimeSeconds: 120, families: [] },
  ],
};

let clock: FakeClock;
let tcp: FakeTcp;
let router: ScriptedRouter;
let sessions: BgpSessions;
let restarted: () => void;
let lines: { readonly level: string; readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[];

beforeEach(() => {
  clock = new FakeClock();
  tcp = new FakeTcp();
  router = new ScriptedRouter(tcp);
  lines = [];
  const log = (level: string, message: string, fields: Readonly<Record<string, unknown>>): void =>
    void lines.push({ level, message, fields });
  const begin = (held: readonly string[]): BgpSessions =>
    new BgpSessions({ clock, random: () => 0, connector: tcp, node: 'node-1', log, changed: () => undefined }, held);
  sessions = begin([]);
  restarted = () => {
    sessions[Symbol.dispose]();
    sessions = begin(['tor 198.51.100.1:179 ']);
  };
});

/** What the router was told, in short. */
function told(messages: readonly Message[]): string[] {
  return messages.map((message) => {
    if (message.type === 'notification') return `${message.code}/${message.subcode}`;
    if (message.type !== 'update') return message.type;
    const [come, gone] = [message.nlri, message.withdrawn].map((nlri) => nlri.map(formatPrefix).join(' '));
    return `+${come} -${gone}`;
  });
}

function start(...peers: readonly PlannedPeer[]): void {
  sessions.apply([{ kind: 'replace-bgp', routes: [serviceRoutes('a', '203.0.113.1/32')], peers }]);
  // What a session is told first is the same for all; the rows look at what comes after.
  expect(lines.splice(0).map(({ fields }) => [fields.event, fields.peer])).toEqual(peers.map(({ name }) => ['peerAdded', name]));
}

describe('a session', () => {
  test('starts with the whole plan, and tells of it before the mark that this is all', () => {
    sessions.apply([{ kind: 'peers', peers: [plannedPeer()] }]);
    expect(tcp.attempts).toHaveLength(0);
    start(plannedPeer());
    expect(told(router.establish())).toEqual(['keepalive', '+203.0.113.1/32 -', '+ -']);
    expect(sessions.reports()).toMatchObject([{ peer: 'tor', address: '198.51.100.1:179', state: 'established', announced: 1, wanted: 1 }]);
    expect(lines).toMatchObject([{ level: 'info', message: 'BGP session established', fields: { event: 'sessionUp', peer: 'tor' } }]);
  });

  test('tells of changes at once, those that come together in one message', () => {
    start(plannedPeer());
    router.establish();
    sessions.apply([
      { kind: 'route', ...serviceRoutes('b', '203.0.113.2/32') },
      { kind: 'route', ...serviceRoutes('c', '203.0.113.3/32') },
    ]);
    expect(told(router.read())).toEqual(['+203.0.113.2/32 203.0.113.3/32 -']);
    sessions.apply([{ kind: 'route', ...serviceRoutes('a') }]);
    expect(told(router.read())).toEqual(['+ -203.0.113.1/32']);
  });

  test('ends with a word when its peer is gone, begins anew when it is another, and goes on when it is the same', () => {
    start(plannedPeer());
    router.establish();
    sessions.apply([{ kind: 'peers', peers: [plannedPeer()] }]);
    expect([told(router.read()), tcp.attempts.length]).toEqual([[], 1]);
    const before = router.connection;
    sessions.apply([{ kind: 'peers', peers: [plannedPeer({ holdTimeSeconds: 30 })] }]);
    expect([before.ended, tcp.attempts.length]).toEqual([true, 2]);
    expect(told(router.establish())).toContain('+203.0.113.1/32 -');
    const last = router.connection;
    sessions.apply([{ kind: 'peers', peers: [] }]);
    expect(told(router.read())).toEqual([`6/${CEASE.peerDeconfigured}`]);
    expect([last.ended, sessions.reports()]).toEqual([true, []]);
  });

  test.each([
    { gracefulRestart: false, does: KEEPING_OPEN, word: [`6/${CEASE.administrativeShutdown}`] },
    { gracefulRestart: true, does: {}, word: [`6/${CEASE.administrativeShutdown}`] },
    { gracefulRestart: true, does: KEEPING_OPEN, word: [] },
  ])('at the end of the process: graceful restart $gracefulRestart, of the router $does', ({ gracefulRestart, does, word }) => {
    start(plannedPeer({ gracefulRestart }));
    router.establish(does);
    let left = 0;
    sessions.leave(undefined, () => left++);
    expect(left).toBe(1);
    expect([told(router.read()), router.connection.ended, clock.timers]).toEqual([word, true, 0]);
  });
});

describe('graceful restart', () => {
  /** What the last OPEN said of restarts: the R bit, and the F bits. */
  function saidOfRestart(): unknown {
    const [capability] = capabilitiesOf(router.opened.capabilities, 'graceful-restart');
    return [capability?.restarted, ...(capability?.families ?? []).map(({ forwarding }) => forwarding)];
  }

  test('of a node that just started nothing is kept; of a session that broke the routes, without a restart', () => {
    start(plannedPeer({ gracefulRestart: true, families: ['IPv4', 'IPv6'] }));
    router.establish(KEEPING_OPEN);
    expect(saidOfRestart()).toEqual([false, false, false]);
    router.connection.close('the peer reset the connection');
    clock.advance(milliseconds(0));
    router.establish(KEEPING_OPEN);
    expect(saidOfRestart()).toEqual([false, true, true]);
  });

  test('of a process that restarted both, until its first session, and the mark of the end comes after all routes', () => {
    restarted();
    start(plannedPeer({ gracefulRestart: true }));
    expect(told(router.establish(KEEPING_OPEN))).toEqual(['keepalive', '+203.0.113.1/32 -', '+ -']);
    expect(saidOfRestart()).toEqual([true, true]);
    router.connection.close('the peer reset the connection');
    clock.advance(milliseconds(0));
    router.establish(KEEPING_OPEN);
    expect(saidOfRestart()).toEqual([false, true]);
  });

  test('a peer that is removed, or otherwise configured, is told of in the log', () => {
    start(plannedPeer());
    sessions.apply([{ kind: 'peers', peers: [plannedPeer({ password: 'another' })] }]);
    sessions.apply([{ kind: 'peers', peers: [] }]);
    expect(lines.map(({ fields }) => fields.event)).toEqual(['peerRemoved', 'peerAdded', 'peerRemoved']);
  });

  test('a peer that is removed keeps nothing', () => {
    start(plannedPeer({ gracefulRestart: true }));
    router.establish(KEEPING_OPEN);
    sessions.apply([{ kind: 'peers', peers: [] }]);
    expect(told(router.read())).toEqual([`6/${CEASE.hardReset}`]);
  });
});

describe('at the end of a process that does not come again', () => {
  const DRAIN = milliseconds(5_000);

  test.each([
    { gracefulRestart: false, does: {}, word: CEASE.administrativeShutdown },
    // The router would keep the routes in spite of a plain Cease.
    { gracefulRestart: true, does: KEEPING_OPEN, word: CEASE.hardReset },
  ])('routers have their time, and keep nothing, with graceful restart $gracefulRestart', ({ gracefulRestart, does, word }) => {
    start(plannedPeer({ gracefulRestart }));
    router.establish(does);
    let left = 0;
    sessions.leave(DRAIN, () => left++);
    expect(told(router.read())).toEqual(['+203.0.113.1/32 -']);
    clock.advance(milliseconds(4_999));
    expect([left, router.connection.ended]).toEqual([0, false]);
    clock.advance(milliseconds(1));
    expect([left, told(router.read()), router.connection.ended, clock.timers]).toEqual([1, [`6/${word}`], true, 0]);
  });

  test('nobody waits for routers that have nothing', () => {
    start(plannedPeer());
    let left = 0;
    sessions.leave(DRAIN, () => left++);
    expect([left, clock.timers]).toEqual([1, 0]);
  });
});

test('routers hear that a node is about to leave, and again that it stays, in one message each', () => {
  start(plannedPeer());
  router.establish();
  const communitiesIn = (): unknown[] =>
    router.read().map((message) => message.type === 'update' && findAttribute(message.attributes, 'communities')?.value);
  sessions.apply([{ kind: 'drain', draining: true }]);
  expect(communitiesIn()).toEqual([[0xffff_0000]]);
  sessions.apply([{ kind: 'replace-bgp', routes: [serviceRoutes('default/a', '203.0.113.2/32')], peers: [plannedPeer()] }]);
  expect(communitiesIn()).toContainEqual([0xffff_0000]);
  sessions.apply([{ kind: 'drain', draining: false }]);
  expect(communitiesIn()).toEqual([undefined]);
});

describe('a router', () => {
  test('that is away is said once, and tried again and again', () => {
    start(plannedPeer());
    for (const [attempt, seconds] of [0, 1, 2, 4, 8].entries()) {
      expect(tcp.attempts).toHaveLength(attempt + 1);
      router.connection.close('the connection was refused');
      clock.advance(milliseconds(1_000 * seconds));
    }
    expect(lines).toMatchObject([
      { level: 'error', message: 'no BGP session', fields: { address: '198.51.100.1:179', reason: 'the connection was refused' } },
    ]);
    expect(sessions.reports()).toMatchObject([{ lastError: 'the connection was refused', announced: 0, wanted: 1 }]);
    router.establish();
    expect(sessions.reports()).toMatchObject([{ state: 'established', lastError: '' }]);
  });

  test.each([
    { password: undefined, reason: 'no answer: is the router reachable, and does it ask for a password?' },
    { password: 'secret', reason: 'no answer: is the router reachable, and is the password the same on both sides?' },
  ])('that does not answer at all, password $password', ({ password, reason }) => {
    start(plannedPeer({ password }));
    clock.advance(milliseconds(10_000));
    expect(lines).toMatchObject([{ level: 'error', message: 'no BGP session', fields: { reason } }]);
    expect(sessions.reports()).toMatchObject([{ state: 'connect', lastError: reason, flaps: 0 }]);
    expect(tcp.attempts).toHaveLength(2);
  });

  test('of a wrong AS is answered and said as an engineer would', () => {
    start(plannedPeer({ remoteAs: { kind: 'number', asn: 64_601 as never } }));
    router.connection.accept('198.51.100.11');
    expect(told(router.read())).toEqual(['open']);
    router.say({ type: 'open', version: 4, asn: 64_600, holdTime: 90, routerId: 9, capabilities: [] });
    expect(told(router.read())).toEqual(['2/2']);
    expect(sessions.reports()[0]?.notificationSent).toMatchObject({ name: 'OPEN Message Error/Bad Peer AS', code: 2, subcode: 2 });
    expect(lines[0]?.fields).toMatchObject({
      reason: 'the peer answers with AS 64600, 64601 expected (NOTIFICATION OPEN Message Error/Bad Peer AS sent)',
      code: 2,
      subcode: 2,
    });
  });

  test('that falls silent is gone after the hold time', () => {
    start(plannedPeer({ holdTimeSeconds: 3 }));
    router.establish();
    clock.advance(milliseconds(2_900));
    expect(sessions.reports()).toMatchObject([{ state: 'established' }]);
    const { connection } = router;
    clock.advance(milliseconds(200));
    expect(sessions.reports()).toMatchObject([
      { flaps: 1, notificationSent: { name: 'Hold Timer Expired' }, announced: 0, prefixes: { IPv4: 0 } },
    ]);
    expect([connection.ended, connection.take().at(-1)?.[18], tcp.attempts.length]).toEqual([true, NOTIFICATION, 2]);
    expect(lines.at(-1)).toMatchObject({ level: 'warn', message: 'BGP session down', fields: { event: 'sessionDown' } });
  });
});

describe('what a router sends', () => {
  test('octets that come one by one are one message, and messages that come together are several', () => {
    start(plannedPeer());
    router.connection.accept('198.51.100.11');
    router.read();
    const octets = Uint8Array.from([
      ...new Array<number>(16).fill(255),
      0,
      29,
      1,
      4,
      0xfc,
      0x58,
      0,
      90,
      9,
      9,
      9,
      9,
      0,
      ...new Array<number>(16).fill(255),
      0,
      19,
      4,
    ]);
    for (const octet of octets) router.connection.deliver(Uint8Array.of(octet));
    expect(sessions.reports()).toMatchObject([{ state: 'established', received: { open: 1, keepalive: 1 } }]);
  });

  test('a header that is none ends the session', () => {
    start(plannedPeer());
    router.establish();
    router.connection.deliver(new Uint8Array(19));
    expect(told(router.read())).toEqual(['1/1']);
  });

  test('routes of the router are counted and dropped', () => {
    start(plannedPeer());
    router.establish();
    router.say({ type: 'update', withdrawn: [], attributes: [], nlri: [] });
    expect(sessions.reports()).toMatchObject([{ state: 'established', received: { update: 1 } }]);
  });

  test('all routes are sent again when the router asks', () => {
    start(plannedPeer());
    router.establish();
    router.say({ type: 'route-refresh', afi: 1, safi: 1, subtype: 'request', data: new Uint8Array() });
    expect(told(router.read())).toEqual(['+203.0.113.1/32 -']);
  });
});

test.each([
  { takes: false, says: ['8/0'], ended: true },
  { takes: true, says: [], ended: false },
])('a router that goes on talking for 8 minutes and takes what is sent: $takes', ({ takes, says, ended }) => {
  start(plannedPeer());
  router.establish();
  const { connection } = router;
  for (let seconds = 0; seconds < 480; seconds += 20) {
    clock.advance(milliseconds(20_000));
    if (takes) connection.drain();
    if (!connection.ended) router.say({ type: 'keepalive' });
  }
  const said = connection.take().map((octets) => (octets[18] === NOTIFICATION ? `${octets[19]}/${octets[20]}` : ''));
  expect([said.filter((text) => text !== ''), connection.ended]).toEqual([says, ended]);
});

test('the node names itself by its own address', () => {
  start(plannedPeer());
  router.connection.accept('198.51.100.11');
  expect(router.read()).toMatchObject([{ type: 'open', routerId: 0xc6_33_64_0b }]);
});

test('one peer that is away keeps nothing from the others', () => {
  const other = parseAddress('198.51.100.2');
  if (other === undefined) throw new Error('no address');
  start(plannedPeer({ name: 'away', address: other }), plannedPeer());
  tcp.attempts[0]?.close('no route');
  expect(told(router.establish())).toContain('+203.0.113.1/32 -');
});

test('a router that asks again and again and does not read is given up', () => {
  start(plannedPeer());
  router.establish();
  const { connection } = router;
  connection.pendingOctets = 2 ** 24 + 1;
  router.say({ type: 'route-refresh', afi: 1, safi: 1, subtype: 'request', data: new Uint8Array() });
  expect([connection.ended, lines.at(-1)?.message, lines.at(-1)?.fields.reason]).toEqual([
    true,
    'BGP session down',
    'the peer does not read what is sent to it',
  ]);
  clock.advance(milliseconds(0));
  expect(tcp.attempts).toHaveLength(2);
});

test('routes with too many communities are said, once for each change, and the session goes on', () => {
  start(plannedPeer());
  router.establish();
  const [first] = serviceRoutes('b', '203.0.113.2/32').routes;
  if (first === undefined) throw new Error('no route');
  const communities = Array.from({ length: 1_100 }, (_, value) => ({ kind: 'standard' as const, value }));
  sessions.apply([{ kind: 'route', service: 'b', routes: [{ ...first, communities }] }]);
  expect(lines.filter(({ message }) => message.startsWith('routes have more communities'))).toHaveLength(1);
  expect(sessions.reports()).toMatchObject([{ state: 'established', announced: 1, wanted: 2 }]);
});
