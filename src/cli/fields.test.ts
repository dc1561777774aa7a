import { expect, test } from '@jest/globals';
import { Fields } from './fields.ts';

const NOTHING = { value: undefined, says: [] };

test.each([
  { read: 'text', given: 'a', value: 'a' },
  { read: 'text', given: 7, value: '7' },
  { read: 'text', given: null, ...NOTHING },
  { read: 'text', given: ['a'], says: ['f.x: is not a text, and left out'] },
  { read: 'whole', given: 7, value: 7 },
  { read: 'whole', given: '7', value: 7 },
  { read: 'whole', given: 7.5, says: ['f.x: is not a whole number, and left out'] },
  { read: 'flag', given: false, value: false },
  { read: 'flag', given: 'Yes', value: true },
  { read: 'flag', given: 'off', value: false },
  { read: 'flag', given: 0, says: ['f.x: is not true or false, and left out'] },
  { read: 'texts', given: ['a', 1], value: ['a', '1'] },
  { read: 'texts', given: 'a', says: ['f.x: is not a list of texts, and left out'] },
  { read: 'texts', given: [{}], says: ['f.x: is not a list of texts, and left out'] },
  { read: 'textMap', given: { a: 1 }, value: { a: '1' } },
  { read: 'textMap', given: [], says: ['f.x: is not names with texts, and left out'] },
  { read: 'members', given: 'a', value: [], says: ['f.x: is not a list, and left out'] },
] as const)('$read of $given', (row) => {
  const complaints: string[] = [];
  const fields = new Fields({ x: row.given }, 'f', (sentence) => complaints.push(sentence));
  expect(fields[row.read]('x')).toEqual('value' in row ? row.value : undefined);
  fields.close();
  expect(complaints).toEqual('says' in row ? row.says : []);
});

test('what nobody asked for is said, with its path', () => {
  const complaints: string[] = [];
  const root = new Fields({ list: [{ a: 1, b: 2 }, 'c'], other: null }, '', (sentence) => complaints.push(sentence));
  const [first] = root.members('list');
  expect(first?.whole('a')).toBe(1);
  first?.close();
  root.close();
  expect(complaints).toEqual(['list[1]: is no object, and left out', 'list[0].b: is no field that is known, and left out']);
});
