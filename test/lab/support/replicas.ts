import { join } from 'node:path';
import { eventually } from '../../../hack/kubernetes/eventually.ts';
import { AUDIT_FLAGS, AuditLog, type Write } from '../../../hack/lab/audit-log.ts';
import { Lab } from '../../../hack/lab/lab.ts';
import { PRODUCT_NAMESPACE, type ProductProcess } from '../../../hack/lab/product.ts';
import { Cluster } from './cluster.ts';

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${PRODUCT_NAMESPACE}/leases/metallb-controller`;

/** Port of the probes of the first controller that shares a host; each has the next one. */
const FIRST_HEALTH_PORT = 17_473;

/** A second on an idle machine; several labs at once on two cores are not idle. */
const PATIENCE = { withinMilliseconds: 60_000, pauseMilliseconds: 20 };

/** Two controllers of one cluster, which are replicas of each other. */
export class Replicas implements AsyncDisposable {
  readonly lab: Lab;
  readonly cluster: Cluster;
  readonly audit: AuditLog;
  readonly controllers: ProductProcess[] = [];

  private constructor(lab: Lab) {
    this.lab = lab;
    this.cluster = new Cluster(lab.control.api);
    this.audit = new AuditLog(join(lab.folder, 'logs', 'kube-apiserver.log'));
  }

  /** A cluster in which none runs yet. */
  static async open(): Promise<Replicas> {
    const lab = await Lab.start({ nodes: 1, podsPerNode: 0, controllerManager: false, apiServerFlags: AUDIT_FLAGS });
    const replicas = new Replicas(lab);
    try {
      await lab.installProduct();
    } catch (cause) {
      await lab[Symbol.asyncDispose]();
      throw cause;
    }
    return replicas;
  }

  /** Starts both with these flags; fulfilled when both are ready and one of them leads. */
  async start(flags: readonly string[] = []): Promise<void> {
    for (const [index, name] of ['controller-a', 'controller-b'].entries()) {
      const options = { name, healthPort: FIRST_HEALTH_PORT + index, flags: ['--port=0', ...flags] };
      this.controllers.push(await this.lab.startController(options));
    }
    await Promise.all(this.controllers.map((controller) => controller.ready()));
    await this.leader();
  }

  /** Ends both. */
  async stop(): Promise<void> {
    await Promise.all(this.controllers.splice(0).map((controller) => controller.program.stop()));
  }

  /** The pod that holds the lease; empty for none. */
  async holder(): Promise<string> {
    const { spec } = (await this.lab.control.api.get(LEASE)) as { readonly spec: { readonly holderIdentity?: string } };
    return spec.holderIdentity?.split('_')[0] ?? '';
  }

  /** The one that leads, and the other. */
  async leader(): Promise<{ readonly leader: ProductProcess; readonly follower: ProductProcess }> {
    const [first, second] = this.controllers;
    if (first === undefined || second === undefined) throw new Error('they do not run');
    const find = async (): Promise<{ leader: ProductProcess; follower: ProductProcess } | undefined> => {
      const holder = await this.holder();
      if (holder === first.name) return { leader: first, follower: second };
      return holder === second.name ? { leader: second, follower: first } : undefined;
    };
    return await eventually('one of them leads', find, PATIENCE);
  }

  /** Fulfilled when this one holds the lease. */
  async leads({ name }: ProductProcess): Promise<void> {
    await eventually(`${name} leads`, async () => (await this.holder()) === name, PATIENCE);
  }

  /** When the address of a Service was written for the first time, in milliseconds since 1970. */
  async addressedAt(service: string): Promise<number> {
    const given = async (): Promise<Write | undefined> =>
      (await this.audit.writesTo('services', service)).find(({ resource, status }) => resource === 'services/status' && status === 200);
    return (await eventually(`the address of ${service} is written`, given, PATIENCE)).answeredAt;
  }

  /** Fulfilled when so many statuses of Services have been written. */
  async settled(services: number): Promise<void> {
    const written = async (): Promise<boolean> => {
      const writes = await this.audit.writesTo('services');
      return new Set(writes.filter(({ status }) => status === 200).map(({ name }) => name)).size >= services;
    };
    await eventually(`${services} Services have an address`, written, { withinMilliseconds: 300_000, pauseMilliseconds: 500 });
  }

  /** Deletes the Lease, as a person might. */
  async deleteLease(): Promise<void> {
    await this.lab.control.api.delete(LEASE);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab[Symbol.asyncDispose]();
  }
}

/** A request of a controller that did not hold the lease when the server got it. */
export interface LateWrite {
  /** How often the lease had changed hands before it. */
  readonly term: number;
  readonly resource: string;
  /** Of the answer. */
  readonly status: number;
  readonly text: string;
}

/**
 * What somebody sent who did not hold the lease when the server got it. The lease is held by whoever wrote it last. A process that is
 * stopped in the instant between its look at the lease and the write cannot be kept from sending that one when it goes on. Reviews
 * change nothing.
 */
export function writesWithoutLease(writes: readonly Write[]): readonly LateWrite[] {
  const leases = writes.filter(({ resource, status }) => resource === 'leases' && status < 300);
  const terms = leases.filter(({ agent }, index) => agent !== leases[index - 1]?.agent);
  const termAt = (moment: number): number => terms.findLastIndex(({ answeredAt }) => answeredAt < moment);
  return writes
    .filter(({ group, resource, by }) => by === 'controller' && resource !== 'leases' && group !== 'authorization.k8s.io')
    .filter(({ agent, receivedAt }) => terms[termAt(receivedAt)]?.agent !== agent)
    .map(({ agent, verb, resource, name, receivedAt, status }) => ({
      term: termAt(receivedAt),
      resource,
      status,
      text: `${new Date(receivedAt).toISOString()} ${agent}: ${verb} ${resource} ${name} ${status}`,
    }));
}
