// What the hellos of a large cluster cost the wire thread of one node: signed ones, of so many other speakers, each of which it
// has challenged and believes. The thread alone, without addresses to defend against a load.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ArpSegment } from './arp-segment.ts';
import { print } from './samples.ts';

const { values } = parseArgs({
  options: {
    others: { type: 'string', default: '0,2,9,99' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
  },
});
const milliseconds = Number(values.seconds) * 1_000;
/** All have met, and the burst of gratuitous packets is over. */
const ACQUAINTED_MILLISECONDS = 4_000;

await using segment = await ArpSegment.start('10.77.0.1', 16);
for (const others of values.others.split(',').map(Number)) {
  await using speaker = await segment.startSpeaker(10, '10.77.128.0');
  await using generator = others === 0 ? undefined : await segment.startOthers(others);
  await sleep(ACQUAINTED_MILLISECONDS);
  for (let round = 0; round < Number(values.rounds); round++) {
    const [before, generatedBefore, began] = [await speaker.processorSeconds(), await generator?.processorSeconds(), performance.now()];
    await sleep(milliseconds);
    const seconds = (performance.now() - began) / 1_000;
    const cores = ((await speaker.processorSeconds()) - before) / seconds;
    const generatorCores = ((await generator?.processorSeconds()) ?? 0) - (generatedBefore ?? 0);
    print('hellos', {
      others,
      unit: 'cores of the speaker',
      cores,
      generatorCores: generatorCores / seconds,
      verdicts: speaker.lines.filter((line) => line !== 'answering'),
    });
  }
}
