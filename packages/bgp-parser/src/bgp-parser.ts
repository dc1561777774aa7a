export { formatAddress, formatIpv4, formatPrefix, type IpAddress, type Prefix, parseAddress, parsePrefix } from './address.ts';
export {
  type AddressFamily,
  AFI_IPV4,
  AFI_IPV6,
  IPV4_UNICAST,
  IPV6_UNICAST,
  includesFamily,
  SAFI_UNICAST,
  sameFamily,
  type UnicastFamily,
} from './address-family.ts';
export { AS_TRANS } from './asn.ts';
export { prettyText } from './cli/pretty-text.ts';
export { type Context, INITIAL_CONTEXT, MAXIMUM_EXTENDED_LENGTH, MAXIMUM_LENGTH } from './context.ts';
export { EncodeError } from './encode-error.ts';
export { CEASE, ERROR_CODE, HEADER_ERROR, OPEN_ERROR, ROUTE_REFRESH_ERROR, UPDATE_ERROR } from './error-code.ts';
export { errorName, errorSubcodeName } from './error-name.ts';
export {
  type AttributeDiscard,
  type Fault,
  type SessionReset,
  sessionReset,
  strongestTreatment,
  type TreatAsWithdraw,
  type Treatment,
} from './fault.ts';
export { Framer } from './framer.ts';
export type { Json, JsonObject } from './json/json-value.ts';
export { decodedToJson, messageFromJson, messageToJson } from './json/message-json.ts';
export { type Decoded, decodeMessage, encodeMessage, type Keepalive, type Message } from './message.ts';
export { type Agreement, negotiate, type RoleAgreement } from './negotiate.ts';
export { ceaseWithText, hardReset, hardResetReason, type Notification, shutdownText } from './notification.ts';
export {
  type AddPathCapability,
  type AddPathFamily,
  type Capability,
  type CapabilityName,
  type CapabilityOf,
  capabilitiesOf,
  type EnhancedRouteRefreshCapability,
  type ExtendedMessageCapability,
  type ExtendedNextHopCapability,
  type ExtendedNextHopFamily,
  type FourOctetAsnCapability,
  type FqdnCapability,
  type GracefulRestartCapability,
  type GracefulRestartFamily,
  type LongLivedFamily,
  type LongLivedGracefulRestartCapability,
  type MultiprotocolCapability,
  type Role,
  type RoleCapability,
  type RouteRefreshCapability,
  type UnknownCapability,
} from './open/capability.ts';
export { asnOf, BGP_VERSION, type Open } from './open/open.ts';
export type { Result } from './result.ts';
export type { RouteRefresh, RouteRefreshSubtype } from './route-refresh.ts';
export type { AsPathSegment } from './update/as-path.ts';
export {
  type Aggregator,
  type AttributeFlags,
  type AttributeName,
  type AttributeValues,
  findAttribute,
  type Origin,
  type PathAttribute,
  type PathAttributeOf,
  type UnknownAttribute,
} from './update/attribute.ts';
export { pathAttribute } from './update/attributes.ts';
export { formatCommunity, parseCommunity, WELL_KNOWN_COMMUNITY } from './update/community.ts';
export {
  type AsSpecificMeaning,
  type ExtendedCommunity,
  type ExtendedCommunityMeaning,
  type ExtendedCommunityName,
  type Ipv4SpecificMeaning,
  type LinkBandwidthMeaning,
  linkBandwidth,
  meaningOf,
} from './update/extended-community.ts';
export { formatLargeCommunity, type LargeCommunity, parseLargeCommunity } from './update/large-community.ts';
export {
  isUnicast,
  type MpReach,
  type MpUnreach,
  type OtherReach,
  type OtherUnreach,
  type UnicastReach,
  type UnicastUnreach,
} from './update/multiprotocol.ts';
export type { Nlri } from './update/nlri.ts';
export { type PackedUpdates, packUpdates, type RouteGroup } from './update/pack-updates.ts';
export { endOfRib, endOfRibOf, type Update } from './update/update.ts';
