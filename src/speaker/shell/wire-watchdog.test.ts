import { expect, test } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { milliseconds } from '../../lib/clock.ts';
import type { WireHealth } from './wire-thread.ts';
import { watchWire } from './wire-watchdog.ts';

const S: WireHealth = 'silent';
const A: WireHealth = 'answering';
const W: WireHealth = 'waiting';

test.each<{ answers: WireHealth[]; restarts: number }>([
  { answers: [A, A, A, A, A, A], restarts: 0 },
  { answers: [S, S, S, S], restarts: 0 },
  { answers: [S, S, S, S, S], restarts: 1 },
  { answers: [S, S, S, S, A, S, S, S, S], restarts: 0 },
  { answers: [W, W, W, W, W, W, W], restarts: 0 },
  { answers: [S, S, S, S, S, S, S, S, S], restarts: 1 },
  { answers: [S, S, S, S, S, S, S, S, S, S], restarts: 2 },
])('$answers: $restarts restarts', async ({ answers, restarts }) => {
  const clock = new FakeClock();
  const end = new AbortController();
  const said: string[] = [];
  let ended = 0;
  const left = [...answers];
  const thread = { ping: async () => left.shift() ?? A, restart: () => void ended++ };
  const watching = watchWire({ thread, clock, onReport: (report) => void said.push(report.kind) }, end.signal);
  await clock.run(milliseconds(1_000 * answers.length));
  expect([ended, said.length]).toEqual([restarts, restarts]);
  end.abort();
  await watching;
});
