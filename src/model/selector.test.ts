import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LabelSelector } from '../crds/meta.ts';
import type { TextMap } from '../lib/json.ts';
import { labelKeyFault, labelValueFault } from './label-syntax.ts';
import { matches, matchesAny, parseSelector, parseSelectors, type Selector } from './selector.ts';

function selector(source: LabelSelector): Selector {
  const parsed = parseSelector(source);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const expression = (key: string, operator: string, ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, values }],
});

test.each<{ source: LabelSelector; labels: TextMap; taken: boolean }>([
  { source: {}, labels: {}, taken: true },
  { source: {}, labels: { a: 'b' }, taken: true },
  { source: { matchLabels: { a: 'b' } }, labels: { a: 'b', c: 'd' }, taken: true },
  { source: { matchLabels: { a: 'b', c: 'd' } }, labels: { a: 'b' }, taken: false },
  { source: { matchLabels: { a: '' } }, labels: {}, taken: false },
  { source: expression('a', 'In', 'b', 'c'), labels: { a: 'c' }, taken: true },
  { source: expression('a', 'In', 'b'), labels: {}, taken: false },
  { source: expression('a', 'NotIn', 'b'), labels: { a: 'c' }, taken: true },
  { source: expression('a', 'NotIn', 'b'), labels: {}, taken: true },
  { source: expression('a', 'NotIn', 'b'), labels: { a: 'b' }, taken: false },
  { source: expression('a', 'Exists'), labels: { a: '' }, taken: true },
  { source: expression('a', 'Exists'), labels: {}, taken: false },
  { source: expression('a', 'DoesNotExist'), labels: {}, taken: true },
  { source: expression('a', 'DoesNotExist'), labels: { a: '' }, taken: false },
  { source: { matchLabels: { a: 'b' }, ...expression('c', 'Exists') }, labels: { a: 'b' }, taken: false },
])('$source on $labels: $taken', ({ source, labels, taken }) => {
  expect(matches(selector(source), labels)).toBe(taken);
});

test('a label named like a member of every object is a label', () => {
  expect(matches(selector(expression('constructor', 'DoesNotExist')), Object.create(null) as TextMap)).toBe(true);
  expect(matches(selector(expression('constructor', 'DoesNotExist')), {})).toBe(true);
});

test('of a list one match is enough, and an empty list takes nothing', () => {
  const list = [selector({ matchLabels: { a: 'b' } }), selector({ matchLabels: { c: 'd' } })];
  expect([matchesAny(list, { c: 'd' }), matchesAny(list, {}), matchesAny([], {})]).toEqual([true, false, false]);
});

test.each<{ source: LabelSelector; error: string }>([
  { source: expression('a', 'Like', 'b'), error: '"Like" is not a valid label selector operator' },
  { source: expression('a', 'In'), error: `key "a": for 'in', 'notin' operators, values set can't be empty` },
  { source: expression('a', 'NotIn'), error: `key "a": for 'in', 'notin' operators, values set can't be empty` },
  { source: expression('a', 'Exists', 'b'), error: 'key "a": values set must be empty for exists and does not exist' },
  { source: expression('', 'Exists'), error: 'key "": name part must be non-empty' },
  { source: { matchLabels: { 'a b': 'c' } }, error: 'key "a b": name part must consist of' },
  { source: { matchLabels: { a: 'b/c' } }, error: 'value "b/c": a valid label must be an empty string or' },
  { source: expression('a', 'In', 'ok', '-bad'), error: 'value "-bad": a valid label must be' },
])('$source is refused: $error', ({ source, error }) => {
  const parsed = parseSelector(source);
  expect(parsed.ok ? 'taken' : parsed.error).toContain(error);
});

test.each<{ list: LabelSelector[]; error: string }>([
  { list: [expression('a', 'In', 'x', 'y', 'x')], error: 'duplicate definition of match expression value in label selector "x"' },
  {
    list: [
      {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['x', 'y'] },
          { key: 'a', operator: 'In', values: ['y', 'x'] },
        ],
      },
    ],
    error: 'duplicate definition of match expressions "a in (x,y)"',
  },
  {
    list: [{ matchLabels: { a: 'b', c: 'd' } }, { matchLabels: { c: 'd', a: 'b' } }],
    error: 'duplicate definition of nodeSelectors "a=b,c=d"',
  },
  { list: [{}, {}], error: 'duplicate definition of nodeSelectors ""' },
  { list: [expression('a', 'Near', 'b')], error: 'invalid label selector "a Near (b)": "Near" is not a valid label selector operator' },
])('the list $list is refused: $error', ({ list, error }) => {
  expect(parseSelectors('nodeSelectors', list)).toEqual({ ok: false, error });
});

test('a list that is absent is empty, and a label is no duplicate of an expression that means the same', () => {
  expect(parseSelectors('nodeSelectors', undefined)).toEqual({ ok: true, value: [] });
  const parsed = parseSelectors('nodeSelectors', [{ matchLabels: { a: 'b' } }, expression('a', 'In', 'b')]);
  expect(parsed.ok && parsed.value.map(({ text }) => text)).toEqual(['a=b', 'a in (b)']);
});

test.each<{ key: string; right: boolean }>([
  { key: 'app', right: true },
  { key: 'App.kubernetes_io-1', right: true },
  { key: 'example.com/app', right: true },
  { key: 'a'.repeat(63), right: true },
  { key: 'a'.repeat(64), right: false },
  { key: `${'a.'.repeat(126)}a/b`, right: true },
  { key: `${'a.'.repeat(127)}/b`, right: false },
  { key: 'Example.com/app', right: false },
  { key: '/app', right: false },
  { key: 'a/b/c', right: false },
  { key: 'app/', right: false },
  { key: '-app', right: false },
  { key: 'app.', right: false },
])('the key "$key": $right', ({ key, right }) => {
  expect(labelKeyFault(key) === undefined).toBe(right);
});

test.each<{ value: string; right: boolean }>([
  { value: '', right: true },
  { value: 'a', right: true },
  { value: 'a..b', right: true },
  { value: 'a'.repeat(63), right: true },
  { value: 'a'.repeat(64), right: false },
  { value: '.a', right: false },
  { value: 'a_', right: false },
  { value: 'ä', right: false },
])('the value "$value": $right', ({ value, right }) => {
  expect(labelValueFault(value) === undefined).toBe(right);
});

test('in and notin are opposites, exists and absent are opposites', () => {
  const label = fc.constantFrom('a', 'b');
  const labels = fc.dictionary(fc.constantFrom('k', 'l'), label);
  fc.assert(
    fc.property(labels, fc.uniqueArray(label, { minLength: 1 }), (present, values) => {
      expect(matches(selector(expression('k', 'In', ...values)), present)).toBe(
        !matches(selector(expression('k', 'NotIn', ...values)), present),
      );
      expect(matches(selector(expression('k', 'Exists')), present)).toBe(!matches(selector(expression('k', 'DoesNotExist')), present));
    }),
  );
});
