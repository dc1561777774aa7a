import { type HostAddresses, segmentAddresses } from '../lab/addresses.ts';
import type { RouterKind } from '../lab/routers/router.ts';
import { capability, number } from './wire.ts';

/** Where on the segment the parties of every scenario are. */
export const NUMBERS = { recorder: 110, source: 111, router: 112 } as const;

/** The addresses of the router. */
export const ROUTER: HostAddresses = segmentAddresses(NUMBERS.router);
/** The addresses of the listener whose ears the recording is. */
export const RECORDER: HostAddresses = segmentAddresses(NUMBERS.recorder);
/** The addresses of who else speaks to the router. */
export const SOURCE: HostAddresses = segmentAddresses(NUMBERS.source);

/** How a party opens its session with the router. */
export interface Speaker {
  readonly asn: number;
  /** Codes and values in hexadecimal. */
  readonly capabilities: readonly string[];
  /** The family of the addresses that the session runs between; IPv4 when not given. */
  readonly over?: 'ipv6';
  /** Whole messages in hexadecimal to send when the session is up. */
  readonly says?: readonly string[];
}

/** What is done when the router has said what it has to say: then it may say more. Orders of one step follow each other at once. */
export type Step = { readonly orders: readonly string[] } | { readonly send: string };

/** One conversation with a router that is worth keeping. */
export interface Scenario {
  readonly kind: RouterKind;
  /** The second half of the recording's file name. */
  readonly name: string;
  /** What is to be heard in it, in one line. */
  readonly about: string;
  readonly configuration: string;
  readonly recorder: Speaker;
  /** Who tells the router something before the recorder calls. */
  readonly source?: Speaker;
  readonly steps?: readonly Step[];
}

/** AS numbers that RFC 5398 and RFC 6996 keep for examples and private use. */
export const ASN = { router: 64_500, recorder: 64_501, source: 64_502, large: 4_200_000_001 } as const;

const IPV4_UNICAST = '000101';
const IPV6_UNICAST = '000201';

/** The capabilities that need no number. */
type CapabilityName =
  | 'ipv4'
  | 'ipv6'
  | 'routeRefresh'
  | 'extendedNextHop'
  | 'extendedMessage'
  | 'customer'
  | 'gracefulRestart'
  | 'addPath'
  | 'enhancedRouteRefresh'
  | 'longLivedGracefulRestart'
  | 'fqdn';

/** The capabilities that a recorder can offer, by name. */
export const CAPABILITY: Readonly<Record<CapabilityName, string>> = {
  ipv4: capability(1, '00010001'),
  ipv6: capability(1, '00020001'),
  routeRefresh: capability(2),
  /** IPv4 unicast prefixes with IPv6 next hops (RFC 8950). */
  extendedNextHop: capability(5, '000100010002'),
  extendedMessage: capability(6),
  /** The customer's end, which wants to hear OTC (RFC 9234). */
  customer: capability(9, '03'),
  /** Restarts within 120 s, with notifications (RFC 8538), both families. */
  gracefulRestart: capability(64, `4078${IPV4_UNICAST}80${IPV6_UNICAST}80`),
  /** Both ways, both families. */
  addPath: capability(69, `${IPV4_UNICAST}03${IPV6_UNICAST}03`),
  enhancedRouteRefresh: capability(70),
  /** An hour, both families (RFC 9494). */
  longLivedGracefulRestart: capability(71, `${IPV4_UNICAST}80000e10${IPV6_UNICAST}80000e10`),
  /** recorder.lab.example (the FQDN capability, draft-walton-bgp-hostname-capability). */
  fqdn: capability(73, '087265636f726465720b6c61622e6578616d706c65'),
};

/** The capability of four-octet AS numbers, with the number itself (RFC 6793). */
export function fourOctet(asn: number): string {
  return capability(65, number(asn, 4));
}

/** What a modern neighbour of this AS offers: everything but add-path, which changes how prefixes are written. */
export function modern(asn: number): readonly string[] {
  const { ipv4, ipv6, routeRefresh, extendedMessage, gracefulRestart, enhancedRouteRefresh, longLivedGracefulRestart, fqdn } = CAPABILITY;
  const known = [ipv4, ipv6, routeRefresh, enhancedRouteRefresh, extendedMessage, fourOctet(asn), gracefulRestart];
  return [...known, longLivedGracefulRestart, fqdn];
}
