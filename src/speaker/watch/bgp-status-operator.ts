import type { OwnPod } from '../../kubernetes/own-pod.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import type { StatusWriter } from '../../kubernetes/status-writer.ts';
import type { Index, Store } from '../../kubernetes/store.ts';
import type { JsonObject } from '../../lib/json.ts';
import { planBgpStatus } from './bgp-status-plan.ts';
import { type BgpStatusFacts, bgpStatusFacts } from './projections.ts';
import type { RouteAnnouncer } from './route-announcer.ts';
import { ServiceOfObject } from './service-of-object.ts';
import { ServiceStatusObjects } from './service-status-objects.ts';

/** What the objects about routed Services need of the world. */
export interface BgpStatusWorld {
  readonly node: string;
  /** Where the objects lie. */
  readonly namespace: string;
  /** Owns the objects, so that they go with it. */
  readonly ownPod: OwnPod;
  readonly announcer: RouteAnnouncer;
  readonly statusWriter: StatusWriter;
}

/** Keeps one ServiceBGPStatus for each Service that this node announces routes to. It follows the announcing and never delays it. */
export class BgpStatusOperator extends ResourceOperator {
  readonly #world: BgpStatusWorld;
  readonly #objects: ServiceStatusObjects;
  readonly #serviceOfStatus = new ServiceOfObject();
  #statuses: Index<BgpStatusFacts> | undefined;
  #subscription: Disposable | undefined;

  constructor(world: BgpStatusWorld, ports: OperatorPorts) {
    super('servicebgpstatuses', ports);
    this.#world = world;
    this.#objects = new ServiceStatusObjects('ServiceBGPStatus', {
      ...world,
      api: ports.api,
      clock: ports.clock,
      again: (key) => this.queue.add(key),
    });
  }

  protected override async init(): Promise<void> {
    const { group, version, plural, namespace } = this.#objects.resource;
    const names = (key: string, statuses: Store<BgpStatusFacts>): Iterable<string> => this.#serviceOfStatus.changed(key, statuses.get(key));
    const store = await this.watchResource(group, version, plural, { project: aboutService, names }, namespace);
    this.#statuses = store.index(({ service }) => [service]);
    this.#subscription = this.#world.announcer.subscribe((key) => this.queue.add(key));
  }

  /** Waits until it is known what this node announces: what it announced before a restart mostly goes on. */
  protected override async prepare(signal: AbortSignal): Promise<void> {
    await this.#world.announcer.whenComplete(signal);
    for (const key of this.#world.announcer.keys()) this.queue.add(key);
  }

  override stop(): void {
    this.#subscription?.[Symbol.dispose]();
    super.stop();
  }

  override async reconcile(key: string, signal: AbortSignal): Promise<void> {
    const peers = this.#world.announcer.peersOf(key);
    const statuses = [...(this.#statuses?.get(key).values() ?? [])];
    for (const action of planBgpStatus({ node: this.#world.node, peers, statuses })) {
      if (action.kind === 'delete') await this.#objects.delete(action.target, signal);
      else if (action.kind === 'write') await this.#objects.write(key, action.target, { peers }, signal);
      else await this.#objects.create(key, { peers }, signal);
    }
  }
}

/** An object without the labels is nobody's: whoever made it may keep it. */
function aboutService(object: JsonObject): BgpStatusFacts | undefined {
  const facts = bgpStatusFacts(object);
  return facts.service === '' ? undefined : facts;
}
