import { formatAddress, formatPrefix } from '../../lib/ip.ts';
import { compareTexts } from '../../lib/order.ts';
import type { SessionReport } from '../../model/bgp-plan.ts';
import type { Announcement } from '../../model/plan.ts';
import type { PlannedRoute } from '../../model/planned-route.ts';
import type { ServiceStatus, SessionStatus, SpeakerStatus } from '../../model/speaker-status.ts';
import type { RoutePlan } from './saved-plan.ts';

/** What there is to tell. */
export interface SpeakerFacts {
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly resumed: boolean;
  readonly sessions: readonly SessionReport[];
  readonly gaps: ReadonlyMap<string, string>;
  readonly announcements: readonly Announcement[];
  /** Services that are not announced on the segment by this node, and why. */
  readonly layer2Reasons: ReadonlyMap<string, string>;
  /** `undefined` before everything was decided on. */
  readonly plan: RoutePlan | undefined;
  readonly bgpReasons: ReadonlyMap<string, string>;
}

/** What a person can read, and what keeps a status below a megabyte. */
const MOST_SERVICES = 2_000;
const MOST_ROUTES = 1_000;
/** Of one Service: it has one for each address and length of aggregate. */
const MOST_ROUTES_OF_SERVICE = 16;

/** Puts together what a speaker tells of itself; Services and sessions by name. */
export function speakerStatus(facts: SpeakerFacts): SpeakerStatus {
  const { node, at, resumed, sessions, gaps, announcements, layer2Reasons, plan, bgpReasons } = facts;
  const routes = new Map(plan?.routes.map((each) => [each.service, each.routes]));
  const layer2 = new Map(announcements.map((each) => [each.service, each.addresses.map(formatAddress)]));
  const names = [...new Set([...layer2.keys(), ...routes.keys(), ...layer2Reasons.keys(), ...bgpReasons.keys()])].sort(compareTexts);
  const serviceOf = (service: string): ServiceStatus => ({
    service,
    layer2: layer2.get(service) ?? [],
    ...reason('layer2Reason', layer2Reasons.get(service)),
    routes: (routes.get(service) ?? []).slice(0, MOST_ROUTES_OF_SERVICE).map(({ prefix }) => formatPrefix(prefix)),
    ...reason('bgpReason', bgpReasons.get(service)),
  });
  const all = [...routes.values()].flat();
  return {
    form: 1,
    node,
    time: new Date(at).toISOString(),
    resumed,
    sessions: sessions.map((session) => sessionOf(session, all)).sort((left, right) => compareTexts(left.peer, right.peer)),
    gaps: Array.from(gaps, ([peer, sentence]) => ({ peer, reason: sentence })),
    services: names.slice(0, MOST_SERVICES).map(serviceOf),
    omittedServices: Math.max(0, names.length - MOST_SERVICES),
  };
}

function sessionOf(session: SessionReport, routes: readonly PlannedRoute[]): SessionStatus {
  const prefixes = new Set<string>();
  for (const { prefix, peers } of routes) {
    if (prefixes.size === MOST_ROUTES) break;
    if (peers.length === 0 || peers.includes(session.peer)) prefixes.add(formatPrefix(prefix));
  }
  return { ...session, since: new Date(session.since).toISOString(), routes: [...prefixes] };
}

function reason<Name extends string>(name: Name, text: string | undefined): Partial<Record<Name, string>> {
  return text === undefined ? {} : ({ [name]: text } as Record<Name, string>);
}
