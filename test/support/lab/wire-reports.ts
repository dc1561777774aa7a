// Runs the wire thread for a moment and prints its reports, one JSON object a line: for tests that take a right away
// from the process it runs in.
import { type Micros, milliseconds } from '../../../src/lib/clock.ts';
import { pause } from '../../../src/lib/pause.ts';
import { SYSTEM_CLOCK } from '../../../src/program/system-clock.ts';
import { WireThread } from '../../../src/speaker/shell/wire-thread.ts';

/** Long enough for the thread to be refused and to try again, once it has started. */
const RUN = milliseconds(2_500);
/** A busy machine may need seconds to start a thread. */
const START_PINGS = 60;
const PING_DEADLINE: Micros = milliseconds(500);

const stop = new AbortController();
const thread = new WireThread({
  clock: SYSTEM_CLOCK,
  node: 'node-1',
  excludedInterfaces: ['^lo$'],
  debug: false,
  onReport: (report) => void process.stdout.write(`${JSON.stringify(report)}\n`),
  onPlanWanted: () => thread.apply({ kind: 'replace', announcements: [] }),
});
const running = thread.run(stop.signal);
for (let ping = 0; ping < START_PINGS && (await thread.ping(PING_DEADLINE, stop.signal)) === 'silent'; ping++);
await pause(SYSTEM_CLOCK, RUN, stop.signal);
process.stdout.write(`${JSON.stringify({ kind: 'health', health: await thread.ping(PING_DEADLINE, stop.signal) })}\n`);
stop.abort();
await running;
