import type { MessageCounts, SessionReport } from '../../src/model/bgp-plan.ts';

/** A session over which nothing went. */
export const NO_MESSAGES: MessageCounts = { open: 0, update: 0, notification: 0, keepalive: 0, 'route-refresh': 0 };

/** A session that is up, with defaults for what a test does not say. */
export function sessionReport(rest: Partial<SessionReport> = {}): SessionReport {
  return {
    peer: 'tor',
    address: '198.51.100.1:179',
    vrf: undefined,
    state: 'established',
    since: 1_700_000_000_000,
    lastError: '',
    flaps: 0,
    notificationSent: undefined,
    notificationReceived: undefined,
    agreed: undefined,
    announced: 3,
    prefixes: { IPv4: 3, IPv6: 0 },
    wanted: 4,
    sent: NO_MESSAGES,
    received: NO_MESSAGES,
    ...rest,
  };
}
