import { WELL_KNOWN_COMMUNITY } from '@typemetal/bgp-parser';
import { formatPrefix, type Prefix } from '../../../lib/ip.ts';
import type { CommunityValue } from '../../../model/community.ts';
import type { PlannedRoute } from '../../../model/planned-route.ts';
import type { RouteWeight } from '../../../model/route-weight.ts';

/** A route as one peer is to have it. */
export interface Route {
  readonly prefix: Prefix;
  /** `undefined` for the default. */
  readonly localPreference: number | undefined;
  /** Sorted, none of them twice. */
  readonly communities: readonly CommunityValue[];
  /** Of the Services together; `undefined` where none of them is weighed. */
  readonly weight: RouteWeight | undefined;
}

/** What a node asks for that is about to leave: within its AS by a preference, beyond by a community (RFC 8326, Section 4). */
const LEAST_PREFERENCE = 0;
const GRACEFUL_SHUTDOWN: CommunityValue = { kind: 'standard', value: WELL_KNOWN_COMMUNITY.gracefulShutdown };

/** Text of a prefix; what routes are found by. */
export type RouteKey = string;

/**
 * All routes that this node announces, by prefix and by the Service that they are for. Several Services may want the
 * same route, because they share an address or an aggregate covers them: it is announced once, with all their
 * communities, and goes with the last of them.
 */
export class RouteTable {
  readonly #byService = new Map<string, readonly PlannedRoute[]>();
  #draining: boolean = false;
  readonly #byKey = new Map<RouteKey, Map<string, readonly PlannedRoute[]>>();

  /** Sets whether others are to be preferred to this node (RFC 8326, Section 4); gives the keys of all routes if that is new. */
  drain(draining: boolean): Iterable<RouteKey> {
    if (draining === this.#draining) return [];
    this.#draining = draining;
    return this.#byKey.keys();
  }

  /** Sets all routes of a Service, none to take them back; gives the keys of those that may have changed for somebody. */
  set(service: string, routes: readonly PlannedRoute[]): ReadonlySet<RouteKey> {
    const changed = new Set<RouteKey>();
    for (const { prefix } of this.#byService.get(service) ?? []) {
      const key = formatPrefix(prefix);
      changed.add(key);
      this.#remove(key, service);
    }
    for (const [key, same] of Map.groupBy(routes, ({ prefix }) => formatPrefix(prefix))) {
      changed.add(key);
      const services = this.#byKey.get(key) ?? new Map<string, readonly PlannedRoute[]>();
      this.#byKey.set(key, services.set(service, same));
    }
    if (routes.length === 0) this.#byService.delete(service);
    else this.#byService.set(service, routes);
    return changed;
  }

  /** The Services that have routes. */
  services(): IterableIterator<string> {
    return this.#byService.keys();
  }

  /** The keys of all routes. */
  keys(): IterableIterator<RouteKey> {
    return this.#byKey.keys();
  }

  /** The route as a peer is to have it; `undefined` when it is to have none. */
  routeFor(peer: string, key: RouteKey): Route | undefined {
    const ofPeer = ({ peers }: PlannedRoute): boolean => peers.length === 0 || peers.includes(peer);
    const byService = Array.from(this.#byKey.get(key)?.values() ?? [], (routes) => routes.filter(ofPeer));
    const wanted = byService.flat();
    const [first] = wanted;
    if (first === undefined) return undefined;
    const communities = wanted.flatMap((route) => route.communities);
    return {
      prefix: first.prefix,
      localPreference: this.#draining ? LEAST_PREFERENCE : strongestPreference(wanted),
      communities: sorted(this.#draining ? [...communities, GRACEFUL_SHUTDOWN] : communities),
      weight: wanted.some(({ weight }) => weight !== undefined) ? sumOf(byService) : undefined,
    };
  }

  #remove(key: RouteKey, service: string): void {
    const services = this.#byKey.get(key);
    services?.delete(service);
    if (services?.size === 0) this.#byKey.delete(key);
  }
}

/** Only Services of different advertisements can disagree; the strongest wish is the same whatever their order is. */
function strongestPreference(routes: readonly PlannedRoute[]): number | undefined {
  const preferences = routes.map(({ localPreference }) => localPreference).filter((value) => value !== undefined);
  return preferences.length === 0 ? undefined : Math.max(...preferences);
}

/** None of them twice. */
function sorted(communities: readonly CommunityValue[]): readonly CommunityValue[] {
  if (communities.length < 2) return communities; // as nearly always, ten thousand times at the start of a session
  const byText = new Map(communities.map((community) => [sortable(community), community]));
  return [...byText].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, community]) => community);
}

/** Services that share a route have their endpoints behind it together; those of one Service count once, however often it is announced. */
function sumOf(byService: readonly (readonly PlannedRoute[])[]): RouteWeight {
  const weights = byService.map((routes) => routes.map(({ weight }) => weight).filter((weight) => weight !== undefined));
  const endpoints = weights.reduce((sum, own) => sum + Math.max(0, ...own.map((weight) => weight.endpoints)), 0);
  return { endpoints, transitive: weights.flat().some(({ transitive }) => transitive) };
}

/** A text that sorts as the numbers do. */
function sortable(community: CommunityValue): string {
  const numbers = numbersOf(community).map((number) => number.toString(16).padStart(12, '0'));
  return [community.kind, ...numbers].join(':');
}

function numbersOf(community: CommunityValue): readonly number[] {
  switch (community.kind) {
    case 'standard':
      return [community.value];
    case 'extended':
      return [community.type, community.subtype, community.value];
    case 'large':
      return [community.globalAdministrator, community.localData1, community.localData2];
  }
}
