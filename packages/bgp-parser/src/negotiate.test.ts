import { describe, expect, test } from '@jest/globals';
import { IPV4_UNICAST, IPV6_UNICAST } from './address-family.ts';
import { type Agreement, negotiate } from './negotiate.ts';
import type { AddPathFamily, Capability, Role } from './open/capability.ts';
import type { Open } from './open/open.ts';

const IPV4: Capability = { code: 1, name: 'multiprotocol', ...IPV4_UNICAST };
const IPV6: Capability = { code: 1, name: 'multiprotocol', ...IPV6_UNICAST };
const FOUR_OCTET = (asn: number): Capability => ({ code: 65, name: 'four-octet-asn', asn });
const EXTENDED: Capability = { code: 6, name: 'extended-message' };
const REFRESH: Capability = { code: 2, name: 'route-refresh' };
const ENHANCED: Capability = { code: 70, name: 'enhanced-route-refresh' };
const LONG_LIVED: Capability = {
  code: 71,
  name: 'long-lived-graceful-restart',
  families: [{ ...IPV4_UNICAST, forwarding: true, staleTimeSeconds: 60 }],
};

function open(capabilities: readonly Capability[], fields: Partial<Open> = {}): Open {
  return { type: 'open', version: 4, asn: 64_512, holdTime: 90, routerId: 1, capabilities, ...fields };
}

function addPath(...families: readonly AddPathFamily[]): Capability {
  return { code: 69, name: 'add-path', families };
}

function role(one: Role | number): Capability {
  return { code: 9, name: 'role', role: one };
}

function restart(notification: boolean): Capability & { readonly name: 'graceful-restart' } {
  return { code: 64, name: 'graceful-restart', restarted: false, notification, restartTimeSeconds: 120, families: [] };
}

function nextHops(nextHopAfi: number): Capability {
  return { code: 5, name: 'extended-next-hop', families: [{ ...IPV4_UNICAST, nextHopAfi }] };
}

interface Row {
  readonly what: string;
  readonly ours: Open;
  readonly theirs: Open;
  readonly agreed: Partial<Agreement>;
}

const AGREEMENTS: readonly Row[] = [
  { what: 'four octets need both', ours: open([FOUR_OCTET(64_512)]), theirs: open([]), agreed: { fourOctetAsn: false } },
  {
    what: 'one AS, by its number of four octets',
    ours: open([FOUR_OCTET(4_200_000_000)], { asn: 23_456 }),
    theirs: open([FOUR_OCTET(4_200_000_000)], { asn: 23_456 }),
    agreed: { fourOctetAsn: true, internal: true, peerAsn: 4_200_000_000 },
  },
  {
    what: 'two ASes that both are 23456 in two octets',
    ours: open([FOUR_OCTET(4_200_000_000)], { asn: 23_456 }),
    theirs: open([FOUR_OCTET(4_200_000_001)], { asn: 23_456 }),
    agreed: { internal: false },
  },
  { what: 'the shorter hold time counts', ours: open([]), theirs: open([], { holdTime: 30 }), agreed: { holdTimeSeconds: 30 } },
  { what: 'no hold time is the shortest', ours: open([], { holdTime: 0 }), theirs: open([]), agreed: { holdTimeSeconds: 0 } },
  {
    what: 'who can receive long messages may be sent them',
    ours: open([EXTENDED]),
    theirs: open([]),
    agreed: { maximumReceivedLength: 65_535, maximumSentLength: 4096 },
  },
  {
    what: 'the other way round',
    ours: open([]),
    theirs: open([EXTENDED]),
    agreed: { maximumReceivedLength: 4096, maximumSentLength: 65_535 },
  },
  {
    what: 'families that both name, once',
    ours: open([IPV6, IPV4, IPV6]),
    theirs: open([IPV4, IPV6]),
    agreed: { families: [IPV6_UNICAST, IPV4_UNICAST] },
  },
  { what: 'who names only IPv6 does not speak IPv4', ours: open([IPV6]), theirs: open([]), agreed: { families: [] } },
  {
    what: 'route refresh needs both',
    ours: open([REFRESH, ENHANCED]),
    theirs: open([REFRESH]),
    agreed: { routeRefresh: true, enhancedRouteRefresh: false },
  },
  {
    what: 'who sends paths needs who receives them',
    ours: open([addPath({ ...IPV4_UNICAST, mode: 'both' }, { ...IPV6_UNICAST, mode: 'send' })]),
    theirs: open([addPath({ ...IPV4_UNICAST, mode: 'receive' }, { ...IPV6_UNICAST, mode: 'send' })]),
    agreed: { addPathSent: [IPV4_UNICAST], addPathReceived: [] },
  },
  {
    what: 'paths both ways',
    ours: open([addPath({ ...IPV4_UNICAST, mode: 'both' })]),
    theirs: open([addPath({ ...IPV4_UNICAST, mode: 'both' })]),
    agreed: { addPathSent: [IPV4_UNICAST], addPathReceived: [IPV4_UNICAST] },
  },
  {
    what: 'of two entries for one family the last counts',
    ours: open([addPath({ ...IPV4_UNICAST, mode: 'receive' })]),
    theirs: open([addPath({ ...IPV4_UNICAST, mode: 'both' }, { ...IPV4_UNICAST, mode: 'receive' })]),
    agreed: { addPathSent: [], addPathReceived: [] },
  },
  {
    what: 'next hops of IPv6 for IPv4',
    ours: open([nextHops(2)]),
    theirs: open([nextHops(2)]),
    agreed: { extendedNextHop: [IPV4_UNICAST] },
  },
  { what: 'next hops of another kind', ours: open([nextHops(2)]), theirs: open([nextHops(1)]), agreed: { extendedNextHop: [] } },
  {
    what: 'graceful restart, and N where both have it',
    ours: open([restart(true)]),
    theirs: open([restart(true)]),
    agreed: { gracefulRestart: restart(true), notificationRestart: true },
  },
  {
    what: 'N of one side',
    ours: open([restart(false)]),
    theirs: open([restart(true)]),
    agreed: { gracefulRestart: restart(true), notificationRestart: false },
  },
  {
    what: 'of several restarts the last counts',
    ours: open([restart(true), restart(false)]),
    theirs: open([restart(false), restart(true)]),
    agreed: { gracefulRestart: restart(true), notificationRestart: false },
  },
  {
    what: 'restart of one side',
    ours: open([]),
    theirs: open([restart(true)]),
    agreed: { gracefulRestart: undefined, notificationRestart: false },
  },
  {
    what: 'long-lived restart with graceful restart',
    ours: open([restart(false), LONG_LIVED]),
    theirs: open([restart(false), LONG_LIVED]),
    agreed: { longLivedFamilies: [{ ...IPV4_UNICAST, forwarding: true, staleTimeSeconds: 60 }] },
  },
  { what: 'long-lived restart alone', ours: open([LONG_LIVED]), theirs: open([LONG_LIVED]), agreed: { longLivedFamilies: [] } },
];

