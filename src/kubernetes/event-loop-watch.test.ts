import { expect, test } from '@jest/globals';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { milliseconds } from '../lib/clock.ts';
import { EventLoopWatch } from './event-loop-watch.ts';

/** Lets one beat come `late` milliseconds after its time, as a busy event loop does. */
async function beat(clock: FakeClock, late: number): Promise<void> {
  clock.stall(milliseconds(500 + late));
  clock.advance(milliseconds(0));
  await settle();
}

test('one long pause is forgiven, many late beats in a row are not', async () => {
  const clock = new FakeClock();
  const watch = new EventLoopWatch(clock);
  const end = new AbortController();
  const ended = watch.run(end.signal);
  await beat(clock, 3_600_000);
  await beat(clock, 0);
  expect(watch.fault()).toBeUndefined();
  for (let beats = 0; beats < 9; beats++) await beat(clock, 1_500);
  expect(watch.fault()).toBeUndefined();
  await beat(clock, 1_500);
  expect(watch.fault()).toBe('the event loop has been late 10 times in a row');
  await beat(clock, 100);
  expect(watch.fault()).toBeUndefined();
  end.abort();
  await ended;
});
