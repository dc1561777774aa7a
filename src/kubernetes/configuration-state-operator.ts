import type { ConfigurationStateStatus } from '../crds/configuration-state.ts';
import type { Condition, OwnerReference } from '../crds/meta.ts';
import { type Clock, type Micros, milliseconds } from '../lib/clock.ts';
import { type JsonObject, listOf, objectOf, type TextMap, textMapOf, textOf } from '../lib/json.ts';
import type { Api, ApiCall } from './api.ts';
import { isStatus } from './api-error.ts';
import type { ConfigurationReport } from './configuration-report.ts';
import { planState, type StateAction, type StateFacts } from './configuration-state-plan.ts';
import { createObject } from './objects.ts';
import type { OwnPod } from './own-pod.ts';
import { objectPath, type Resource } from './resource.ts';
import { type OperatorPorts, ResourceOperator } from './resource-operator.ts';
import { rfc3339 } from './rfc3339.ts';
import type { Store } from './store.ts';

/** Whose ConfigurationState it is: the names by which upstream's tools find it. */
export interface StateIdentity {
  readonly name: string;
  readonly labels: TextMap;
  /** Type of the condition that this process writes. */
  readonly conditionType: string;
  /** Owner of the condition's fields in server-side apply. */
  readonly fieldManager: string;
}

/** The controller's. */
export const CONTROLLER_STATE: StateIdentity = {
  name: 'controller',
  labels: { 'metallb.io/component-type': 'controller' },
  conditionType: 'poolReconcilerValid',
  fieldManager: 'poolReconciler',
};

/** That of the speaker of a node. */
export function speakerState(node: string): StateIdentity {
  return {
    name: `speaker-${node}`,
    labels: { 'metallb.io/component-type': 'speaker', 'metallb.io/node-name': node },
    conditionType: 'configReconcilerValid',
    fieldManager: 'configReconciler',
  };
}

/** What keeping the object needs of the world. */
export interface StateWorld {
  readonly namespace: string;
  readonly identity: StateIdentity;
  readonly report: ConfigurationReport;
  readonly ownPod: OwnPod;
}

/** Reading the configuration takes less; a restart must not turn a good result into an unknown one and back. */
const READING_TIME: Micros = milliseconds(10_000);

const API_VERSION = 'metallb.io/v1beta1';
const KIND = 'ConfigurationState';

/** Keeps the one ConfigurationState of this process: it says whether all of the configuration is in use. */
export class ConfigurationStateOperator extends ResourceOperator {
  readonly #world: StateWorld;
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #resource: Resource;
  readonly #key: string;
  #states: Store<StateFacts> | undefined;
  #subscription: Disposable | undefined;
  #readBy: Micros | undefined;

  constructor(world: StateWorld, ports: OperatorPorts) {
    super('configurationstates', ports);
    this.#world = world;
    this.#api = ports.api;
    this.#clock = ports.clock;
    const { namespace } = world;
    // Each process looks at its own object only.
    const fieldSelector = `metadata.name=${world.identity.name}`;
    this.#resource = { group: 'metallb.io', version: 'v1beta1', plural: 'configurationstates', namespace, fieldSelector };
    this.#key = `${namespace}/${world.identity.name}`;
  }

  protected override async init(): Promise<void> {
    const { group, version, plural, namespace, fieldSelector } = this.#resource;
    const names = (key: string): string[] => (key === this.#key ? [key] : []);
    const watch = { project: stateFacts, names, ...(fieldSelector === undefined ? {} : { fieldSelector }) };
    this.#states = await this.watchResource(group, version, plural, watch, namespace);
    this.#subscription = this.#world.report.subscribe(() => this.queue.add(this.#key));
  }

  protected override async prepare(): Promise<void> {
    this.#readBy = (this.#clock.now() + READING_TIME) as Micros;
    this.queue.add(this.#key);
    this.queue.addAfter(this.#key, READING_TIME);
  }

  /** The report outlives the operator, which is made anew for each term of leadership. */
  override async start(signal?: AbortSignal): Promise<void> {
    try {
      await super.start(signal);
    } finally {
      this.#subscription?.[Symbol.dispose]();
    }
  }

  override async reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { identity, report, ownPod } = this.#world;
    const { faults } = report;
    if (faults === undefined && this.#clock.now() < (this.#readBy ?? 0)) return;
    const action = planState({
      present: this.#states?.get(key),
      labels: identity.labels,
      owners: await ownPod.references(signal),
      conditionType: identity.conditionType,
      faults,
      now: rfc3339(this.#clock.wallMilliseconds()),
    });
    if (action !== undefined) await this.#carryOut(action, signal);
  }

  /** What meets another object than was looked at is decided anew by that one's event. */
  async #carryOut(action: StateAction, signal: AbortSignal): Promise<void> {
    try {
      if (action.kind === 'create') await this.#create(signal);
      else if (action.kind === 'write') await this.#write(action.status, signal);
      else await this.#label(action, signal);
    } catch (thrown) {
      if (!isStatus(thrown, 404) && !isStatus(thrown, 409)) throw thrown;
    }
  }

  async #create(signal: AbortSignal): Promise<void> {
    const { namespace, identity, ownPod } = this.#world;
    const { name, labels } = identity;
    const metadata = { name, namespace, labels, ownerReferences: await ownPod.references(signal) };
    await createObject(this.#api, this.#resource, { apiVersion: API_VERSION, kind: KIND, metadata }, signal);
  }

  async #label({ labels, ownerReferences }: { labels: TextMap; ownerReferences: readonly OwnerReference[] }, signal: AbortSignal) {
    const body = { metadata: { uid: this.#states?.get(this.#key)?.uid, labels, ownerReferences } };
    await this.#patch({ contentType: 'application/merge-patch+json', body }, undefined, signal);
  }

  /** By server-side apply, so that conditions of other writers stay as they are. */
  async #write(status: ConfigurationStateStatus, signal: AbortSignal): Promise<void> {
    const { namespace, identity } = this.#world;
    const metadata = { name: identity.name, namespace, uid: this.#states?.get(this.#key)?.uid };
    const body = { apiVersion: API_VERSION, kind: KIND, metadata, status };
    const query = { fieldManager: identity.fieldManager, force: true };
    await this.#patch({ contentType: 'application/apply-patch+yaml', body, query }, 'status', signal);
  }

  async #patch(call: Pick<ApiCall, 'contentType' | 'body' | 'query'>, subresource: 'status' | undefined, signal: AbortSignal) {
    const { namespace, identity } = this.#world;
    const path = objectPath(this.#resource, { namespace, name: identity.name }, subresource);
    await this.#api.request({ method: 'PATCH', path, ...call }, signal);
  }
}

/** Reads a ConfigurationState as the API gives it. Never throws; of conditions, what is none is left out. */
function stateFacts({ metadata, status }: JsonObject): StateFacts {
  const { uid, generation, labels, ownerReferences } = objectOf(metadata);
  const { observedGeneration, result, errorSummary, conditions } = objectOf(status);
  const summary = textOf(errorSummary);
  return {
    uid: textOf(uid) ?? '',
    generation: Number(generation ?? 0),
    labels: textMapOf(labels),
    ownerReferences: listOf(ownerReferences).map(objectOf) as unknown as readonly OwnerReference[],
    status: {
      ...(typeof observedGeneration === 'number' ? { observedGeneration } : {}),
      ...(result === 'Valid' || result === 'Invalid' || result === 'Unknown' ? { result } : {}),
      ...(summary === undefined ? {} : { errorSummary: summary }),
      conditions: listOf(conditions).map(objectOf) as unknown as readonly Condition[],
    },
  };
}
