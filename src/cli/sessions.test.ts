import { expect, test } from '@jest/globals';
import type { JsonObject } from '../lib/json.ts';
import { sessionsOf } from './sessions.ts';

let version = 0;
const event = (peer: string, host: string, reason: string, second: number, message: string = ''): JsonObject => ({
  metadata: { resourceVersion: String(++version) },
  involvedObject: { kind: 'BGPPeer', name: peer },
  source: { host },
  reason,
  message,
  lastTimestamp: `2026-01-01T00:00:0${second}Z`,
});
const listed = (...events: readonly JsonObject[]): unknown => Object.fromEntries(sessionsOf(events));

test.each<{ what: string; events: readonly JsonObject[]; sessions: object }>([
  { what: 'nothing', events: [], sessions: {} },
  { what: 'events about something else', events: [event('a', 'node-1', 'other', 1)], sessions: {} },
  {
    what: 'one up, one down',
    events: [event('a', 'node-2', 'sessionUp', 1), event('a', 'node-1', 'sessionDown', 2, 'why')],
    sessions: { a: { up: ['node-2'], down: [{ node: 'node-1', says: 'why' }] } },
  },
  {
    what: 'the last word, in whatever order they come',
    events: [event('a', 'node-1', 'sessionUp', 3), event('a', 'node-1', 'sessionDown', 2)],
    sessions: { a: { up: ['node-1'], down: [] } },
  },
  {
    what: 'two words in one second: the one that was stored later',
    events: [event('a', 'node-1', 'sessionUp', 1), event('a', 'node-1', 'sessionDown', 1, 'why')].reverse(),
    sessions: { a: { up: [], down: [{ node: 'node-1', says: 'why' }] } },
  },
  {
    what: 'two peers',
    events: [event('a', 'node-1', 'sessionUp', 1), event('b', 'node-1', 'sessionDown', 2, 'why')],
    sessions: { a: { up: ['node-1'], down: [] }, b: { up: [], down: [{ node: 'node-1', says: 'why' }] } },
  },
])('$what', ({ events, sessions }) => {
  expect(listed(...events)).toEqual(sessions);
});
