import { FRR } from '../lab/routers/frr.ts';
import { ASN, CAPABILITY, fourOctet, modern, RECORDER, ROUTER, type Scenario, SOURCE } from './scenario.ts';
import { EXTERNAL_SOURCE, INTERNAL_SOURCE, OTHER_PATH, ROUTE_REFRESH } from './source-routes.ts';

/** Route maps that set all that FRR can set, and the networks they are for. */
const ROUTES = `
route-map RICH permit 10
 set origin egp
 set metric 77
 set local-preference 250
 set as-path prepend 64496 64497 4200000009
 set community 64500:1 64500:2 graceful-shutdown
 set large-community 64500:1:2 4200000001:3:4
 set extcommunity rt 64500:100 4200000001:7 198.51.100.112:9
 set extcommunity soo 64500:200
 set extcommunity bandwidth 1000
 set aggregator as 64500 198.51.100.112
 set atomic-aggregate
route-map PLAIN permit 10
 set origin incomplete
route-map RICH6 permit 10
 set metric 78
 set community 64500:6 no-peer
 set large-community 64500:6:6
 set ipv6 next-hop global 2001:db8:51::77
route-map MANY permit 10
 set community ${Array.from({ length: 80 }, (_, index) => `64500:${index + 1000}`).join(' ')}
`;

const NETWORKS = `
 address-family ipv4 unicast
  network 10.1.1.0/24 route-map RICH
  network 10.1.2.0/25 route-map PLAIN
  network 10.1.3.128/32 route-map PLAIN
  network 10.1.4.0/24 route-map MANY
  network 0.0.0.0/0
  neighbor ${RECORDER.ipv4} activate
`;

const NETWORKS_IPV6 = `
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:1::/48 route-map RICH6
  network 2001:db8:2::1/128
  network ::/0
`;

/** The whole configuration: lines of the neighbours before the families, lines of each family after the networks. */
function configuration(asn: number, neighbours: string, ipv4 = '', ipv6 = `  neighbor ${RECORDER.ipv4} activate`): string {
  return `hostname lab-router
${ROUTES}
router bgp ${asn}
 bgp router-id ${ROUTER.ipv4}
 no bgp ebgp-requires-policy
 no bgp network import-check
 bgp graceful-restart
 bgp long-lived-graceful-restart stale-time 3600
${neighbours}
${NETWORKS}${ipv4}${NETWORKS_IPV6}${ipv6}
 exit-address-family
`;
}

function neighbour(address: string, asn: number): string {
  return ` neighbor ${address} remote-as ${asn}\n neighbor ${address} passive\n`;
}

const WITHDRAW = ['configure', `router bgp ${ASN.router}`, 'address-family ipv4 unicast', 'no network 10.1.2.0/25'].join('\n');
const WITHDRAW_IPV6 = ['configure', `router bgp ${ASN.router}`, 'address-family ipv6 unicast', 'no network 2001:db8:2::1/128'].join('\n');

