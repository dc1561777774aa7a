import { expect, test } from '@jest/globals';
import { AssertionError, assert, unreachable } from './assert.ts';

test('an assertion that holds says nothing, one that does not says what it was told', () => {
  assert(true, 'never seen');
  expect(() => assert(false, 'the table holds an address twice')).toThrow(new AssertionError('the table holds an address twice'));
});

test('a union that was not closed throws with the value that got through', () => {
  expect(() => unreachable({ kind: 'new' } as never)).toThrow('unreachable: {"kind":"new"}');
});
