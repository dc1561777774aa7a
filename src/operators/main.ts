import { AllocationTable } from '../model/allocation/table.ts';
import { type ProgramPorts, runProgram, type Work } from '../program/program.ts';
import { surroundingsOf } from '../program/surroundings.ts';
import { type ControllerOptions, controllerHelp, parseControllerOptions } from './options.ts';
import { IPAddressPoolOperator } from './pools/operator.ts';
import { ServiceOperator } from './services/operator.ts';

function wire({ namespace, lbClass }: ControllerOptions, ports: ProgramPorts): Work {
  const { metrics, events, statusWriter: statuses } = ports;
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

process.exitCode = await runProgram(
  { name: 'controller', help: controllerHelp, parse: parseControllerOptions, nodeOf: () => '', healthHost: undefined, wire },
  surroundingsOf(process),
);