/** What FRR is made to say. */
export const FRR_SCENARIOS: readonly Scenario[] = [
  {
    kind: FRR,
    name: 'external',
    about: 'an external session with all capabilities but add-path; routes, withdrawals, refreshes both ways, a shutdown with a text',
    configuration: configuration(ASN.router, neighbour(RECORDER.ipv4, ASN.recorder)),
    recorder: { asn: ASN.recorder, capabilities: modern(ASN.recorder) },
    steps: [
      { orders: [WITHDRAW, WITHDRAW_IPV6] },
      { send: ROUTE_REFRESH },
      { orders: [`clear bgp ${RECORDER.ipv4} soft in`] },
      {
        orders: [
          ['configure', `router bgp ${ASN.router}`, `neighbor ${RECORDER.ipv4} shutdown message moved to another rack, back at 9`].join(
            '\n',
          ),
        ],
      },
    ],
  },
  {
    kind: FRR,
    name: 'two-octet',
    about: 'a router with a four-octet AS number and a neighbour that has never heard of such: AS_TRANS, AS4_PATH, AS4_AGGREGATOR',
    configuration: configuration(
      ASN.large,
      neighbour(RECORDER.ipv4, ASN.recorder) + neighbour(SOURCE.ipv4, ASN.source),
      `  neighbor ${SOURCE.ipv4} activate`,
    ),
    recorder: { asn: ASN.recorder, capabilities: [CAPABILITY.ipv4, CAPABILITY.ipv6] },
    source: EXTERNAL_SOURCE,
  },
  {
    kind: FRR,
    name: 'transit',
    about: 'routes of a third party passed on: sets in the path, aggregator, an attribute that nobody knows, OTC by the roles of both ends',
    configuration: configuration(
      ASN.router,
      `${neighbour(RECORDER.ipv4, ASN.recorder)} neighbor ${RECORDER.ipv4} local-role provider\n${neighbour(SOURCE.ipv4, ASN.source)} neighbor ${SOURCE.ipv4} local-role customer\n`,
      `  neighbor ${SOURCE.ipv4} activate`,
      `  neighbor ${RECORDER.ipv4} activate\n  neighbor ${SOURCE.ipv4} activate`,
    ),
    recorder: { asn: ASN.recorder, capabilities: [...modern(ASN.recorder), CAPABILITY.customer] },
    source: EXTERNAL_SOURCE,
  },
  {
    kind: FRR,
    name: 'reflector',
    about: 'an internal session with a route reflector: local preference, originator, cluster list, accumulated metric',
    configuration: configuration(
      ASN.router,
      neighbour(RECORDER.ipv4, ASN.router) + neighbour(SOURCE.ipv4, ASN.router),
      `  neighbor ${SOURCE.ipv4} activate\n  neighbor ${SOURCE.ipv4} route-reflector-client\n  neighbor ${RECORDER.ipv4} route-reflector-client`,
    ),
    recorder: { asn: ASN.router, capabilities: modern(ASN.router) },
    source: INTERNAL_SOURCE,
  },
  {
    kind: FRR,
    name: 'add-path',
    about: 'all paths with their identifiers, in both families',
    configuration: configuration(
      ASN.router,
      neighbour(RECORDER.ipv4, ASN.recorder) + neighbour(SOURCE.ipv4, ASN.source),
      `  neighbor ${SOURCE.ipv4} activate\n  neighbor ${RECORDER.ipv4} addpath-tx-all-paths`,
      `  neighbor ${RECORDER.ipv4} activate\n  neighbor ${RECORDER.ipv4} addpath-tx-all-paths`,
    ),
    recorder: { asn: ASN.recorder, capabilities: [...modern(ASN.recorder), CAPABILITY.addPath] },
    source: OTHER_PATH,
    steps: [{ orders: [WITHDRAW, WITHDRAW_IPV6] }],
  },
  {
    kind: FRR,
    name: 'over-ipv6',
    about: 'a session over IPv6: IPv4 prefixes with IPv6 next hops, global and link-local next hops side by side',
    configuration: configuration(
      ASN.router,
      `${neighbour(RECORDER.ipv6, ASN.recorder)} neighbor ${RECORDER.ipv6} capability extended-nexthop\n`,
      `  neighbor ${RECORDER.ipv6} activate`,
      `  neighbor ${RECORDER.ipv6} activate`,
    ).replace(`  neighbor ${RECORDER.ipv4} activate\n`, ''),
    recorder: { asn: ASN.recorder, capabilities: [...modern(ASN.recorder), CAPABILITY.extendedNextHop], over: 'ipv6' },
    steps: [{ orders: [WITHDRAW, WITHDRAW_IPV6] }],
  },
  {
    kind: FRR,
    name: 'confederation',
    about: 'a session between members of a confederation: its segments in the path',
    configuration: configuration(
      ASN.router,
      ` bgp confederation identifier 64400\n bgp confederation peers ${ASN.recorder} ${ASN.source}\n${neighbour(RECORDER.ipv4, ASN.recorder)}${neighbour(SOURCE.ipv4, 64_503)}`,
      `  neighbor ${SOURCE.ipv4} activate`,
    ),
    recorder: { asn: ASN.recorder, capabilities: modern(ASN.recorder) },
    source: { ...EXTERNAL_SOURCE, asn: 64_503, capabilities: modern(64_503) },
  },
  {
    kind: FRR,
    name: 'wrong-as',
    about: 'a neighbour of another AS than expected is refused',
    configuration: configuration(ASN.router, neighbour(RECORDER.ipv4, ASN.recorder)),
    recorder: { asn: ASN.source, capabilities: [CAPABILITY.ipv4, fourOctet(ASN.source)] },
  },
];
