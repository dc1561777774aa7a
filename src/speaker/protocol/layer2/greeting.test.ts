import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { Ipv4 } from '../../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../../lib/mac.ts';
import type { Hello, SegmentFrame } from '../../wire/segment.ts';
import { newDoubt } from './doubt.ts';
import { greetingOf, takeRepetition } from './greeting.ts';
import { newPeer, type Peer } from './peer.ts';
import { PeerTable } from './peer-table.ts';
import { Peers } from './peers.ts';

const MAC = 0x0200_0000_0002 as Mac;
const TIMING = {
  busyInterval: milliseconds(100),
  idleInterval: milliseconds(1_000),
  speakerGrace: milliseconds(30_000),
  restartGrace: milliseconds(300_000),
};
const HELLO: Hello = {
  ...{ kind: 'hello', intervalMilliseconds: 100, askable: 0x0a00_0002 as Ipv4, restarting: false, starting: false },
  ...{ alone: false, damped: false, digest: 7, gone: ['x', 'y'] },
};
const FRAME: SegmentFrame = { destination: BROADCAST_MAC, source: MAC, keyId: 0n, node: 'b', boot: 5n, sequence: 8, message: HELLO };
const LATER: Micros = milliseconds(100);

/** One that has said that hello under number 7. */
function known(change: Partial<Peer> = {}): Peer {
  const peer = newPeer({ ...FRAME, sequence: 7 }, micros(0));
  peer.repetition = { hello: { ...HELLO, gone: [...HELLO.gone] }, greeted: [greetingOf(peer, HELLO, TIMING)] };
  return Object.assign(peer, change);
}

afterEach(() => {
  jest.restoreAllMocks();
});

test('a hello that says what the one before said is taken, with its number and its time', () => {
  const peer = known();
  expect(takeRepetition(peer, FRAME, LATER)).toBe(peer.repetition);
  expect([peer.sequence, peer.heardAt]).toEqual([8, LATER]);
});

describe('nothing is taken of', () => {
  test.each<[string, Partial<SegmentFrame>]>([
    ['an old frame', { sequence: 7 }],
    ['one of another start', { boot: 6n }],
    ['one from another MAC', { source: 9 as Mac }],
    ['another message', { message: { kind: 'challenge', nonce: 1n } }],
    ...Object.entries({
      ...{ intervalMilliseconds: 1_000, askable: 1 as Ipv4, restarting: true, starting: true, alone: true, damped: true, digest: 8 },
      gone: ['y', 'x'],
    }).map(([field, value]): [string, Partial<SegmentFrame>] => [`another ${field}`, { message: { ...HELLO, [field]: value } }]),
    ['fewer that are gone', { message: { ...HELLO, gone: ['x'] } }],
  ])('%s', (_, change) => {
    const peer = known();
    expect(takeRepetition(peer, { ...FRAME, ...change }, LATER)).toBeUndefined();
    expect([peer.sequence, peer.heardAt]).toEqual([7, 0]);
  });

  test.each<[string, Partial<Peer>]>([
    ['a peer that has said nothing yet', { repetition: undefined }],
    ['one that is doubted', { doubt: newDoubt(known(), micros(0)) }],
    ['one that seemed to be away', { verdict: 'away' }],
  ])('a hello of %s', (_, change) => {
    expect(takeRepetition(known(change), FRAME, LATER)).toBeUndefined();
  });
});

test('a thousand hellos that say nothing new cause a greeting each, the same object, and no walk over peers', () => {
  const claims = (): { digest: number; damped: boolean } => ({ digest: 7, damped: false });
  const peers = new Peers({ node: 'a', timing: TIMING, nonce: () => 1n, gone: [], owners: () => new Set(), claims });
  peers.step({ kind: 'started', now: micros(0) });
  const hear = (sequence: number, change: Partial<SegmentFrame> = {}) =>
    peers.step({
      kind: 'received',
      now: micros(1_000 + sequence),
      frame: { ...FRAME, sequence, message: { ...HELLO, gone: [] }, ...change },
    });
  hear(1);
  hear(2, { message: { kind: 'response', nonce: 1n } });
  hear(3);
  const walks = jest.spyOn(PeerTable.prototype, 'all');
  const effects = new Set(Array.from({ length: 1_000 }, (_, index) => hear(4 + index)));
  expect([...effects]).toEqual([[{ kind: 'greeted', node: 'b', mac: MAC, digest: 7, damped: false, ready: true, busy: true }]]);
  expect(walks).not.toHaveBeenCalled();
  hear(2_000, { message: { ...HELLO, gone: ['x'] } });
  expect(walks).toHaveBeenCalled();
});
