// The wire thread alone, with addresses to answer for and no API server: what the benchmarks of layer 2 measure. With a key it
// speaks with other speakers. Prints one line when it answers and one for each verdict on a peer, ends when its standard input does.
import { milliseconds } from '../src/lib/clock.ts';
import { parseAddress } from '../src/lib/ip.ts';
import type { Announcement } from '../src/model/plan.ts';
import { SYSTEM_CLOCK } from '../src/program/system-clock.ts';
import { WireThread } from '../src/speaker/shell/wire-thread.ts';

const count = Number(process.argv[2]);
const first = parseAddress(process.argv[3] ?? '');
const key = process.argv[4];
if (first === undefined || !(count > 0)) throw new Error('arp-speaker.ts COUNT FIRST_ADDRESS [KEY]');
/** What the flags of the speaker are by themselves. */
const timing = {
  busyInterval: milliseconds(100),
  idleInterval: milliseconds(1_000),
  speakerGrace: milliseconds(30_000),
  restartGrace: milliseconds(300_000),
};
const announcements = Array.from({ length: count }, (_, index): Announcement => {
  const address = { family: first.family, value: first.value + BigInt(index) };
  return { service: `bench/service-${index}`, addresses: [address], interfaces: { all: true } };
});
const ended = new AbortController();
const thread = new WireThread({
  clock: SYSTEM_CLOCK,
  node: 'node-1',
  excludedInterfaces: ['^lo$'],
  debug: false,
  ...(key === undefined ? {} : { segment: { node: 'node-1', key, timing, gone: [] } }),
  onReport: (report) => {
    if (report.kind === 'log' && report.fields.event === 'peerJudged') process.stdout.write(`${report.fields.verdict}\n`);
    if (report.kind === 'log' && report.level !== 'info') process.stderr.write(`${report.message}\n`);
  },
  onPlanWanted: () => thread.apply({ kind: 'replace', announcements }),
});
const running = thread.run(ended.signal);
process.stdin.resume().on('end', () => ended.abort());
for (let health = ''; health !== 'answering' && !ended.signal.aborted; ) health = await thread.ping(milliseconds(200), ended.signal);
process.stdout.write('answering\n');
await running;
