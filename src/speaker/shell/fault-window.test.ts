import { expect, test } from '@jest/globals';
import { milliseconds } from '../../lib/clock.ts';
import { FaultWindow } from './fault-window.ts';

test.each<{ seconds: number[]; tooMany: boolean[] }>([
  { seconds: [0], tooMany: [false] },
  { seconds: [0, 0, 0], tooMany: [false, false, true] },
  { seconds: [0, 5, 9.9], tooMany: [false, false, true] },
  { seconds: [0, 5, 10], tooMany: [false, false, false] },
  { seconds: [0, 5, 10, 14], tooMany: [false, false, false, true] },
  { seconds: [0, 100, 200, 300], tooMany: [false, false, false, false] },
])('faults after $seconds s', ({ seconds, tooMany }) => {
  const faults = new FaultWindow();
  expect(seconds.map((second) => faults.add(milliseconds(second * 1_000)))).toEqual(tooMany);
});
