import { expect, test } from '@jest/globals';
import { micros } from '../../lib/clock.ts';
import type { Mac } from '../../lib/mac.ts';
import { standInLine } from './stand-in-text.ts';

test('what begins is said with its MAC, what ends with how long it lasted', () => {
  expect(standInLine({ kind: 'begun', node: 'a', mac: 2 as Mac, addresses: 3, why: 'restarting' }, 'eth0')).toEqual({
    message: '3 addresses of node "a" are answered for here, with its MAC: its speaker restarts',
    fields: { event: 'standInBegun', node: 'a', interface: 'eth0', addresses: 3, reason: 'restarting', mac: '00:00:00:00:00:02' },
  });
  expect(standInLine({ kind: 'ended', node: 'a', addresses: 3, why: 'back', lasted: micros(1_500) }, 'eth0')).toEqual({
    message: 'the addresses of node "a" are not answered for here any more: its speaker is back',
    fields: { event: 'standInEnded', node: 'a', interface: 'eth0', addresses: 3, reason: 'back', milliseconds: 2 },
  });
});
