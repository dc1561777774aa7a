import type { Condition } from '../../crds/meta.ts';
import type { Api } from '../../kubernetes/api.ts';
import { isHeldBack } from '../../kubernetes/api-error.ts';
import type { EventRecorder } from '../../kubernetes/event-recorder.ts';
import { getObject } from '../../kubernetes/objects.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import { type OperatorPorts, ResourceOperator } from '../../kubernetes/resource-operator.ts';
import { rfc3339 } from '../../kubernetes/rfc3339.ts';
import type { StatusWriter, WriteOutcome } from '../../kubernetes/status-writer.ts';
import type { Index, Store } from '../../kubernetes/store.ts';
import { assert } from '../../lib/assert.ts';
import type { Clock } from '../../lib/clock.ts';
import { describeError } from '../../lib/errors.ts';
import type { TextMap } from '../../lib/json.ts';
import type { FailureReason } from '../../model/allocation/failure.ts';
import type { AllocationTable } from '../../model/allocation/table.ts';
import { compareAge } from '../../model/service.ts';
import { adoptServices } from './adopt.ts';
import { type DesiredStatus, patchOf } from './desired.ts';
import { type Lack, planService, type ServicePlan } from './plan.ts';
import { type AddressableFacts, addressableFacts, namespaceLabels, readService } from './projection.ts';

/** What giving addresses to Services needs of the world. */
export interface ServiceWorld {
  /** `--lb-class`; `undefined` means Services without a class. */
  readonly ownClass: string | undefined;
  /** Shared with who reads the pools: this operator books and releases. */
  readonly table: AllocationTable;
  readonly statuses: StatusWriter;
  readonly events: EventRecorder;
  /** Resolves when the table has the pools that were there at the start; early when `signal` is aborted. */
  readonly poolsLoaded: (signal: AbortSignal) => Promise<void>;
  /** Called with the pools whose counters may have changed. */
  readonly countersChanged: (pools: Iterable<string>) => void;
}

/** What the operator sees of the cluster. */
interface View {
  readonly services: Store<AddressableFacts>;
  readonly byNamespace: Index<AddressableFacts>;
  readonly namespaces: Store<TextMap>;
}

/** Our last write for a Service: until the store shows another version than it was made on, it shows the past. */
interface LastWrite {
  readonly resourceVersion: string;
  /** Without an answer the write may have arrived or not. */
  readonly answered: boolean;
}

/** What was found about a Service; a later Service of the same name starts afresh. */
interface Finding {
  readonly uid: string;
  readonly lack: Lack | undefined;
  /** As it was to be written; kept until the store shows it. */
  readonly condition: Condition | undefined;
}

const SERVICES: Resource = { group: '', version: 'v1', plural: 'services' };

/** Names in the queue that no Service can have, each for a turn of many: merged like any other. */
const EVERYBODY = '*';
const WAITING = '?';

const namespaceOf = ({ namespace }: AddressableFacts): readonly string[] => [namespace];

/** Gives Services their addresses: keeps status and annotation of each as the plan says. */
export class ServiceOperator extends ResourceOperator {
  readonly #world: ServiceWorld;
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #findings = new Map<string, Finding>();
  readonly #lastWrites = new Map<string, LastWrite>();
  #view: View | undefined;
  /** Before all that is in use is booked, no event gives a turn: the order of the first turns is by age. */
  #adopted: boolean = false;

  constructor(world: ServiceWorld, ports: OperatorPorts) {
    super('Service', ports);
    this.#world = world;
    this.#api = ports.api;
    this.#clock = ports.clock;
  }

  /** Takes notice that the table has other pools: all Services are looked at again. */
  poolsChanged(): void {
    this.queue.add(EVERYBODY);
  }

  /** How many Services lack something now, by the reason. */
  pending(): ReadonlyMap<FailureReason, number> {
    const counts = new Map<FailureReason, number>();
    for (const { lack } of this.#findings.values()) {
      if (lack !== undefined) counts.set(lack.cause.reason, (counts.get(lack.cause.reason) ?? 0) + 1);
    }
    return counts;
  }

