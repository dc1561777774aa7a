import type { EventRecorder } from '../kubernetes/event-recorder.ts';
import type { OperatorPorts } from '../kubernetes/resource-operator.ts';
import type { StatusWriter } from '../kubernetes/status-writer.ts';
import { AllocationTable } from '../model/allocation/table.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { IPAddressPoolOperator } from './pools/operator.ts';
import { ServiceOperator } from './services/operator.ts';

/** What giving out addresses needs of the world, beside what every operator needs. */
export interface AllocationWorld {
  /** Where IPAddressPools lie. */
  readonly namespace: string;
  /** `--lb-class`; `undefined` means Services without a class. */
  readonly ownClass: string | undefined;
  readonly statuses: StatusWriter;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
}

/** The two operators that give out addresses, over one table; neither knows the other. */
export class Allocation {
  readonly #pools: IPAddressPoolOperator;
  readonly #services: ServiceOperator;

  /** Registers its metrics, so once for each registry. */
  constructor({ namespace, ownClass, statuses, events, metrics }: AllocationWorld, ports: OperatorPorts) {
    const table = new AllocationTable();
    const poolsChanged = (): void => this.#services.poolsChanged();
    this.#pools = new IPAddressPoolOperator({ namespace, table, statuses, metrics, poolsChanged }, ports);
    this.#services = new ServiceOperator(
      {
        ownClass,
        table,
        statuses,
        events,
        poolsLoaded: (signal) => this.#pools.whenLoaded(signal),
        countersChanged: (pools) => this.#pools.countersChanged(pools),
      },
      ports,
    );
  }

  /** Whether all pools, Services and Namespaces are known. */
  get synced(): boolean {
    return this.#pools.synced && this.#services.synced;
  }

  /** Runs both until `signal` is aborted, and resolves when their last turns have ended. Once only. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#pools.start(signal), this.#services.start(signal)]);
  }
}
