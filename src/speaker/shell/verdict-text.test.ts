import { expect, test } from '@jest/globals';
import { meaningOf } from './verdict-text.ts';

test.each(['dead', 'departed'] as const)('of a node that is %s the addresses go to others, unless another link hears it', (verdict) => {
  expect(meaningOf(verdict, 'a', false)).toMatch(/^.*node "a" .*: its addresses go to others$/);
  expect(meaningOf(verdict, 'a', true)).toMatch(/^.*node "a" .*: it is heard on another interface, and keeps what it announces there$/);
});
