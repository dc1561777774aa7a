/** Error codes of NOTIFICATION (RFC 4271, Section 4.5; 7 by RFC 7313, Section 5; 8 by RFC 9687). */
export const ERROR_CODE = {
  messageHeader: 1,
  open: 2,
  update: 3,
  holdTimerExpired: 4,
  finiteStateMachine: 5,
  cease: 6,
  routeRefresh: 7,
  sendHoldTimerExpired: 8,
} as const;

/** Subcodes of a Message Header Error (RFC 4271, Section 6.1). */
export const HEADER_ERROR = { connectionNotSynchronized: 1, badMessageLength: 2, badMessageType: 3 } as const;

/** Subcodes of an OPEN Message Error (RFC 4271, Section 6.2; RFC 5492, Section 5; RFC 9234, Section 4.2). */
export const OPEN_ERROR = {
  unspecific: 0,
  unsupportedVersionNumber: 1,
  badPeerAs: 2,
  badBgpIdentifier: 3,
  unsupportedOptionalParameter: 4,
  unacceptableHoldTime: 6,
  unsupportedCapability: 7,
  roleMismatch: 11,
} as const;

/** Subcodes of an UPDATE Message Error (RFC 4271, Section 6.3). */
export const UPDATE_ERROR = {
  malformedAttributeList: 1,
  unrecognizedWellKnownAttribute: 2,
  missingWellKnownAttribute: 3,
  attributeFlagsError: 4,
  attributeLengthError: 5,
  invalidOriginAttribute: 6,
  invalidNextHopAttribute: 8,
  optionalAttributeError: 9,
  invalidNetworkField: 10,
  malformedAsPath: 11,
} as const;

/** Subcodes of a Cease (RFC 4486, Section 4; 9 by RFC 8538, Section 3.1; 10 by RFC 9384). */
export const CEASE = {
  maximumPrefixesReached: 1,
  administrativeShutdown: 2,
  peerDeconfigured: 3,
  administrativeReset: 4,
  connectionRejected: 5,
  otherConfigurationChange: 6,
  connectionCollisionResolution: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const;

/** Subcodes of a ROUTE-REFRESH Message Error (RFC 7313, Section 5). */
export const ROUTE_REFRESH_ERROR = { invalidMessageLength: 1 } as const;
