import { formatAddress, formatPrefix, type IpAddress, type Prefix, parseAddress, parsePrefix } from '../../src/lib/ip.ts';
import type { PlannedPeer } from '../../src/model/planned-peer.ts';
import type { PlannedRoute } from '../../src/model/planned-route.ts';
import { seededRandom } from './random.ts';
import { communityText, type RouteSays, textOf } from './route-text.ts';
import type { RouterSession } from './router-session.ts';
import { NO_SABOTAGE, type Sabotage } from './sabotage.ts';
import { SimulatedRouter } from './simulated-router.ts';
import { SimulatedSpeaker } from './simulated-speaker.ts';
import { SimulatedTcp } from './simulated-tcp.ts';
import { Timeline } from './timeline.ts';

/** Promises of the product settle between two slices of time. */
const SLICE_MICROS = 20_000;
const TURNS = 6;
const CHECK_MICROS = 500_000;
/** How long a plan that was changed may still be what a router is told. */
const REMEMBERED_MICROS = 300_000_000;

/** Of RFC 8326: 65535:0. */
const GRACEFUL_SHUTDOWN = communityText({ kind: 'standard', value: 0xffff_0000 });
const CLUSTER_AS = 64_512;
const ROUTER_ASNS = [64_600, 4_200_000_001, CLUSTER_AS];

/** A rule that was broken, and when. */
export interface Violation {
  readonly seconds: number;
  readonly what: string;
}

/** What a node was to announce from one moment on, by peer. */
interface Version {
  readonly from: number;
  readonly wanted: ReadonlyMap<SimulatedRouter, ReadonlyMap<string, string>>;
}

/** Speakers and routers on one virtual clock and a network that a seed decides, and the rules that must hold in it. */
export class RoutingWorld {
  readonly timeline: Timeline = new Timeline();
  readonly random: () => number;
  readonly tcp: SimulatedTcp;
  readonly routers: readonly SimulatedRouter[];
  readonly speakers: readonly SimulatedSpeaker[];
  readonly violations: Violation[] = [];
  readonly #versions = new Map<SimulatedSpeaker, Version[]>();

  constructor(seed: number, sabotage: Sabotage = NO_SABOTAGE) {
    this.random = seededRandom(seed);
    this.tcp = new SimulatedTcp(this.timeline, this.random);
    this.routers = ROUTER_ASNS.map((asn, index) => {
      const host = this.tcp.addHost(address(`198.51.100.${index + 1}`));
      return new SimulatedRouter(`router-${index + 1}`, host, asn, this.#routerWorld());
    });
    const violated = (what: string): void => this.violated(what);
    this.speakers = [11, 12].map((number) => {
      const host = this.tcp.addHost(address(`198.51.100.${number}`), [address(`2001:db8:51::${number}`)]);
      return new SimulatedSpeaker(`node-${number}`, host, { tcp: this.tcp, sabotage, violated });
    });
    for (const speaker of this.speakers) speaker.setPeers(this.routers.map((router) => this.peerOf(router)));
  }

  /** A number below `most`. */
  below(most: number): number {
    return Math.floor(this.random() * most);
  }

  /** One of several. */
  oneOf<Thing>(things: readonly Thing[]): Thing {
    const thing = things[this.below(things.length)];
    if (thing === undefined) throw new Error('there is nothing to choose from');
    return thing;
  }

  /** A peer for a router, with whims that the seed decides. */
  peerOf(router: SimulatedRouter): PlannedPeer {
    const holdTimeSeconds = this.oneOf([3, 9, 30, 90]);
    return {
      name: router.name,
      address: router.host.address,
      port: 179,
      sourceAddress: undefined,
      vrf: undefined,
      password: undefined,
      localAsn: CLUSTER_AS,
      remoteAs:
        this.random() < 0.5 ? { kind: 'number', asn: router.asn as never } : { kind: router.asn === CLUSTER_AS ? 'internal' : 'external' },
      routerId: undefined,
      holdTimeSeconds,
      keepaliveSeconds: this.random() < 0.5 ? undefined : Math.max(1, holdTimeSeconds / 10),
      connectTimeSeconds: this.random() < 0.5 ? undefined : this.oneOf([1, 10]),
      families: this.oneOf([['IPv4', 'IPv6'], ['IPv4', 'IPv6'], ['IPv4']]),
      gracefulRestart: this.random() < 0.5,
    };
  }

  /** Lets `seconds` pass, or less when a rule is broken. */
  async run(seconds: number): Promise<void> {
    const end = this.timeline.now + seconds * 1_000_000;
    while (this.timeline.now < end && this.violations.length === 0) {
      this.timeline.runUntil(Math.min(end, this.timeline.now + SLICE_MICROS));
      for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
      if (this.timeline.now % CHECK_MICROS === 0) for (const { process, host } of this.speakers) process?.attempts.check(host.stalled);
    }
  }

  violated(what: string): void {
    this.violations.push({ seconds: this.timeline.now / 1_000_000, what });
  }

  /** Says that what a speaker is to announce has changed. */
  planned(speaker: SimulatedSpeaker): void {
    const wanted = new Map(this.routers.map((router) => [router, wantedBy(speaker, router)]));
    const { now } = this.timeline;
    const old = (this.#versions.get(speaker) ?? []).filter((_, index, all) => (all[index + 1]?.from ?? now) > now - REMEMBERED_MICROS);
    this.#versions.set(speaker, [...old, { from: now, wanted }]);
  }

  /** What a router should have of a speaker and has not, or has and should not; `patient` lets pauses between attempts pass. */
  check(patient: boolean): void {
    for (const speaker of this.speakers) for (const router of this.routers) this.#checkPair(speaker, router, patient);
  }

  #checkPair(speaker: SimulatedSpeaker, router: SimulatedRouter, patient: boolean): void {
    const session = router.sessions.get(speaker.host);
    const isPeer = speaker.peers.some(({ name }) => name === router.name);
    if (!isPeer) this.#checkStranger(speaker, router, patient);
    else if (session?.established === true) this.#checkSession(speaker, router, session);
    else {
      const pauses = speaker.process?.attempts.pauses(formatAddress(router.host.address)) === true;
      if (!(patient && pauses)) this.violated(`${speaker.name} and ${router.name} have no session`);
    }
  }

  /** Routes may be kept for a while where that was agreed. */
  #checkStranger(speaker: SimulatedSpeaker, router: SimulatedRouter, patient: boolean): void {
    if (patient) return;
    if (router.sessions.has(speaker.host)) this.violated(`${speaker.name} and ${router.name} have a session that nobody wants`);
    if (router.routesOver(speaker.host).size > 0) this.violated(`${router.name} has routes of ${speaker.name}, which is no peer`);
  }

