import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { untilAborted } from '../kubernetes/aborted.ts';
import { ConfigurationReport } from '../kubernetes/configuration-report.ts';
import { AllocationTable } from '../model/allocation/table.ts';
import { endProcess } from '../program/ending.ts';
import { runProgram } from '../program/program.ts';
import { surroundingsOf } from '../program/surroundings.ts';
import type { ProgramPorts, Task, Work } from '../program/work.ts';
import { candidacyOf } from './candidacy.ts';
import { keepConfiguration } from './configuration/main.ts';
import { LeaderMetrics } from './leader-metrics.ts';
import { MemberlistSecretOperator } from './memberlist/operator.ts';
import { KEY_OCTETS } from './memberlist/plan.ts';
import { type ControllerOptions, controllerHelp, parseControllerOptions } from './options.ts';
import { IPAddressPoolOperator } from './pools/operator.ts';
import { PoolMetrics } from './pools/pool-metrics.ts';
import { ServiceOperator } from './services/operator.ts';
import { keepCertificates, reviewChanges } from './webhooks/main.ts';

/** Until it is told to end. */
const idle: Task = (signal) => untilAborted(new Promise(() => undefined), signal);

/** Tasks that begin and end together. */
function all(...tasks: readonly Task[]): Task {
  return async (signal) => {
    await Promise.all(tasks.map((task) => task(signal)));
  };
}

/**
 * The controller: every replica reviews changes of the configuration, and the one that leads gives addresses, keeps
 * statuses and makes certificates.
 */
function wire(options: ControllerOptions, ports: ProgramPorts): Work {
  const { webhookMode } = options;
  const reviews = webhookMode === 'disabled' ? { ready: [], always: idle } : reviewChanges(options, ports);
  // Who leads gives the addresses; a replica that only reviews is no candidate, and keeps its certificates itself.
  if (webhookMode === 'onlywebhook') return { ...reviews, always: all(reviews.always, keepCertificates(options, ports)) };
  const findings: Findings = {
    poolMetrics: new PoolMetrics(ports.metrics),
    leaderMetrics: new LeaderMetrics(ports.metrics),
    report: new ConfigurationReport(ports.metrics, ['pools', 'objects'], () => ports.stores.synced),
  };
  return {
    ...reviews,
    whileLeading: (leader) => {
      // What an earlier term found says nothing of now.
      findings.poolMetrics.clear();
      findings.report.clear();
      const addresses = all(giveAddresses(options, leader, findings), memberlistSecret(options, leader));
      return webhookMode === 'disabled' ? addresses : all(addresses, keepCertificates(options, leader));
    },
  };
}

/** What outlives a term of leadership: metrics are registered once a process. */
interface Findings {
  readonly poolMetrics: PoolMetrics;
  readonly leaderMetrics: LeaderMetrics;
  readonly report: ConfigurationReport;
}

/**
 * What the leader does with pools, Services and the rest of the configuration. The operators share one table, so that each
 * address is booked in one place, and one report of what is wrong, which the ConfigurationState tells.
 */
function giveAddresses(options: ControllerOptions, ports: ProgramPorts, { poolMetrics, leaderMetrics, report }: Findings): Task {
  const { namespace, lbClass } = options;
  const { events, statusWriter: statuses } = ports;
  // One table for both: what pools there are, and who holds what.
  const table = new AllocationTable();
  const pools: IPAddressPoolOperator = new IPAddressPoolOperator(
    {
      namespace,
      table,
      statuses,
      metrics: poolMetrics,
      faultsFound: (faults) => report.set('pools', faults),
      poolsChanged: () => {
        services.poolsChanged();
        configuration.poolsChanged();
      },
    },
    ports,
  );
  const configuration = keepConfiguration(options, ports, { table, loaded: (signal) => pools.whenLoaded(signal) }, report);
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
  const shown: Task = (signal) => leaderMetrics.show(ports.leadership, () => services.pending(), signal);
  return all(
    (signal) => pools.start(signal),
    (signal) => services.start(signal),
    configuration.task,
    shown,
  );
}

/** Makes the Secret that MetalLB's own speakers wait for; without a name for it there is nothing to do. */
function memberlistSecret({ namespace, memberlistSecretName: name, deployment }: ControllerOptions, ports: ProgramPorts): Task {
  if (name === '') return idle;
  const operator = new MemberlistSecretOperator({ namespace, name, deployment, newKey: () => randomBytes(KEY_OCTETS) }, ports);
  return (signal) => operator.start(signal);
}

const exitCode = await runProgram(
  {
    name: 'controller',
    help: controllerHelp,
    parse: parseControllerOptions,
    nodeOf: () => '',
    candidacyOf: (options, random) => candidacyOf(options, hostname(), random),
    healthHost: undefined,
    wire,
  },
  surroundingsOf(process),
);
await endProcess(process, exitCode);
