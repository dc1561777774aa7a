import { expect, test } from '@jest/globals';
import { InTurn } from './in-turn.ts';

test('what one event causes is taken when the event is done', () => {
  const done: string[] = [];
  const turns: InTurn<string> = new InTurn((event) => {
    done.push(`begin ${event}`);
    if (event === 'a') expect([turns.add('b'), turns.add('c')]).toEqual([false, false]);
    done.push(`end ${event}`);
  });
  expect(turns.add('a')).toBe(true);
  expect(done).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
});

test('an event that cannot be taken stops no other one', () => {
  const done: string[] = [];
  const turns: InTurn<string> = new InTurn((event) => {
    if (event === 'first') turns.add('caused');
    if (event === 'first') throw new RangeError('first');
    done.push(event);
  });
  expect(() => turns.add('first')).toThrow('first');
  expect(turns.add('next')).toBe(true);
  expect(done).toEqual(['caused', 'next']);
});
