import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import type { Index, Store } from '../../kubernetes/store.ts';
import type { Micros } from '../../lib/clock.ts';
import type { BgpAdvertisement } from '../../model/bgp-advertisement.ts';
import type { EndpointFacts } from '../../model/endpoint-facts.ts';
import { leavesBgp, type NodeFacts, nodeFacts } from '../../model/node-facts.ts';
import { type PeerSecret, peerSecret } from '../../model/peer-secret.ts';
import type { ServiceFacts } from '../../model/service.ts';
import type { Configuration, ParsedConfiguration } from './configuration.ts';
import type { DrainState } from './drain.ts';
import { KnownForms } from './known-forms.ts';
import { NodeDrain } from './node-drain.ts';
import { planPeers } from './peer-plan.ts';
import { loadBalancerFacts, serviceEndpoints } from './projections.ts';
import type { RouteAnnouncer } from './route-announcer.ts';
import { planRoutes } from './route-plan.ts';
import { ServiceOfObject } from './service-of-object.ts';

/** What deciding over routes needs of the world. */
export interface RouteWorld {
  readonly node: string;
  /** Where the configuration, and the Secrets that it names, lie. */
  readonly namespace: string;
  /** `--lb-class`; `undefined` means Services without a class. */
  readonly loadBalancerClass: string | undefined;
  readonly ignoreExcludeLabel: boolean;
  /** How long routers have to move their traffic from a node that is to leave. */
  readonly drainPause: Micros;
  readonly announcer: RouteAnnouncer;
  readonly configuration: Configuration;
}

/** What the operator sees of the cluster. */
interface View {
  readonly services: Store<ServiceFacts>;
  /** EndpointSlices by Service. */
  readonly slices: Index<EndpointFacts>;
  readonly nodes: Store<NodeFacts>;
  readonly passwords: Store<PeerSecret>;
}

/** The turn of no Service: which sessions to hold. */
const PEERS = 'peers';
/** Another one: whether this node is to leave. */
const DRAIN = 'drain';

/** Decides for each Service, one by one, which routes this node announces to it, and which sessions it holds. */
export class RouteOperator extends ResourceOperator {
  readonly #world: RouteWorld;
  readonly #drain: NodeDrain;
  readonly #serviceOfSlice = new ServiceOfObject();
  #view: View | undefined;
  /** What decides over this node, when Services were last looked at because of it. */
  #node = '';
  #gaps: ReadonlyMap<string, string> = new Map();
  readonly #advertisements = new KnownForms<readonly BgpAdvertisement[]>();
  #decidedWith: ParsedConfiguration | undefined;

  constructor(world: RouteWorld, ports: OperatorPorts) {
    super('routes', ports, { worksOffline: true });
    this.#world = world;
    const changed = (state: DrainState): void => this.#drainChanged(state);
    this.#drain = new NodeDrain({ clock: ports.clock, pause: world.drainPause, changed });
  }

