import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import type { Index, Store } from '../../kubernetes/store.ts';
import type { JsonObject } from '../../lib/json.ts';
import { type EndpointFacts, endpointFacts } from '../../model/endpoint-facts.ts';
import { type NodeFacts, nodeFacts } from '../../model/node-facts.ts';
import { type ServiceFacts, serviceFacts } from '../../model/service.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { AnnouncedServices } from './announced-services.ts';
import { planAnnouncement } from './announcement-plan.ts';
import type { Announcer } from './announcer.ts';
import { Configuration } from './configuration.ts';
import { NodeRoster } from './node-roster.ts';
import { l2AdvertisementSource, poolSource } from './projections.ts';
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
  readonly metrics: Metrics;
}

/** What the operator sees of the cluster. */
interface View {
  readonly services: Store<ServiceFacts>;
  /** EndpointSlices by Service. */
  readonly slices: Index<EndpointFacts>;
  readonly configuration: Configuration;
}

const METALLB = ['metallb.io', 'v1beta1'] as const;

/** Decides for each Service, one by one, whether this node announces it. */
export class AnnouncementOperator extends ResourceOperator {
  readonly #world: AnnouncementWorld;
  readonly #serviceOfSlice = new ServiceOfObject();
  readonly #nodes = new NodeRoster();
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
    this.#view = { services, slices: slices.index(({ service }) => [service]), configuration: await this.#watchConfiguration() };
  }

  /** Decides on all Services at once, before anything waits: a restarted speaker answers again as soon as it can. */
  protected override async prepare(): Promise<void> {
    if (!this.#nodes.has(this.#world.node)) this.#warnOfMissingNode();
    for (const key of this.#everyService()) this.#decide(key);
    this.#world.announced.settle();
  }

  override async reconcile(key: string): Promise<void> {
    this.#decide(key);
  }

  #decide(key: string): void {
    const view = this.#view;
    if (view === undefined) return;
    const { node, loadBalancerClass, ignoreExcludeLabel, announcer } = this.#world;
    const { pools, unreadablePools, advertisements } = view.configuration.current;
    const service = view.services.get(key);
    const verdict = planAnnouncement({
      node,
      service,
      endpoints: [...view.slices.get(key).values()],
      nodes: this.#nodes.facts,
      pools,
      unreadablePools,
      advertisements: [...advertisements.advertisements.values()],
      localInterfaces: this.#localInterfaces,
      loadBalancerClass,
      ignoreExcludeLabel,
    });
    announcer.carryOut(key, service, verdict);
  }

  async #watchConfiguration(): Promise<Configuration> {
    const { namespace, metrics } = this.#world;
    const names = (): Iterable<string> => {
      configuration.outdate();
      return this.#everyService();
    };
    const source = {
      pools: () => valuesOf(pools),
      advertisements: () => valuesOf(advertisements),
    };
    const configuration = new Configuration(source, this.logger, metrics);
    const pools = await this.watchResource(...METALLB, 'ipaddresspools', { project: poolSource, names }, namespace);
    const advertisements = await this.watchResource(...METALLB, 'l2advertisements', { project: l2AdvertisementSource, names }, namespace);
    return configuration;
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

function valuesOf<Projection>(store: Store<Projection>): Projection[] {
  return Array.from(store.entries(), ([, projection]) => projection);
}

/** Only Services of type LoadBalancer: where the server cannot select them, they are picked here. */
function loadBalancerFacts(object: JsonObject): ServiceFacts | undefined {
  const facts = serviceFacts(object);
  return facts.type === 'LoadBalancer' ? facts : undefined;
}

/** Slices that belong to no Service are of no interest. */
function serviceEndpoints(object: JsonObject): EndpointFacts | undefined {
  const facts = endpointFacts(object);
  return facts.service === '' ? undefined : facts;
}
