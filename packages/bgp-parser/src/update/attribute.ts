import type { IpAddress } from '../address.ts';
import type { AsPathSegment } from './as-path.ts';
import type { ExtendedCommunity } from './extended-community.ts';
import type { LargeCommunity } from './large-community.ts';
import type { MpReach, MpUnreach } from './multiprotocol.ts';

/** The flags of a path attribute (RFC 4271, Section 4.3). The four low bits, which mean nothing, are not kept. */
export interface AttributeFlags {
  readonly optional: boolean;
  readonly transitive: boolean;
  /** Somebody on the way did not know the attribute and passed it on. */
  readonly partial: boolean;
  /** The length has two octets. Encoding sets it also where the length needs it. */
  readonly extendedLength: boolean;
}

/** Values of ORIGIN (RFC 4271, Section 5.1.1). */
export type Origin = 'igp' | 'egp' | 'incomplete';

/** Who aggregated a route (RFC 4271, Section 5.1.7). */
export interface Aggregator {
  readonly asn: number;
  readonly address: IpAddress;
}

/** The attributes that are read, by name: type code and value. Values in numbers are unsigned, of 32 bits. */
export interface AttributeValues {
  /** RFC 4271, Section 5.1.1. */
  readonly origin: { readonly code: 1; readonly value: Origin };
  /** RFC 4271, Section 5.1.2; four-octet numbers by RFC 6793; confederations by RFC 5065. */
  readonly 'as-path': { readonly code: 2; readonly value: readonly AsPathSegment[] };
  /** RFC 4271, Section 5.1.3. */
  readonly 'next-hop': { readonly code: 3; readonly value: IpAddress };
  /** RFC 4271, Section 5.1.4. */
  readonly 'multi-exit-disc': { readonly code: 4; readonly value: number };
  /** RFC 4271, Section 5.1.5. */
  readonly 'local-pref': { readonly code: 5; readonly value: number };
  /** RFC 4271, Section 5.1.6: being there is all that it says. */
  readonly 'atomic-aggregate': { readonly code: 6; readonly value: true };
  /** RFC 4271, Section 5.1.7. */
  readonly aggregator: { readonly code: 7; readonly value: Aggregator };
  /** RFC 1997: the AS number in the upper 16 bits. */
  readonly communities: { readonly code: 8; readonly value: readonly number[] };
  /** RFC 4456, Section 8: a BGP Identifier. */
  readonly 'originator-id': { readonly code: 9; readonly value: number };
  /** RFC 4456, Section 8. */
  readonly 'cluster-list': { readonly code: 10; readonly value: readonly number[] };
  /** RFC 4760, Section 3. */
  readonly 'mp-reach-nlri': { readonly code: 14; readonly value: MpReach };
  /** RFC 4760, Section 4. */
  readonly 'mp-unreach-nlri': { readonly code: 15; readonly value: MpUnreach };
  /** RFC 4360. */
  readonly 'extended-communities': { readonly code: 16; readonly value: readonly ExtendedCommunity[] };
  /** RFC 6793, Section 3. */
  readonly 'as4-path': { readonly code: 17; readonly value: readonly AsPathSegment[] };
  /** RFC 6793, Section 3. */
  readonly 'as4-aggregator': { readonly code: 18; readonly value: Aggregator };
  /** RFC 8092. */
  readonly 'large-communities': { readonly code: 32; readonly value: readonly LargeCommunity[] };
  /** OTC: the AS that set it (RFC 9234, Section 5). */
  readonly 'only-to-customer': { readonly code: 35; readonly value: number };
}

/** Name of an attribute that is read. */
export type AttributeName = keyof AttributeValues;

/** The attribute of one name. */
export type PathAttributeOf<Name extends AttributeName> = {
  readonly [Each in Name]: {
    readonly code: AttributeValues[Each]['code'];
    readonly name: Each;
    readonly flags: AttributeFlags;
    readonly value: AttributeValues[Each]['value'];
  };
}[Name];

/** An attribute that is passed on as it is: an unknown one, or one that routes for unicast seldom carry. */
export interface UnknownAttribute {
  readonly code: number;
  readonly name: 'unknown';
  readonly flags: AttributeFlags;
  readonly value: Uint8Array;
}

/** One path attribute; `name` tells them apart. */
export type PathAttribute = PathAttributeOf<AttributeName> | UnknownAttribute;

/** The attribute `name` of a message, if it is there. */
export function findAttribute<Name extends AttributeName>(
  attributes: readonly PathAttribute[],
  name: Name,
): PathAttributeOf<Name> | undefined {
  return attributes.find((attribute) => attribute.name === name) as PathAttributeOf<Name> | undefined;
}
