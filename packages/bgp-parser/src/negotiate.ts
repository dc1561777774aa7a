import { type AddressFamily, AFI_IPV6, IPV4_UNICAST, includesFamily, sameFamily } from './address-family.ts';
import { type Context, MAXIMUM_EXTENDED_LENGTH, MAXIMUM_LENGTH } from './context.ts';
import type {
  AddPathFamily,
  CapabilityName,
  ExtendedNextHopFamily,
  GracefulRestartCapability,
  LongLivedFamily,
  Role,
} from './open/capability.ts';
import { capabilitiesOf } from './open/capability.ts';
import { asnOf, type Open } from './open/open.ts';

/** How the roles of the two ends go together (RFC 9234, Section 4.2). */
export type RoleAgreement = 'agreed' | 'unknown' | 'mismatch';

/** All that two OPENs agree on. */
export interface Agreement extends Context {
  /**
   * Whether the two are of one AS. OPENs do not tell a member of the own confederation from a stranger: towards one, put
   * undefined in its place (RFC 5065, Section 5).
   */
  readonly internal: boolean;
  /** The number of the other side's AS. */
  readonly peerAsn: number;
  /** The smaller of the two; 0 for a session without (RFC 4271, Section 4.2). */
  readonly holdTimeSeconds: number;
  /** Families that both can exchange; IPv4 for unicast where a side names none (RFC 4760, Section 8). */
  readonly families: readonly AddressFamily[];
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  /** `mismatch` ends the session with OPEN Message Error, Role Mismatch; `unknown` where a side has no role. */
  readonly roles: RoleAgreement;
  /** What the other side says of its restart; undefined unless both sides have the capability. */
  readonly gracefulRestart: GracefulRestartCapability | undefined;
  /** Whether a NOTIFICATION that is no Hard Reset keeps the routes, on both sides (RFC 8538, Section 2). */
  readonly notificationRestart: boolean;
  /** Of the other side, where both have the capability, and graceful restart with it (RFC 9494, Section 4.1). */
  readonly longLivedFamilies: readonly LongLivedFamily[];
}

/** What each role has to find on the other side. */
const COUNTERPARTS: Readonly<Record<Role, Role>> = {
  provider: 'customer',
  customer: 'provider',
  rs: 'rs-client',
  'rs-client': 'rs',
  peer: 'peer',
};

/** What follows from our OPEN and theirs, seen from our side. */
export function negotiate(ours: Open, theirs: Open): Agreement {
  const both = (name: CapabilityName): boolean => has(ours, name) && has(theirs, name);
  const gracefulRestart = both('graceful-restart') ? capabilitiesOf(theirs.capabilities, 'graceful-restart').at(-1) : undefined;
  const keepsOurs = capabilitiesOf(ours.capabilities, 'graceful-restart').at(-1)?.notification === true;
  const families = commonFamilies(ours, theirs);
  return {
    fourOctetAsn: both('four-octet-asn'),
    maximumReceivedLength: has(ours, 'extended-message') ? MAXIMUM_EXTENDED_LENGTH : MAXIMUM_LENGTH,
    maximumSentLength: has(theirs, 'extended-message') ? MAXIMUM_EXTENDED_LENGTH : MAXIMUM_LENGTH,
    addPathReceived: addPathFamilies(theirs, ours),
    addPathSent: addPathFamilies(ours, theirs),
    extendedNextHop: commonNextHops(ours, theirs),
    internal: asnOf(ours) === asnOf(theirs),
    peerAsn: asnOf(theirs),
    holdTimeSeconds: Math.min(ours.holdTime, theirs.holdTime),
    families,
    routeRefresh: both('route-refresh'),
    enhancedRouteRefresh: both('enhanced-route-refresh'),
    roles: agreeOnRoles(rolesOf(ours), rolesOf(theirs)),
    gracefulRestart,
    notificationRestart: gracefulRestart?.notification === true && keepsOurs,
    longLivedFamilies: both('long-lived-graceful-restart') && gracefulRestart !== undefined ? longLivedFamilies(theirs) : [],
  };
}

function has({ capabilities }: Open, name: CapabilityName): boolean {
  return capabilities.some((capability) => capability.name === name);
}

/** A side that names no family speaks IPv4 for unicast. */
function familiesOf({ capabilities }: Open): readonly AddressFamily[] {
  const named = capabilitiesOf(capabilities, 'multiprotocol').map(({ afi, safi }) => ({ afi, safi }));
  return named.length === 0 ? [IPV4_UNICAST] : named;
}

function commonFamilies(ours: Open, theirs: Open): readonly AddressFamily[] {
  const named = familiesOf(theirs);
  return familiesOf(ours).filter(
    (family, index, all) => includesFamily(named, family) && all.findIndex((one) => sameFamily(one, family)) === index,
  );
}

/** Families in which `sender` wants to send Path Identifiers and `receiver` wants to receive them (RFC 7911, Section 4). */
function addPathFamilies(sender: Open, receiver: Open): readonly AddressFamily[] {
  const received = addPathOf(receiver);
  return [...addPathOf(sender)]
    .filter(([key, { mode }]) => mode !== 'receive' && (received.get(key)?.mode ?? 'send') !== 'send')
    .map(([, { afi, safi }]) => ({ afi, safi }));
}

/** By family: of several entries for one the last counts, and a peer can send a thousand. */
function addPathOf({ capabilities }: Open): ReadonlyMap<number, AddPathFamily> {
  const all = capabilitiesOf(capabilities, 'add-path').flatMap(({ families }) => families);
  return new Map(all.map((family) => [family.afi * 0x100 + family.safi, family]));
}

/** Families for which both understand a next hop of IPv6. */
function commonNextHops(ours: Open, theirs: Open): readonly AddressFamily[] {
  const named = ipv6NextHops(theirs);
  return ipv6NextHops(ours).filter((family) => includesFamily(named, family));
}

function ipv6NextHops({ capabilities }: Open): readonly AddressFamily[] {
  return capabilitiesOf(capabilities, 'extended-next-hop')
    .flatMap(({ families }): readonly ExtendedNextHopFamily[] => families)
    .filter(({ nextHopAfi }) => nextHopAfi === AFI_IPV6)
    .map(({ afi, safi }) => ({ afi, safi }));
}

function longLivedFamilies({ capabilities }: Open): readonly LongLivedFamily[] {
  return capabilitiesOf(capabilities, 'long-lived-graceful-restart').at(-1)?.families ?? [];
}

function rolesOf({ capabilities }: Open): readonly (Role | number)[] {
  return [...new Set(capabilitiesOf(capabilities, 'role').map(({ role }) => role))];
}

/** A side that has two different roles agrees with nobody (RFC 9234, Section 4.2). */
function agreeOnRoles(ours: readonly (Role | number)[], theirs: readonly (Role | number)[]): RoleAgreement {
  if (ours.length === 0 || theirs.length === 0) return 'unknown';
  const [our] = ours;
  const [their] = theirs;
  if (ours.length > 1 || theirs.length > 1 || typeof our !== 'string') return 'mismatch';
  return COUNTERPARTS[our] === their ? 'agreed' : 'mismatch';
}
