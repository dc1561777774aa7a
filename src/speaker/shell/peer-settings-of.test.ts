import { expect, test } from '@jest/globals';
import { parseAddress } from '../../lib/ip.ts';
import type { PlannedPeer } from '../../model/planned-peer.ts';
import { settingsOf } from './peer-settings-of.ts';
import { SessionHistory } from './session-history.ts';

const PEER = { name: 'tor', address: parseAddress('198.51.100.1'), families: ['IPv4'], gracefulRestart: true } as unknown as PlannedPeer;

test.each([
  { what: 'the first one ever', before: [], since: [], says: { restarted: false, forwarding: false } },
  { what: 'the first one after a restart', before: ['tor'], since: [], says: { restarted: true, forwarding: true } },
  { what: 'the second one', before: [], since: ['tor'], says: { restarted: false, forwarding: true } },
  { what: 'the second one after a restart', before: ['tor'], since: ['tor'], says: { restarted: false, forwarding: true } },
  { what: 'the first one with this peer', before: ['other'], since: ['other'], says: { restarted: false, forwarding: false } },
])('graceful restart, $what', ({ before, since, says }) => {
  const history = new SessionHistory(before);
  for (const key of since) history.established(key);
  expect(settingsOf(PEER, 1, 'node-1', history.of('tor')).gracefulRestart).toEqual({ restartTimeSeconds: 120, ...says });
  expect(settingsOf({ ...PEER, gracefulRestart: false }, 1, 'node-1', history.of('tor')).gracefulRestart).toBeUndefined();
});
