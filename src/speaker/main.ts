import { milliseconds } from '../lib/clock.ts';
import { endProcess } from '../program/ending.ts';
import { type ProgramPorts, runProgram, type Work } from '../program/program.ts';
import { surroundingsOf, textOf } from '../program/surroundings.ts';
import type { HealthCheck } from '../telemetry/health-server.ts';
import { EXCLUDE_FILE, parseExcludeList } from './exclude-list.ts';
import { parseSpeakerOptions, type SpeakerOptions, speakerHelp } from './options.ts';
import { type WireHealth, WireThread } from './shell/wire-thread.ts';
import { watchWire } from './shell/wire-watchdog.ts';
import { AnnouncedServices } from './watch/announced-services.ts';
import { AnnouncementOperator } from './watch/announcement-operator.ts';
import { Announcer } from './watch/announcer.ts';
import { L2StatusOperator } from './watch/l2-status-operator.ts';
import { WireReports } from './watch/wire-reports.ts';

/** A thread that owns the wire answers in microseconds; one that needs this long serves nobody in time. */
const PING_DEADLINE = milliseconds(500);

const NOT_READY: Readonly<Record<WireHealth, string | undefined>> = {
  answering: undefined,
  waiting: 'it has no packet socket yet, the log says why',
  silent: 'it does not answer',
};

function wire(options: SpeakerOptions, excludedInterfaces: readonly string[], ports: ProgramPorts): Work {
  const { clock, log, metrics, events, statusWriter } = ports;
  const node = options.nodeName;
  const { namespace, podName } = options;
  const announced = new AnnouncedServices();
  const reports = new WireReports(log, metrics, {
    interfacesChanged: (names) => announcements.setLocalInterfaces(names),
    broken: () => thread.restart(),
  });
  const thread = new WireThread({
    clock,
    excludedInterfaces,
    debug: options.logLevel === 'debug' || options.logLevel === 'all',
    onReport: (report) => reports.take(report),
    onPlanWanted: () => thread.apply({ kind: 'replace', announcements: announced.announcements() }),
  });
  const announcer = new Announcer({ node, announced, events, metrics, log, applyToWire: (change) => thread.apply(change) });
  const loadBalancerClass = options.lbClass === '' ? undefined : options.lbClass;
  const { ignoreExcludeLb: ignoreExcludeLabel } = options;
  const announcements = new AnnouncementOperator(
    { node, namespace, loadBalancerClass, ignoreExcludeLabel, announced, announcer, metrics },
    ports,
  );
  const statuses = new L2StatusOperator({ node, namespace, podName, announced, statusWriter }, ports);
  const wireAnswers: HealthCheck = {
    name: 'wire',
    check: async () => NOT_READY[await thread.ping(PING_DEADLINE, new AbortController().signal)],
  };
  return {
    ready: [wireAnswers],
    run: async (signal) => {
      const watchdog = watchWire({ thread, clock, onReport: (report) => reports.take(report) }, signal);
      await Promise.all([thread.run(signal), watchdog, announcements.start(signal), statuses.start(signal)]);
    },
  };
}

const surroundings = surroundingsOf(process);
const excludeList = parseExcludeList(textOf(EXCLUDE_FILE));
if (excludeList.ok) {
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
