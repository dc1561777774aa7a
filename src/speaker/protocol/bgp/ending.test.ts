import { expect, test } from '@jest/globals';
import { CEASE, ceaseWithText, hardReset, type Notification } from '@typemetal/bgp-parser';
import { describeEnding, type Ending, nameOf } from './ending.ts';

function notification(code: number, subcode: number): Notification {
  return { type: 'notification', code, subcode, data: new Uint8Array() };
}

test.each([
  [1, 3, 'Message Header Error/Bad Message Type'],
  [2, 2, 'OPEN Message Error/Bad Peer AS'],
  [2, 8, 'OPEN Message Error/subcode 8'],
  [2, 11, 'OPEN Message Error/Role Mismatch'],
  [4, 0, 'Hold Timer Expired'],
  [6, 7, 'Cease/Connection Collision Resolution'],
  [6, 10, 'Cease/BFD Down'],
  [99, 0, 'code 99'],
  [99, 1, 'code 99/subcode 1'],
])('%d/%d is %s', (code, subcode, name) => {
  expect(nameOf({ code, subcode })).toBe(name);
});

test.each<[Ending, string]>([
  [{ kind: 'not-connected', cause: 'no route to the network' }, 'no route to the network'],
  [{ kind: 'stopped' }, 'stopped'],
  [
    { kind: 'refused', sent: notification(2, 2), why: 'the peer answers with AS 64601, 64600 expected' },
    'the peer answers with AS 64601, 64600 expected (NOTIFICATION OPEN Message Error/Bad Peer AS sent)',
  ],
  [{ kind: 'notified', received: notification(6, 5) }, 'the peer closed the session with NOTIFICATION Cease/Connection Rejected'],
  [
    { kind: 'notified', received: notification(4, 0) },
    'the peer closed the session with NOTIFICATION Hold Timer Expired: it heard nothing for the whole hold time; does it drop what this node sends (TTL security, a packet filter)?',
  ],
  [
    { kind: 'notified', received: ceaseWithText(CEASE.administrativeShutdown, 'back\u001b[2J at\nnoon') },
    'the peer closed the session with NOTIFICATION Cease/Administrative Shutdown: "back [2J at noon"',
  ],
  [
    { kind: 'notified', received: hardReset(notification(6, 3)) },
    'the peer closed the session with NOTIFICATION Cease/Peer De-configured (hard reset)',
  ],
])('%j', (ending, text) => {
  expect(describeEnding(ending)).toBe(text);
});
