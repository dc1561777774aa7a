import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ObjectNames } from './object-names.ts';

test.each([
  { text: 'default', name: 'default' },
  { text: 'a', name: 'a' },
  { text: '10-net', name: '10-net' },
  { text: 'My_Pool', name: 'my-pool' },
  { text: '_9Pool.', name: 'pool' },
  { text: 'x'.repeat(70), name: 'x'.repeat(63) },
  { text: '', name: undefined },
  { text: '1_2', name: undefined },
])('$text becomes $name', ({ text, name }) => {
  expect(new ObjectNames().nameOf(text)).toBe(name);
});

test('two that would be one are told apart, each the same whenever it is asked for', () => {
  const names = new ObjectNames();
  expect(['A_b', 'a-b', 'A_b', 'a.b'].map((text) => names.nameOf(text))).toEqual(['a-b', 'a-b-2', 'a-b', 'a-b-3']);
});

test('any names are names of objects, and different', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ maxLength: 80 })), (texts) => {
      const names = new ObjectNames();
      const given = texts.map((text) => names.nameOf(text)).filter((name) => name !== undefined);
      for (const name of given) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
      expect(new Set(given).size).toBe(given.length);
    }),
  );
});
