import { readFileSync } from 'node:fs';
import { ApiClient } from '../kubernetes/api-client.ts';
import { KubeConfigError, loadConfig } from '../kubernetes/kube-config.ts';
import { endProcess } from '../program/ending.ts';
import { SYSTEM_CLOCK } from '../program/system-clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Cluster } from './cluster.ts';
import { type Order, parseCommandLine, USAGE, wantsColour } from './command-line.ts';
import { explainReport, serviceNamed } from './explain-report.ts';
import { readText } from './files.ts';
import { lintReport } from './lint-report.ts';
import { migrateReport } from './migrate-report.ts';
import { nodeChecks } from './node-checks.ts';
import { OWN_FILES } from './own-files.ts';
import { PatientApi } from './patient-api.ts';
import { checksReport, preflightReport } from './preflight-report.ts';
import { type Leave, rebalanceReport } from './rebalance-report.ts';
import { COLOURED, CommandError, type ExitCode, PLAIN, type Report } from './report.ts';
import { statusReport } from './status-report.ts';

/** Names the version; a bundle has it beside it. */
const MANIFEST = new URL(import.meta.url.endsWith('.ts') ? '../../package.json' : './package.json', import.meta.url);

/** Who reads what is printed may have seen enough: head(1) has. */
process.stdout.on('error', () => process.exit());

/** Nobody waits longer for a list; Ctrl-C ends it before. To move thousands of Services takes minutes. */
const LONGEST_MILLISECONDS = { looking: 60_000, moving: 600_000 };

/** What the client would log is told by the errors that it throws. */
const SILENCE: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENCE,
};

/** Runs a command that looks at the cluster; `namespace` is the one of the context. */
async function asked(order: Order, command: (cluster: Cluster, namespace: string) => Promise<Report>): Promise<Report> {
  const config = configOf(order);
  const userAgent = `kubectl-typemetal/${versionOf()}`;
  using api = new ApiClient({ config, clock: SYSTEM_CLOCK, random: Math.random, log: SILENCE, userAgent });
  const cluster = new Cluster(
    new PatientApi(api, SYSTEM_CLOCK),
    order.metallbNamespace,
    AbortSignal.timeout(LONGEST_MILLISECONDS[order.apply ? 'moving' : 'looking']),
  );
  return await command(cluster, order.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default');
}

function configOf({ kubeconfig, context }: Order): ReturnType<typeof loadConfig> {
  const config = loadConfig({ kubeconfig, environment: process.env });
  if (context === undefined) return config;
  if (config.getContextObject(context) === null) {
    const names = config.getContexts().map(({ name }) => name);
    throw new CommandError(`the kubeconfig has no context "${context}": want ${names.join(', ')}`);
  }
  config.setCurrentContext(context);
  return config;
}

function versionOf(): string {
  return (JSON.parse(readFileSync(MANIFEST, 'utf8')) as { readonly version: string }).version;
}

async function carryOut(order: Order): Promise<Report> {
  const [operand = '-'] = order.operands;
  switch (order.verb) {
    case 'lint':
      return lintReport(order.operands.map(readText), order.namespace ?? order.metallbNamespace);
    case 'migrate':
      return migrateReport(readText(operand), order.namespace);
    case 'explain':
      return await asked(order, (cluster, namespace) => explainReport(cluster, serviceNamed(operand, namespace)));
    case 'status':
      return await asked(order, statusReport);
    case 'rebalance':
      return await asked(order, (cluster) => rebalanceReport(cluster, order.apply ? leave() : undefined));
    case 'preflight':
      return order.nodeChecks ? checksReport(nodeChecks(OWN_FILES)) : await asked(order, preflightReport);
  }
}

/** The first Ctrl-C, or the end of the session that it runs in, ends the waiting; what was begun is ended properly. */
function leave(): Leave {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupt.abort());
  return { clock: SYSTEM_CLOCK, interrupted: interrupt.signal };
}

function print({ text, json, complaints, exitCode }: Report, asJson: boolean): ExitCode {
  const paint = process.stdout.isTTY && wantsColour(process.argv.slice(2), process.env) ? COLOURED : PLAIN;
  process.stdout.write(asJson ? `${JSON.stringify(json, undefined, 2)}\n` : text(paint));
  for (const complaint of complaints) process.stderr.write(`kubectl typemetal: ${complaint}\n`);
  return exitCode;
}

function refuse(sentence: string): ExitCode {
  process.stderr.write(`kubectl typemetal: ${sentence}\n`);
  return 2;
}

async function run(): Promise<ExitCode> {
  const request = parseCommandLine(process.argv.slice(2), process.env);
  if (!request.ok) return refuse(`${request.error} (see kubectl typemetal --help)`);
  if (request.value.kind === 'help') process.stdout.write(USAGE);
  if (request.value.kind === 'version')
    process.stdout.write(`kubectl-typemetal ${versionOf()}
`);
  if (request.value.kind !== 'order') return 0;
  const { order } = request.value;
  try {
    return print(await carryOut(order), order.json);
  } catch (thrown) {
    if (thrown instanceof CommandError || thrown instanceof KubeConfigError) return refuse(thrown.message);
    throw thrown;
  }
}

await endProcess(process, await run());
