import type k8sOperatorModule from '@dot-i/k8s-operator';
import type { ResourceEvent, ResourceMeta } from '@dot-i/k8s-operator';
import { AssertionError } from '../lib/assert.ts';
import type { Clock, Micros } from '../lib/clock.ts';
import { type JsonObject, objectOf } from '../lib/json.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Api, ApiCall } from './api.ts';
import { isStatus } from './api-error.ts';
import type { Random } from './backoff.ts';
import { objectPath, type Resource } from './resource.ts';
import type { ResourceStores } from './resource-stores.ts';
import type { Project, Store } from './store.ts';
import { type NameQueue, type Reconcile, type ReconcileCounters, WorkQueue, type WorkQueueLimits } from './work-queue.ts';

/**
 * Loaded when this file runs, not when it is linked: the package is CommonJS and requires the client, which is an ES
 * module and, in a program that imports it too, is being linked at that time.
 */
const k8sOperator: typeof k8sOperatorModule = (await import('@dot-i/k8s-operator')).default;

type OnEvent = (event: ResourceEvent) => Promise<void>;

/** What an operator needs of the world; its constructor passes them on. */
export interface OperatorPorts {
  readonly api: Api;
  readonly stores: ResourceStores;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly counters: ReconcileCounters;
  /** Where one of several replicas leads: until this one does, operators watch and have no turns. */
  readonly leadership?: Leadership | undefined;
}

/** The part of one of several replicas. */
export interface Leadership {
  /** Resolves when this process leads and all stores are at least as new as that; early when `signal` is aborted. */
  whenLeading(signal: AbortSignal): Promise<void>;
  /** How long this process leads for sure, as it stands now; 0 or less when it does not. */
  remaining(): Micros;
}

/** How an operator is run; every part has a default. */
export interface OperatorLimits extends WorkQueueLimits {
  /** Set where turns do without the API server: they then go on while it cannot be reached. */
  readonly worksOffline?: boolean;
}

/** How an operator looks at a resource. */
export interface ResourceWatch<Projection> {
  readonly project: Project<Projection>;
  /** Names to reconcile when the object `key` came, changed or went; the key itself unless told. */
  readonly names?: (key: string, store: Store<Projection>) => Iterable<string>;
  /** Only the objects that this selects, where the server knows the field. */
  readonly fieldSelector?: string;
}

/**
 * The base class without its constructor, which reads the process-wide kubeconfig (and throws when that is broken) and
 * makes clients that our runtime does not use. All methods that need its fields are overridden below.
 */
const Operator: typeof k8sOperator.default = withoutConstructor(k8sOperator.default);

function withoutConstructor<Class extends { prototype: object }>(base: Class): Class {
  function shape(): void {
    // Sets nothing: the fields are those of the derived class.
  }
  shape.prototype = base.prototype;
  return shape as unknown as Class;
}

/**
 * An operator: keeps one kind of object as it should be. A subclass says in `init` what it looks at (`watchResource`)
 * and in `reconcile` what to do about one name. Names are merged and have their turn one at a time each; the runtime
 * never ends the process, whatever the API server does.
 */
export abstract class ResourceOperator extends Operator {
  /** Ask for a turn here: at once, or after a while. */
  protected readonly queue: NameQueue;
  declare protected readonly logger: Logger;
  readonly #title: string;
  readonly #ports: OperatorPorts;
  readonly #queues: WorkQueue[] = [];
  readonly #stores: Store<unknown>[] = [];
  readonly #subscriptions: Disposable[] = [];
  readonly #stopping = new AbortController();
  /** The base's own clients do not exist here: all traffic goes through the `Api` port. */
  declare protected readonly kubeConfig: never;
  declare protected readonly k8sApi: never;

  /** `title` names the operator in logs. */
  constructor(title: string, ports: OperatorPorts, limits: OperatorLimits = {}) {
    super();
    this.#title = title;
    this.#ports = ports;
    this.logger = ports.log.child({ controller: title });
    this.queue = this.#addQueue((name, signal) => this.reconcile(name, signal), limits);
  }

  /** Brings the object `name` to the state it should have. Repeatable; writes nothing when nothing is to change. */
  abstract reconcile(name: string, signal: AbortSignal): Promise<void>;

  /** Runs once, when all watched stores are complete, this replica leads, and before the first turn: to take over what is there. */
  protected async prepare(_signal: AbortSignal): Promise<void> {
    // Most operators take over nothing.
  }

  /** Whether everything this operator looks at is known. */
  get synced(): boolean {
    return this.#stores.every((store) => store.synced);
  }

