import { uptime } from 'node:os';
import { ConfigurationReport } from '../kubernetes/configuration-report.ts';
import { ConfigurationStateOperator, speakerState } from '../kubernetes/configuration-state-operator.ts';
import { OwnPod } from '../kubernetes/own-pod.ts';
import type { ResourceOperator } from '../kubernetes/resource-operator.ts';
import { milliseconds } from '../lib/clock.ts';
import type { SessionReport } from '../model/bgp-plan.ts';
import type { WireChange } from '../model/plan.ts';
import type { SpeakerStatus } from '../model/speaker-status.ts';
import { endProcess } from '../program/ending.ts';
import { answersWell } from '../program/http-answer.ts';
import { runProgram } from '../program/program.ts';
import { bootId, type StateFile, stateFile } from '../program/state-directory.ts';
import { runStatusCommand, statusPathIn } from '../program/status-command.ts';
import { serveStatus } from '../program/status-socket.ts';
import { surroundingsOf, textOf } from '../program/surroundings.ts';
import type { ProgramPorts, Work } from '../program/work.ts';
import type { HealthCheck } from '../telemetry/health-server.ts';
import { EXCLUDE_FILE, parseExcludeList } from './exclude-list.ts';
import { parseSpeakerOptions, type SpeakerOptions, speakerHelp } from './options.ts';
import { firstKeyOf, type KeyFile, keyPathOf, watchKey } from './segment-key.ts';
import { HeldSessions } from './shell/held-sessions.ts';
import type { SegmentSettings, WireSettings } from './shell/messages.ts';
import { type WireHealth, WireThread } from './shell/wire-thread.ts';
import { watchWire } from './shell/wire-watchdog.ts';
import { AnnouncedServices } from './watch/announced-services.ts';
import { AnnouncementNotices } from './watch/announcement-notices.ts';
import { AnnouncementOperator } from './watch/announcement-operator.ts';
import { Announcer } from './watch/announcer.ts';
import { BgpConfigurationOperator } from './watch/bgp-configuration-operator.ts';
import { BgpStatusOperator } from './watch/bgp-status-operator.ts';
import { ClaimKeeper } from './watch/claim-keeper.ts';
import { Configuration, type ConfigurationPorts, type ConfigurationSource } from './watch/configuration.ts';
import { configurationSource } from './watch/configuration-source.ts';
import { KeptText } from './watch/kept-text.ts';
import { KubeProxyGate } from './watch/kube-proxy-gate.ts';
import { L2StatusOperator } from './watch/l2-status-operator.ts';
import { OwnDaemonSet } from './watch/own-daemon-set.ts';
import { PlanKeeper, type PlanKeeperPorts } from './watch/plan-keeper.ts';
import { RouteAnnouncer } from './watch/route-announcer.ts';
import { RouteOperator, type RouteWorld } from './watch/route-operator.ts';
import { SessionBook, type SessionBookPorts } from './watch/session-book.ts';
import { speakerStatus } from './watch/speaker-status.ts';
import { WireReports } from './watch/wire-reports.ts';

/** A thread that owns the wire answers in microseconds; one that needs this long serves nobody in time. */
const PING_DEADLINE = milliseconds(500);

const NOT_READY: Readonly<Record<WireHealth, string | undefined>> = {
  answering: undefined,
  waiting: 'it has no packet socket yet, the log says why',
  silent: 'it does not answer',
};

/** How speakers watch each other, unless they are told not to. */
function segmentOf(options: SpeakerOptions): { readonly segment?: SegmentSettings } {
  const { nodeName: node, helloMilliseconds, idleHelloMilliseconds, speakerGraceSeconds, restartGraceSeconds } = options;
  if (helloMilliseconds === 0) return {};
  const timing = {
    busyInterval: milliseconds(helloMilliseconds),
    idleInterval: milliseconds(Math.max(idleHelloMilliseconds, helloMilliseconds)),
    speakerGrace: milliseconds(speakerGraceSeconds * 1_000),
    restartGrace: milliseconds(restartGraceSeconds * 1_000),
  };
  return { segment: { node, key: firstKeyOf(keyFileOf(options)), timing, gone: [] } };
}

