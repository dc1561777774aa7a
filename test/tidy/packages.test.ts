import { describe, expect, test } from '@jest/globals';
import { checkLockFile, checkNpmrc, checkReasons, type LockFile } from './packages.ts';

describe('checkLockFile', () => {
  test.each<{ what: string; packages: LockFile['packages']; complaints: number }>([
    { what: 'nothing special', packages: { '': {}, 'node_modules/a': {}, 'node_modules/request-light': {} }, complaints: 0 },
    { what: 'the abandoned one', packages: { 'node_modules/a/node_modules/request': {} }, complaints: 1 },
    { what: 'an install script', packages: { 'node_modules/a': { hasInstallScript: true } }, complaints: 1 },
    { what: 'an install script of a tool', packages: { 'node_modules/a': { hasInstallScript: true, dev: true } }, complaints: 0 },
    { what: 'a host', packages: { 'node_modules/a': { resolved: 'https://example.com/a.tgz' } }, complaints: 1 },
    { what: 'a folder of the workspace', packages: { 'node_modules/a': { resolved: 'packages/a' } }, complaints: 0 },
  ])('$what', ({ packages, complaints }) => expect(checkLockFile({ packages })).toHaveLength(complaints));
});

test('checkNpmrc wants the switch, on a line of its own', () => {
  expect(checkNpmrc('# a\nignore-scripts=true\n')).toEqual([]);
  expect(checkNpmrc('# ignore-scripts=true\n')).toHaveLength(1);
});

describe('checkReasons', () => {
  test.each<{ version: string; text: string; complaints: number }>([
    { version: '1.0.0', text: '| `a` | writes the log, one JSON object a line |\n', complaints: 0 },
    { version: '1.0.0', text: '- `a`: writes the log, one JSON object a line\n', complaints: 0 },
    { version: '^1.0.0', text: '| `a` | writes the log, one JSON object a line |\n', complaints: 1 },
    { version: '1.0.0', text: 'We use `a` because we do and always did.\n', complaints: 1 },
    { version: '1.0.0', text: '| `a` | logs |\n', complaints: 1 },
    { version: '1.0.0', text: '', complaints: 1 },
  ])('$version with $text: $complaints', ({ version, text, complaints }) => {
    expect(checkReasons({ dependencies: { a: version } }, text)).toHaveLength(complaints);
  });
});
