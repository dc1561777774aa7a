import { expect, test } from '@jest/globals';
import { err, ok, type Result } from './result.ts';

test('a result is told apart by `ok`, and the compiler follows', () => {
  const half = (value: number): Result<number, string> => (value % 2 === 0 ? ok(value / 2) : err(`${value} is odd`));
  const read = (result: Result<number, string>): number | string => (result.ok ? result.value : result.error);
  expect([half(4), half(3)].map(read)).toEqual([2, '3 is odd']);
});