describe('negotiate', () => {
  test('two that can nothing agree on what BGP always was', () => {
    expect(negotiate(open([]), open([], { asn: 65_000 }))).toEqual({
      fourOctetAsn: false,
      maximumReceivedLength: 4096,
      maximumSentLength: 4096,
      addPathReceived: [],
      addPathSent: [],
      extendedNextHop: [],
      internal: false,
      peerAsn: 65_000,
      holdTimeSeconds: 90,
      families: [IPV4_UNICAST],
      routeRefresh: false,
      enhancedRouteRefresh: false,
      roles: 'unknown',
      gracefulRestart: undefined,
      notificationRestart: false,
      longLivedFamilies: [],
    });
  });

  test.each(AGREEMENTS)('$what', ({ ours, theirs, agreed }) => expect(negotiate(ours, theirs)).toMatchObject(agreed));

  test.each<{ ours: readonly (Role | number)[]; theirs: readonly (Role | number)[]; roles: Agreement['roles'] }>([
    { ours: ['provider'], theirs: ['customer'], roles: 'agreed' },
    { ours: ['customer'], theirs: ['provider'], roles: 'agreed' },
    { ours: ['rs'], theirs: ['rs-client'], roles: 'agreed' },
    { ours: ['rs-client'], theirs: ['rs'], roles: 'agreed' },
    { ours: ['peer'], theirs: ['peer'], roles: 'agreed' },
    { ours: ['peer'], theirs: ['peer', 'peer'], roles: 'agreed' },
    { ours: ['peer'], theirs: ['customer'], roles: 'mismatch' },
    { ours: ['provider'], theirs: ['provider'], roles: 'mismatch' },
    { ours: ['provider'], theirs: ['customer', 'peer'], roles: 'mismatch' },
    { ours: ['peer'], theirs: [9], roles: 'mismatch' },
    { ours: ['peer'], theirs: [], roles: 'unknown' },
    { ours: [], theirs: ['peer'], roles: 'unknown' },
  ])('roles $ours and $theirs: $roles', ({ ours, theirs, roles }) => {
    expect(negotiate(open(ours.map(role)), open(theirs.map(role))).roles).toBe(roles);
  });
});
