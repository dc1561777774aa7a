import { expect, test } from '@jest/globals';
import type { BGPPeerSpec } from '../../crds/bgp-peer.ts';
import { parsePeer } from '../../model/bgp-peer.ts';
import { planPeers } from './peer-plan.ts';

function plan(spec: Partial<BGPPeerSpec>, passwords: Readonly<Record<string, string>> = {}): ReturnType<typeof planPeers> {
  const metadata = { name: 'tor', namespace: 'metallb-system' };
  const whole = { myASN: 64_512, peerASN: 64_600, peerAddress: '198.51.100.1', ...spec };
  const parsed = parsePeer({ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata, spec: whole });
  if (!parsed.ok) throw new Error(parsed.error);
  return planPeers([{ ...parsed.value, bfd: undefined }], new Map(Object.entries(passwords)));
}

test.each<{ what: string; spec: Partial<BGPPeerSpec>; planned: object }>([
  {
    what: 'nothing but who it is',
    spec: {},
    planned: { port: 179, localAsn: 64_512, holdTimeSeconds: 90, keepaliveSeconds: undefined, families: ['IPv4'], password: undefined },
  },
  {
    what: 'timers',
    spec: { holdTime: '30s', keepaliveTime: '5s', connectTime: '7s' },
    planned: { holdTimeSeconds: 30, keepaliveSeconds: 5, connectTimeSeconds: 7 },
  },
  { what: 'another AS to show', spec: { localASN: 65_000 }, planned: { localAsn: 65_000 } },
  { what: 'a peer of IPv6', spec: { peerAddress: '2001:db8::1' }, planned: { families: ['IPv6'] } },
  { what: 'both families', spec: { dualStackAddressFamily: true }, planned: { families: ['IPv4', 'IPv6'] } },
  { what: 'a password', spec: { password: 'secret' }, planned: { password: 'secret' } },
])('$what', ({ spec, planned }) => {
  const { peers, gaps } = plan(spec);
  expect([peers.length, gaps.size]).toEqual([1, 0]);
  expect(peers[0]).toMatchObject(planned);
});

test.each<{ what: string; passwords: Record<string, string>; sessions: (string | undefined)[]; gap: RegExp | undefined }>([
  { what: 'there', passwords: { auth: 'secret' }, sessions: ['secret'], gap: undefined },
  { what: 'not there yet', passwords: {}, sessions: [], gap: /peer tor has no session: its Secret holds no password/ },
  { what: 'too long for the kernel', passwords: { auth: 'ö'.repeat(41) }, sessions: [], gap: /of 1 to 80 octets/ },
])('a password in a Secret that is $what', ({ passwords, sessions, gap }) => {
  const { peers, gaps } = plan({ passwordSecret: { name: 'auth' } }, passwords);
  expect(peers.map(({ password }) => password)).toEqual(sessions);
  if (gap === undefined) expect(gaps.size).toBe(0);
  else expect(gaps.get('tor')).toMatch(gap);
});

test('a peer behind an interface has no session, and that is said', () => {
  const { peers, gaps } = plan({ peerAddress: '', interface: 'eth1' });
  expect(peers).toEqual([]);
  expect(gaps.get('tor')).toMatch(/interface eth1: such sessions are not supported yet/);
});
