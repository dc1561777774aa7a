import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { integerOf, listOf, objectOf, textMapOf, textOf, textsOf } from './json.ts';

describe('readers of unchecked JSON', () => {
  test.each<{ value: unknown; object: boolean; list: boolean; text: boolean; integer: boolean }>([
    { value: { a: 1 }, object: true, list: false, text: false, integer: false },
    { value: [1], object: false, list: true, text: false, integer: false },
    { value: 'a', object: false, list: false, text: true, integer: false },
    { value: 7, object: false, list: false, text: false, integer: true },
    { value: 7.5, object: false, list: false, text: false, integer: false },
    { value: 2 ** 53, object: false, list: false, text: false, integer: false },
    { value: null, object: false, list: false, text: false, integer: false },
    { value: undefined, object: false, list: false, text: false, integer: false },
  ])('$value', ({ value, object, list, text, integer }) => {
    expect(objectOf(value) === value).toBe(object);
    expect(listOf(value) === value).toBe(list);
    expect(textOf(value) !== undefined).toBe(text);
    expect(integerOf(value) !== undefined).toBe(integer);
  });

  test('members of the wrong type are left out', () => {
    expect(textsOf(['a', 1, null, 'b'])).toEqual(['a', 'b']);
    expect(textMapOf({ a: 'x', b: 1, c: 'y' }, (name) => name !== 'c')).toEqual({ a: 'x' });
  });

  test('no value makes a reader throw', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const read of [objectOf, listOf, textOf, textsOf, integerOf, textMapOf]) read(value);
      }),
    );
  });
});