/** What the thread that owns the wire is told by flags. */
function wireSettingsOf(options: SpeakerOptions): Omit<WireSettings, 'excludedInterfaces' | 'heldSessions'> {
  const { nodeName: node, logLevel, bgpListenPort } = options;
  return { node, bgpListenPort, debug: logLevel === 'debug' || logLevel === 'all', ...segmentOf(options) };
}

/** The mounted key, where there is to be one. */
function keyFileOf({ memberlistSecretKeyPath }: SpeakerOptions): KeyFile | undefined {
  const path = keyPathOf(memberlistSecretKeyPath);
  return path === undefined ? undefined : { path, read: () => textOf(path) };
}

/** Brings the key of the mounted Secret to the wire, now and whenever it changes. */
async function followKey(options: SpeakerOptions, thread: WireThread, { clock, log }: ProgramPorts, signal: AbortSignal): Promise<void> {
  const file = keyFileOf(options);
  if (file === undefined || options.helloMilliseconds === 0) return;
  const changed = (key: string): void => {
    if (thread.setKey(key)) log.info('the key of the speakers has changed: the old one is good for ten minutes more', { op: 'segmentKey' });
  };
  const listener = { changed, warn: (message: string) => log.warn(message, { op: 'segmentKey' }) };
  await watchKey(file, clock, listener, signal);
}

/** Whether the wire is served, for the readiness probe. */
function wireCheck(thread: WireThread): HealthCheck {
  return { name: 'wire', check: async () => NOT_READY[await thread.ping(PING_DEADLINE, new AbortController().signal)] };
}

/** What lies in the folder of this node. */
type StateFiles = Readonly<Record<'plan' | 'alive' | 'sessions' | 'claims', StateFile>>;

function stateFilesOf({ stateDirectory }: SpeakerOptions, { log }: ProgramPorts): StateFiles {
  const named = (name: string): StateFile => stateFile(stateDirectory, name, log);
  return { plan: named('plan'), alive: named('alive'), sessions: named('bgp-sessions'), claims: named('claims') };
}

/** A speaker that was removed for good: nobody comes to read them, and nobody else takes them away. */
function forget(files: StateFiles): void {
  for (const file of Object.values(files)) file.remove();
}

/** Keeps the plan in the folder of this node, for as long as it is worth something. */
function keeperOf(
  { speakerGraceSeconds: graceSeconds }: SpeakerOptions,
  parts: Pick<PlanKeeperPorts, 'announced' | 'routes' | 'applyToWire'>,
  { plan, alive }: StateFiles,
  ports: ProgramPorts,
): PlanKeeper {
  const boot = { id: bootId(), seconds: uptime };
  const files = { plan: new KeptText(plan, boot), alive: new KeptText(alive, boot) };
  return new PlanKeeper({ ...ports, ...parts, files, version: surroundings.version, graceSeconds });
}

/** What keeps a node that was just started from answering before it forwards. */
function gateOf(
  { kubeProxyHealth: address }: SpeakerOptions,
  { alive }: StateFiles,
  { clock, log }: ProgramPorts,
  opened: () => void,
): KubeProxyGate {
  const boot = { id: bootId(), seconds: uptime };
  const isWell = (at: string, signal: AbortSignal): Promise<boolean> => answersWell(`http://${at}/healthz`, signal);
  const ranBefore = new KeptText(alive, boot).read() !== undefined;
  return new KubeProxyGate({ clock, log, bootSeconds: boot.seconds(), ranBefore, address, isWell, opened });
}

/** Keeps what is known of owners there too. */
function claimKeeperOf(
  { speakerGraceSeconds: graceSeconds }: SpeakerOptions,
  { claims, alive }: StateFiles,
  { log }: ProgramPorts,
): ClaimKeeper {
  const boot = { id: bootId(), seconds: uptime };
  return new ClaimKeeper({ file: new KeptText(claims, boot), alive: new KeptText(alive, boot), graceSeconds, log });
}

/**
 * Who hears how the BGP sessions are: the metrics, and the memory in the folder of this node of which there were, without which a
 * router could not be told that packets were forwarded over a restart.
 */
