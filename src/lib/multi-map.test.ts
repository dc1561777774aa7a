import { expect, test } from '@jest/globals';
import { MultiMap } from './multi-map.ts';

test('a key has the values that were put under it, each once and in their order, until they are taken away', () => {
  const map = new MultiMap<string, number>();
  for (const value of [2, 1, 2]) map.add('a', value);
  map.add('b', 3);
  expect([[...map.get('a')], [...map.get('b')], [...map.get('c')]]).toEqual([[2, 1], [3], []]);
  map.delete('a', 2);
  map.delete('a', 9);
  map.delete('c', 1);
  expect([[...map.get('a')], map.has('a'), map.has('c'), map.size]).toEqual([[1], true, false, 2]);
});

test('a key without values is forgotten', () => {
  const map = new MultiMap<number, string>();
  for (let key = 0; key < 1_000; key++) {
    map.add(key, 'x');
    map.delete(key, 'x');
  }
  expect([map.size, map.has(1)]).toEqual([0, false]);
});
