import { expect, test } from '@jest/globals';
import { parseExposition } from './exposition.ts';

const GAUGE = '# HELP g Some help.\n# TYPE g gauge\n';

test('families with their types, helps and samples', () => {
  const text = `${GAUGE}g{a="x\\"y",b=""} 1.5e-7\ng NaN\n\n# TYPE h histogram\nh_bucket{le="+Inf"} 3\nh_sum -Inf\nh_count 3\n`;
  expect(parseExposition(text)).toEqual(
    new Map([
      ['g', { type: 'gauge', help: 'Some help.', samples: new Map(Object.entries({ 'g{a="x\\"y",b=""}': 1.5e-7, g: Number.NaN })) }],
      [
        'h',
        {
          type: 'histogram',
          help: '',
          samples: new Map(Object.entries({ 'h_bucket{le="+Inf"}': 3, h_sum: Number.NEGATIVE_INFINITY, h_count: 3 })),
        },
      ],
    ]),
  );
});

test.each([
  `${GAUGE}g 1`,
  'g 1\n',
  `${GAUGE}other 1\n`,
  `${GAUGE}g_count 1\n`,
  `${GAUGE}g 1\ng 2\n`,
  `${GAUGE}${GAUGE}`,
  `${GAUGE}g{a=x} 1\n`,
  `${GAUGE}g{a="x"b="y"} 1\n`,
  `${GAUGE}g one\n`,
  'not found\n',
])('%j is refused', (text) => {
  expect(() => parseExposition(text)).toThrow();
});
