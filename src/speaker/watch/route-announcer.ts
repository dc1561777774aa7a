import { untilAborted } from '../../kubernetes/aborted.ts';
import { formatAddress, formatPrefix } from '../../lib/ip.ts';
import { compareTexts } from '../../lib/order.ts';
import type { BgpChange, ServiceRoutes } from '../../model/bgp-plan.ts';
import type { PlannedPeer } from '../../model/planned-peer.ts';
import type { PlannedRoute } from '../../model/planned-route.ts';
import type { ServiceFacts } from '../../model/service.ts';
import type { LogFields, Logger } from '../../telemetry/logger.ts';
import type { AnnouncementNotices } from './announcement-notices.ts';
import type { NoRouteReason, RouteVerdict } from './route-plan.ts';
import type { RoutePlan } from './saved-plan.ts';

/** What carrying out verdicts about routes needs of the world. */
export interface RouteAnnouncerPorts {
  readonly log: Logger;
  readonly notices: AnnouncementNotices;
  /** Hands a change to the thread that owns the wire. Never waits. */
  applyToWire(change: BgpChange): void;
}

const PROTOCOL = 'bgp';

/** The routes to one Service, as they were handed over. */
interface Announced {
  readonly uid: string;
  readonly ips: readonly string[];
  readonly routes: readonly PlannedRoute[];
  /** Differs when the routes do. */
  readonly text: string;
  readonly fault: string | undefined;
}

/**
 * Carries out verdicts about routes: tells the wire thread, the metrics, the log and, by an event, the people. What was
 * said once is not said again until it changes, so that a verdict may be repeated at will.
 */
export class RouteAnnouncer {
  readonly #ports: RouteAnnouncerPorts;
  readonly #announced = new Map<string, Announced>();
  /** Why a Service was withheld when that was last said, by Service. */
  readonly #reasons = new Map<string, NoRouteReason>();
  #peers: readonly PlannedPeer[] = [];
  #gaps: ReadonlyMap<string, string> = new Map();
  #draining: boolean = false;
  /** Before every Service was decided on once, the thread is told nothing: a peer must not hear of half the routes as of all. */
  #complete: boolean = false;
  readonly #completed = Promise.withResolvers<void>();
  readonly #listeners = new Set<(service: string) => void>();

  constructor(ports: RouteAnnouncerPorts) {
    this.#ports = ports;
  }

  /** The Services that routes are announced to. */
  keys(): IterableIterator<string> {
    return this.#announced.keys();
  }

