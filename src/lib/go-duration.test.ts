import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseGoDuration } from './go-duration.ts';

test.each([
  ['0', 0],
  ['0s', 0],
  ['90s', 90_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['1.s', 1_000],
  ['500ms', 500],
  ['2us', 0.002],
  ['2µs', 0.002],
  ['5ns', 0.000005],
  ['-3s', -3_000],
  ['+3s', 3_000],
])('%s is %d ms', (text, milliseconds) => expect(parseGoDuration(text)).toBeCloseTo(milliseconds, 9));

test.each(['', '3', '3 s', 's', '.s', '3d', '3s ', '3sec', '--3s', '1e3s', '+', 'rubbish'])('%j is no duration', (text) =>
  expect(parseGoDuration(text)).toBeUndefined(),
);

test('hours, minutes and seconds add up', () => {
  const part = fc.integer({ min: 0, max: 1_000 });
  fc.assert(
    fc.property(part, part, part, (hours, minutes, seconds) => {
      expect(parseGoDuration(`${hours}h${minutes}m${seconds}s`)).toBe(((hours * 60 + minutes) * 60 + seconds) * 1_000);
    }),
  );
});
