import { expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { milliseconds } from '../lib/clock.ts';
import { SleepMeter } from './sleep-meter.ts';

test('what a suspended machine missed is counted, and nothing else', () => {
  const clock = new FakeClock();
  const meter = new SleepMeter(clock);
  clock.advance(milliseconds(60_000));
  expect(meter.slept()).toBe(0);
  clock.sleep(milliseconds(20_000));
  expect(meter.slept()).toBe(milliseconds(20_000));
  clock.stall(milliseconds(5_000));
  expect(meter.slept()).toBe(milliseconds(20_000));
  clock.sleep(milliseconds(700));
  expect(meter.slept()).toBe(milliseconds(20_700));
});

test('a clock that is steered, or set back, is no sleep', () => {
  const clock = new FakeClock();
  const meter = new SleepMeter(clock);
  for (let turn = 0; turn < 100; turn++) {
    clock.sleep(milliseconds(100));
    expect(meter.slept()).toBe(0);
  }
  clock.sleep(milliseconds(-3_600_000));
  expect(meter.slept()).toBe(0);
});
