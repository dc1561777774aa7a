import { AccessReviews } from '../kubernetes/access-reviews.ts';
import { ApiClient } from '../kubernetes/api-client.ts';
import type { Random } from '../kubernetes/backoff.ts';
import { EventLoopWatch } from '../kubernetes/event-loop-watch.ts';
import { ApiEventRecorder } from '../kubernetes/event-recorder.ts';
import { KubeConfigError, loadConfig } from '../kubernetes/kube-config.ts';
import type { Candidacy } from '../kubernetes/lease-elector.ts';
import { checkOwnRights } from '../kubernetes/own-rights.ts';
import { WatchedStores } from '../kubernetes/resource-stores.ts';
import { checkServer, ServerTooOldError } from '../kubernetes/server-version.ts';
import { ApiStatusWriter } from '../kubernetes/status-writer.ts';
import { reconcileCounters } from '../kubernetes/work-queue.ts';
import type { Clock } from '../lib/clock.ts';
import type { CommonOptions } from '../lib/common-options.ts';
import { describeError } from '../lib/errors.ts';
import type { Environment, Invocation } from '../lib/go-flags.ts';
import type { Result } from '../lib/result.ts';
import { tlsSettingsOf } from '../lib/tls-names.ts';
import { type HealthCheck, serveHealth } from '../telemetry/health-server.ts';
import type { Logger } from '../telemetry/logger.ts';
import { serveMetrics } from '../telemetry/metrics-server.ts';
import { createPrometheusMetrics } from '../telemetry/prometheus-metrics.ts';
import { createWinstonLogger } from '../telemetry/winston-logger.ts';
import { leadingTask } from './leading.ts';
import { metricsIdentity } from './metrics-identity.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import type { ProgramPorts, Work } from './work.ts';

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
  /** How its replicas elect who leads; `undefined` when this process leads without asking. */
  candidacyOf?(options: Options, random: Random): Candidacy | undefined;
  /** Where the health probes are bound; `undefined` means all addresses. */
  readonly healthHost: string | undefined;
}

/**
 * Runs a program until its signal is aborted and gives its exit code: 0 for a clean end, 1 for a command line or a
 * kubeconfig that is wrong, or an API server that is too old, which one line on standard error explains, and 2 for a bug.
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
  sayWhenEnding(surroundings.signal, log);
  try {
    await serve(program, invocation.values, surroundings, log);
    log.info('done', { op: 'shutdown' });
    return 0;
  } catch (thrown) {
    if (thrown instanceof KubeConfigError || thrown instanceof ServerTooOldError) return refuse(program, stderr, thrown.message);
    const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
    log.error('this is a bug; the process ends so that it starts afresh', { op: 'run', error: describeError(thrown), stack });
    return 2;
  }
}

/** The end may take as long as routers need to move their traffic. */
function sayWhenEnding(signal: AbortSignal, log: Logger): void {
  const saying = (): void => log.info('starting shutdown', { op: 'shutdown' });
  if (signal.aborted) saying();
  else signal.addEventListener('abort', saying, { once: true });
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
  using api = new ApiClient({ config, clock, random, log, userAgent: userAgentOf(program.name, version, options.podName) });
  const metrics = createPrometheusMetrics({ processMetrics: true });
  registerProcessMetrics(metrics, { version, node: process.version }, api);
  const reporter = { component: `metallb-${program.name}`, host: program.nodeOf(options) };
  const events = new ApiEventRecorder({ api, clock, random, log, ...reporter });
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
  const checked = checkServer(ports, all);
  const rights = checked.then(() => checkOwnRights(ports, { process: program.name, namespace: options.namespace }, all));
  const tasks: Promise<void>[] = [rights, eventLoop.run(all), stores.run(all), events.run(all), work.always(all)];
  if (work.whileLeading !== undefined) {
    const lead = leadingTask(work.whileLeading, { ports, reporter, candidacy: program.candidacyOf?.(options, random) });
    // Nothing is given out by a server that would not keep it in order.
    tasks.push(checked.then(() => lead(all)));
  }
  if (options.healthProbePort !== 0) {
    const endpoint = { host: program.healthHost, port: options.healthProbePort, logger: log, clock };
    tasks.push(serveHealth({ ...endpoint, live: [loopTurns], ready: [cachesSynced, ...work.ready] }, all));
  }
  if (options.port !== 0) {
    const doorkeeper = new AccessReviews({ api, clock, log, path: '/metrics', signal: all });
    const identity = metricsIdentity(`typemetal-${program.name}`, options, clock);
    const tls = { identity, settings: tlsSettingsOf(options) };
    tasks.push(serveMetrics({ port: options.port, metrics, doorkeeper, tls, logger: log, clock }, all));
  }
  try {
    await Promise.all(tasks);
  } finally {
    ending.abort();
    await Promise.allSettled(tasks);
  }
}

/** With the pod, so that the server's audit log tells replicas apart; a name that no pod can have is left out. */
function userAgentOf(program: string, version: string, podName: string): string {
  const agent = `typemetal-${program}/${version}`;
  return /^[a-z0-9.-]{1,253}$/.test(podName) ? `${agent} (${podName})` : agent;
}
