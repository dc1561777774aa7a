import { expect, test } from '@jest/globals';
import { compareTexts } from './order.ts';

test('texts are ordered by code units, not by any language', () => {
  expect(['ä', 'b', 'B', 'a', 'a10', 'a2'].sort(compareTexts)).toEqual(['B', 'a', 'a10', 'a2', 'b', 'ä']);
  expect(compareTexts('a', 'a')).toBe(0);
});