  #checkSession(speaker: SimulatedSpeaker, router: SimulatedRouter, session: RouterSession): void {
    for (const { afi } of session.agreement?.families ?? []) {
      const marked = session.marks.has(afi === 1 ? 'IPv4' : 'IPv6');
      if (!marked) this.violated(`${router.name} was not told that these are all routes of ${speaker.name}`);
    }
    const wanted = carried(wantedBy(speaker, router), session);
    const difference = differenceOf(wanted, router.routesOver(speaker.host));
    if (difference !== '') this.violated(`${router.name} has not the routes of ${speaker.name}: ${difference}`);
    const report = speaker.process?.sessions.find(({ peer }) => peer === router.name);
    if (report?.state !== 'established' || report.announced !== wanted.size)
      this.violated(`${speaker.name} reports of ${router.name} what is not so`);
  }

  #routerWorld(): ConstructorParameters<typeof SimulatedRouter>[3] {
    return {
      timeline: this.timeline,
      random: this.random,
      violated: (what) => this.violated(what),
      marked: (router, session, family) => this.#checkMark(router, session, family),
    };
  }

  /** At a mark a router has what the plan was at some moment since the session began. */
  #checkMark(router: SimulatedRouter, session: RouterSession, family: 'IPv4' | 'IPv6'): void {
    const speaker = this.speakers.find(({ host }) => host === session.node);
    if (speaker === undefined) return;
    const ofFamily = (routes: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
      new Map([...routes].filter(([prefix]) => prefix.includes(':') === (family === 'IPv6')));
    const has = ofFamily(session.routes);
    const versions = this.#versions.get(speaker) ?? [];
    const known = versions.some(({ wanted }) => differenceOf(ofFamily(wanted.get(router) ?? new Map()), has) === '');
    if (!known) this.violated(`${router.name} is told by ${speaker.name} that these are all routes of ${family}, and they never were`);
  }
}

/** What a router is to have of a speaker: the rules of the product, written down a second time. */
function wantedBy({ routes, peers, draining }: SimulatedSpeaker, { name, asn }: SimulatedRouter): ReadonlyMap<string, string> {
  if (!peers.some((peer) => peer.name === name)) return new Map();
  const byPrefix = new Map<string, PlannedRoute[][]>();
  for (const ofService of routes.values()) {
    const mine = ofService.filter((route) => route.peers.length === 0 || route.peers.includes(name));
    for (const [key, same] of Map.groupBy(mine, ({ prefix }) => formatPrefix(prefix)))
      byPrefix.set(key, [...(byPrefix.get(key) ?? []), same]);
  }
  return new Map(Array.from(byPrefix, ([prefix, services]) => [prefix, textOf(together(services, asn === CLUSTER_AS, draining))]));
}

/** Several Services that want one route, each with all its wishes for it. */
function together(services: readonly (readonly PlannedRoute[])[], internal: boolean, draining: boolean): RouteSays {
  const all = services.flat();
  const preferences = all.flatMap(({ localPreference }) => localPreference ?? []);
  const preference = preferences.length === 0 ? 100 : Math.max(...preferences);
  const weights = services.map((ofOne) => ofOne.flatMap(({ weight }) => weight?.endpoints ?? []));
  const sum = weights.reduce((total, ofOne) => total + Math.max(0, ...ofOne), 0);
  return {
    asPath: internal ? [] : [CLUSTER_AS],
    localPreference: internal ? (draining ? 0 : preference) : undefined,
    communities: [...new Set([...all.flatMap((route) => route.communities.map(communityText)), ...(draining ? [GRACEFUL_SHUTDOWN] : [])])],
    weight: weights.flat().length === 0 ? undefined : { endpoints: sum, transitive: all.some(({ weight }) => weight?.transitive === true) },
  };
}

/** Those that a session can carry. */
function carried(routes: ReadonlyMap<string, string>, { agreement }: RouterSession): ReadonlyMap<string, string> {
  const carries = (prefix: string): boolean => agreement?.families.some(({ afi }) => (afi === 2) === prefix.includes(':')) === true;
  return new Map([...routes].filter(([prefix]) => carries(prefix)));
}

function differenceOf(wanted: ReadonlyMap<string, string>, has: ReadonlyMap<string, string>): string {
  const missing = [...wanted]
    .filter(([prefix, text]) => has.get(prefix) !== text)
    .map(([prefix, text]) => `+${prefix} ${text} (${has.get(prefix)})`);
  return [...missing, ...[...has.keys()].filter((prefix) => !wanted.has(prefix)).map((prefix) => `-${prefix}`)].slice(0, 5).join(', ');
}

/** The address of a text. */
export function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

/** The prefix of a text. */
export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
