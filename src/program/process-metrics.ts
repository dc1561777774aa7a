import type { Gate } from '../kubernetes/api.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Which program it is. */
export interface Build {
  readonly version: string;
  /** Version of Node. */
  readonly node: string;
}

/** Registers what every process says of itself, once a process. */
export function registerProcessMetrics(metrics: Metrics, { version, node }: Build, api: Pick<Gate, 'reachable'>): void {
  metrics.measured('typemetal_build_info', 'The version that runs, with the constant value 1.', ['version', 'node'], () => [
    { labels: { version, node }, value: 1 },
  ]);
  metrics.measured('typemetal_apiserver_reachable', '1 if the API server answered when it was last asked, else 0.', [], () => [
    { value: api.reachable ? 1 : 0 },
  ]);
}