function sessionsOf(
  { nodeName: node }: SpeakerOptions,
  { metrics, events }: ProgramPorts,
  file: StateFile,
  peerOf: SessionBookPorts['peerOf'],
): { readonly book: SessionBook; readonly take: (sessions: readonly SessionReport[]) => void; readonly held: () => readonly string[] } {
  const book = new SessionBook({ node, metrics, events, peerOf });
  const held = new HeldSessions(bootId(), file);
  const take = (sessions: readonly SessionReport[]): void => {
    book.take(sessions);
    held.take(sessions);
  };
  return { book, take, held: () => held.keys };
}

/** Tells on the socket of this node how things are, to its administrator. */
async function tellStatus(options: SpeakerOptions, parts: StatusParts, { clock, log }: ProgramPorts, signal: AbortSignal): Promise<void> {
  const { nodeName: node, stateDirectory } = options;
  if (stateDirectory === '') return;
  const { keeper, announcer, routes, book } = parts;
  const status = (): SpeakerStatus =>
    speakerStatus({
      ...{ node, at: clock.wallMilliseconds(), resumed: keeper.resumed, sessions: book.sessions, gaps: routes.gaps },
      ...{ ...keeper.told, layer2Reasons: announcer.reasons, bgpReasons: routes.reasons },
    });
  await serveStatus({ path: statusPathIn(stateDirectory), clock, log, status: () => JSON.stringify(status()) }, signal);
}

interface StatusParts {
  readonly keeper: PlanKeeper;
  readonly announcer: Announcer;
  readonly routes: RouteAnnouncer;
  readonly book: SessionBook;
}

/** Makes the parts of this process known to each other: the thread that owns the wire, and those who say what it is to do. */
function wire(options: SpeakerOptions, excludedInterfaces: readonly string[], ports: ProgramPorts): Work {
  const { clock, log, metrics, events, statusWriter } = ports;
  const { nodeName: node, namespace, podName } = options;
  const announced = new AnnouncedServices();
  const notices = new AnnouncementNotices({ node, events, metrics, log });
  const source = configurationSource(ports.stores, namespace);
  const files = stateFilesOf(options, ports);
  const claims = claimKeeperOf(options, files, ports);
  const gate = gateOf(options, files, ports, () => announcements.nodeForwards());
  const sessions = sessionsOf(options, ports, files.sessions, (name) => source.bgp().peers.find(({ metadata }) => metadata.name === name));
  const applyToWire = (change: WireChange): void => {
    thread.apply(change);
    keeper.changed();
  };
  const routeAnnouncer = new RouteAnnouncer({ notices, log, applyToWire });
  const reports = new WireReports(log, metrics, {
    interfacesChanged: (names) => announcements.setLocalInterfaces(names),
    sessionsChanged: sessions.take,
    conflictFound: (conflict) => announcer.conflicted(conflict),
    ownersKnown: (known) => claims.take(known),
    addressTaken: (taking) => announcer.taken(taking),
    broken: () => thread.restart(),
    addressesOwned: (addresses, certain) => announcer.own(addresses, certain),
  });
  const thread = new WireThread({
    ...{ clock, excludedInterfaces, ...wireSettingsOf(options), heldSessions: sessions.held, memory: () => claims.memory },
    drainAtEnd: () => (daemonSet.removed ? choices.drainPause : undefined),
    onReport: (report) => reports.take(report),
    onPlanWanted: () => keeper.replay(),
  });
  const kept = { announced, routes: routeAnnouncer };
  const keeper: PlanKeeper = keeperOf(options, { ...kept, applyToWire: (change) => thread.apply(change) }, files, ports);
  const announcer: Announcer = new Announcer({ node, announced, notices, log, applyToWire });
  const { report, configuration } = configurationOf(node, source, ports);
  const choices = { ...choicesOf(options), configuration, forwards: () => gate.open };
  const announcements: AnnouncementOperator = new AnnouncementOperator({ ...choices, announced, announcer }, ports);
  const ownPod = new OwnPod({ api: ports.api, log, namespace, podName });
  const daemonSet: OwnDaemonSet = new OwnDaemonSet({ namespace, ownPod, drainSeconds: options.bgpDrainSeconds }, ports);
  const state = new ConfigurationStateOperator({ namespace, identity: speakerState(node), report, ownPod }, ports);
  const statuses = new L2StatusOperator({ node, namespace, ownPod, announced, statusWriter }, ports);
  const routing = routingOperators({ ...choices, announcer: routeAnnouncer, ownPod }, ports);
  const operators = [announcements, statuses, ...routing, state, daemonSet];
  const told = { keeper, announcer, routes: routeAnnouncer, book: sessions.book };
  return {
    ready: [wireCheck(thread)],
    always: (signal) => live(options, { thread, gate, reports, operators, ...told, daemonSet, files }, ports, signal),
  };
}

