import { expect, test } from '@jest/globals';
import { readText } from './files.ts';
import { CommandError } from './report.ts';

test('a file is read as it is', () => {
  expect(readText(import.meta.filename)).toEqual({ name: import.meta.filename, text: expect.stringContaining('a file is read as it is') });
});

test.each([
  { name: '/no/such/file', says: '/no/such/file cannot be read (ENOENT): name a file that is there, or - for standard input' },
  { name: '/', says: '/ is a folder: name its files, such as /*.yaml' },
])('$name is refused with one sentence', ({ name, says }) => {
  expect(() => readText(name)).toThrow(new CommandError(says));
});
