import { EXABGP } from '../lab/routers/exabgp.ts';
import { ASN, CAPABILITY, fourOctet, modern, RECORDER, ROUTER, type Scenario, type Step } from './scenario.ts';

/** Attributes that no router here originates, or nobody knows: it writes whatever it is told to. */
const RICH = `
    route 10.4.1.0/24 {
      next-hop 198.51.100.112;
      origin egp;
      as-path [ 64496 4200000009 ];
      med 77;
      local-preference 250;
      atomic-aggregate;
      aggregator ( 64500:198.51.100.112 );
      community [ 64500:1 65535:0 no-export 65535:666 ];
      large-community [ 64500:1:2 4200000001:3:4 ];
      extended-community [ target:64500:100 origin:198.51.100.112:9 0x4004fbf44cee6b28 0x030c000000000008 0x4300000000000001 ];
      originator-id 192.0.2.7;
      cluster-list [ 192.0.2.8 192.0.2.9 ];
      aigp 42;
      attribute [ 0xc8 0xc0 0xdeadbeef ];
      attribute [ 0xc9 0xe0 0x00 ];
      attribute [ 0x23 0xc0 0x0000fbf4 ];
    }
    route 10.4.1.128/25 {
      next-hop 198.51.100.112;
      as-path [ 64496 ( 64498 64499 ) 64500 ];
      community [ ${Array.from({ length: 70 }, (_, index) => `64500:${index + 2000}`).join(' ')} ];
    }
    route 2001:db8:1::/48 {
      next-hop 2001:db8:51::112;
      med 78;
      community [ 64500:6 65535:65284 ];
      large-community [ 64500:6:6 ];
    }
`;

const PLAIN = `
    route 10.4.2.0/25 next-hop 198.51.100.112;
    route 10.4.3.128/32 next-hop 198.51.100.112;
    route 0.0.0.0/0 next-hop 198.51.100.112;
    route 2001:db8:2::1/128 next-hop 2001:db8:51::112;
    route ::/0 next-hop 2001:db8:51::112;
`;

const PATHS = `
    route 10.4.4.0/24 path-information 1.2.3.4 next-hop 198.51.100.112;
    route 10.4.4.0/24 path-information 1.2.3.5 next-hop 198.51.100.113;
    route 2001:db8:4::/64 path-information 0.0.0.7 next-hop 2001:db8:51::112;
`;

/** One neighbour, with all capabilities and what `more` adds to them. */
function configuration(own: number, address: string, asn: number, { routes = RICH + PLAIN, capabilities = '', more = '' } = {}): string {
  const router = address.includes(':') ? ROUTER.ipv6 : ROUTER.ipv4;
  return `neighbor ${address} {
  router-id ${ROUTER.ipv4};
  local-address ${router};
  local-as ${own};
  peer-as ${asn};
  host-name lab-router;
  domain-name lab.example;
  passive;
  listen 179;
  capability { graceful-restart 120; route-refresh enable; extended-message enable; ${capabilities} }
  family { ipv4 unicast; ipv6 unicast; }
  ${more}
  api { processes [ orders ]; }
  static {${routes}  }
}
`;
}

const WITHDRAWALS: Step = {
  orders: ['withdraw route 10.4.2.0/25 next-hop 198.51.100.112', 'withdraw route 2001:db8:2::1/128 next-hop 2001:db8:51::112'],
};

/** What ExaBGP is made to say. */
export const EXABGP_SCENARIOS: readonly Scenario[] = [
  {
    kind: EXABGP,
    name: 'external',
    about:
      'an external session with all capabilities but add-path; attributes that nobody knows, withdrawals, a refresh, an end of session',
    configuration: configuration(ASN.router, RECORDER.ipv4, ASN.recorder),
    recorder: { asn: ASN.recorder, capabilities: modern(ASN.recorder) },
    steps: [
      WITHDRAWALS,
      { orders: ['announce route-refresh ipv4 unicast'] },
      { orders: ['announce eor ipv6 unicast'] },
      { orders: [`neighbor ${RECORDER.ipv4} teardown 4`] },
    ],
  },
  {
    kind: EXABGP,
    name: 'two-octet',
    about: 'a router with a four-octet AS number and a neighbour that has never heard of such: AS_TRANS and AS4_PATH',
    configuration: configuration(ASN.large, RECORDER.ipv4, ASN.recorder),
    recorder: { asn: ASN.recorder, capabilities: [CAPABILITY.ipv4, CAPABILITY.ipv6] },
  },
  {
    kind: EXABGP,
    name: 'internal',
    about: 'an internal session: local preference, originator and cluster list where they belong',
    configuration: configuration(ASN.router, RECORDER.ipv4, ASN.router),
    recorder: { asn: ASN.router, capabilities: modern(ASN.router) },
    steps: [WITHDRAWALS],
  },
  {
    kind: EXABGP,
    name: 'add-path',
    about: 'paths with identifiers of the size of addresses, in both families',
    configuration: configuration(ASN.router, RECORDER.ipv4, ASN.recorder, {
      routes: PATHS + PLAIN,
      capabilities: 'add-path send/receive;',
    }),
    recorder: { asn: ASN.recorder, capabilities: [...modern(ASN.recorder), CAPABILITY.addPath] },
    steps: [{ orders: ['withdraw route 10.4.4.0/24 path-information 1.2.3.4 next-hop 198.51.100.112'] }],
  },
  {
    kind: EXABGP,
    name: 'over-ipv6',
    about: 'a session over IPv6: IPv4 prefixes with IPv6 next hops',
    configuration: configuration(ASN.router, RECORDER.ipv6, ASN.recorder, {
      routes: `${PLAIN}    route 10.4.5.0/24 next-hop 2001:db8:51::112;\n`,
      capabilities: 'nexthop enable;',
      more: 'nexthop { ipv4 unicast ipv6; }',
    }),
    recorder: { asn: ASN.recorder, capabilities: [...modern(ASN.recorder), CAPABILITY.extendedNextHop], over: 'ipv6' },
    steps: [WITHDRAWALS],
  },
  {
    kind: EXABGP,
    name: 'wrong-as',
    about: 'a neighbour of another AS than expected is refused',
    configuration: configuration(ASN.router, RECORDER.ipv4, ASN.recorder),
    recorder: { asn: ASN.source, capabilities: [CAPABILITY.ipv4, fourOctet(ASN.source)] },
  },
];
