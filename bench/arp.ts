// ARP answers: ours against the kernel's own, asked in turn in one run; floods for foreign addresses and for ours.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ArpSegment, type BenchProcess } from './arp-segment.ts';
import { distributionOf, print } from './samples.ts';

const KERNEL_ADDRESS = '10.77.0.1';
const PREFIX_LENGTH = 16;
const FIRST = '10.77.128.0';
const FOREIGN = '10.77.192.0';
const FOREIGN_COUNT = 1_000;
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const COUNTS = [10, 1_000] as const;
const FLOOD_RATES = [50_000, 100_000] as const;
/** Speakers whose hellos come in all the while: a cluster of three nodes. */
const OTHERS = 2;
/** Between two broadcast questions: long enough that everybody sleeps again, as on a real segment. */
const GAP_MICROSECONDS = 1_000;
const NANOSECONDS = 1_000;
/** A burst of gratuitous packets sends eleven for each address, 2,000 a second, and ends after 2.2 s at the soonest. */
const burstMilliseconds = (addresses: number): number => 2_500 + (addresses * 11) / 2;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3000' }, seconds: { type: 'string', default: '3' } } });
const rounds = Number(values.rounds);
const milliseconds = Number(values.seconds) * 1_000;

await using segment = await ArpSegment.start(KERNEL_ADDRESS, PREFIX_LENGTH);
for (const addresses of COUNTS) {
  await using speaker = await segment.startSpeaker(addresses, FIRST);
  await using _others = await segment.startOthers(OTHERS);
  await sleep(burstMilliseconds(addresses));
  await latency(addresses, 'broadcast', BROADCAST, GAP_MICROSECONDS);
  await latency(addresses, 'unicast', segment.nodeMac, 0);
  await foreign(addresses, speaker);
  for (const rate of FLOOD_RATES) await owned(addresses, rate, speaker);
  print('arp-memory', { addresses, unit: 'MiB', resident: await speaker.residentMebibytes() });
}

async function latency(addresses: number, question: string, mac: string, gap: number): Promise<void> {
  const last = `10.77.${128 + ((addresses - 1) >> 8)}.${(addresses - 1) & 0xff}`;
  await segment.ask(mac, [KERNEL_ADDRESS, FIRST], 200, gap); // so that no first time is measured
  const [kernel = [], first = [], lastOne = []] = await segment.ask(mac, [KERNEL_ADDRESS, FIRST, last], rounds, gap);
  const reference = microseconds(kernel);
  const ours = microseconds([...first, ...lastOne]);
  const ratio = { p50: ours.p50 / reference.p50, p99: ours.p99 / reference.p99 };
  print('arp-answer', { addresses, question, unit: 'us', kernel: reference, ours, ratio });
}

function microseconds(samples: readonly number[]): ReturnType<typeof distributionOf> & { readonly unanswered: number } {
  const answered = samples.filter((sample) => sample >= 0).map((sample) => sample / NANOSECONDS);
  return { ...distributionOf(answered), unanswered: samples.length - answered.length };
}

async function foreign(addresses: number, speaker: BenchProcess): Promise<void> {
  for (const [question, mac] of [
    ['unicast', segment.nodeMac],
    ['broadcast', BROADCAST],
  ] as const) {
    const before = await speaker.processorSeconds();
    const flood = await segment.flood(mac, FLOOD_RATES[0], milliseconds, FOREIGN, FOREIGN_COUNT);
    const cores = ((await speaker.processorSeconds()) - before) / (flood.milliseconds / 1_000);
    print('arp-foreign', { addresses, question, ...flood, unit: 'cores of the speaker', cores });
  }
}

async function owned(addresses: number, rate: number, speaker: BenchProcess): Promise<void> {
  const kernel = await segment.flood(segment.nodeMac, rate, milliseconds, KERNEL_ADDRESS, 1);
  const before = await speaker.processorSeconds();
  const ours = await segment.flood(segment.nodeMac, rate, milliseconds, FIRST, addresses);
  const cores = ((await speaker.processorSeconds()) - before) / (ours.milliseconds / 1_000);
  print('arp-flood', {
    addresses,
    rate,
    unit: 'lost of those sent',
    kernel: lostShare(kernel),
    ours: lostShare(ours),
    cores,
    sent: ours.sent,
  });
}

function lostShare({ sent, answered }: { readonly sent: number; readonly answered: number }): number {
  return sent === 0 ? 0 : (sent - answered) / sent;
}
