import { ApiClient } from '../kubernetes/api-client.ts';
import { EventLoopWatch } from '../kubernetes/event-loop-watch.ts';
import { ApiEventRecorder, type EventRecorder } from '../kubernetes/event-recorder.ts';
import { KubeConfigError, loadConfig } from '../kubernetes/kube-config.ts';
import type { OperatorPorts } from '../kubernetes/resource-operator.ts';
import { WatchedStores } from '../kubernetes/resource-stores.ts';
import { ApiStatusWriter, type StatusWriter } from '../kubernetes/status-writer.ts';
import { reconcileCounters } from '../kubernetes/work-queue.ts';
import type { Clock } from '../lib/clock.ts';
import type { CommonOptions } from '../lib/common-options.ts';
import { describeError } from '../lib/errors.ts';
import type { Environment, Invocation } from '../lib/go-flags.ts';
import type { Result } from '../lib/result.ts';
import { type HealthCheck, serveHealth } from '../telemetry/health-server.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { serveMetrics } from '../telemetry/metrics-server.ts';
import { createPrometheusMetrics } from '../telemetry/prometheus-metrics.ts';
import { createWinstonLogger } from '../telemetry/winston-logger.ts';

/** What a process is given by the one who starts it: read by `main` and nowhere else. */
export interface Surroundings {
  readonly argv: readonly string[];
  readonly environment: Environment;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly clock: Clock;
  /** The namespace that Kubernetes mounts into a pod; `undefined` elsewhere. */
  readonly serviceAccountNamespace: string | undefined;
  readonly version: string;
  /** Aborted when the process is told to end. */
  readonly signal: AbortSignal;
}

/** What the work of a process may use, made once. */
export interface ProgramPorts extends OperatorPorts {
  readonly metrics: Metrics;
  readonly events: EventRecorder;
  readonly statusWriter: StatusWriter;
  readonly stores: WatchedStores;
}

/** The work itself, once its parts are wired. */
export interface Work {
  /** Resolves when `signal` is aborted and all is left in order; rejects only for a bug. */
  run(signal: AbortSignal): Promise<void>;
  /** What must hold beyond the caches before the process can do its work. */
  readonly ready: readonly HealthCheck[];
}

/** What tells the controller from the speaker. */
export interface Program<Options extends CommonOptions> {
  readonly name: 'controller' | 'speaker';
  help(): string;
  parse(
    argv: readonly string[],
    environment: Environment,
    serviceAccountNamespace: string | undefined,
  ): Result<Invocation<Options>, string>;
  wire(options: Options, ports: ProgramPorts): Work;
  /** The node that its events name as their source; empty for none. */
  nodeOf(options: Options): string;
  /** Where the health probes are bound; `undefined` means all addresses. */
  readonly healthHost: string | undefined;
}

/**
 * Runs a program until its signal is aborted and gives its exit code: 0 for a clean end, 1 for a command line or a
 * kubeconfig that is wrong, which one line on standard error explains, and 2 for a bug.
 */
export async function runProgram<Options extends CommonOptions>(program: Program<Options>, surroundings: Surroundings): Promise<number> {
  const { argv, environment, serviceAccountNamespace, stdout, stderr, version } = surroundings;
  const parsed = program.parse(argv, environment, serviceAccountNamespace);
  if (!parsed.ok) return refuse(program, stderr, parsed.error);
  const invocation = parsed.value;
  if (invocation.kind === 'help') return say(stdout, program.help());
  if (invocation.kind === 'version') return say(stdout, `typemetal ${program.name} ${version}\n`);
  const log = createWinstonLogger({ level: invocation.values.logLevel, stream: stdout, clock: surroundings.clock });
  log.info(`TypeMetal ${program.name} starting version ${version}`, { version, node: process.version });
  for (const sentence of invocation.unusedFlags) log.warn(sentence, { op: 'startup' });
  try {
    await serve(program, invocation.values, surroundings, log);
    log.info('done', { op: 'shutdown' });
    return 0;
  } catch (thrown) {
    if (thrown instanceof KubeConfigError) return refuse(program, stderr, thrown.message);
    const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
    log.error('this is a bug; the process ends so that it starts afresh', { op: 'run', error: describeError(thrown), stack });
    return 2;
  }
}

function refuse(program: { readonly name: string }, stderr: NodeJS.WritableStream, fault: string): number {
  say(stderr, `${program.name}: ${fault}\n`);
  return 1;
}

function say(stream: NodeJS.WritableStream, text: string): number {
  stream.write(text);
  return 0;
}

/** Wires the ports, the work and the endpoints, and runs them side by side: the first that fails ends the others. */
async function serve<Options extends CommonOptions>(
  program: Program<Options>,
  options: Options,
  { environment, clock, version, signal }: Surroundings,
  log: Logger,
): Promise<void> {
  const random = Math.random;
  const config = loadConfig({ kubeconfig: options.kubeconfig, environment });
  using api = new ApiClient({ config, clock, random, log, userAgent: `typemetal-${program.name}/${version}` });
  const metrics = createPrometheusMetrics({ processMetrics: true });
  const events = new ApiEventRecorder({ api, clock, random, log, component: `metallb-${program.name}`, host: program.nodeOf(options) });
  const stores = new WatchedStores({ api, clock, random, log });
  const statusWriter = new ApiStatusWriter({ api, log });
  const ports: ProgramPorts = { api, stores, clock, random, log, counters: reconcileCounters(metrics), metrics, events, statusWriter };
  const work = program.wire(options, ports);
  const eventLoop = new EventLoopWatch(clock);
  const loopTurns: HealthCheck = { name: 'event loop', check: async () => eventLoop.fault() };
  const cachesSynced: HealthCheck = {
    name: 'caches',
    check: async () => (stores.synced ? undefined : `not complete: ${stores.missing.join(', ')}`),
  };
  const ending = new AbortController();
  const all = AbortSignal.any([signal, ending.signal]);
  const tasks: Promise<void>[] = [eventLoop.run(all), stores.run(all), events.run(all), work.run(all)];
  if (options.healthProbePort !== 0) {
    const endpoint = { host: program.healthHost, port: options.healthProbePort, logger: log, clock };
    tasks.push(serveHealth({ ...endpoint, live: [loopTurns], ready: [cachesSynced, ...work.ready] }, all));
  }
  if (options.port !== 0) tasks.push(serveMetrics({ port: options.port, metrics, logger: log, clock }, all));
  try {
    await Promise.all(tasks);
  } finally {
    ending.abort();
    await Promise.allSettled(tasks);
  }
}
