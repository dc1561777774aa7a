import { untilAborted } from '../kubernetes/aborted.ts';
import { AllocationTable } from '../model/allocation/table.ts';
import { endProcess } from '../program/ending.ts';
import { type ProgramPorts, runProgram, type Work } from '../program/program.ts';
import { surroundingsOf } from '../program/surroundings.ts';
import { type ControllerOptions, controllerHelp, parseControllerOptions } from './options.ts';
import { IPAddressPoolOperator } from './pools/operator.ts';
import { ServiceOperator } from './services/operator.ts';

function wire({ namespace, lbClass, webhookMode }: ControllerOptions, ports: ProgramPorts): Work {
  // Another controller gives the addresses, and there is no webhook yet: nothing to do but to stay.
  if (webhookMode === 'onlywebhook') return { ready: [], run: (signal) => untilAborted(new Promise(() => undefined), signal) };
  const { metrics, events, statusWriter: statuses } = ports;
  // One table for both: what pools there are, and who holds what.
  const table = new AllocationTable();
  const pools: IPAddressPoolOperator = new IPAddressPoolOperator(
    { namespace, table, statuses, metrics, poolsChanged: () => services.poolsChanged() },
    ports,
  );
  const services: ServiceOperator = new ServiceOperator(
    {
      ownClass: lbClass === '' ? undefined : lbClass,
      table,
      statuses,
      events,
      poolsLoaded: (signal) => pools.whenLoaded(signal),
      countersChanged: (names) => pools.countersChanged(names),
    },
    ports,
  );
  return {
    ready: [],
    run: async (signal) => {
      await Promise.all([pools.start(signal), services.start(signal)]);
    },
  };
}

const exitCode = await runProgram(
  { name: 'controller', help: controllerHelp, parse: parseControllerOptions, nodeOf: () => '', healthHost: undefined, wire },
  surroundingsOf(process),
);
await endProcess(process, exitCode);
