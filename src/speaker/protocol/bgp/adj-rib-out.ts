import {
  type AddressFamily,
  type Agreement,
  encodeMessage,
  endOfRib,
  IPV4_UNICAST,
  IPV6_UNICAST,
  includesFamily,
  type PathAttribute,
  packUpdates,
  type RouteGroup,
  type RouteRefreshSubtype,
  sameFamily,
} from '@typemetal/bgp-parser';
import { type Family, formatPrefix, type IpAddress, type Prefix } from '../../../lib/ip.ts';
import { pathAttributesOf } from './path-attributes.ts';
import type { Route, RouteKey, RouteTable } from './route-table.ts';

/** A session that routes can be sent over. */
export interface OutboundSession {
  readonly agreement: Agreement;
  /** The AS that we show to the peer. */
  readonly localAsn: number;
  /** Our addresses as the peer is to reach us, by the family of the routes; a family without one is not announced. */
  readonly nextHops: Readonly<Partial<Record<Family, readonly IpAddress[]>>>;
}

/** What the peer was told of a route: enough to take it back, and to see whether it changed. */
interface Sent {
  readonly prefix: Prefix;
  readonly attributes: string;
}

/** What has to be said: routes by what they have in common, and those that are no more. */
interface Difference {
  readonly groups: Map<string, RouteGroup & { readonly nlri: Prefix[] }>;
  readonly withdrawals: Prefix[];
}

const FAMILIES: Readonly<Record<Family, AddressFamily>> = { IPv4: IPV4_UNICAST, IPv6: IPV6_UNICAST };
const NO_MESSAGES: readonly Uint8Array[] = [];

/**
 * What one peer is to have, and what it has been told (RFC 4271, Section 3.2, Adj-RIB-Out). It gives the messages that
 * lead from the one to the other, as few as there can be, and whoever drives it sends all of them in their order.
 */
export class AdjRibOut {
  readonly #peer: string;
  readonly #table: RouteTable;
  readonly #wanted = new Set<RouteKey>();
  readonly #sent = new Map<RouteKey, Sent>();
  #session: OutboundSession | undefined;
  #tooLong = 0;

  constructor(peer: string, table: RouteTable) {
    this.#peer = peer;
    this.#table = table;
    this.changed(table.keys());
  }

  /** How many routes the peer was told of. */
  get announced(): number {
    return this.#sent.size;
  }

  /** The same by family. */
  announcedByFamily(): Readonly<Record<Family, number>> {
    let ipv4 = 0;
    for (const { prefix } of this.#sent.values()) if (prefix.address.family === 'IPv4') ipv4++;
    return { IPv4: ipv4, IPv6: this.#sent.size - ipv4 };
  }

  /** How many routes the peer is to have; more than were announced when its session lacks a family, or is not up. */
  get wanted(): number {
    return this.#wanted.size;
  }

  /** How many times, since the session came up, routes had more communities than a message of the session holds. */
  get tooLong(): number {
    return this.#tooLong;
  }

  /** A session came up: all routes, and for each family the mark that these are all (RFC 4724, Section 2). */
  open(session: OutboundSession): readonly Uint8Array[] {
    this.close();
    this.#session = session;
    const marks = session.agreement.families.map((family) => encodeMessage(endOfRib(family), session.agreement));
    return [...this.changed(this.#table.keys()), ...marks];
  }

  /** The session is over: the peer has nothing any more. */
  close(): void {
    this.#session = undefined;
    this.#sent.clear();
    this.#tooLong = 0;
  }

  /** What has to be said about routes that may have changed; nothing while there is no session. */
  changed(keys: Iterable<RouteKey>): readonly Uint8Array[] {
    const session = this.#session;
    const difference: Difference = { groups: new Map(), withdrawals: [] };
    for (const key of keys) {
      const route = this.#table.routeFor(this.#peer, key);
      if (route === undefined) this.#wanted.delete(key);
      else this.#wanted.add(key);
      if (session !== undefined) this.#compare(key, route, session, difference);
    }
    if (session === undefined) return NO_MESSAGES;
    const { messages, tooLong } = packUpdates([...difference.groups.values()], difference.withdrawals, session.agreement);
    if (tooLong.length === 0) return messages;
    this.#tooLong += tooLong.length;
    return [
      ...messages,
      ...this.#takeBack(
        tooLong.flatMap(({ nlri }) => nlri),
        session,
      ),
    ];
  }

  /** The peer asks for all routes of a family again; between marks where it understands them (RFC 7313, Section 4). */
  refresh(family: AddressFamily): readonly Uint8Array[] {
    const session = this.#session;
    if (session === undefined || !includesFamily(session.agreement.families, family)) return NO_MESSAGES;
    const keys = [...this.#sent].filter(([, { prefix }]) => sameFamily(FAMILIES[prefix.address.family], family)).map(([key]) => key);
    for (const key of keys) this.#sent.delete(key);
    const routes = this.changed(keys);
    if (!session.agreement.enhancedRouteRefresh) return routes;
    const mark = (subtype: RouteRefreshSubtype): Uint8Array =>
      encodeMessage({ type: 'route-refresh', ...family, subtype, data: new Uint8Array() }, session.agreement);
    return [mark('begin'), ...routes, mark('end')];
  }

  /** What cannot be announced as it is must not stay as it was (RFC 4271, Section 9.2). */
  #takeBack(prefixes: readonly Prefix[], { agreement }: OutboundSession): readonly Uint8Array[] {
    for (const prefix of prefixes) this.#sent.delete(formatPrefix(prefix));
    return packUpdates([], prefixes, agreement).messages;
  }

  /** Puts the difference for one route where it belongs, and notes it as said. */
  #compare(key: RouteKey, route: Route | undefined, session: OutboundSession, { groups, withdrawals }: Difference): void {
    const before = this.#sent.get(key);
    const nextHops = route === undefined ? undefined : nextHopsFor(route, session);
    if (route === undefined || nextHops === undefined) {
      if (before !== undefined) withdrawals.push(before.prefix);
      this.#sent.delete(key);
      return;
    }
    const { internal } = session.agreement;
    const attributes = pathAttributesOf(route, { internal, localAsn: session.localAsn });
    const text = textOf(attributes, route.prefix.address.family);
    if (before?.attributes === text) return;
    this.#sent.set(key, { prefix: route.prefix, attributes: text });
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { attributes, nextHops, nlri: [route.prefix] });
    else group.nlri.push(route.prefix);
  }
}

/** Where the route leads to; `undefined` when the session cannot carry it. */
function nextHopsFor({ prefix }: Route, { agreement, nextHops }: OutboundSession): readonly IpAddress[] | undefined {
  const { family } = prefix.address;
  if (!includesFamily(agreement.families, FAMILIES[family])) return undefined;
  const hops = nextHops[family];
  const foreign = hops?.[0]?.family !== family;
  return foreign && !includesFamily(agreement.extendedNextHop, FAMILIES[family]) ? undefined : hops;
}

/** Routes with the same text are announced together: the next hops depend on the family alone. */
function textOf(attributes: readonly PathAttribute[], family: Family): string {
  return JSON.stringify([family, attributes.map(({ code, value }) => [code, value])]);
}
