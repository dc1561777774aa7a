import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { bootId, stateFile } from './state-directory.ts';

let directory: string;
let log: RecordingLogger;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'state-'));
  log = new RecordingLogger();
});

afterEach(() => rmSync(directory, { recursive: true }));

test('what is written is read again, replaces what was there, and is for nobody else to read', () => {
  const file = stateFile(directory, 'a', log);
  expect(file.read()).toBeUndefined();
  file.write('one');
  file.write('two');
  expect(stateFile(directory, 'a', log).read()).toBe('two');
  expect([readdirSync(directory), statSync(join(directory, 'a')).mode & 0o777, log.lines]).toEqual([['a'], 0o600, []]);
});

test('what is removed is gone, with what a killed process left half written, and nothing else', () => {
  const [file, other] = [stateFile(directory, 'a', log), stateFile(directory, 'b', log)];
  file.remove();
  file.write('one');
  other.write('two');
  writeFileSync(join(directory, 'a.new'), '');
  file.remove();
  expect([readdirSync(directory), file.read(), log.lines]).toEqual([['b'], undefined, []]);
});

test.each([
  { what: 'is not there', path: (): string => join(directory, 'none'), said: 0 },
  { what: 'is no directory', path: (): string => join(directory, 'file'), said: 1 },
  { what: 'is switched off', path: (): string => '', said: 0 },
])('a directory that $what keeps nothing, and that is said no more than once', ({ path, said }) => {
  writeFileSync(join(directory, 'file'), '');
  const file = stateFile(path(), 'a', log);
  for (const text of ['one', 'two']) file.write(text);
  file.remove();
  expect([file.read(), log.lines.length]).toEqual([undefined, said]);
});

test('the kernel says which of its lives this is', () => {
  expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
});
