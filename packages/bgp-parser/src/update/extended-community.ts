import type { IpAddress } from '../address.ts';
import { AS_TRANS } from '../asn.ts';

/** An extended community as it is on the wire (RFC 4360, Section 2); {@link meaningOf} says what it means. */
export interface ExtendedCommunity {
  /** The high octet of its type. */
  readonly type: number;
  /** The low octet of its type; for a type of one octet the first of its value. */
  readonly subtype: number;
  /** The six octets behind, as one unsigned number of 48 bits. */
  readonly value: number;
}

/** What a community says about the routes that have it, where the three kinds below are concerned (RFC 4360, Sections 4 and 5). */
export type ExtendedCommunityName = 'route-target' | 'route-origin';

/** Belongs to an AS, which says what it means (RFC 4360, Section 3.1; RFC 5668). */
export interface AsSpecificMeaning {
  readonly kind: 'two-octet-as' | 'four-octet-as';
  readonly name: ExtendedCommunityName | undefined;
  /** Whether it leaves its AS. */
  readonly transitive: boolean;
  readonly asn: number;
  readonly localAdministrator: number;
}

/** Belongs to the owner of an address (RFC 4360, Section 3.2). */
export interface Ipv4SpecificMeaning {
  readonly kind: 'ipv4-address';
  readonly name: ExtendedCommunityName | undefined;
  readonly transitive: boolean;
  readonly address: IpAddress;
  readonly localAdministrator: number;
}

/** How much of the traffic a path can take (draft-ietf-idr-link-bandwidth, Section 2). */
export interface LinkBandwidthMeaning {
  readonly kind: 'link-bandwidth';
  readonly transitive: boolean;
  /** Of two octets; 23456 for one that needs more. */
  readonly asn: number;
  /** As exact as 24 bits are. */
  readonly bytesPerSecond: number;
}

/** What an extended community means; `kind` tells them apart. */
export type ExtendedCommunityMeaning = AsSpecificMeaning | Ipv4SpecificMeaning | LinkBandwidthMeaning;

/** In the type of a community that does not leave its AS (RFC 4360, Section 2). */
const NON_TRANSITIVE = 0x40;
const TWO_OCTET_AS = 0x00;
const IPV4_ADDRESS = 0x01;
const FOUR_OCTET_AS = 0x02;
const LINK_BANDWIDTH = 0x04;
const SUBTYPE_NAMES: ReadonlyMap<number, ExtendedCommunityName> = new Map([
  [0x02, 'route-target'],
  [0x03, 'route-origin'],
]);
const LOW_32_BITS = 2 ** 32;
const LOW_16_BITS = 2 ** 16;

/** What a community means; undefined for one of another kind. */
export function meaningOf({ type, subtype, value }: ExtendedCommunity): ExtendedCommunityMeaning | undefined {
  const transitive = (type & NON_TRANSITIVE) === 0;
  const name = SUBTYPE_NAMES.get(subtype);
  const high = Math.floor(value / LOW_16_BITS);
  switch (type & ~NON_TRANSITIVE) {
    case TWO_OCTET_AS: {
      const asn = Math.floor(value / LOW_32_BITS);
      const low = value % LOW_32_BITS;
      if (subtype === LINK_BANDWIDTH) return { kind: 'link-bandwidth', transitive, asn, bytesPerSecond: floatOf(low) };
      return { kind: 'two-octet-as', name, transitive, asn, localAdministrator: low };
    }
    case IPV4_ADDRESS:
      return {
        kind: 'ipv4-address',
        name,
        transitive,
        address: { family: 'IPv4', value: BigInt(high) },
        localAdministrator: value % LOW_16_BITS,
      };
    case FOUR_OCTET_AS:
      return { kind: 'four-octet-as', name, transitive, asn: high, localAdministrator: value % LOW_16_BITS };
    default:
      return undefined;
  }
}

/**
 * A link bandwidth community. The AS number has two octets there, so that one of four becomes AS_TRANS; the bandwidth is
 * rounded to what a float of 32 bits can say (draft-ietf-idr-link-bandwidth, Section 2).
 */
export function linkBandwidth({ transitive, asn, bytesPerSecond }: Omit<LinkBandwidthMeaning, 'kind'>): ExtendedCommunity {
  const value = (asn > 0xffff ? AS_TRANS : asn) * LOW_32_BITS + bitsOf(bytesPerSecond);
  return { type: TWO_OCTET_AS | (transitive ? 0 : NON_TRANSITIVE), subtype: LINK_BANDWIDTH, value };
}

/** The number that 32 bits stand for in IEEE 754. */
function floatOf(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

function bitsOf(float: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, float);
  return view.getUint32(0);
}