/** What is decided by flags alone. */
function choicesOf(options: SpeakerOptions): Omit<RouteWorld, 'announcer' | 'configuration'> {
  const { nodeName: node, namespace, lbClass, ignoreExcludeLb: ignoreExcludeLabel, bgpDrainSeconds } = options;
  return {
    node,
    namespace,
    loadBalancerClass: lbClass || undefined,
    ignoreExcludeLabel,
    drainPause: milliseconds(bgpDrainSeconds * 1_000),
  };
}

/** The configuration, and who hears what is wrong with it. */
function configurationOf(
  node: string,
  source: ConfigurationSource,
  { metrics, log }: ProgramPorts,
): { readonly report: ConfigurationReport; readonly configuration: Configuration } {
  const report = new ConfigurationReport(metrics, ['layer2', 'bgp']);
  const faultsFound: ConfigurationPorts['faultsFound'] = (part, faults) => report.set(part, faults);
  return { report, configuration: new Configuration({ node, source, log, faultsFound }) };
}

interface LivingParts extends StatusParts {
  readonly thread: WireThread;
  readonly gate: KubeProxyGate;
  readonly reports: WireReports;
  readonly operators: readonly ResourceOperator[];
  readonly daemonSet: OwnDaemonSet;
  readonly files: StateFiles;
}

/** Runs everything until `signal` is aborted. */
async function live(options: SpeakerOptions, parts: LivingParts, ports: ProgramPorts, signal: AbortSignal): Promise<void> {
  const { thread, gate, reports, operators, keeper, daemonSet, files } = parts;
  const watchdog = watchWire({ thread, clock: ports.clock, onReport: (report) => reports.take(report) }, signal);
  const wire = [thread.run(signal), keeper.run(signal), watchdog, gate.run(signal), followKey(options, thread, ports, signal)];
  const told = tellStatus(options, parts, ports, signal);
  await Promise.all([told, ...wire, ...operators.map((operator) => operator.start(signal))]);
  if (daemonSet.removed) forget(files);
}

/** Who decides over routes, who has the configuration read that they rest on, and who says to whom they are announced. */
function routingOperators(world: RouteWorld & { readonly ownPod: OwnPod }, ports: ProgramPorts): readonly ResourceOperator[] {
  const routes = new RouteOperator(world, ports);
  const { namespace, configuration } = world;
  const { statusWriter } = ports;
  return [
    routes,
    new BgpConfigurationOperator({ namespace, configuration, changed: () => routes.configurationChanged() }, ports),
    new BgpStatusOperator({ ...world, statusWriter }, ports),
  ];
}

const surroundings = surroundingsOf(process);
const excludeList = parseExcludeList(textOf(EXCLUDE_FILE));
if (surroundings.argv[0] === 'status') await endProcess(process, await runStatusCommand(surroundings));
else if (excludeList.ok) {
  const exitCode = await runProgram(
    {
      name: 'speaker',
      help: speakerHelp,
      parse: parseSpeakerOptions,
      nodeOf: (options) => options.nodeName,
      wire: (options, ports) => wire(options, excludeList.value, ports),
      // The speaker uses the network of its node: its probes are nobody else's business.
      healthHost: '127.0.0.1',
    },
    surroundings,
  );
  await endProcess(process, exitCode);
} else {
  process.stderr.write(`speaker: ${excludeList.error}\n`);
  process.exitCode = 1;
}
