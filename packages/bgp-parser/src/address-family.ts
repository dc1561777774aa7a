/** What routes are of: an Address Family Identifier and a Subsequent one, as IANA numbers them (RFC 4760, Section 5). */
export interface AddressFamily {
  readonly afi: number;
  readonly safi: number;
}

/** AFI of IPv4. */
export const AFI_IPV4 = 1;
/** AFI of IPv6. */
export const AFI_IPV6 = 2;
/** SAFI of routes for unicast. */
export const SAFI_UNICAST = 1;

/** IPv4 or IPv6 for unicast: the families whose routes are read. */
export interface UnicastFamily extends AddressFamily {
  readonly afi: typeof AFI_IPV4 | typeof AFI_IPV6;
  readonly safi: typeof SAFI_UNICAST;
}

/** IPv4 for unicast: what BGP speaks when nobody says otherwise. */
export const IPV4_UNICAST: UnicastFamily = { afi: AFI_IPV4, safi: SAFI_UNICAST };
/** IPv6 for unicast. */
export const IPV6_UNICAST: UnicastFamily = { afi: AFI_IPV6, safi: SAFI_UNICAST };

/** Whether two are the same. */
export function sameFamily(left: AddressFamily, right: AddressFamily): boolean {
  return left.afi === right.afi && left.safi === right.safi;
}

/** Whether `families` holds `family`. */
export function includesFamily(families: readonly AddressFamily[], family: AddressFamily): boolean {
  return families.some((one) => sameFamily(one, family));
}
