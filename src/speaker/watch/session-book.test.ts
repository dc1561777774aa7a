import { beforeEach, expect, test } from '@jest/globals';
import { RecordingMetrics } from '../../../test/support/recording-metrics.ts';
import { sessionReport } from '../../../test/support/session-reports.ts';
import { SessionBook } from './session-book.ts';

let events: string[];
let metrics: RecordingMetrics;
let book: SessionBook;

beforeEach(() => {
  events = [];
  metrics = new RecordingMetrics();
  book = new SessionBook({
    node: 'node-1',
    metrics,
    events: { record: ({ kind, namespace, name, uid }, ...said) => void events.push([kind, namespace, name, uid, ...said].join(' ')) },
    peerOf: (name) => (name === 'tor' ? { metadata: { namespace: 'metallb-system', uid: 'u' } } : undefined),
  });
});

const DOWN = 'BGPPeer metallb-system tor u Warning sessionDown node "node-1" has no session with 198.51.100.1:179: ';
const UP = 'BGPPeer metallb-system tor u Normal sessionUp node "node-1" has a session with 198.51.100.1:179';

test('a BGPPeer has an event for each reason and each end, and none while nothing changes', () => {
  for (const lastError of ['', 'refused', 'refused', 'no answer']) book.take([sessionReport({ state: 'idle', lastError })]);
  expect(events.splice(0)).toEqual([`${DOWN}refused`, `${DOWN}no answer`]);
  book.take([sessionReport()]);
  book.take([sessionReport({ announced: 9 })]);
  expect(events.splice(0)).toEqual([UP]);
  book.take([sessionReport({ state: 'idle', lastError: 'reset' })]);
  book.take([sessionReport({ state: 'connect', lastError: 'reset' })]);
  book.take([]);
  expect(events).toEqual([`${DOWN}reset`]);
});

test('a peer that nobody knows has no event; its session is kept book of all the same', () => {
  book.take([sessionReport({ peer: 'other' })]);
  expect([events, book.sessions.map(({ peer }) => peer)]).toEqual([[], ['other']]);
  expect(metrics.value('metallb_bgp_session_up', { peer: '198.51.100.1:179', vrf: 'default' })).toBe(1);
});