  /** Takes notice that the configuration was read anew: Services are looked at again where something else decides over their routes. */
  configurationChanged(): void {
    this.queue.add(PEERS);
    if (this.#decidesAsBefore()) return;
    for (const key of this.#everyService()) this.queue.add(key);
  }

  protected override async init(): Promise<void> {
    const slices = await this.watchResource('discovery.k8s.io', 'v1', 'endpointslices', {
      project: serviceEndpoints,
      names: (key, store) => this.#serviceOfSlice.changed(key, store.get(key)),
    });
    const nodes = await this.watchResource('', 'v1', 'nodes', {
      project: nodeFacts,
      names: (name, store) => this.#nodeChanged(name, store.get(name)),
    });
    const services = await this.watchResource('', 'v1', 'services', {
      project: loadBalancerFacts,
      fieldSelector: 'spec.type=LoadBalancer',
    });
    // Of all Secrets only those of this type can be passwords, so no others come.
    const secrets = { project: peerSecret, names: () => [PEERS], fieldSelector: 'type=kubernetes.io/basic-auth' };
    const passwords = await this.watchResource('', 'v1', 'secrets', secrets, this.#world.namespace);
    this.#view = { services, slices: slices.index(({ service }) => [service]), nodes, passwords };
  }

  /**
   * Decides on everything at once, before anything waits: a restarted speaker announces again as soon as it can. Nothing is decided
   * before all is there that the configuration is read from: a session that starts without an advertisement tells its peer that
   * there are no routes, and a peer that kept them over a restart drops them.
   */
  protected override async prepare(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#drain[Symbol.dispose](), { once: true });
    await this.#world.configuration.whenBgpKnown(signal);
    if (signal.aborted) return;
    this.#world.configuration.readBgp();
    this.#followDrain();
    this.#decidePeers();
    this.#decidesAsBefore();
    for (const key of this.#everyService()) this.#decide(key);
    this.#world.announcer.complete();
  }

  override async reconcile(key: string): Promise<void> {
    if (key === PEERS) this.#decidePeers();
    else if (key === DRAIN) this.#followDrain();
    else this.#decide(key);
  }

  #decide(key: string): void {
    const view = this.#view;
    if (view === undefined) return;
    const { node, loadBalancerClass, ignoreExcludeLabel, announcer, configuration } = this.#world;
    const { pools, unreadablePools } = configuration.current;
    const service = view.services.get(key);
    const verdict = planRoutes({
      node: view.nodes.get(node),
      service,
      endpoints: [...view.slices.get(key).values()],
      pools,
      unreadablePools,
      advertisements: [...(configuration.bgp?.bgpAdvertisements.inUse.values() ?? [])],
      loadBalancerClass,
      drained: this.#drain.state === 'drained',
      ignoreExcludeLabel,
    });
    announcer.carryOut(key, service, verdict);
  }

  /** Whether pools and advertisements are those that Services were last looked at with: a peer decides over no route. */
  #decidesAsBefore(): boolean {
    const { current, bgp } = this.#world.configuration;
    const samePools = current === this.#decidedWith;
    this.#decidedWith = current;
    return !this.#advertisements.changed('all', [...(bgp?.bgpAdvertisements.inUse.values() ?? [])]) && samePools;
  }

  #followDrain(): void {
    const node = this.#view?.nodes.get(this.#world.node);
    if (node !== undefined) this.#drain.tell(leavesBgp(node, this.#world.ignoreExcludeLabel));
  }

  #drainChanged(state: DrainState): void {
    const { announcer, drainPause } = this.#world;
    announcer.setDraining(state === 'draining' || state === 'drained');
    if (state === 'draining') {
      const pause = `${drainPause / 1_000_000} s`;
      this.logger.info(`this node leaves BGP: routers are told to prefer others, and its routes go after ${pause}`, { op: 'drain' });
    }
    for (const key of this.#everyService()) this.queue.add(key);
  }

  #decidePeers(): void {
    const { announcer, configuration } = this.#world;
    const passwords = new Map(Array.from(this.#view?.passwords.entries() ?? [], ([, { name, password }]) => [name, password]));
    const { peers, gaps } = planPeers(configuration.bgp?.peers.inUse.values() ?? [], passwords);
    for (const [peer, sentence] of gaps) {
      if (this.#gaps.get(peer) !== sentence) this.logger.warn(sentence, { op: 'setConfig', peer });
    }
    this.#gaps = gaps;
    announcer.setPeers(peers, gaps);
  }

  /** A Node says something every few minutes; only what decides over its routes is worth a look at all Services. */
  #nodeChanged(name: string, facts: NodeFacts | undefined): Iterable<string> {
    const text = facts === undefined ? '' : JSON.stringify(facts);
    if (name !== this.#world.node || text === this.#node) return [];
    this.#node = text;
    return [DRAIN, ...this.#everyService()];
  }

  #everyService(): Set<string> {
    return new Set([...(this.#view?.services.keys() ?? []), ...this.#world.announcer.keys()]);
  }
}