  /**
   * Runs the operator until `signal` is aborted or `stop` is called, and resolves when its last turn has ended.
   * Rejects when `init` or `prepare` does, and with the AssertionError of a turn. Once only.
   */
  override async start(signal?: AbortSignal): Promise<void> {
    const ending = this.#stopping.signal;
    const stop = (): void => this.#stopping.abort(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    try {
      await this.init();
      await Promise.all(this.#stores.map((store) => store.whenSynced(ending)));
      await this.#ports.leadership?.whenLeading(ending);
      if (!ending.aborted) await this.prepare(ending);
      await Promise.all(this.#queues.map((queue) => queue.run(ending)));
    } finally {
      this.#stopping.abort();
      signal?.removeEventListener('abort', stop);
      for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    }
  }

  /** Ends `start`; the process goes on. */
  override stop(): void {
    this.#stopping.abort();
  }

  /** Looks at a resource through the store that the process shares, and asks for turns for what changes in it. */
  protected override watchResource<Projection>(
    group: string,
    version: string,
    plural: string,
    watch: ResourceWatch<Projection>,
    namespace?: string,
  ): Promise<Store<Projection>>;
  /**
   * The base's form: `onEvent` gets the object's metadata and the kind of change since its last call for that object
   * (changes in quick succession are one), one call at a time; a call that rejects is repeated after a while.
   */
  protected override watchResource(group: string, version: string, plural: string, onEvent: OnEvent, namespace?: string): Promise<void>;
  protected override async watchResource<Projection>(
    group: string,
    version: string,
    plural: string,
    watch: ResourceWatch<Projection> | OnEvent,
    namespace?: string,
  ): Promise<unknown> {
    const resource: Resource = { group, version, plural, namespace };
    if (typeof watch !== 'function') {
      const { project, names = (key) => [key], fieldSelector } = watch;
      const turnsFor = (key: string, store: Store<Projection>): void => {
        for (const name of names(key, store)) this.queue.add(name);
      };
      return this.#follow({ ...resource, fieldSelector }, project, turnsFor);
    }
    const events = new EventSource(resource, (key) => store.get(key));
    const queue = this.#addQueue((key) => events.emit(key, watch), { workers: 1 });
    const store = this.#follow(resource, withoutManagedFields, (key) => queue.add(key));
    return undefined;
  }

  /** Writes the whole status; `null` when the object is gone or has changed since `meta`: its next event decides anew. */
  protected override setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return this.#writeStatus(meta, status, { method: 'PUT' });
  }

  /** The same with a merge patch: absent fields stay, `null` removes. */
  protected override patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return this.#writeStatus(meta, status, { method: 'PATCH', contentType: 'application/merge-patch+json' });
  }

  /** Replaces the finalizers. An object that is gone has none to set; one that changed since `meta` throws a 409. */
  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const body = { metadata: { finalizers, resourceVersion: meta.resourceVersion } };
    const call: ApiCall = { method: 'PATCH', path: objectPath(resourceOf(meta), meta), body, contentType: 'application/merge-patch+json' };
    await this.#ports.api.request(call, this.#stopping.signal).catch((thrown: unknown) => {
      if (!isStatus(thrown, 404)) throw thrown;
    });
  }

  /** Custom resource definitions are applied from config/crd by whoever installs; an operator has no right to. */
  protected override async registerCustomResourceDefinition(crdFile: string): Promise<never> {
    throw new AssertionError(`${crdFile}: an operator installs no custom resource definitions`);
  }

  #addQueue(reconcile: Reconcile, { worksOffline, ...limits }: OperatorLimits): WorkQueue {
    const gate = worksOffline === true ? undefined : this.#ports.api;
    const queue = new WorkQueue(this.#title, { ...this.#ports, gate }, reconcile, limits);
    this.#queues.push(queue);
    return queue;
  }

  #follow<Projection>(
    resource: Resource,
    project: Project<Projection>,
    changed: (key: string, store: Store<Projection>) => void,
  ): Store<Projection> {
    const store = this.#ports.stores.open(resource, project);
    this.#stores.push(store);
    this.#subscriptions.push(store.subscribe((key) => changed(key, store)));
    for (const key of store.keys()) changed(key, store);
    return store;
  }

  async #writeStatus(meta: ResourceMeta, status: unknown, call: Pick<ApiCall, 'method' | 'contentType'>): Promise<ResourceMeta | null> {
    const { apiVersion, kind, name, namespace, resourceVersion } = meta;
    const body = { apiVersion, kind, metadata: { name, namespace, resourceVersion }, status };
    try {
      const path = objectPath(resourceOf(meta), meta, 'status');
      return metaOf(meta.id, objectOf(await this.#ports.api.request({ ...call, path, body }, this.#stopping.signal)));
    } catch (thrown) {
      if (isStatus(thrown, 404) || isStatus(thrown, 409)) return null;
      throw thrown;
    }
  }
}

type SeenObject = ResourceEvent['object'];

/** Turns "something changed" back into the base's events: what an object was when it was last told of decides which. */
class EventSource {
  readonly #resource: Resource;
  readonly #get: (key: string) => SeenObject | undefined;
  readonly #told = new Map<string, SeenObject>();

  constructor(resource: Resource, get: (key: string) => SeenObject | undefined) {
    this.#resource = resource;
    this.#get = get;
  }

  async emit(key: string, onEvent: OnEvent): Promise<void> {
    const { Added, Modified, Deleted } = k8sOperator.ResourceEventType;
    const before = this.#told.get(key);
    const now = this.#get(key);
    const object = now ?? before;
    if (object === undefined) return;
    const { group, version, plural } = this.#resource;
    const id = `${plural}.${group === '' ? version : `${group}/${version}`}`;
    const presence = before === undefined ? Added : Modified;
    await onEvent({ meta: metaOf(id, object), type: now === undefined ? Deleted : presence, object });
    if (now === undefined) this.#told.delete(key);
    else this.#told.set(key, now);
  }
}

function metaOf(id: string, object: SeenObject): ResourceMeta {
  return k8sOperator.ResourceMetaImpl.createWithId(id, object);
}

/** The resource that the base's id stands for: `plural.group/version`. */
function resourceOf({ id, apiVersion }: ResourceMeta): Resource {
  const slash = apiVersion.indexOf('/');
  return { group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1), plural: id.slice(0, id.indexOf('.')) };
}

/** What the base's events carry of an object: all metadata but the bulky record of who manages which field. */
function withoutManagedFields({ apiVersion, kind, metadata }: JsonObject): SeenObject {
  return { apiVersion, kind, metadata: { ...objectOf(metadata), managedFields: undefined } } as unknown as SeenObject;
}