  /** Says that every Service was decided on: the whole plan goes to the wire thread. */
  complete(): void {
    this.#complete = true;
    this.#completed.resolve();
    this.replay();
    // A plan from before a restart may have said otherwise.
    if (!this.#draining) this.#tellDraining();
  }

  /** Resolves when every Service was decided on once; early when `signal` is aborted. */
  async whenComplete(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#completed.promise, signal);
  }

  /** Names of the BGPPeers that routes to a Service are announced to, sorted, whether their sessions are up or not. */
  peersOf(service: string): readonly string[] {
    const routes = this.#announced.get(service)?.routes ?? [];
    const hasRoute = (name: string): boolean => routes.some(({ peers }) => peers.length === 0 || peers.includes(name));
    return this.#peers
      .map(({ name }) => name)
      .filter(hasRoute)
      .sort(compareTexts);
  }

  /** Calls `listener` with each Service for which {@link peersOf} may have changed, after the change; it only enqueues. */
  subscribe(listener: (service: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** The whole plan; `undefined` before every Service was decided on. */
  plan(): RoutePlan | undefined {
    if (!this.#complete) return undefined;
    const routes: ServiceRoutes[] = Array.from(this.#announced, ([service, announced]) => ({ service, routes: announced.routes }));
    return { routes, peers: this.#peers, draining: this.#draining };
  }

  /** Gives the wire thread the whole plan, if it is known yet. */
  replay(): void {
    const plan = this.plan();
    if (plan === undefined) return;
    this.#ports.applyToWire({ kind: 'replace-bgp', routes: plan.routes, peers: plan.peers });
    if (plan.draining) this.#tellDraining();
  }

  /** Says whether routers are to prefer other nodes from now on. */
  setDraining(draining: boolean): void {
    if (draining === this.#draining) return;
    this.#draining = draining;
    if (this.#complete) this.#tellDraining();
  }

  /** Why there is no session with a peer, or not all of it, by the peer's name. */
  get gaps(): ReadonlyMap<string, string> {
    return this.#gaps;
  }

  /** Why Services have no route of this node, by Service. */
  get reasons(): ReadonlyMap<string, NoRouteReason> {
    return this.#reasons;
  }

  /** Takes all sessions that this node is to hold, and why it holds no others. */
  setPeers(peers: readonly PlannedPeer[], gaps: ReadonlyMap<string, string> = new Map()): void {
    this.#gaps = gaps;
    const names = namesOf(this.#peers);
    this.#peers = peers;
    if (this.#complete) this.#ports.applyToWire({ kind: 'peers', peers });
    if (namesOf(peers) === names) return;
    for (const service of this.#announced.keys()) this.#changed(service);
  }

  /** Carries out the verdict on the Service `key`; `service` is `undefined` when it is gone. */
  carryOut(key: string, service: ServiceFacts | undefined, verdict: RouteVerdict): void {
    if (verdict.kind === 'announce' && service !== undefined) this.#announce(service, verdict);
    else if (verdict.kind === 'withhold') this.#withhold(key, service, verdict);
  }

  #announce(service: ServiceFacts, { addresses, routes, fault }: Extract<RouteVerdict, { kind: 'announce' }>): void {
    const { key, uid } = service;
    this.#reasons.delete(key);
    const ips = addresses.map(formatAddress);
    const text = JSON.stringify(routes.map((route) => ({ ...route, prefix: formatPrefix(route.prefix) })));
    const before = this.#announced.get(key);
    if (fault !== undefined && fault !== before?.fault) this.#ports.log.warn(fault, { op: 'setBalancer', service: key });
    if (before !== undefined && before.uid === uid && before.text === text && before.fault === fault && before.ips.join() === ips.join())
      return;
    if (before !== undefined && before.ips.join() !== ips.join())
      this.#ports.notices.withdrawn(PROTOCOL, key, before.ips, 'loadBalancerIPChanged');
    this.#announced.set(key, { uid, ips, routes, text, fault });
    if (before?.text !== text) {
      this.#ports.log.info('making advertisements using BGP', { event: 'updatedAdvertisements', service: key, ips, numAds: routes.length });
      this.#tell({ service: key, routes });
    }
    if (before?.uid !== uid || before.ips.join() !== ips.join()) this.#ports.notices.announced(PROTOCOL, service, ips);
  }

  #withhold(key: string, service: ServiceFacts | undefined, { reason, detail }: Extract<RouteVerdict, { kind: 'withhold' }>): void {
    const before = this.#announced.get(key);
    if (before !== undefined) {
      this.#announced.delete(key);
      this.#tell({ service: key, routes: [] });
      this.#ports.notices.withdrawn(PROTOCOL, key, before.ips, reason);
    }
    if (service === undefined) this.#reasons.delete(key);
    else if (this.#reasons.get(key) !== reason) {
      this.#reasons.set(key, reason);
      this.#sayWithheld(reason, detail, { op: 'setBalancer', service: key, reason });
    }
  }

  /** Says why, where that is more than the normal day. */
  #sayWithheld(reason: NoRouteReason, detail: string, fields: LogFields): void {
    const { log } = this.#ports;
    if (reason === 'conflictingAdvertisements') log.error('failed to announce service', { ...fields, error: detail });
    else if (reason === 'nodeNetworkUnavailable') {
      const message = 'the network of this node is not available: no route is announced';
      log.warn(message, { ...fields, event: 'skipping should announce bgp' });
    }
  }

  #tellDraining(): void {
    this.#ports.applyToWire({ kind: 'drain', draining: this.#draining });
  }

  #tell(change: ServiceRoutes): void {
    if (this.#complete) this.#ports.applyToWire({ kind: 'route', ...change });
    this.#changed(change.service);
  }

  #changed(service: string): void {
    for (const listener of this.#listeners) listener(service);
  }
}

/** All that {@link RouteAnnouncer.peersOf} says of peers. */
function namesOf(peers: readonly PlannedPeer[]): string {
  return peers.map(({ name }) => name).join();
}
