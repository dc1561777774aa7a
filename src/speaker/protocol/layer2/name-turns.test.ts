import { expect, test } from '@jest/globals';
import { NameTurns } from './name-turns.ts';

test('five names keep their order', () => {
  const turns = new NameTurns();
  expect([turns.next(['a', 'b', 'c', 'd', 'e']), turns.next(['a', 'b', 'c', 'd', 'e'])].map((names) => names.join(''))).toEqual([
    'abcde',
    'abcde',
  ]);
});

test('of more all come first in turn', () => {
  const turns = new NameTurns();
  const names = [...'abcdefg'];
  expect([1, 2, 3].map(() => turns.next(names).join(''))).toEqual(['fgabcde', 'defgabc', 'bcdefga']);
});
