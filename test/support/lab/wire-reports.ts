// Runs the wire thread for a moment and prints its reports, one JSON object a line: for tests that take a right away
// from the process it runs in.
import { milliseconds } from '../../../src/lib/clock.ts';
import { pause } from '../../../src/lib/pause.ts';
import { SYSTEM_CLOCK } from '../../../src/program/system-clock.ts';
import { WireThread } from '../../../src/speaker/shell/wire-thread.ts';

/** Long enough for the thread to start, to be refused and to try again. */
const RUN = milliseconds(2_500);

const stop = new AbortController();
const thread = new WireThread({
  clock: SYSTEM_CLOCK,
  excludedInterfaces: ['^lo$'],
  debug: false,
  onReport: (report) => void process.stdout.write(`${JSON.stringify(report)}\n`),
  onPlanWanted: () => thread.apply({ kind: 'replace', announcements: [] }),
});
const running = thread.run(stop.signal);
await pause(SYSTEM_CLOCK, RUN, stop.signal);
process.stdout.write(`${JSON.stringify({ kind: 'health', health: await thread.ping(milliseconds(500), stop.signal) })}\n`);
stop.abort();
await running;
