import { untilAborted } from '../kubernetes/aborted.ts';
import { type ProgramPorts, runProgram, type Work } from '../program/program.ts';
import { surroundingsOf } from '../program/surroundings.ts';
import { Allocation } from './allocation.ts';
import { type ControllerOptions, controllerHelp, parseControllerOptions } from './options.ts';

function wire({ namespace, lbClass, webhookMode }: ControllerOptions, ports: ProgramPorts): Work {
  // Another controller gives the addresses, and there is no webhook yet: nothing to do but to stay.
  if (webhookMode === 'onlywebhook') return { ready: [], run: (signal) => untilAborted(new Promise(() => undefined), signal) };
  const { metrics, events, statusWriter: statuses } = ports;
  const ownClass = lbClass === '' ? undefined : lbClass;
  const allocation = new Allocation({ namespace, ownClass, statuses, events, metrics }, ports);
  return { ready: [], run: (signal) => allocation.start(signal) };
}

process.exitCode = await runProgram(
  { name: 'controller', help: controllerHelp, parse: parseControllerOptions, nodeOf: () => '', healthHost: undefined, wire },
  surroundingsOf(process),
);
