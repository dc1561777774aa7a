import { createHash } from 'node:crypto';
import type { Api } from '../../kubernetes/api.ts';
import { isStatus } from '../../kubernetes/api-error.ts';
import { createObject, deleteObject, getObject } from '../../kubernetes/objects.ts';
import type { OwnPod } from '../../kubernetes/own-pod.ts';
import type { ObjectName, Resource } from '../../kubernetes/resource.ts';
import { rfc3339 } from '../../kubernetes/rfc3339.ts';
import type { StatusTarget, StatusWriter } from '../../kubernetes/status-writer.ts';
import type { Clock } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import { readyCondition } from '../../model/ready-condition.ts';
import { type ServiceStatusFacts, STATUS_LABELS, serviceStatusFacts } from './projections.ts';

/** The kinds by which speakers say what they announce. */
export type ServiceStatusKind = 'ServiceL2Status' | 'ServiceBGPStatus';

/** What the objects of one kind need of the world. */
export interface ServiceStatusPorts {
  readonly api: Api;
  readonly clock: Clock;
  readonly node: string;
  /** Where the objects lie. */
  readonly namespace: string;
  /** Owns the objects, so that they go with it. */
  readonly ownPod: OwnPod;
  readonly statusWriter: StatusWriter;
  /** Asks for another turn for a Service: what was in the way is not there any more. */
  readonly again: (key: string) => void;
}

/** Objects have no longer names than this many digits of a hash: 40 bits tell 10,000 Services apart. */
const HASH_DIGITS = 10;

const PREFIXES: Readonly<Record<ServiceStatusKind, string>> = { ServiceL2Status: 'l2', ServiceBGPStatus: 'bgp' };

/** One object for a Service and a node, by which that node says what it announces. */
export class ServiceStatusObjects {
  readonly resource: Resource;
  readonly #kind: ServiceStatusKind;
  readonly #ports: ServiceStatusPorts;

  constructor(kind: ServiceStatusKind, ports: ServiceStatusPorts) {
    this.#kind = kind;
    this.#ports = ports;
    const plural = `${kind.toLowerCase()}es`;
    this.resource = { group: 'metallb.io', version: 'v1beta1', plural, namespace: ports.namespace };
  }

  /** Makes this node's object about a Service with this status. Where its name is taken, the object's own event gives the next turn. */
  async create(key: string, status: JsonObject, signal: AbortSignal): Promise<void> {
    const { api, node, namespace, ownPod } = this.#ports;
    const [serviceNamespace = '', service = ''] = key.split('/');
    const labels = { [STATUS_LABELS.node]: node, [STATUS_LABELS.service]: service, [STATUS_LABELS.serviceNamespace]: serviceNamespace };
    // Made of node and Service, so that a repeated attempt meets the first one's object instead of making another.
    const name = `${PREFIXES[this.#kind]}-${createHash('sha256').update(`${node}/${key}`).digest('hex').slice(0, HASH_DIGITS)}`;
    const metadata = { name, namespace, labels, ownerReferences: await ownPod.references(signal) };
    const body = { apiVersion: 'metallb.io/v1beta1', kind: this.#kind, metadata, spec: {} };
    try {
      await this.write(key, serviceStatusFacts(await createObject(api, this.resource, body, signal)), status, signal);
    } catch (thrown) {
      if (!isStatus(thrown, 409)) throw thrown;
      await this.#makeRoom(key, { namespace, name }, signal);
    }
  }

  /** Writes the status of this node's object about a Service, and that it is ready: what it says holds as soon as it stands there. */
  async write(key: string, target: ServiceStatusFacts, status: JsonObject, signal: AbortSignal): Promise<void> {
    const { node, clock, statusWriter } = this.#ports;
    const [serviceNamespace = '', serviceName = ''] = key.split('/');
    const { generation, readySince = rfc3339(clock.wallMilliseconds()) } = target;
    const ready = readyCondition({ generation, refusal: undefined, before: [], now: readySince });
    const whole = { node, serviceName, serviceNamespace, ...status, observedGeneration: generation, conditions: [ready] };
    await statusWriter.write(this.resource, target, { status: whole }, signal);
  }

  /** Deletes an object. */
  async delete(target: StatusTarget, signal: AbortSignal): Promise<void> {
    await deleteObject(this.#ports.api, this.resource, target, signal);
  }

  /**
   * The name is taken. Mostly the object is ours, and the watch has yet to tell: its event gives the next turn. One that
   * lost its labels would never be found, so it goes.
   */
  async #makeRoom(key: string, name: ObjectName, signal: AbortSignal): Promise<void> {
    const { api, again, node } = this.#ports;
    const there = await getObject(api, this.resource, name, signal);
    if (there === undefined) return again(key);
    const facts = serviceStatusFacts(there);
    if (facts.service === key && facts.node === node) return;
    await deleteObject(api, this.resource, facts, signal);
    again(key);
  }
}
