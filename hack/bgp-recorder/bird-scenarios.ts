import { BIRD } from '../lab/routers/bird.ts';
import { ASN, CAPABILITY, fourOctet, modern, RECORDER, ROUTER, type Scenario, SOURCE, type Step } from './scenario.ts';
import { EXTERNAL_SOURCE, INTERNAL_SOURCE, OTHER_PATH, ROUTE_REFRESH } from './source-routes.ts';

/** Routes with all that BIRD can set. */
const ROUTES = `
router id ${ROUTER.ipv4};
hostname "lab-router";
protocol device {}
protocol static plain {
  ipv4;
  route 10.2.2.0/25 blackhole { bgp_origin = ORIGIN_INCOMPLETE; };
  route 10.2.3.128/32 blackhole;
  route 0.0.0.0/0 blackhole;
}
protocol static rich {
  ipv4;
  route 10.1.1.0/24 blackhole { bgp_origin = ORIGIN_INCOMPLETE; };
  route 10.2.1.0/24 blackhole {
    bgp_origin = ORIGIN_EGP;
    bgp_med = 77;
    bgp_local_pref = 250;
    bgp_path.prepend(4200000009);
    bgp_path.prepend(64497);
    bgp_community.add((64500, 1));
    bgp_community.add((65535, 0));
    bgp_ext_community.add((rt, 64500, 100));
    bgp_ext_community.add((rt, 4200000001, 7));
    bgp_ext_community.add((ro, 198.51.100.112, 9));
    bgp_ext_community.add((generic, 0x4004fbf4, 0x4cee6b28));
    bgp_ext_community.add((unknown 0x4300, 1, 2));
    bgp_large_community.add((64500, 1, 2));
    bgp_large_community.add((4200000001, 3, 4));
  };
}
protocol static plain6 {
  ipv6;
  route 2001:db8:2::1/128 blackhole;
  route ::/0 blackhole;
}
protocol static rich6 {
  ipv6;
  route 2001:db8:1::/48 blackhole {
    bgp_med = 78;
    bgp_community.add((64500, 6));
    bgp_large_community.add((64500, 6, 6));
  };
}
`;

/** A session with `neighbour`; `more` stands in the protocol, `channel` in both its families. */
function session(name: string, own: number, neighbour: string, asn: number, more = '', channel = ''): string {
  const router = neighbour.includes(':') ? ROUTER.ipv6 : ROUTER.ipv4;
  return `protocol bgp ${name} {
  local ${router} as ${own};
  neighbor ${neighbour} as ${asn};
  direct;
  passive on;
  graceful restart on;
  long lived graceful restart on;
  enable extended messages on;
  ${more}
  ipv4 { import all; export all; ${channel} };
  ipv6 { import all; export all; ${channel} };
}
`;
}

const WITHDRAWALS: Step = { orders: ['disable plain', 'disable plain6'] };

/** What BIRD is made to say. */
export const BIRD_SCENARIOS: readonly Scenario[] = [
  {
    kind: BIRD,
    name: 'external',
    about: 'an external session with all capabilities but add-path; routes, withdrawals, refreshes both ways, a shutdown with a text',
    configuration: ROUTES + session('recorder', ASN.router, RECORDER.ipv4, ASN.recorder, 'advertise hostname on;'),
    recorder: { asn: ASN.recorder, capabilities: modern(ASN.recorder) },
    steps: [
      WITHDRAWALS,
      { send: ROUTE_REFRESH },
      { orders: ['reload in recorder'] },
      { orders: ['disable recorder "moved to another rack, back at 9"'] },
    ],
  },
  {
    kind: BIRD,
    name: 'two-octet',
    about: 'a router with a four-octet AS number and a neighbour that has never heard of such: AS_TRANS, AS4_PATH, AS4_AGGREGATOR',
    configuration:
      ROUTES + session('recorder', ASN.large, RECORDER.ipv4, ASN.recorder) + session('origin', ASN.large, SOURCE.ipv4, ASN.source),
    recorder: { asn: ASN.recorder, capabilities: [CAPABILITY.ipv4, CAPABILITY.ipv6] },
    source: EXTERNAL_SOURCE,
  },
  {
    kind: BIRD,
    name: 'transit',
    about: 'routes of a third party passed on: sets in the path, aggregator, an attribute that nobody knows, OTC by the roles of both ends',
    configuration:
      ROUTES +
      session('recorder', ASN.router, RECORDER.ipv4, ASN.recorder, 'local role provider;') +
      session('origin', ASN.router, SOURCE.ipv4, ASN.source, 'local role customer;'),
    recorder: { asn: ASN.recorder, capabilities: [...modern(ASN.recorder), CAPABILITY.customer] },
    source: EXTERNAL_SOURCE,
  },
  {
    kind: BIRD,
    name: 'reflector',
    about: 'an internal session with a route reflector: local preference, originator, cluster list, accumulated metric',
    configuration:
      ROUTES +
      session('recorder', ASN.router, RECORDER.ipv4, ASN.router, 'rr client;') +
      session('origin', ASN.router, SOURCE.ipv4, ASN.router, 'rr client;'),
    recorder: { asn: ASN.router, capabilities: modern(ASN.router) },
    source: INTERNAL_SOURCE,
  },
  {
    kind: BIRD,
    name: 'add-path',
    about: 'all paths with their identifiers, in both families',
    configuration:
      ROUTES +
      session('recorder', ASN.router, RECORDER.ipv4, ASN.recorder, '', 'add paths tx;') +
      session('origin', ASN.router, SOURCE.ipv4, ASN.source),
    recorder: { asn: ASN.recorder, capabilities: [...modern(ASN.recorder), CAPABILITY.addPath] },
    source: OTHER_PATH,
    steps: [WITHDRAWALS],
  },
  {
    kind: BIRD,
    name: 'over-ipv6',
    about: 'a session over IPv6: IPv4 prefixes with IPv6 next hops, global and link-local next hops side by side',
    configuration: ROUTES + session('recorder', ASN.router, RECORDER.ipv6, ASN.recorder, '', 'extended next hop on;'),
    recorder: { asn: ASN.recorder, capabilities: [...modern(ASN.recorder), CAPABILITY.extendedNextHop], over: 'ipv6' },
    steps: [WITHDRAWALS],
  },
  {
    kind: BIRD,
    name: 'confederation',
    about: 'a session between members of a confederation: its segments in the path',
    configuration:
      ROUTES +
      session('recorder', ASN.router, RECORDER.ipv4, ASN.recorder, 'confederation 64400; confederation member yes;') +
      session('origin', ASN.router, SOURCE.ipv4, ASN.source, 'confederation 64400;'),
    recorder: { asn: ASN.recorder, capabilities: modern(ASN.recorder) },
    source: EXTERNAL_SOURCE,
  },
  {
    kind: BIRD,
    name: 'wrong-as',
    about: 'a neighbour of another AS than expected is refused',
    configuration: ROUTES + session('recorder', ASN.router, RECORDER.ipv4, ASN.recorder),
    recorder: { asn: ASN.source, capabilities: [CAPABILITY.ipv4, fourOctet(ASN.source)] },
  },
];
