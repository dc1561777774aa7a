import { expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { milliseconds } from '../lib/clock.ts';
import { firstKeyOf, keyPathOf, watchKey } from './segment-key.ts';

test.each<[string, string | undefined]>([
  ['', undefined],
  ['/etc/ml_secret_key', '/etc/ml_secret_key/secretkey'],
  ['/etc/ml_secret_key/', '/etc/ml_secret_key/secretkey'],
])('the key of "%s" lies at %s', (folder, path) => {
  expect(keyPathOf(folder)).toBe(path);
});

test('the first key is what the file holds, or empty', () => {
  expect(firstKeyOf(undefined)).toBe('');
  expect(firstKeyOf({ path: '/k', read: () => 'abc\n' })).toBe('abc');
  expect(firstKeyOf({ path: '/k', read: () => undefined })).toBe('');
});

test('the file is looked at again and again: what it holds is told, what is wrong once', async () => {
  const clock = new FakeClock();
  const said: string[] = [];
  const contents: (() => string | undefined)[] = [
    () => undefined,
    () => ' \n',
    () => 'first\n',
    () => {
      throw new Error('permission denied');
    },
    () => 'second',
  ];
  let looks = 0;
  const stop = new AbortController();
  const file = { path: '/k', read: () => contents[Math.min(looks++, contents.length - 1)]?.() };
  const listener = { changed: (key: string) => void said.push(`key ${key}`), warn: (message: string) => void said.push(message) };
  const watching = watchKey(file, clock, listener, stop.signal);
  await clock.run(milliseconds(30_000 * contents.length - 1));
  stop.abort();
  await watching;
  expect(looks).toBe(contents.length);
  expect(said).toEqual([
    expect.stringMatching(/^\/k holds no key: .* mount the Secret memberlist there$/),
    'key first',
    '/k cannot be read, the key stays as it was: permission denied',
    'key second',
  ]);
  expect(clock.timers).toBe(0);
});
