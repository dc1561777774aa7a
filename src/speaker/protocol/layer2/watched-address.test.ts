import { expect, test } from '@jest/globals';
import { addressOf } from '../../../../test/support/announcements.ts';
import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import { noteDisplaced, Watched } from './watched-address.ts';

const MINUTE = milliseconds(60_000);

/** How many minutes each truce lasts of an address that is lost again `pauses` minutes after each of them. */
function truces(pauses: readonly number[]): number[] {
  const candidacy = { address: addressOf('198.51.100.1'), self: true, contenders: new Map([['a', 0]]) };
  const watched = new Watched(candidacy, (node) => node, micros(0));
  let now: Micros = micros(0);
  return pauses.map((pause) => {
    now = micros(Math.max(now, watched.noGrudgeBefore) + pause * MINUTE);
    noteDisplaced(watched, now);
    return (watched.noGrudgeBefore - now) / MINUTE;
  });
}

test.each<{ what: string; pauses: readonly number[]; lasting: readonly number[] }>([
  { what: 'a fight', pauses: [0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2], lasting: [1, 2, 4, 8, 16, 32, 64, 64, 64] },
  { what: 'a fight with pauses', pauses: [0, 59, 59, 59], lasting: [1, 2, 4, 8] },
  { what: 'one loss now and then', pauses: [100, 60, 900, 60, 60, 60, 60, 60], lasting: [1, 1, 1, 1, 1, 1, 1, 1] },
  { what: 'a loss long after a fight', pauses: [0, 0, 0, 0, 60, 0], lasting: [1, 2, 4, 8, 1, 2] },
])('$what: the truces last $lasting minutes', ({ pauses, lasting }) => {
  expect(truces(pauses)).toEqual(lasting);
});
