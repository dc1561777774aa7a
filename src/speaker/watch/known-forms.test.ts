import { expect, test } from '@jest/globals';
import { KnownForms } from './known-forms.ts';

test('says what changed, by key', () => {
  const forms = new KnownForms<{ readonly labels: object; readonly leftOut?: ReadonlySet<string> }>();
  const seen = [
    forms.changed('a', { labels: {} }),
    forms.changed('a', { labels: {} }),
    forms.changed('b', { labels: {} }),
    forms.changed('a', { labels: { rack: '1' } }),
    forms.changed('a', { labels: { rack: '1' }, leftOut: new Set(['x']) }),
    forms.changed('a', { labels: { rack: '1' }, leftOut: new Set(['y']) }),
    forms.changed('a', undefined),
    forms.changed('a', undefined),
    forms.changed('c', undefined),
  ];
  expect(seen).toEqual([true, false, true, true, true, true, true, false, false]);
});
