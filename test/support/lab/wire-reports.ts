// Runs the wire thread for a moment and prints its reports, one JSON object a line: for tests that take a right away
// from the process it runs in.
import { type Micros, milliseconds } from '../../../src/lib/clock.ts';
import { pause } from '../../../src/lib/pause.ts';
import { SYSTEM_CLOCK } from '../../../src/program/system-clock.ts';
import { WireThread } from '../../../src/speaker/shell/wire-thread.ts';

/** Long enough for the thread to try again, once it has been refused. */
const RUN = milliseconds(2_500);
/** A busy machine may need seconds to start a thread, and it some more to be refused. */
const LOOKS = 60;
const PING_DEADLINE: Micros = milliseconds(500);
const LAST_PING_DEADLINE: Micros = milliseconds(20_000);

const stop = new AbortController();
let refused = false;
const thread = new WireThread({
  clock: SYSTEM_CLOCK,
  node: 'node-1',
  excludedInterfaces: ['^lo$'],
  debug: false,
  onReport: (report) => {
    refused ||= report.kind === 'log' && report.level === 'error';
    process.stdout.write(`${JSON.stringify(report)}\n`);
  },
  onPlanWanted: () => thread.apply({ kind: 'replace', announcements: [] }),
});
const running = thread.run(stop.signal);
for (let look = 0; look < LOOKS && (await thread.ping(PING_DEADLINE, stop.signal)) === 'silent'; look++);
for (let look = 0; look < LOOKS && !refused; look++) await pause(SYSTEM_CLOCK, PING_DEADLINE, stop.signal);
await pause(SYSTEM_CLOCK, RUN, stop.signal);
process.stdout.write(`${JSON.stringify({ kind: 'health', health: await thread.ping(LAST_PING_DEADLINE, stop.signal) })}\n`);
stop.abort();
await running;
