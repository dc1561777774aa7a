import { untilAborted } from '../kubernetes/aborted.ts';
import type { Leadership } from '../kubernetes/resource-operator.ts';
import type { FailureReason } from '../model/allocation/failure.ts';
import type { Gauge, Metrics, Reading } from '../telemetry/metrics.ts';

/** How many Services did not get all they ask for, by the reason. */
export type Pending = () => ReadonlyMap<FailureReason, number>;

/** What a replica says of its part; only the leader knows which Services wait. */
export class LeaderMetrics {
  readonly #leads: Gauge;
  #pending: Pending | undefined;

  /** Registers them; once a process. */
  constructor(metrics: Metrics) {
    this.#leads = metrics.gauge('typemetal_leader', '1 on the replica that gives addresses to Services, else 0.');
    this.#leads.set(0);
    metrics.measured(
      'typemetal_services_pending',
      'Number of Services that did not get all they ask for, by reason; known to the leader alone.',
      ['reason'],
      () => this.#readings(),
    );
  }

  /** Tells of one term of leadership, from the moment it begins to its end. */
  async show(leadership: Leadership | undefined, pending: Pending, signal: AbortSignal): Promise<void> {
    await leadership?.whenLeading(signal);
    if (signal.aborted) return;
    this.#leads.set(1);
    this.#pending = pending;
    await untilAborted(new Promise(() => undefined), signal);
    this.#leads.set(0);
    this.#pending = undefined;
  }

  #readings(): readonly Reading[] {
    return Array.from(this.#pending?.() ?? [], ([reason, value]) => ({ labels: { reason }, value }));
  }
}
