import { expect, test } from '@jest/globals';
import { micros } from '../../lib/clock.ts';
import { SegmentTallies } from './segment-tallies.ts';

test('counts by what a frame is, why it was refused and what was thought of nodes', () => {
  let counted = 0;
  const tallies = new SegmentTallies(() => void counted++);
  for (const kind of ['hello', 'hello', 'suspect'] as const) tallies.sent(kind);
  tallies.received('claims');
  tallies.refused('key');
  tallies.judged('a', 'away', micros(5));
  tallies.judged('a', 'departed', micros(5));
  expect([tallies.silentSince('a'), tallies.silentSince('b'), counted]).toEqual([5, undefined, 7]);
  tallies.judged('a', 'alive', micros(9));
  expect(tallies.silentSince('a')).toBeUndefined();
  expect(tallies.counts).toEqual({
    sent: { hello: 2, suspect: 1 },
    received: { claims: 1 },
    refused: { key: 1 },
    verdicts: { away: 1, departed: 1, alive: 1 },
  });
});
