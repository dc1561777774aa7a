import { untilAborted } from '../kubernetes/aborted.ts';
import type { Leadership } from '../kubernetes/resource-operator.ts';
import type { FailureReason } from '../model/allocation/failure.ts';
import type { Metrics, Reading } from '../telemetry/metrics.ts';

/** How many Services did not get all they ask for, by the reason. */
export type Pending = () => ReadonlyMap<FailureReason, number>;

/** A term that has begun: as long as it has time left, the replica leads. */
interface Term {
  /** `undefined`: the process leads without asking. */
  readonly leadership: Leadership | undefined;
  readonly pending: Pending;
}

/**
 * What a replica says of its part; only the leader knows which Services wait. Whether it leads is asked at each exposition:
 * a leader that is cut off from the API server has nothing that would tell it that its time is over.
 */
export class LeaderMetrics {
  #term: Term | undefined;

  /** Registers them; once a process. */
  constructor(metrics: Metrics) {
    metrics.measured('typemetal_leader', '1 on the replica that gives addresses to Services, else 0.', [], () => [
      { value: this.#leading === undefined ? 0 : 1 },
    ]);
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
    this.#term = { leadership, pending };
    await untilAborted(new Promise(() => undefined), signal);
    this.#term = undefined;
  }

  /** The term, as long as what it decides may be written. */
  get #leading(): Term | undefined {
    const { leadership } = this.#term ?? {};
    return leadership === undefined || leadership.remaining() > 0 ? this.#term : undefined;
  }

  #readings(): readonly Reading[] {
    return Array.from(this.#leading?.pending() ?? [], ([reason, value]) => ({ labels: { reason }, value }));
  }
}
