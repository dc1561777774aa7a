import { expect, test } from '@jest/globals';
import { parseWeightByEndpoints, weightOf } from './route-weight.ts';

test.each([
  { word: 'None', weight: undefined },
  { word: 'NonTransitive', weight: { endpoints: 3, transitive: false } },
  { word: 'Transitive', weight: { endpoints: 3, transitive: true } },
])('$word', ({ word, weight }) => {
  const parsed = parseWeightByEndpoints(word);
  expect(parsed.ok && weightOf(parsed.value, 3)).toEqual(weight);
});

test.each(['', 'true', 'transitive'])('%j is refused with the words that there are', (text) => {
  expect(parseWeightByEndpoints(text)).toEqual({ ok: false, error: `"${text}" is none of None, NonTransitive, Transitive` });
});
