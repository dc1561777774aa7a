import { beforeEach, describe, expect, test } from '@jest/globals';
import { CEASE, type Message } from '@typemetal/bgp-parser';
import { plannedPeer, serviceRoutes } from '../../../test/support/bgp-plans.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeTcp } from '../../../test/support/fake-tcp.ts';
import { ScriptedRouter } from '../../../test/support/scripted-router.ts';
import { milliseconds } from '../../lib/clock.ts';
import { type IpAddress, parseAddress } from '../../lib/ip.ts';
import type { PlannedPeer } from '../../model/planned-peer.ts';
import { BgpSessions } from './bgp-sessions.ts';

const TOR = '198.51.100.1';
const NODE = '198.51.100.11';

let clock: FakeClock;
let tcp: FakeTcp;
let router: ScriptedRouter;
let sessions: BgpSessions;
let lines: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[];

beforeEach(() => {
  clock = new FakeClock();
  tcp = new FakeTcp();
  router = new ScriptedRouter(tcp);
  lines = [];
  const log = (_: string, message: string, fields: Readonly<Record<string, unknown>>): void => void lines.push({ message, fields });
  const ports = { clock, random: () => 0, connector: tcp, node: 'node-1', log, changed: () => undefined };
  sessions = new BgpSessions(ports, [], { port: 1179, acceptor: tcp });
});

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

function start(...peers: readonly PlannedPeer[]): void {
  sessions.apply([{ kind: 'replace-bgp', routes: [serviceRoutes('a', '203.0.113.1/32')], peers }]);
  lines = lines.filter(({ fields }) => fields.event !== 'peerAdded'); // Of those that come and go another test tells.
}

function told(messages: readonly Message[]): string[] {
  return messages.map((message) => (message.type === 'notification' ? `${message.code}/${message.subcode}` : message.type));
}

/** What is listened at, with the addresses that have a password. */
function places(): string[] {
  return [...tcp.servers].map(({ place, passwords }) => {
    const keys = [...passwords].map(([peer, password]) => `${peer}=${password}`);
    return `${place.family} ${place.port} ${place.device ?? '-'} ${keys.join()}`;
  });
}

describe('where peers may connect', () => {
  test('is in each family and VRF that has some, with their passwords, and nowhere else', () => {
    start(
      plannedPeer({ password: 'one' }),
      plannedPeer({ name: 'six', address: address('2001:db8::1') }),
      plannedPeer({ name: 'red', vrf: 'red', address: address('198.51.100.9') }),
    );
    expect(places()).toEqual([`IPv4 1179 - ${TOR}=one`, 'IPv6 1179 - ', 'IPv4 1179 red ']);
    sessions.apply([{ kind: 'peers', peers: [plannedPeer({ password: 'two' })] }]);
    expect(places()).toEqual([`IPv4 1179 - ${TOR}=two`]);
    sessions.apply([{ kind: 'peers', peers: [plannedPeer()] }]);
    expect(places()).toEqual(['IPv4 1179 - ']);
    sessions.apply([{ kind: 'peers', peers: [] }]);
    expect(places()).toEqual([]);
  });

  test('who leaves takes the password along', () => {
    const other = plannedPeer({ name: 'other', address: address('198.51.100.2') });
    start(plannedPeer({ password: 'one' }), other);
    sessions.apply([{ kind: 'peers', peers: [other] }]);
    expect(places()).toEqual(['IPv4 1179 - ']);
  });

  test('is said when it cannot be, once, and tried again', () => {
    start(plannedPeer());
    for (let attempt = 0; attempt < 3; attempt++) {
      const [server] = tcp.servers;
      server?.listener.failed('another program has the port');
      clock.advance(milliseconds(10_000));
    }
    expect([tcp.servers.size, lines.filter(({ message }) => message.startsWith('peers cannot connect')).length]).toEqual([1, 1]);
    sessions[Symbol.dispose]();
    expect([tcp.servers.size, clock.timers]).toEqual([0, 0]);
  });
});

test.each([
  { what: 'another address', from: '198.51.100.77', device: undefined },
  { what: 'a VRF that the peer is not in', from: TOR, device: 'red' },
])('whoever comes from $what is reset, counted, and not said', ({ from, device }) => {
  start(plannedPeer(), plannedPeer({ name: 'red', vrf: 'red', address: address('198.51.100.9') }));
  for (let count = 0; count < 1_000; count++) expect(tcp.dial(from, NODE, device)).toBeUndefined();
  expect([sessions.refused, lines]).toEqual([1_000, []]);
});

test('a router that connects to us has its session, and our own attempt is given up', () => {
  start(plannedPeer());
  const ours = tcp.last;
  router.dial(TOR);
  expect(told(router.greet())).toEqual(['keepalive', 'update', 'update']);
  expect([ours.ended, sessions.reports()]).toMatchObject([true, [{ state: 'established', announced: 1 }]]);
  router.connection.close('the peer reset the connection');
  clock.advance(milliseconds(0));
  expect([tcp.attempts.length, sessions.reports()]).toMatchObject([2, [{ state: 'connect', announced: 0 }]]);
});

test('both at once: one session, over the connection of the higher router ID', () => {
  start(plannedPeer());
  const ours = tcp.last;
  ours.accept(NODE);
  router.dial(TOR);
  expect(told(router.greet())).toEqual(['keepalive', 'update', 'update']);
  // The router's OPEN on our connection is one too many.
  const outgoing = new ScriptedRouter(tcp);
  outgoing.greet();
  expect([ours.ended, sessions.reports()]).toMatchObject([true, [{ state: 'established', announced: 1 }]]);
  expect(lines.map(({ message }) => message)).toEqual(['BGP session established']);
});

test('a second connection at once is turned away with a word, and the first one goes on', () => {
  start(plannedPeer());
  router.dial(TOR);
  const second = new ScriptedRouter(tcp);
  second.dial(TOR);
  expect([told(second.read()), second.connection.ended]).toEqual([[`6/${CEASE.connectionCollisionResolution}`], true]);
  expect(told(router.greet())).toEqual(['keepalive', 'update', 'update']);
});

test('a half-open peer: a router that comes anew is turned away until its old session shows that it is none', () => {
  start(plannedPeer());
  router.establish();
  const again = new ScriptedRouter(tcp);
  again.dial(TOR);
  expect(told(again.greet())).toEqual([`6/${CEASE.connectionCollisionResolution}`]);
  router.connection.close('the peer reset the connection');
  clock.advance(milliseconds(0));
  expect(told(new ScriptedRouter(tcp).establish())).toEqual(['keepalive', 'update', 'update']);
});

test('a router with graceful restart that comes anew has restarted: its new session counts at once', () => {
  start(plannedPeer({ gracefulRestart: true }));
  const restart = {
    code: 64,
    name: 'graceful-restart',
    restarted: true,
    notification: false,
    restartTimeSeconds: 120,
    families: [{ afi: 1, safi: 1, forwarding: true }],
  } as const;
  const keeping = { capabilities: [{ code: 65, name: 'four-octet-asn', asn: 64_600 } as const, restart] };
  router.establish(keeping);
  const old = router.connection;
  const again = new ScriptedRouter(tcp);
  again.dial(TOR);
  expect(told(again.greet(keeping))).toEqual(['keepalive', 'update', 'update']);
  expect([old.ended, sessions.reports()]).toMatchObject([true, [{ state: 'established', announced: 1 }]]);
});
