import { describe, expect, test } from '@jest/globals';
import { micros } from '../../src/lib/clock.ts';
import { FakeClock } from './fake-clock.ts';

describe('FakeClock', () => {
  test('fires in order of time, then of start, each at its own instant, and those started on the way', () => {
    const clock = new FakeClock();
    const fired: [string, number][] = [];
    const at = (name: string, delay: number, then?: () => void): Disposable =>
      clock.startTimer(micros(delay), () => {
        fired.push([name, clock.now()]);
        then?.();
      });
    at('c', 30);
    at('a', 10, () => at('b', 10));
    at('a2', 10);
    at('late', 41);
    at('never', 5)[Symbol.dispose]();
    clock.advance(micros(40));
    expect(fired).toEqual([
      ['a', 10],
      ['a2', 10],
      ['b', 20],
      ['c', 30],
    ]);
    expect([clock.now(), clock.timers, clock.nextDue]).toEqual([40, 1, 41]);
  });

  test('run lets promises continue between timers', async () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    const loop = (async () => {
      for (let turn = 0; turn < 3; turn++) {
        await new Promise<void>((resolve) => void clock.startTimer(micros(10), resolve));
        seen.push(clock.now());
      }
    })();
    await clock.run(micros(100));
    await loop;
    expect(seen).toEqual([10, 20, 30]);
  });
});
