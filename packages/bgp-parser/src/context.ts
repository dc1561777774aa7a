import type { AddressFamily } from './address-family.ts';

/** Octets of the longest message where nothing else was agreed (RFC 4271, Section 4.1). */
export const MAXIMUM_LENGTH = 4096;
/** Octets of the longest message between two that both understand longer ones (RFC 8654, Section 3). */
export const MAXIMUM_EXTENDED_LENGTH = 65_535;

/** What must be known of a session to read its messages and to write them; two OPENs decide it. */
export interface Context {
  /** AS numbers have four octets wherever they stand (RFC 6793, Section 4.1). */
  readonly fourOctetAsn: boolean;
  /** Octets of the longest message that may come: 4,096 or 65,535. OPEN and KEEPALIVE stay at 4,096. */
  readonly maximumReceivedLength: number;
  /** Octets of the longest message that may be sent. */
  readonly maximumSentLength: number;
  /** Families whose routes come with a Path Identifier (RFC 7911, Section 4). */
  readonly addPathReceived: readonly AddressFamily[];
  /** Families whose routes are sent with a Path Identifier. */
  readonly addPathSent: readonly AddressFamily[];
  /** Families for which a next hop of IPv6 may stand before routes of IPv4 (RFC 8950, Section 4). */
  readonly extendedNextHop: readonly AddressFamily[];
  /** Whether the two ends are of one AS; undefined when that is not known, and then no rule that depends on it is applied. */
  readonly internal: boolean | undefined;
}

/** Before anything is agreed, and for what is read without knowing who said it: two-octet AS numbers, 4,096 octets, no add-path. */
export const INITIAL_CONTEXT: Context = {
  fourOctetAsn: false,
  maximumReceivedLength: MAXIMUM_LENGTH,
  maximumSentLength: MAXIMUM_LENGTH,
  addPathReceived: [],
  addPathSent: [],
  extendedNextHop: [],
  internal: undefined,
};
