import { type OperatorPorts, ResourceOperator, type ResourceWatch } from '../../kubernetes/resource-operator.ts';
import type { Index, Project, Store } from '../../kubernetes/store.ts';
import type { EndpointFacts } from '../../model/endpoint-facts.ts';
import { type NodeFacts, nodeFacts } from '../../model/node-facts.ts';
import type { ServiceFacts } from '../../model/service.ts';
import type { AnnouncedServices } from './announced-services.ts';
import { planAnnouncement } from './announcement-plan.ts';
import type { Announcer } from './announcer.ts';
import type { Configuration } from './configuration.ts';
import { ContenderSets } from './contender-sets.ts';
import { KnownForms } from './known-forms.ts';
import { NodeRoster } from './node-roster.ts';
import { l2AdvertisementSource, loadBalancerFacts, poolSource, serviceEndpoints } from './projections.ts';
import { ServiceOfObject } from './service-of-object.ts';

/** What deciding over announcements needs of the world. */
export interface AnnouncementWorld {
  readonly node: string;
  /** Where IPAddressPools and L2Advertisements lie. */
  readonly namespace: string;
  /** `--lb-class`; `undefined` means Services without a class. */
  readonly loadBalancerClass: string | undefined;
  readonly ignoreExcludeLabel: boolean;
  readonly announced: AnnouncedServices;
  readonly announcer: Announcer;
  readonly configuration: Configuration;
  /** Whether this node forwards what it draws to itself; it does not stop once it does. */
  readonly forwards: () => boolean;
}

/** What the operator sees of the cluster. */
interface View {
  readonly services: Store<ServiceFacts>;
  /** EndpointSlices by Service. */
  readonly slices: Index<EndpointFacts>;
}

const METALLB = ['metallb.io', 'v1beta1'] as const;

/** The turn of no Service: with none at all, the configuration is to be read too. */
const READ = 'configuration';

/** Decides for each Service, one by one, whether this node announces it. */
export class AnnouncementOperator extends ResourceOperator {
  readonly #world: AnnouncementWorld;
  readonly #serviceOfSlice = new ServiceOfObject();
  readonly #nodes = new NodeRoster();
  readonly #contenderSets = new ContenderSets();
  #view: View | undefined;
  #localInterfaces: readonly string[] | undefined;

  constructor(world: AnnouncementWorld, ports: OperatorPorts) {
    super('announcements', ports, { worksOffline: true });
    this.#world = world;
  }

  /** Takes the names of the links that this node could announce on, sorted. */
  setLocalInterfaces(names: readonly string[]): void {
    if (this.#localInterfaces?.join() === names.join()) return;
    this.#localInterfaces = names;
    // The others are announced wherever there is a link: pods come and go with links of their own.
    for (const key of this.#world.announcer.boundToInterfaces()) this.queue.add(key);
  }

  /** This node forwards from now on. */
  nodeForwards(): void {
    for (const key of this.#everyService()) this.queue.add(key);
  }

  protected override async init(): Promise<void> {
    const slices = await this.watchResource('discovery.k8s.io', 'v1', 'endpointslices', {
      project: serviceEndpoints,
      names: (key, store) => this.#serviceOfSlice.changed(key, store.get(key)),
    });
    await this.watchResource('', 'v1', 'nodes', {
      project: nodeFacts,
      names: (name, store) => this.#nodeChanged(name, store.get(name)),
    });
    const services = await this.watchResource('', 'v1', 'services', {
      project: loadBalancerFacts,
      fieldSelector: 'spec.type=LoadBalancer',
    });
    this.#view = { services, slices: slices.index(({ service }) => [service]) };
    await this.#watchConfiguration();
  }

  /** Decides on all Services at once, before anything waits: a restarted speaker answers again as soon as it can. */
  protected override async prepare(): Promise<void> {
    if (!this.#nodes.has(this.#world.node)) this.#warnOfMissingNode();
    this.#world.configuration.read();
    for (const key of this.#everyService()) this.#decide(key);
    this.#world.announced.settle();
  }

  override async reconcile(key: string): Promise<void> {
    if (key === READ) this.#world.configuration.read();
    else this.#decide(key);
  }

  #decide(key: string): void {
    const view = this.#view;
    if (view === undefined) return;
    const { node, loadBalancerClass, ignoreExcludeLabel, announcer, configuration, forwards } = this.#world;
    const { pools, unreadablePools, advertisements } = configuration.current;
    const service = view.services.get(key);
    const verdict = planAnnouncement({
      node,
      service,
      endpoints: [...view.slices.get(key).values()],
      nodes: this.#nodes.facts,
      contenderSets: this.#contenderSets,
      pools,
      unreadablePools,
      advertisements: [...advertisements.advertisements.values()],
      localInterfaces: this.#localInterfaces,
      loadBalancerClass,
      ignoreExcludeLabel,
      forwards: forwards(),
    });
    announcer.carryOut(key, service, verdict);
  }

  async #watchConfiguration(): Promise<void> {
    const { namespace } = this.#world;
    await this.watchResource(...METALLB, 'ipaddresspools', this.#watchOf(poolSource), namespace);
    await this.watchResource(...METALLB, 'l2advertisements', this.#watchOf(l2AdvertisementSource), namespace);
  }

  /** The status of a pool is written with each few Services that get an address: that is no reason to look at all of them. */
  #watchOf<Projection>(project: Project<Projection>): ResourceWatch<Projection> {
    const known = new KnownForms<Projection>();
    const names = (key: string, store: Store<Projection>): Iterable<string> => {
      if (!known.changed(key, store.get(key))) return [];
      this.#world.configuration.outdate();
      return [READ, ...this.#everyService()];
    };
    return { project, names };
  }

  /** Nodes say something every few minutes; only what decides over candidates is worth another look at all Services. */
  #nodeChanged(name: string, now: NodeFacts | undefined): Iterable<string> {
    if (!this.#nodes.changed(name, now)) return [];
    if (now === undefined && name === this.#world.node) this.#warnOfMissingNode();
    return this.#everyService();
  }

  #warnOfMissingNode(): void {
    const { node } = this.#world;
    this.logger.warn(`no Node "${node}" in the cluster: this speaker announces nothing; is --node-name right?`, { op: 'startup', node });
  }

  #everyService(): Set<string> {
    return new Set([...(this.#view?.services.keys() ?? []), ...this.#world.announced.keys()]);
  }
}