  protected override async init(): Promise<void> {
    const services = await this.watchResource('', 'v1', 'services', {
      project: addressableFacts,
      names: (key) => (this.#adopted ? [key] : []),
    });
    const byNamespace = services.index(namespaceOf);
    const namespaces = await this.watchResource('', 'v1', 'namespaces', {
      project: namespaceLabels,
      names: (namespace) => (this.#adopted ? byNamespace.get(namespace).keys() : []),
    });
    this.#view = { services, byNamespace, namespaces };
  }

  /** Books what is in use before anything is given out, then queues: first who must lose an address, then the oldest. */
  protected override async prepare(signal: AbortSignal): Promise<void> {
    await this.#world.poolsLoaded(signal);
    if (signal.aborted) return;
    const { services } = this.#seen();
    const facts = [...services.entries()].map(([, each]) => each);
    const order = adoptServices(this.#world.table, facts, this.#world.ownClass);
    this.#adopted = true;
    for (const { key } of order) this.queue.add(key);
    this.#world.countersChanged(this.#world.table.drainTouched());
    this.logger.info('services are taken over as they are, allocation begins', { event: 'adopted', services: String(order.length) });
  }

  override async reconcile(name: string, signal: AbortSignal): Promise<void> {
    if (name === EVERYBODY) return this.#queueByAge(this.#seen().services.keys());
    if (name === WAITING) return this.#queueByAge(this.#waiting());
    if (!(await this.#showsLastWrite(name, signal))) return;
    const facts = this.#seen().services.get(name);
    const plan = this.#plan(name, facts);
    if (facts !== undefined) this.#record(facts, plan);
    for (const { level, message, fields } of plan.lines) this.logger[level](message, { ...fields, service: name });
    if (plan.eased) this.queue.add(WAITING);
    this.#world.countersChanged(this.#world.table.drainTouched());
    if (facts !== undefined && plan.write !== undefined) await this.#write(facts, plan.write, signal);
  }

  *#waiting(): Generator<string> {
    for (const [key, { lack }] of this.#findings) if (lack !== undefined) yield key;
  }

  #seen(): View {
    assert(this.#view !== undefined, 'services are looked at before they are watched');
    return this.#view;
  }

  #queueByAge(keys: Iterable<string>): void {
    const { services } = this.#seen();
    const facts = [...keys].map((key) => services.get(key)).filter((each) => each !== undefined);
    for (const { key } of facts.sort(compareAge)) this.queue.add(key);
  }

  /**
   * Whether what the store shows of a Service is no older than our last write for it: the plan takes what the status
   * does not name for free. If it is older, the event that is on its way gives the next turn; whether a write without
   * an answer arrived is asked.
   */
  async #showsLastWrite(key: string, signal: AbortSignal): Promise<boolean> {
    const last = this.#lastWrites.get(key);
    if (last === undefined) return true;
    const { resourceVersion } = last;
    if (this.#seen().services.get(key)?.resourceVersion === resourceVersion) {
      if (last.answered) return false;
      const [namespace, name = ''] = key.split('/');
      const live = readService(await getObject(this.#api, SERVICES, { namespace, name }, signal));
      if (live.resourceVersion !== resourceVersion) {
        this.#lastWrites.set(key, { resourceVersion, answered: true });
        return this.#showsLastWrite(key, signal);
      }
    }
    this.#lastWrites.delete(key);
    return true;
  }

  #plan(key: string, facts: AddressableFacts | undefined): ServicePlan {
    const { table, ownClass } = this.#world;
    const labels = facts === undefined ? undefined : this.#seen().namespaces.get(facts.namespace);
    const known = this.#findings.get(key);
    const last = known?.uid === facts?.uid ? known : undefined;
    const now = rfc3339(this.#clock.wallMilliseconds());
    const plan = planService(table, {
      key,
      facts,
      namespaceLabels: labels ?? {},
      ownClass,
      lastLack: last?.lack,
      lastCondition: last?.condition,
      now,
    });
    const condition = plan.write?.condition;
    if (facts === undefined || (plan.lack === undefined && condition === undefined)) this.#findings.delete(key);
    else this.#findings.set(key, { uid: facts.uid, lack: plan.lack, condition });
    return plan;
  }

  #record({ namespace, name, uid, resourceVersion }: AddressableFacts, { events }: ServicePlan): void {
    const subject = { apiVersion: 'v1', kind: 'Service', namespace, name, uid, resourceVersion };
    for (const { type, reason, message } of events) this.#world.events.record(subject, type, reason, message);
  }

  async #write(facts: AddressableFacts, status: DesiredStatus, signal: AbortSignal): Promise<void> {
    const { key, namespace, name, uid, resourceVersion } = facts;
    const change = patchOf(facts, status);
    this.#lastWrites.set(key, { resourceVersion, answered: false });
    const target = { namespace, name, uid, resourceVersion };
    try {
      this.#noteOutcome(facts, await this.#world.statuses.write(SERVICES, target, change, signal));
    } catch (thrown) {
      // Of a server that is away the client has said so; the end of a turn is no failure.
      const isNews = !isHeldBack(thrown) && !signal.aborted;
      if (isNews) this.logger.error('failed to update service', { op: 'updateServiceStatus', service: key, error: describeError(thrown) });
      throw thrown;
    }
  }

  #noteOutcome({ key, resourceVersion }: AddressableFacts, outcome: WriteOutcome): void {
    // The object is the same as before, so that no event would end the wait for it.
    if (outcome === 'not-kept') this.#lastWrites.delete(key);
    else this.#lastWrites.set(key, { resourceVersion, answered: true });
    if (outcome === 'written') this.logger.info('updated service object', { event: 'serviceUpdated', service: key });
  }
}
