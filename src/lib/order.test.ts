import { expect, test } from '@jest/globals';
import { compareTexts, sameTexts } from './order.ts';

test('texts are ordered by code units, not by any language', () => {
  expect(['ä', 'b', 'B', 'a', 'a10', 'a2'].sort(compareTexts)).toEqual(['B', 'a', 'a10', 'a2', 'b', 'ä']);
  expect(compareTexts('a', 'a')).toBe(0);
});

test('lists are the same when each text is, in its place', () => {
  expect([sameTexts([], []), sameTexts(['a', 'b'], ['a', 'b'])]).toEqual([true, true]);
  expect([sameTexts(['a'], ['a', 'b']), sameTexts(['a', 'b'], ['a']), sameTexts(['a', 'b'], ['b', 'a'])]).toEqual([false, false, false]);
});
