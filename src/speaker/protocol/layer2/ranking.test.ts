import { expect, test } from '@jest/globals';
import { addressOf } from '../../../../test/support/announcements.ts';
import { micros } from '../../../lib/clock.ts';
import { Ranking } from './ranking.ts';
import { Watched } from './watched-address.ts';

function watched(size: number): Watched {
  const contenders = new Map(Array.from({ length: size }, (_, index) => [`node-${index}`, 0]));
  return new Watched({ address: addressOf('198.51.100.1'), self: true, contenders }, (node) => node, micros(0));
}

test('ten thousand ranks are afforded in a turn, and what is ranked costs nothing', () => {
  const ranking = new Ranking();
  for (let count = 0; count < 100; count++) expect(ranking.affords(watched(100))).toBe(true);
  expect(ranking.affords(watched(1))).toBe(false);
  const known = watched(3);
  expect(known.order.map(({ node }) => node)).toEqual(['node-0', 'node-1', 'node-2']);
  expect(ranking.affords(known)).toBe(true);
  ranking.renew();
  expect(ranking.affords(watched(1))).toBe(true);
});
