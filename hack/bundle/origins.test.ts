import { expect, test } from '@jest/globals';
import { originsOf } from './origins.ts';

const SOURCES = ['src/a.ts', 'node_modules/b.js', 'src/c.ts'];

/** The digits A, C, D, E and F are 0, 1, -1, 2 and -2; gB is 16. */
test.each([
  { what: 'one piece', mappings: 'AAAA', lines: ['0:0:1'] },
  { what: 'lines and columns', mappings: 'AACA,gBAAA;;EACA', lines: ['0:0:2', '', '2:0:3'] },
  { what: 'another source, and the first again', mappings: 'AAAA,CECA,CFAA', lines: ['0:0:1,1:2:2,2:0:2'] },
  { what: 'a package between', mappings: 'AAAA,CCAA,CDAA', lines: ['0:0:1,1,2:0:1'] },
  { what: 'a piece of nothing', mappings: 'AAAA,C', lines: ['0:0:1,1'] },
  { what: 'a package alone', mappings: 'ACAA', lines: [''] },
  { what: 'the same line in another file', mappings: 'AAAA;AEAA', lines: ['0:0:1', '0:2:1'] },
])('$what', ({ mappings, lines }) => {
  const text = originsOf(JSON.stringify({ version: 3, sources: SOURCES, mappings }), (source) => source.startsWith('src/'));
  expect(text.split('\n')).toEqual(['a.ts,,c.ts', ...lines]);
});
