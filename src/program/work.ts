import type { EventRecorder } from '../kubernetes/event-recorder.ts';
import type { OperatorPorts } from '../kubernetes/resource-operator.ts';
import type { WatchedStores } from '../kubernetes/resource-stores.ts';
import type { StatusWriter } from '../kubernetes/status-writer.ts';
import type { HealthCheck } from '../telemetry/health-server.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What the work of a process may use, made once. */
export interface ProgramPorts extends OperatorPorts {
  readonly metrics: Metrics;
  readonly events: EventRecorder;
  readonly statusWriter: StatusWriter;
  readonly stores: WatchedStores;
}

/** A task: resolves when `signal` is aborted and all is left in order; rejects only for a bug. */
export type Task = (signal: AbortSignal) => Promise<void>;

/** The work itself, once its parts are wired. */
export interface Work {
  /** What every replica does, from its start to its end. */
  readonly always: Task;
  /**
   * What only the leader may do; absent where all are equal. It is made anew for each term of leadership, so nothing is
   * remembered of an earlier one, and begins at once, so that caches are warm: operators have their first turns when
   * they lead, other tasks wait for `ports.leadership`. What it writes goes through these ports, which refuse after the
   * term. Metrics are registered once a process, so outside of it.
   */
  readonly whileLeading?: (ports: ProgramPorts) => Task;
  /** What must hold beyond the caches before the process can do its work. */
  readonly ready: readonly HealthCheck[];
}
