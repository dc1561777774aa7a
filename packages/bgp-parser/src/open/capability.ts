import type { AddressFamily } from '../address-family.ts';

/** What the sender is to the receiver, in the trade of routes (RFC 9234, Section 4.1). */
export type Role = 'provider' | 'rs' | 'rs-client' | 'customer' | 'peer';

/** Routes of `afi` and `safi` may have next hops of another family (RFC 8950, Section 4). */
export interface ExtendedNextHopFamily extends AddressFamily {
  readonly nextHopAfi: number;
}

/** Which way routes of a family may carry Path Identifiers, as the sender of the capability sees it (RFC 7911, Section 4). */
export interface AddPathFamily extends AddressFamily {
  readonly mode: 'receive' | 'send' | 'both';
}

/** Whether the routes of a family still forwarded while the sender restarted (RFC 4724, Section 3). */
export interface GracefulRestartFamily extends AddressFamily {
  readonly forwarding: boolean;
}

/** The same, and for how long stale routes are worth keeping (RFC 9494, Section 3.1). */
export interface LongLivedFamily extends GracefulRestartFamily {
  /** At most 16,777,215. */
  readonly staleTimeSeconds: number;
}

/** Routes of one family can be exchanged (RFC 4760, Section 8). */
export interface MultiprotocolCapability extends AddressFamily {
  readonly code: 1;
  readonly name: 'multiprotocol';
}

/** ROUTE-REFRESH is understood (RFC 2918, Section 2). */
export interface RouteRefreshCapability {
  readonly code: 2;
  readonly name: 'route-refresh';
}

/** RFC 8950, Section 4. */
export interface ExtendedNextHopCapability {
  readonly code: 5;
  readonly name: 'extended-next-hop';
  readonly families: readonly ExtendedNextHopFamily[];
}

/** Messages of up to 65,535 octets can be received (RFC 8654, Section 3). */
export interface ExtendedMessageCapability {
  readonly code: 6;
  readonly name: 'extended-message';
}

/** RFC 9234, Section 4.1. A role that nobody has assigned is a number. */
export interface RoleCapability {
  readonly code: 9;
  readonly name: 'role';
  readonly role: Role | number;
}

/** RFC 4724, Section 3. */
export interface GracefulRestartCapability {
  readonly code: 64;
  readonly name: 'graceful-restart';
  /** The R bit: the sender has restarted, so do not wait for its End-of-RIB. */
  readonly restarted: boolean;
  /** The N bit: also a NOTIFICATION keeps the routes, unless it is a Hard Reset (RFC 8538, Section 2). */
  readonly notification: boolean;
  /** At most 4,095. */
  readonly restartTimeSeconds: number;
  readonly families: readonly GracefulRestartFamily[];
}

/** AS numbers of four octets, and the sender's own (RFC 6793, Section 3). */
export interface FourOctetAsnCapability {
  readonly code: 65;
  readonly name: 'four-octet-asn';
  readonly asn: number;
}

/** RFC 7911, Section 4. */
export interface AddPathCapability {
  readonly code: 69;
  readonly name: 'add-path';
  readonly families: readonly AddPathFamily[];
}

/** The beginning and the end of routes sent again are marked (RFC 7313, Section 3.1). */
export interface EnhancedRouteRefreshCapability {
  readonly code: 70;
  readonly name: 'enhanced-route-refresh';
}

/** RFC 9494, Section 3.1. */
export interface LongLivedGracefulRestartCapability {
  readonly code: 71;
  readonly name: 'long-lived-graceful-restart';
  readonly families: readonly LongLivedFamily[];
}

/** The names of the sender, for people (draft-walton-bgp-hostname-capability). */
export interface FqdnCapability {
  readonly code: 73;
  readonly name: 'fqdn';
  readonly hostname: string;
  readonly domain: string;
}

/** A capability that is not read: unknown, or not understood as its RFC demands. Encoded as it came. */
export interface UnknownCapability {
  readonly code: number;
  readonly name: 'unknown';
  readonly value: Uint8Array;
}

/** Something that the sender of an OPEN can do (RFC 5492, Section 4); `name` tells them apart. */
export type Capability =
  | MultiprotocolCapability
  | RouteRefreshCapability
  | ExtendedNextHopCapability
  | ExtendedMessageCapability
  | RoleCapability
  | GracefulRestartCapability
  | FourOctetAsnCapability
  | AddPathCapability
  | EnhancedRouteRefreshCapability
  | LongLivedGracefulRestartCapability
  | FqdnCapability
  | UnknownCapability;

/** Name of a capability that is read. */
export type CapabilityName = Exclude<Capability['name'], 'unknown'>;

/** The capability of one name. */
export type CapabilityOf<Name extends CapabilityName> = Extract<Capability, { readonly name: Name }>;

/** All capabilities of one name, in the order of the message. */
export function capabilitiesOf<Name extends CapabilityName>(
  capabilities: readonly Capability[],
  name: Name,
): readonly CapabilityOf<Name>[] {
  return capabilities.filter((capability): capability is CapabilityOf<Name> => capability.name === name);
}
