import type { Family } from '../lib/ip.ts';
import type { PlannedPeer } from './planned-peer.ts';
import type { PlannedRoute } from './planned-route.ts';

/** The routes that a node announces for one Service. */
export interface ServiceRoutes {
  /** `namespace/name` of the Service. */
  readonly service: string;
  readonly routes: readonly PlannedRoute[];
}

/** What the main thread asks of the thread that owns the wire, as far as BGP goes; plain data. */
export type BgpChange =
  /** All routes of a Service; none takes back what was there. */
  | ({ readonly kind: 'route' } & ServiceRoutes)
  /** All peers: sessions with others end, and one whose peer is the same goes on. */
  | { readonly kind: 'peers'; readonly peers: readonly PlannedPeer[] }
  /** Whether routers are to prefer others, for all routes (RFC 8326). It stands until it is said otherwise. */
  | { readonly kind: 'drain'; readonly draining: boolean }
  /** Everything: what is not in it is taken back, but a `drain` stands. No session starts before this has come. */
  | { readonly kind: 'replace-bgp'; readonly routes: readonly ServiceRoutes[]; readonly peers: readonly PlannedPeer[] };

/** How one BGP session is, and what went over it since the thread started. */
export interface SessionReport {
  /** Of the BGPPeer. */
  readonly peer: string;
  /** `address:port`, as the metrics have it. */
  readonly address: string;
  readonly vrf: string | undefined;
  /** A name of RFC 4271, Section 8.2.2, in lower case. */
  readonly state: 'idle' | 'connect' | 'active' | 'open-sent' | 'open-confirm' | 'established';
  /** Since when it is established, or has not been: milliseconds since 1970. */
  readonly since: number;
  /** Why the last session or attempt ended; empty while there is nothing to say. */
  readonly lastError: string;
  /** How often it was established and ended. */
  readonly flaps: number;
  readonly notificationSent: NotificationNote | undefined;
  readonly notificationReceived: NotificationNote | undefined;
  /** What the two sides agreed on when it came up last; `undefined` before that. */
  readonly agreed: AgreedTerms | undefined;
  /** Routes that the peer was told of. */
  readonly announced: number;
  /** The same by family. */
  readonly prefixes: Readonly<Record<Family, number>>;
  /** Routes that the peer is to have. */
  readonly wanted: number;
  readonly sent: MessageCounts;
  readonly received: MessageCounts;
}

/** The last NOTIFICATION in a direction. */
export interface NotificationNote {
  /** As routers print it: `Cease/Administrative Shutdown`. */
  readonly name: string;
  readonly code: number;
  readonly subcode: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What two OPENs agreed on, for people. */
export interface AgreedTerms {
  readonly peerAsn: number;
  /** 0 for a session that never expires. */
  readonly holdTimeSeconds: number;
  /** `ipv4-unicast`, `ipv6-unicast`, then the names of capabilities. */
  readonly capabilities: readonly string[];
}

/** Messages of BGP by type. */
export type MessageCounts = Readonly<Record<'open' | 'update' | 'notification' | 'keepalive' | 'route-refresh', number>>;
