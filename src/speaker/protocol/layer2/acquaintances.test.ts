import { expect, test } from '@jest/globals';
import { Acquaintances } from './acquaintances.ts';

const OWN = 1;

/** Which of four hellos of d in a row node b teaches d at; the digests are those of a and c. */
function turns(a: number, c: number): boolean[] {
  const view = new Acquaintances('b', true);
  view.greet('a', a, false, OWN);
  view.greet('c', c, false, OWN);
  return Array.from({ length: 4 }, () => {
    view.greet('d', 5, false, OWN);
    return view.isToTeach('d', OWN);
  });
}

test.each([
  { what: 'all who know the same take turns', a: OWN, c: OWN, teaches: [false, true, false, false] },
  { what: 'whoever knows something else has none', a: 7, c: OWN, teaches: [true, false, true, false] },
  {
    what: 'where hardly two know the same all take turns in pairs, so that a hundred do not teach each other',
    a: 7,
    c: 8,
    teaches: [false, true, false, true],
  },
  { what: 'who is alone among others that agree teaches each time: nobody else can', a: 7, c: 7, teaches: [true, true, true, true] },
])('$what', ({ a, c, teaches }) => {
  expect(turns(a, c)).toEqual(teaches);
});

test('who knows the same is not taught', () => {
  const view = new Acquaintances('b', true);
  view.greet('d', OWN, false, OWN);
  expect(view.isToTeach('d', OWN)).toBe(false);
  expect(view.isToTeach('x', OWN)).toBe(false);
});
