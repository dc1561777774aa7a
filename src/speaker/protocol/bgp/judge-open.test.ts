import { expect, test } from '@jest/globals';
import type { Capability, Open } from '@typemetal/bgp-parser';
import { judgeOpen } from './judge-open.ts';
import { ownOpen } from './own-open.ts';
import type { PeerSettings } from './peer-settings.ts';

const SETTINGS: PeerSettings = {
  localAsn: 4_200_000_000,
  expectedAs: { kind: 'number', asn: 64_600 },
  routerId: 1,
  holdTimeSeconds: 90,
  keepaliveSeconds: undefined,
  connectSeconds: undefined,
  families: [{ afi: 2, safi: 1 }],
  gracefulRestart: undefined,
  hostname: 'node-1',
};

interface Theirs {
  readonly asn?: number;
  readonly routerId?: number;
  readonly afi?: number;
}

function openOf({ asn = 64_600, routerId = 2, afi = 2 }: Theirs): Open {
  const capabilities: readonly Capability[] = [
    { code: 1, name: 'multiprotocol', afi, safi: 1 },
    { code: 65, name: 'four-octet-asn', asn },
  ];
  return { type: 'open', version: 4, asn: asn > 0xffff ? 23_456 : asn, holdTime: 90, routerId, capabilities };
}

test.each<{ what: string; expects?: PeerSettings['expectedAs']; theirs: Theirs; refusal: unknown }>([
  { what: 'what was expected', theirs: {}, refusal: undefined },
  { what: 'another AS', theirs: { asn: 64_601 }, refusal: { subcode: 2, why: 'the peer answers with AS 64601, 64600 expected' } },
  { what: 'our AS where internal', expects: { kind: 'internal' }, theirs: { asn: 4_200_000_000 }, refusal: undefined },
  {
    what: 'another AS where internal',
    expects: { kind: 'internal' },
    theirs: {},
    refusal: { subcode: 2, why: 'the peer answers with AS 64600, our own, 4200000000, expected' },
  },
  { what: 'another AS where external', expects: { kind: 'external' }, theirs: {}, refusal: undefined },
  {
    what: 'our AS where external',
    expects: { kind: 'external' },
    theirs: { asn: 4_200_000_000 },
    refusal: { subcode: 2, why: 'the peer answers with AS 4200000000, another than our own expected' },
  },
  { what: 'our router ID in another AS', theirs: { routerId: 1 }, refusal: undefined },
  {
    what: 'our router ID in our AS',
    expects: { kind: 'internal' },
    theirs: { asn: 4_200_000_000, routerId: 1 },
    refusal: { subcode: 3, why: 'the peer has the same router ID as this node: one of the two must be changed' },
  },
  {
    what: 'IPv4 only',
    theirs: { afi: 1 },
    refusal: { subcode: 7, data: Uint8Array.of(1, 4, 0, 2, 0, 1), why: 'the peer offers none of the address families of this session' },
  },
])('$what', ({ expects, theirs, refusal }) => {
  const settings = { ...SETTINGS, expectedAs: expects ?? SETTINGS.expectedAs };
  const judged = judgeOpen(settings, ownOpen(settings), openOf(theirs));
  if (refusal === undefined) expect(judged).toBeUndefined();
  else expect(judged).toMatchObject(refusal as object);
});
