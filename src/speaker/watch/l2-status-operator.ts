import { createHash } from 'node:crypto';
import type { Api } from '../../kubernetes/api.ts';
import { isStatus } from '../../kubernetes/api-error.ts';
import { createObject, deleteObject, getObject } from '../../kubernetes/objects.ts';
import type { ObjectName, Resource } from '../../kubernetes/resource.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import type { StatusTarget, StatusWriter } from '../../kubernetes/status-writer.ts';
import type { Index } from '../../kubernetes/store.ts';
import { type JsonObject, objectOf, textOf } from '../../lib/json.ts';
import type { AnnouncedServices } from './announced-services.ts';
import { type L2StatusAction, planL2Status } from './l2-status-plan.ts';
import { L2_STATUS_LABELS, type L2StatusFacts, l2StatusFacts } from './projections.ts';
import { ServiceOfObject } from './service-of-object.ts';

/** What the objects about announced Services need of the world. */
export interface L2StatusWorld {
  readonly node: string;
  /** Where the objects lie. */
  readonly namespace: string;
  /** The own Pod, which owns the objects so that they go with it; empty outside of one. */
  readonly podName: string;
  readonly announced: AnnouncedServices;
  readonly statusWriter: StatusWriter;
}

const PODS: Resource = { group: '', version: 'v1', plural: 'pods' };

/** A ServiceL2Status has no longer name than this many digits of a hash: 40 bits tell 10,000 Services apart. */
const HASH_DIGITS = 10;

/** Keeps one ServiceL2Status for each Service that this node announces. It follows the announcing and never delays it. */
export class L2StatusOperator extends ResourceOperator {
  readonly #world: L2StatusWorld;
  readonly #api: Api;
  readonly #resource: Resource;
  readonly #serviceOfStatus = new ServiceOfObject();
  /** Other nodes' objects (uid) that were there when this node took a Service over, by Service. */
  readonly #inherited = new Map<string, ReadonlySet<string>>();
  #statuses: Index<L2StatusFacts> | undefined;
  #ownerReferences: readonly JsonObject[] | undefined;
  #subscription: Disposable | undefined;

  constructor(world: L2StatusWorld, ports: OperatorPorts) {
    super('servicel2statuses', ports);
    this.#world = world;
    this.#api = ports.api;
    this.#resource = { group: 'metallb.io', version: 'v1beta1', plural: 'servicel2statuses', namespace: world.namespace };
  }

  protected override async init(): Promise<void> {
    const { group, version, plural, namespace } = this.#resource;
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
    await this.#world.announced.whenSettled(signal);
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
    if (action.kind === 'delete') await deleteObject(this.#api, this.#resource, action.target, signal);
    else if (action.kind === 'write') await this.#write(key, action.target, action.interfaces, signal);
    else {
      const created = await this.#create(key, signal);
      if (created !== undefined) await this.#write(key, created, action.interfaces, signal);
    }
  }

  /** A name made of node and Service, so that a repeated attempt meets the first one's object instead of making another. */
  async #create(key: string, signal: AbortSignal): Promise<StatusTarget | undefined> {
    const { node, namespace } = this.#world;
    const [serviceNamespace = '', service = ''] = key.split('/');
    const name = `l2-${createHash('sha256').update(`${node}/${key}`).digest('hex').slice(0, HASH_DIGITS)}`;
    const labels = {
      [L2_STATUS_LABELS.node]: node,
      [L2_STATUS_LABELS.service]: service,
      [L2_STATUS_LABELS.serviceNamespace]: serviceNamespace,
    };
    this.#ownerReferences ??= await this.#ownPod(signal);
    const metadata = { name, namespace, labels, ownerReferences: this.#ownerReferences };
    const body = { apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status', metadata, spec: {} };
    try {
      return l2StatusFacts(await createObject(this.#api, this.#resource, body, signal));
    } catch (thrown) {
      if (!isStatus(thrown, 409)) throw thrown;
      await this.#makeRoom(key, { namespace, name }, signal);
      return undefined;
    }
  }

  /**
   * The name is taken. Mostly the object is ours, and the watch has yet to tell: its event gives the next turn. One that
   * lost its labels would never be found, so it goes.
   */
  async #makeRoom(key: string, name: ObjectName, signal: AbortSignal): Promise<void> {
    const there = await getObject(this.#api, this.#resource, name, signal);
    if (there === undefined) return this.queue.add(key);
    const facts = l2StatusFacts(there);
    if (facts.service === key && facts.node === this.#world.node) return;
    await deleteObject(this.#api, this.#resource, facts, signal);
    this.queue.add(key);
  }

  async #write(key: string, target: StatusTarget, interfaces: readonly string[], signal: AbortSignal): Promise<void> {
    const [serviceNamespace = '', serviceName = ''] = key.split('/');
    const status = { node: this.#world.node, serviceName, serviceNamespace, interfaces: interfaces.map((name) => ({ name })) };
    await this.#world.statusWriter.write(this.#resource, target, { status }, signal);
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

  async #ownPod(signal: AbortSignal): Promise<JsonObject[]> {
    const { namespace, podName } = this.#world;
    if (podName === '') return [];
    const pod = await getObject(this.#api, PODS, { namespace, name: podName }, signal);
    if (pod === undefined) {
      const message = `no pod "${namespace}/${podName}": its ServiceL2Status objects stay behind when it ends; is --pod-name right?`;
      this.logger.warn(message, { op: 'startup' });
      return [];
    }
    return [{ apiVersion: 'v1', kind: 'Pod', name: podName, uid: textOf(objectOf(pod.metadata).uid) ?? '' }];
  }
}

/** An object without the labels is nobody's: whoever made it may keep it. */
function aboutService(object: JsonObject): L2StatusFacts | undefined {
  const facts = l2StatusFacts(object);
  return facts.service === '' ? undefined : facts;
}
