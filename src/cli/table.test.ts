import { expect, test } from '@jest/globals';
import { COLOURED, PLAIN } from './report.ts';
import { section, table } from './table.ts';

test.each([
  { what: 'no rows', rows: [], text: '' },
  { what: 'a row', rows: [['a', 'long enough']], text: 'NAME   VALUE\na      long enough\n' },
  { what: 'a wide cell', rows: [['wider than its title', 'b']], text: 'NAME                   VALUE\nwider than its title   b\n' },
  { what: 'an empty cell', rows: [['', 'b']], text: 'NAME   VALUE\n       b\n' },
  { what: 'an empty last cell', rows: [['a', '']], text: 'NAME   VALUE\na\n' },
])('a table of $what', ({ rows, text }) => {
  expect(table(['NAME', 'VALUE'], rows, PLAIN)).toBe(text);
});

test('colours take no width, and stand around the text alone', () => {
  const coloured = table(
    ['A', 'B'],
    [
      [{ tone: 'bad', text: 'no' }, 'x'],
      ['yes!', { tone: 'good', text: 'y' }],
    ],
    COLOURED,
  );
  expect(coloured).toBe('\u001b[1mA\u001b[0m      \u001b[1mB\u001b[0m\n\u001b[31mno\u001b[0m     x\nyes!   \u001b[32my\u001b[0m\n');
});

test.each([
  { lines: '', text: '' },
  { lines: 'a\nb\n', text: 'Title\n  a\n  b\n\n' },
])('a section of $lines', ({ lines, text }) => {
  expect(section('Title', lines, PLAIN)).toBe(text);
});
