import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from './api-error.ts';
import { isOlder, parseWatchEvent } from './watch-event.ts';

const metadata = { namespace: 'a', name: 'b', resourceVersion: '7' };
const END = { 'k8s.io/initial-events-end': 'true' };

describe('parseWatchEvent', () => {
  test.each([
    { event: { type: 'ADDED', object: { metadata } }, is: { type: 'present', key: 'a/b', resourceVersion: '7', object: { metadata } } },
    { event: { type: 'MODIFIED', object: { metadata } }, is: { type: 'present', key: 'a/b', resourceVersion: '7', object: { metadata } } },
    { event: { type: 'DELETED', object: { metadata } }, is: { type: 'gone', key: 'a/b', resourceVersion: '7' } },
    { event: { type: 'DELETED', object: { metadata: { name: 'node' } } }, is: { type: 'gone', key: 'node', resourceVersion: '' } },
    {
      event: { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
      is: { type: 'bookmark', resourceVersion: '9', initialEnd: false },
    },
    {
      event: { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9', annotations: END } } },
      is: { type: 'bookmark', resourceVersion: '9', initialEnd: true },
    },
  ])('$event.type', ({ event, is }) => {
    expect(parseWatchEvent(JSON.stringify(event), 'services')).toEqual(is);
  });

  test("an error is the server's own", () => {
    const line = JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' } });
    expect(() => parseWatchEvent(line, 'services')).toThrow('watch of services: 410 Expired: too old resource version: 1 (2)');
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '7',
    '"ADDED"',
    '{"type":"ADDED"}',
    '{"type":"ADDED","object":{"metadata":{"name":7}}}',
    '{"type":"X","object":{"metadata":{"name":"a"}}}',
  ])('%s is no event, and is not quoted', (line) => {
    expect(() => parseWatchEvent(line, 'services')).toThrow('watch of services: a line is not a watch event');
  });

  test('any JSON is an event or an ApiError', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.record({ type: fc.constantFrom('ADDED', 'DELETED', 'BOOKMARK', 'ERROR'), object: fc.jsonValue() })),
        (value) => {
          try {
            parseWatchEvent(JSON.stringify(value), 'services');
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ApiError);
          }
        },
      ),
    );
  });
});

describe('isOlder', () => {
  test('numbers of any length', () => {
    const version = fc.bigInt({ min: 1n, max: 10n ** 30n });
    fc.assert(fc.property(version, version, (one, other) => expect(isOlder(`${one}`, `${other}`)).toBe(one < other)));
  });

  test.each([
    ['', '1'],
    ['1', ''],
    ['a1', 'b2'],
    ['01', '2'],
  ])('nothing is known of %p and %p', (one, other) => {
    expect(isOlder(one, other)).toBe(false);
  });
});
