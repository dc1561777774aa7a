import { GOBGP } from '../lab/routers/gobgp.ts';
import { ASN, CAPABILITY, fourOctet, modern, RECORDER, ROUTER, type Scenario, SOURCE, type Step } from './scenario.ts';
import { EXTERNAL_SOURCE, INTERNAL_SOURCE, OTHER_PATH, ROUTE_REFRESH } from './source-routes.ts';

/** Routes with all that its command can set; IPv6 next hops have to be said. */
const ROUTES: readonly string[] = [
  'add 10.3.1.0/24 origin egp nexthop 198.51.100.112 med 77 local-pref 250 aspath "64496 64497 {64498,64499}" community 64500:1,planned-shut large-community 64500:1:2,4200000001:3:4 rt 64500:100 4200000001:7 198.51.100.112:9 aigp metric 42 aggregator 64500:198.51.100.112',
  'add 10.3.2.0/25 nexthop 198.51.100.112',
  'add 10.3.3.128/32 nexthop 198.51.100.112 origin incomplete',
  'add 10.1.1.0/24 nexthop 198.51.100.112',
  'add 0.0.0.0/0 nexthop 198.51.100.112',
  'add -a ipv6 2001:db8:1::/48 nexthop 2001:db8:51::112 med 78 community 64500:6,no-peer large-community 64500:6:6',
  'add -a ipv6 2001:db8:2::1/128 nexthop 2001:db8:51::112',
  'add -a ipv6 ::/0 nexthop 2001:db8:51::112',
].map((line) => `global rib ${line}`);

const ADD_ALL: Step = { orders: ROUTES };
const WITHDRAWALS: Step = { orders: ['global rib del 10.3.2.0/25', 'global rib del -a ipv6 2001:db8:2::1/128'] };

/** A family of a session, with restarts of both kinds; `more` are further settings of it. */
function family(name: string, more: string): string {
  return `  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${name}"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
    [neighbors.afi-safis.long-lived-graceful-restart.config]
      enabled = true
      restart-time = 3600
${more}`;
}

function neighbour(address: string, asn: number, more = '', families = ''): string {
  return `[[neighbors]]
  [neighbors.config]
    neighbor-address = "${address}"
    peer-as = ${asn}
  [neighbors.transport.config]
    passive-mode = true
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 120
    notification-enabled = true
    long-lived-enabled = true
${more}${family('ipv4-unicast', families)}${family('ipv6-unicast', families)}`;
}

function configuration(asn: number, ...neighbours: readonly string[]): string {
  return `[global.config]\n  as = ${asn}\n  router-id = "${ROUTER.ipv4}"\n${neighbours.join('')}`;
}

const REFLECTS = `  [neighbors.route-reflector.config]
    route-reflector-client = true
    route-reflector-cluster-id = "198.51.100.112"
`;

const ALL_PATHS = `    [neighbors.afi-safis.add-paths.config]
      receive = true
      send-max = 8
`;

const CONFEDERATION = `  [global.confederation.config]
    enabled = true
    identifier = 64400
    member-as-list = [${ASN.recorder}]
`;

/** What GoBGP is made to say. */
export const GOBGP_SCENARIOS: readonly Scenario[] = [
  {
    kind: GOBGP,
    name: 'external',
    about: 'an external session with all capabilities but add-path; routes, withdrawals, refreshes both ways, a shutdown with a text',
    configuration: configuration(ASN.router, neighbour(RECORDER.ipv4, ASN.recorder)),
    recorder: { asn: ASN.recorder, capabilities: modern(ASN.recorder) },
    steps: [
      ADD_ALL,
      WITHDRAWALS,
      { send: ROUTE_REFRESH },
      { orders: [`neighbor ${RECORDER.ipv4} softresetin`] },
      { orders: [`neighbor ${RECORDER.ipv4} shutdown --reason "moved to another rack, back at 9"`] },
    ],
  },
  {
    kind: GOBGP,
    name: 'two-octet',
    about: 'a router with a four-octet AS number and a neighbour that has never heard of such: AS_TRANS, AS4_PATH, AS4_AGGREGATOR',
    configuration: configuration(ASN.large, neighbour(RECORDER.ipv4, ASN.recorder), neighbour(SOURCE.ipv4, ASN.source)),
    recorder: { asn: ASN.recorder, capabilities: [CAPABILITY.ipv4, CAPABILITY.ipv6] },
    source: EXTERNAL_SOURCE,
    steps: [{ orders: ROUTES.slice(0, 1) }],
  },
  {
    kind: GOBGP,
    name: 'transit',
    about: 'routes of a third party passed on: sets in the path, aggregator, an attribute that nobody knows',
    configuration: configuration(ASN.router, neighbour(RECORDER.ipv4, ASN.recorder), neighbour(SOURCE.ipv4, ASN.source)),
    recorder: { asn: ASN.recorder, capabilities: modern(ASN.recorder) },
    source: EXTERNAL_SOURCE,
  },
  {
    kind: GOBGP,
    name: 'reflector',
    about: 'an internal session with a route reflector: local preference, originator, cluster list, accumulated metric',
    configuration: configuration(ASN.router, neighbour(RECORDER.ipv4, ASN.router, REFLECTS), neighbour(SOURCE.ipv4, ASN.router, REFLECTS)),
    recorder: { asn: ASN.router, capabilities: modern(ASN.router) },
    source: INTERNAL_SOURCE,
    steps: [ADD_ALL],
  },
  {
    kind: GOBGP,
    name: 'add-path',
    about: 'all paths with their identifiers, in both families',
    configuration: configuration(ASN.router, neighbour(RECORDER.ipv4, ASN.recorder, '', ALL_PATHS), neighbour(SOURCE.ipv4, ASN.source)),
    recorder: { asn: ASN.recorder, capabilities: [...modern(ASN.recorder), CAPABILITY.addPath] },
    source: OTHER_PATH,
    steps: [ADD_ALL, WITHDRAWALS],
  },
  {
    kind: GOBGP,
    name: 'over-ipv6',
    about: 'a session over IPv6: IPv4 prefixes with IPv6 next hops',
    configuration: configuration(ASN.router, neighbour(RECORDER.ipv6, ASN.recorder)),
    recorder: { asn: ASN.recorder, capabilities: [...modern(ASN.recorder), CAPABILITY.extendedNextHop], over: 'ipv6' },
    steps: [ADD_ALL, WITHDRAWALS],
  },
  {
    kind: GOBGP,
    name: 'confederation',
    about: 'a session between members of a confederation: its segments in the path',
    configuration: configuration(ASN.router, neighbour(RECORDER.ipv4, ASN.recorder), neighbour(SOURCE.ipv4, ASN.source)).replace(
      '[[neighbors]]',
      `${CONFEDERATION}[[neighbors]]`,
    ),
    recorder: { asn: ASN.recorder, capabilities: modern(ASN.recorder) },
    source: EXTERNAL_SOURCE,
    steps: [{ orders: ROUTES.slice(0, 2) }],
  },
  {
    kind: GOBGP,
    name: 'wrong-as',
    about: 'a neighbour of another AS than expected is refused',
    configuration: configuration(ASN.router, neighbour(RECORDER.ipv4, ASN.recorder)),
    recorder: { asn: ASN.source, capabilities: [CAPABILITY.ipv4, fourOctet(ASN.source)] },
  },
];
