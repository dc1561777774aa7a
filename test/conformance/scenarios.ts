import { parsePrefix } from '../../src/lib/ip.ts';
import type { BgpChange, ServiceRoutes } from '../../src/model/bgp-plan.ts';
import type { PlannedPeer } from '../../src/model/planned-peer.ts';
import { plannedPeer } from '../support/bgp-plans.ts';
import type { OurSide } from './our-side.ts';

/** The routers that exchanges are recorded with. */
export const ROUTERS = ['frr', 'bird', 'gobgp'] as const;
/** One of {@link ROUTERS}. */
export type RouterName = (typeof ROUTERS)[number];

/** One step of a scenario: this side does something, or the router is told to in its own command language. */
export type Step =
  | { readonly what: string; readonly ours: (side: OurSide) => readonly Uint8Array[] }
  | { readonly what: string; readonly orders: Readonly<Partial<Record<RouterName, string>>> };

/** One conversation that is worth keeping; each takes place anew with each router. */
export interface Scenario {
  /** The folder of its recordings. */
  readonly name: string;
  readonly about: string;
  readonly peer?: Partial<PlannedPeer>;
  readonly routes?: readonly ServiceRoutes[];
  /** What is known of sessions before the process started, as it was kept. */
  readonly held?: readonly string[];
  readonly steps?: readonly Step[];
}

/** The AS of the router; it takes this node for one of {@link OUR_AS}. */
export const ROUTER_AS = 64_600;
export const OUR_AS = 64_512;
const OTHER_AS = 64_513;

/** The name that each router has for this node. */
const NEIGHBOR = '198.51.100.110';

function routesOf(service: string, texts: readonly string[], communities: readonly number[] = []): ServiceRoutes {
  const routes = texts.map((text) => {
    const prefix = parsePrefix(text);
    if (!prefix.ok) throw new Error(prefix.error);
    const values = communities.map((value) => ({ kind: 'standard' as const, value }));
    return { prefix: prefix.value, localPreference: undefined, communities: values, weight: undefined, peers: [] };
  });
  return { service, routes };
}

function change(what: string, ...changes: readonly BgpChange[]): Step {
  return { what, ours: (side) => side.apply(changes) };
}

const A = routesOf('default/a', ['203.0.113.1/32']);
const BOTH_FAMILIES: Partial<PlannedPeer> = { families: ['IPv4', 'IPv6'] };
const ANOTHER_COMMUNITY = 0xfc00_0007;

/** The whole plan that a scenario begins with. */
export function planOf({ peer, routes = [A] }: Scenario): BgpChange {
  return { kind: 'replace-bgp', routes, peers: [peerOf(peer)] };
}

function peerOf(rest: Partial<PlannedPeer> = {}): PlannedPeer {
  return plannedPeer({ localAsn: OUR_AS, remoteAs: { kind: 'external' }, ...rest });
}

/** Whether a router can be made to take part: GoBGP keeps what it was told, and never asks for it again. */
export function takesPart(router: RouterName, { steps = [] }: Scenario): boolean {
  return steps.every((step) => 'ours' in step || step.orders[router] !== undefined);
}

/** Everything that is recorded. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'open', about: 'a session of one family comes up, and has one route' },
  {
    name: 'both-families',
    about: 'routes of both families over one session, and for each the mark that these are all',
    peer: BOTH_FAMILIES,
    routes: [A, routesOf('default/six', ['2001:db8:113::1/128', '2001:db8:113::2/128'])],
  },
  {
    name: 'changes',
    about: 'routes come, get another community and go, each with as little as can be said',
    peer: BOTH_FAMILIES,
    steps: [
      change(
        'two Services come',
        { kind: 'route', ...routesOf('default/b', ['203.0.113.2/32', '2001:db8:113::3/128']) },
        {
          kind: 'route',
          ...routesOf('default/c', ['203.0.113.3/32']),
        },
      ),
      change('one of them gets a community', { kind: 'route', ...routesOf('default/c', ['203.0.113.3/32'], [ANOTHER_COMMUNITY]) }),
      change('the node drains', { kind: 'drain', draining: true }),
      change('both go', { kind: 'route', service: 'default/b', routes: [] }, { kind: 'route', service: 'default/c', routes: [] }),
    ],
  },
  {
    name: 'refresh',
    about: 'the router asks for all routes again, which come between marks where it knows them',
    steps: [
      {
        what: 'the router wants all again',
        orders: { frr: `clear bgp ${NEIGHBOR} soft in`, bird: 'reload in node' },
      },
    ],
  },
  {
    name: 'shutdown',
    about: 'the speaker ends, and says so',
    steps: [{ what: 'the speaker ends', ours: (side) => side.end() }],
  },
  {
    name: 'removed',
    about: 'the BGPPeer is deleted',
    steps: [change('the peer is no more', { kind: 'peers', peers: [] })],
  },
  {
    name: 'reconfigured',
    about: 'the BGPPeer gets another hold time',
    steps: [change('the peer is another one', { kind: 'peers', peers: [peerOf({ holdTimeSeconds: 30 })] })],
  },
  {
    name: 'router-shutdown',
    about: 'the router ends the session for good, where it can with a text',
    steps: [
      {
        what: 'the router shuts the session down',
        orders: {
          frr: `configure\nrouter bgp ${ROUTER_AS}\nneighbor ${NEIGHBOR} shutdown message back at 9`,
          bird: 'disable node "back at 9"',
          gobgp: `neighbor ${NEIGHBOR} shutdown --reason "back at 9"`,
        },
      },
    ],
  },
  {
    name: 'router-reset',
    about: 'the router ends the session and waits for another',
    steps: [
      {
        what: 'the router resets the session',
        orders: { frr: `clear bgp ${NEIGHBOR}`, bird: 'restart node', gobgp: `neighbor ${NEIGHBOR} reset` },
      },
    ],
  },
  { name: 'wrong-as', about: 'the router is of another AS than the BGPPeer says', peer: { remoteAs: { kind: 'internal' } } },
  { name: 'unknown-as', about: 'the router takes this node for one of another AS', peer: { localAsn: OTHER_AS } },
  {
    name: 'graceful-restart',
    about: 'a speaker that has come again, to routers that keep routes over a restart; it ends without a word',
    peer: { gracefulRestart: true },
    held: ['tor 198.51.100.1:179 '],
    steps: [{ what: 'the speaker ends', ours: (side) => side.end() }],
  },
  {
    name: 'graceful-removal',
    about: 'a peer that is deleted, to routers that keep routes over a restart: a hard reset where they would keep them then too',
    peer: { gracefulRestart: true },
    steps: [change('the peer is no more', { kind: 'peers', peers: [] })],
  },
];
