import { expect, test } from '@jest/globals';
import { asnOf } from '@typemetal/bgp-parser';
import { ownOpen } from './own-open.ts';
import type { PeerSettings } from './peer-settings.ts';

const SETTINGS: PeerSettings = {
  localAsn: 64_512,
  expectedAs: { kind: 'external' },
  routerId: 0x0a_00_00_01,
  holdTimeSeconds: 90,
  keepaliveSeconds: undefined,
  connectSeconds: undefined,
  families: [
    { afi: 1, safi: 1 },
    { afi: 2, safi: 1 },
  ],
  gracefulRestart: undefined,
  hostname: 'node-1',
};

function named(settings: PeerSettings, name: string): unknown {
  return ownOpen(settings).capabilities.filter((capability) => capability.name === name);
}

test.each([
  [64_512, 64_512],
  [65_535, 65_535],
  [65_536, 23_456],
  [4_294_967_295, 23_456],
])('AS %d stands as %d in two octets and as itself in the capability', (localAsn, asn) => {
  const open = ownOpen({ ...SETTINGS, localAsn });
  expect([open.asn, asnOf(open)]).toEqual([asn, localAsn]);
});

test('each family of the session is offered, a next hop of IPv6 only for IPv4 routes', () => {
  expect(named(SETTINGS, 'multiprotocol')).toHaveLength(2);
  expect(named(SETTINGS, 'extended-next-hop')).toMatchObject([{ families: [{ afi: 1, safi: 1, nextHopAfi: 2 }] }]);
  expect(named({ ...SETTINGS, families: [{ afi: 2, safi: 1 }] }, 'extended-next-hop')).toEqual([]);
});

test('graceful restart is offered where it was asked for, with what is true of this start', () => {
  expect(named(SETTINGS, 'graceful-restart')).toEqual([]);
  const gracefulRestart = { restartTimeSeconds: 120, restarted: true, forwarding: false };
  expect(named({ ...SETTINGS, gracefulRestart }, 'graceful-restart')).toMatchObject([
    {
      restarted: true,
      notification: true,
      restartTimeSeconds: 120,
      families: [
        { afi: 1, forwarding: false },
        { afi: 2, forwarding: false },
      ],
    },
  ]);
});
