import { expect, test } from '@jest/globals';
import type { Brand } from './brand.ts';

type Metres = Brand<number, 'Metres'>;

test('a branded value is the plain value at run time', () => {
  const length = 3 as Metres;
  expect(length + 1).toBe(4);
  expect(JSON.stringify(length)).toBe('3');
});
