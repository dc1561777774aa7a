import { ASN, fourOctet, modern, type Speaker } from './scenario.ts';
import { attribute, message, number, TYPE, update } from './wire.ts';

// What the source tells a router, for it to pass on: attributes that routers cannot be told to originate.

const WELL_KNOWN = 0x40;
const OPTIONAL = 0x80;
const TRANSITIVE = 0xc0;

/** The source's own address, as the next hop of what it announces. */
const NEXT_HOP = attribute(WELL_KNOWN, 3, 'c633646f');
const ORIGIN_INCOMPLETE = attribute(WELL_KNOWN, 1, '02');

/** Segments of an AS_PATH (RFC 4271, Section 4.3; RFC 5065, Section 3): sets keep the order that they are written in. */
function asPath(...segments: readonly (readonly [kind: 1 | 2, ...asns: number[]])[]): string {
  const written = segments.map(([kind, ...asns]) => number(kind, 1) + number(asns.length, 1) + asns.map((asn) => number(asn, 4)).join(''));
  return attribute(WELL_KNOWN, 2, written.join(''));
}

const SET = 1;
const SEQUENCE = 2;

/** 10.64.1.0/24: everything that crosses a border, and an attribute that nobody knows. */
const RICH = update(
  [
    ORIGIN_INCOMPLETE,
    asPath([SEQUENCE, ASN.source, ASN.large + 7, 23_456], [SET, 64_511, ASN.large + 8]),
    NEXT_HOP,
    attribute(OPTIONAL, 4, '000001f4'),
    attribute(WELL_KNOWN, 6, ''),
    attribute(TRANSITIVE, 7, `${number(ASN.large, 4)}cb007109`),
    attribute(TRANSITIVE, 8, 'fbf60001fbf60002'),
    attribute(TRANSITIVE, 16, '0002fbf60000000702035ffc000000084004fbf64cee6b28'),
    attribute(TRANSITIVE, 32, `${number(ASN.source, 4)}0000000100000002`),
    attribute(TRANSITIVE, 200, 'deadbeef'),
  ],
  '180a4001',
);

/** 10.64.2.0/24 and 10.64.3.0/25 by a path that has nothing but what it must. */
const BARE = update([attribute(WELL_KNOWN, 1, '00'), asPath([SEQUENCE, ASN.source]), NEXT_HOP], '180a4002190a400300');

/** 2001:db8:64::/48 with its next hop, and the same unknown attribute, already marked as passed on by somebody who did not know it. */
const RICH_IPV6 = update([
  ORIGIN_INCOMPLETE,
  asPath([SEQUENCE, ASN.source, 64_510]),
  attribute(OPTIONAL, 14, '00020110 20010db8005100000000000000000111 00 3020010db80064'.replaceAll(' ', '')),
  attribute(TRANSITIVE | 0x20, 200, 'deadbeef'),
]);

/** A neighbour in another AS that announces all of it. */
export const EXTERNAL_SOURCE: Speaker = { asn: ASN.source, capabilities: modern(ASN.source), says: [RICH, BARE, RICH_IPV6] };

/** A neighbour in the router's own AS, whose routes a route reflector passes on with its own marks (RFC 4456). */
export const INTERNAL_SOURCE: Speaker = {
  asn: ASN.router,
  capabilities: modern(ASN.router),
  says: [
    update(
      [
        attribute(WELL_KNOWN, 1, '00'),
        asPath([SEQUENCE, 64_510]),
        NEXT_HOP,
        attribute(OPTIONAL, 4, '0000000a'),
        attribute(WELL_KNOWN, 5, '000000c8'),
        attribute(OPTIONAL, 10, 'c0000208c0000209'),
        attribute(OPTIONAL, 9, 'c0000207'),
        attribute(OPTIONAL, 26, '01000b000000000000002a'),
      ],
      '180a4004',
    ),
    update([attribute(WELL_KNOWN, 1, '00'), attribute(WELL_KNOWN, 2, ''), NEXT_HOP, attribute(WELL_KNOWN, 5, '00000064')], '180a4005'),
  ],
};

/** Two routes to one prefix are two paths for who asked for all of them (RFC 7911): the router's own, and this one. */
export const OTHER_PATH: Speaker = {
  asn: ASN.source,
  capabilities: [...modern(ASN.source), fourOctet(ASN.source)],
  says: [update([attribute(WELL_KNOWN, 1, '01'), asPath([SEQUENCE, ASN.source, 64_509]), NEXT_HOP], '180a010100')],
};

/** Asks for all IPv4 unicast routes again (RFC 2918). */
export const ROUTE_REFRESH: string = message(TYPE.routeRefresh, '00010001');
