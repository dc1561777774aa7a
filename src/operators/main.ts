import { type ProgramPorts, runProgram, type Work } from '../program/program.ts';
import { surroundingsOf } from '../program/surroundings.ts';
import { Allocation } from './allocation.ts';
import { type ControllerOptions, controllerHelp, parseControllerOptions } from './options.ts';

function wire({ namespace, lbClass }: ControllerOptions, ports: ProgramPorts): Work {
  const { metrics, events, statusWriter: statuses } = ports;
  const ownClass = lbClass === '' ? undefined : lbClass;
  const allocation = new Allocation({ namespace, ownClass, statuses, events, metrics }, ports);
  return { ready: [], run: (signal) => allocation.start(signal) };
}

process.exitCode = await runProgram(
  { name: 'controller', help: controllerHelp, parse: parseControllerOptions, nodeOf: () => '', healthHost: undefined, wire },
  surroundingsOf(process),
);
