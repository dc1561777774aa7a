import type { IPAddressPool, IPAddressPoolStatus } from '../../src/crds/ip-address-pool.ts';
import { ConfigurationReport } from '../../src/kubernetes/configuration-report.ts';
import type { Resource } from '../../src/kubernetes/resource.ts';
import type { OperatorPorts } from '../../src/kubernetes/resource-operator.ts';
import { ApiStatusWriter, type StatusWriter } from '../../src/kubernetes/status-writer.ts';
import { reconcileCounters } from '../../src/kubernetes/work-queue.ts';
import { type Micros, milliseconds } from '../../src/lib/clock.ts';
import { AllocationTable } from '../../src/model/allocation/table.ts';
import { type ServiceFacts, serviceFacts } from '../../src/model/service.ts';
import { IPAddressPoolOperator } from '../../src/operators/pools/operator.ts';
import { PoolMetrics } from '../../src/operators/pools/pool-metrics.ts';
import { ServiceOperator } from '../../src/operators/services/operator.ts';
import { eventually } from './eventually.ts';
import { pool, type ServiceOptions, service } from './objects.ts';
import { RecordingMetrics } from './recording-metrics.ts';
import { RuntimeScene, SERVICES } from './runtime-scene.ts';

/** IPAddressPools, as the fake server files them. */
export const POOLS: Resource = { group: 'metallb.io', version: 'v1beta1', plural: 'ipaddresspools' };

/** The two operators that give out addresses, over one table, and the fake API server they look at. */
export class AllocationScene implements AsyncDisposable {
  readonly runtime: RuntimeScene;
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  /** `NAME REASON` of each event, in order. */
  readonly events: string[] = [];
  /** Comes before the status of a Service is written. */
  beforeWrite: () => void = () => undefined;
  /** Comes when it has been; may throw as if the answer had been lost. */
  afterWrite: () => void = () => undefined;
  readonly #end = new AbortController();
  #lookAgain: () => void = () => undefined;
  #pending: () => Readonly<Record<string, number>> = () => ({});
  #running: Promise<unknown> = Promise.resolve();

  private constructor(runtime: RuntimeScene) {
    this.runtime = runtime;
  }

  /** With one pool `p` of eight addresses. */
  static async open(): Promise<AllocationScene> {
    const scene = new AllocationScene(await RuntimeScene.open());
    scene.putPool(pool('p', ['10.0.0.0/29']));
    return scene;
  }

  /** Starts the operators; once. */
  start(ownClass?: string): void {
    const { api, stores, clock, log } = this.runtime;
    const ports: OperatorPorts = { api, stores, clock, log, random: () => 0.5, counters: reconcileCounters(this.metrics) };
    const table = new AllocationTable();
    const statuses = this.#statuses();
    const metrics = new PoolMetrics(this.metrics);
    const report = new ConfigurationReport(this.metrics, ['pools']);
    const events = { record: ({ name }: { name: string }, _type: string, reason: string) => void this.events.push(`${name} ${reason}`) };
    const pools: IPAddressPoolOperator = new IPAddressPoolOperator(
      {
        namespace: 'metallb-system',
        table,
        statuses,
        metrics,
        faultsFound: (faults) => report.set('pools', faults),
        poolsChanged: () => services.poolsChanged(),
      },
      ports,
    );
    const poolsLoaded = (signal: AbortSignal): Promise<void> => pools.whenLoaded(signal);
    const countersChanged = (names: Iterable<string>): void => pools.countersChanged(names);
    const services: ServiceOperator = new ServiceOperator({ ownClass, table, statuses, events, poolsLoaded, countersChanged }, ports);
    this.#lookAgain = () => services.poolsChanged();
    this.#pending = () => Object.fromEntries(services.pending());
    this.#running = Promise.all([pools.start(this.#end.signal), services.start(this.#end.signal)]);
  }

  /** All Services get a turn. */
  lookAgain(): void {
    this.#lookAgain();
  }

  /** How many Services lack something, by the reason. */
  get pending(): Readonly<Record<string, number>> {
    return this.#pending();
  }

  putPool(object: IPAddressPool): void {
    this.runtime.server.put(POOLS, object as unknown as Parameters<RuntimeScene['server']['put']>[1]);
  }

  putService(options: ServiceOptions): void {
    this.runtime.server.put(SERVICES, service(options) as unknown as Parameters<RuntimeScene['server']['put']>[1]);
  }

  /** A Service as the server has it. */
  service(name: string): ServiceFacts | undefined {
    const services = this.runtime.server.list(SERVICES).map((each) => serviceFacts(each));
    return services.find((each) => each.name === name);
  }

  /** The addresses of a Service as the server has them, as one text. */
  ips(name: string): string | undefined {
    return this.service(name)
      ?.ingress.map(({ ip }) => ip)
      .join(' ');
  }

  /** The status of a pool, `undefined` while it has none. */
  poolStatus(name = 'p'): Partial<IPAddressPoolStatus> | undefined {
    const found = this.runtime.server.list(POOLS).find(({ metadata }) => metadata.name === name);
    return found?.status as Partial<IPAddressPoolStatus> | undefined;
  }

  /** How many statuses of Services were written. */
  get writes(): number {
    return this.runtime.server.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('/services/')).length;
  }

  happens(what: string, holds: () => boolean): Promise<void> {
    return eventually(this.runtime.clock, what, holds);
  }

  /** So much time that everything which is going to be written has been. */
  async rest(time: Micros = milliseconds(5_000)): Promise<void> {
    const { clock } = this.runtime;
    const until = clock.now() + time;
    await this.happens('time passes', () => clock.now() >= until);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
    await this.runtime[Symbol.asyncDispose]();
  }

  #statuses(): StatusWriter {
    const writer = new ApiStatusWriter(this.runtime);
    return {
      write: async (resource, ...call) => {
        if (resource.plural !== 'services') return writer.write(resource, ...call);
        this.beforeWrite();
        const outcome = await writer.write(resource, ...call);
        this.afterWrite();
        return outcome;
      },
    };
  }
}
