import type { ConfigurationReport } from '../../kubernetes/configuration-report.ts';
import { CONTROLLER_STATE, ConfigurationStateOperator } from '../../kubernetes/configuration-state-operator.ts';
import { OwnPod } from '../../kubernetes/own-pod.ts';
import type { AllocationTable } from '../../model/allocation/table.ts';
import type { ProgramPorts, Task } from '../../program/work.ts';
import type { ControllerOptions } from '../options.ts';
import { ConfigurationOperator } from './operator.ts';

/** The pools, which others keep. */
export interface KeptPools {
  /** Holds those in use. */
  readonly table: AllocationTable;
  /** Resolves when those that were there at the start are known; early when `signal` is aborted. */
  readonly loaded: (signal: AbortSignal) => Promise<void>;
}

/** Keeping the configuration beside the pools. */
export interface KeptConfiguration {
  readonly task: Task;
  /** Takes notice that other pools are in use: advertisements must fit them. */
  poolsChanged(): void;
}

/** Keeps conditions on the objects beside the pools, and tells in one object whether all of the configuration is in use. */
export function keepConfiguration(
  { namespace, podName }: ControllerOptions,
  ports: ProgramPorts,
  { table, loaded }: KeptPools,
  report: ConfigurationReport,
): KeptConfiguration {
  const configuration = new ConfigurationOperator(
    {
      namespace,
      statuses: ports.statusWriter,
      pools: () => [...table.pools.pools.values()],
      poolsLoaded: loaded,
      faultsFound: (faults) => report.set('objects', faults),
    },
    ports,
  );
  const ownPod = new OwnPod({ api: ports.api, log: ports.log, namespace, podName });
  const state = new ConfigurationStateOperator({ namespace, identity: CONTROLLER_STATE, report, ownPod }, ports);
  return {
    poolsChanged: () => configuration.poolsChanged(),
    task: async (signal) => {
      await Promise.all([configuration.start(signal), state.start(signal)]);
    },
  };
}
