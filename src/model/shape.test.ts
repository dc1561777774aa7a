import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkSpec, FLAG, LABEL_SELECTOR, listShape, objectShape, type Shape, TEXT, TEXTS_BY_NAME, WHOLE_NUMBER } from './shape.ts';

test.each<{ shape: Shape; value: unknown; fault: string | undefined }>([
  { shape: TEXT, value: '', fault: undefined },
  { shape: TEXT, value: 1, fault: 'x is not a text' },
  { shape: FLAG, value: false, fault: undefined },
  { shape: FLAG, value: 'false', fault: 'x is not true or false' },
  { shape: WHOLE_NUMBER, value: 2 ** 63, fault: undefined },
  { shape: WHOLE_NUMBER, value: 0.5, fault: 'x is not a whole number' },
  { shape: listShape(FLAG), value: [], fault: undefined },
  { shape: listShape(FLAG), value: {}, fault: 'x is not a list of flags' },
  { shape: listShape(listShape(WHOLE_NUMBER)), value: [[1], 2], fault: 'x[1] is not a list of whole numbers' },
  { shape: listShape(listShape(TEXT)), value: null, fault: 'x is not a list of lists of texts' },
  { shape: TEXTS_BY_NAME, value: { a: 'b' }, fault: undefined },
  { shape: TEXTS_BY_NAME, value: { a: 'b', c: null }, fault: 'x.c is not a text' },
  { shape: listShape(TEXTS_BY_NAME), value: 'a', fault: 'x is not a list of objects of texts' },
  { shape: objectShape({ a: TEXT }), value: { b: 1 }, fault: undefined },
  { shape: objectShape({ a: TEXT }, ['a']), value: { b: 1 }, fault: 'x.a is missing' },
  { shape: objectShape({ a: TEXT }, ['a']), value: { a: null }, fault: 'x.a is not a text' },
  { shape: LABEL_SELECTOR, value: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }, fault: undefined },
  { shape: LABEL_SELECTOR, value: { matchExpressions: [{ operator: 'In' }] }, fault: 'x.matchExpressions[0].key is missing' },
  {
    shape: LABEL_SELECTOR,
    value: { matchExpressions: [{ key: 'a', operator: 'In', values: 'b' }] },
    fault: 'x.matchExpressions[0].values is not a list of texts',
  },
])('$shape.noun, of $value: $fault', ({ shape, value, fault }) => {
  expect(shape.fault(value, 'x')).toBe(fault);
});

test.each<{ shape: Shape; value: unknown; strangers: readonly string[] }>([
  { shape: TEXT, value: { a: 1 }, strangers: [] },
  { shape: TEXTS_BY_NAME, value: { a: 1 }, strangers: [] },
  { shape: objectShape({ a: TEXT }), value: { a: 1, b: 2, toString: 3 }, strangers: ['x.b', 'x.toString'] },
  { shape: objectShape({ a: TEXT }), value: ['b'], strangers: [] },
  { shape: listShape(objectShape({ a: listShape(objectShape({})) })), value: [{ a: [{ b: 1 }] }, 7], strangers: ['x[0].a[0].b'] },
  { shape: listShape(TEXT), value: { b: 1 }, strangers: [] },
])('$shape.noun, of $value: $strangers are strangers', ({ shape, value, strangers }) => {
  expect(shape.strangers(value, 'x').map(({ path }) => path)).toEqual(strangers);
});

test('a fault of the spec itself has no path', () => {
  expect(checkSpec(7, objectShape({}))).toEqual({ ok: false, error: 'the spec is not as the CRD defines it: it is not an object' });
  expect(checkSpec({ a: 7 }, objectShape({ a: TEXT }))).toMatchObject({ error: expect.stringMatching(/: a is not a text$/) });
});

test('what has passed the shape of a selector has its type, whatever it is', () => {
  const near = fc.record({ matchLabels: fc.jsonValue(), matchExpressions: fc.array(fc.jsonValue()) }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), near), (value) => {
      if (LABEL_SELECTOR.fault(value, '') !== undefined) return;
      const { matchLabels = {}, matchExpressions = [] } = value as { matchLabels?: Record<string, string>; matchExpressions?: unknown[] };
      expect(Object.values(matchLabels).every((each) => typeof each === 'string') && Array.isArray(matchExpressions)).toBe(true);
    }),
  );
});
