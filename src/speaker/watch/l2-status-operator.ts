import type { OwnPod } from '../../kubernetes/own-pod.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import type { StatusWriter } from '../../kubernetes/status-writer.ts';
import type { Index } from '../../kubernetes/store.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { AnnouncedServices } from './announced-services.ts';
import { type L2StatusAction, planL2Status } from './l2-status-plan.ts';
import { type L2StatusFacts, l2StatusFacts } from './projections.ts';
import { ServiceOfObject } from './service-of-object.ts';
import { ServiceStatusObjects } from './service-status-objects.ts';

/** What the objects about announced Services need of the world. */
export interface L2StatusWorld {
  readonly node: string;
  /** Where the objects lie. */
  readonly namespace: string;
  /** Owns the objects, so that they go with it. */
  readonly ownPod: OwnPod;
  readonly announced: AnnouncedServices;
  readonly statusWriter: StatusWriter;
}

/** Keeps one ServiceL2Status for each Service that this node announces. It follows the announcing and never delays it. */
export class L2StatusOperator extends ResourceOperator {
  readonly #world: L2StatusWorld;
  readonly #objects: ServiceStatusObjects;
  readonly #serviceOfStatus = new ServiceOfObject();
  /** Other nodes' objects (uid) that were there when this node took a Service over, by Service. */
  readonly #inherited = new Map<string, ReadonlySet<string>>();
  #statuses: Index<L2StatusFacts> | undefined;
  #subscription: Disposable | undefined;

  constructor(world: L2StatusWorld, ports: OperatorPorts) {
    super('servicel2statuses', ports);
    this.#world = world;
    this.#objects = new ServiceStatusObjects('ServiceL2Status', {
      ...world,
      api: ports.api,
      clock: ports.clock,
      again: (key) => this.queue.add(key),
    });
  }

  protected override async init(): Promise<void> {
    const { group, version, plural, namespace } = this.#objects.resource;
    const store = await this.watchResource(
      group,
      version,
      plural,
      { project: aboutService, names: (key, statuses) => this.#serviceOfStatus.changed(key, statuses.get(key)) },
      namespace,
    );
    this.#statuses = store.index(({ service }) => [service]);
    this.#subscription = this.#world.announced.subscribe((key) => {
      this.#takeOver(key);
      this.queue.add(key);
    });
  }

  /** Waits until it is known what this node announces: what it announced before a restart mostly goes on. */
  protected override async prepare(signal: AbortSignal): Promise<void> {
    await this.#world.announced.whenKnown(signal);
    for (const key of this.#world.announced.keys()) {
      this.#takeOver(key);
      this.queue.add(key);
    }
  }

  override stop(): void {
    this.#subscription?.[Symbol.dispose]();
    super.stop();
  }

  override async reconcile(key: string, signal: AbortSignal): Promise<void> {
    const actions = planL2Status({
      node: this.#world.node,
      announcedOn: this.#world.announced.get(key)?.announcement.interfaces,
      statuses: [...(this.#statuses?.get(key).values() ?? [])],
      inherited: this.#inherited.get(key) ?? new Set(),
    });
    for (const action of actions) await this.#carryOut(key, action, signal);
  }

  async #carryOut(key: string, action: L2StatusAction, signal: AbortSignal): Promise<void> {
    if (action.kind === 'delete') await this.#objects.delete(action.target, signal);
    else {
      const status = { interfaces: action.interfaces.map((name) => ({ name })) };
      if (action.kind === 'write') await this.#objects.write(key, action.target, status, signal);
      else await this.#objects.create(key, status, signal);
    }
  }

  /** Remembers whose objects a dead owner left behind, at the moment this node takes the Service over. */
  #takeOver(key: string): void {
    if (this.#world.announced.get(key) === undefined) {
      this.#inherited.delete(key);
      return;
    }
    // Before the store is complete nothing can be told of others; `prepare` catches up.
    if (this.#inherited.has(key) || !this.synced) return;
    const foreign = [...(this.#statuses?.get(key).values() ?? [])].filter(({ node }) => node !== this.#world.node);
    this.#inherited.set(key, new Set(foreign.map(({ uid }) => uid)));
  }
}

/** An object without the labels is nobody's: whoever made it may keep it. */
function aboutService(object: JsonObject): L2StatusFacts | undefined {
  const facts = l2StatusFacts(object);
  return facts.service === '' ? undefined : facts;
}
