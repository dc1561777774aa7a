import { expect, test } from '@jest/globals';
import { addressOf, announcement } from '../../../test/support/announcements.ts';
import type { Announcement, Contenders } from '../../model/plan.ts';
import { SharedContenders } from './shared-contenders.ts';

function contested(contenders: Contenders): Announcement {
  return { ...announcement('x/web', ['198.51.100.1']), candidacy: { address: addressOf('198.51.100.1'), self: true, contenders } };
}

function kept(shared: SharedContenders, contenders: Contenders): Contenders | undefined {
  return shared.sharedIn(contested(contenders)).candidacy?.contenders;
}

const of = (...nodes: readonly string[]): Contenders => new Map(nodes.map((node) => [node, 0]));

test('of equal contenders one copy is kept, whatever comes between', () => {
  const shared = new SharedContenders();
  const [first, second] = [of('a', 'b'), of('a', 'c')];
  expect([kept(shared, first), kept(shared, second), kept(shared, of('b', 'a')), kept(shared, of('a', 'c'))]).toEqual([
    first,
    second,
    first,
    second,
  ]);
  const copy = of('a', 'b');
  for (let count = 0; count < 2; count++) expect(kept(shared, copy)).toBe(first);
  expect(kept(shared, new Map([['a', 1]]))?.get('a')).toBe(1);
});

test('what was not met for long is forgotten, and what is met again is not', () => {
  const shared = new SharedContenders();
  const [often, once] = [of('often'), of('once')];
  for (const one of [often, once]) kept(shared, one);
  for (let index = 0; index < 20; index++) {
    kept(shared, of(`n${index}`));
    expect(kept(shared, of('often'))).toBe(often);
  }
  expect(kept(shared, of('once'))).not.toBe(once);
});

test('an announcement without a word of others is as it was', () => {
  const alone = announcement('x/web', ['198.51.100.1']);
  expect(new SharedContenders().sharedIn(alone)).toBe(alone);
});
