import { asnOf, negotiate, OPEN_ERROR, type Open } from '@typemetal/bgp-parser';
import type { PeerSettings } from './peer-settings.ts';

/** Why an OPEN is not accepted: for the NOTIFICATION, and for people. */
export interface OpenRefusal {
  /** Of an OPEN Message Error (RFC 4271, Section 6.2). */
  readonly subcode: number;
  readonly data: Uint8Array;
  /** A sentence without a full stop. */
  readonly why: string;
}

/** Capabilities that an Unsupported Capability names are encoded as they are in an OPEN: here code, length and family. */
const MULTIPROTOCOL_CAPABILITY = 1;

/** Whether the peer's OPEN fits what is known of the peer; what needs no such knowledge the decoder has checked. */
export function judgeOpen(settings: PeerSettings, ours: Open, theirs: Open): OpenRefusal | undefined {
  return judgeAs(settings, theirs) ?? judgeIdentifier(settings, theirs) ?? judgeFamilies(ours, theirs);
}

function judgeAs({ expectedAs, localAsn }: PeerSettings, theirs: Open): OpenRefusal | undefined {
  const asn = asnOf(theirs);
  const wrong = (expected: string): OpenRefusal => refusal(OPEN_ERROR.badPeerAs, `the peer answers with AS ${asn}, ${expected} expected`);
  switch (expectedAs.kind) {
    case 'number':
      return asn === expectedAs.asn ? undefined : wrong(String(expectedAs.asn));
    case 'internal':
      return asn === localAsn ? undefined : wrong(`our own, ${localAsn},`);
    case 'external':
      return asn === localAsn ? wrong('another than our own') : undefined;
  }
}

/** Within an AS identifiers are unique (RFC 6286, Section 2.2). */
function judgeIdentifier({ routerId, localAsn }: PeerSettings, theirs: Open): OpenRefusal | undefined {
  if (theirs.routerId !== routerId || asnOf(theirs) !== localAsn) return undefined;
  return refusal(OPEN_ERROR.badBgpIdentifier, 'the peer has the same router ID as this node: one of the two must be changed');
}

/** A session that can carry none of our routes is no use (RFC 5492, Section 3). */
function judgeFamilies(ours: Open, theirs: Open): OpenRefusal | undefined {
  if (negotiate(ours, theirs).families.length > 0) return undefined;
  const wanted = ours.capabilities.filter((capability) => capability.name === 'multiprotocol');
  const octets = wanted.flatMap(({ afi, safi }) => [MULTIPROTOCOL_CAPABILITY, 4, afi >> 8, afi & 0xff, 0, safi]);
  const why = 'the peer offers none of the address families of this session';
  return { ...refusal(OPEN_ERROR.unsupportedCapability, why), data: Uint8Array.from(octets) };
}

function refusal(subcode: number, why: string): OpenRefusal {
  return { subcode, data: new Uint8Array(), why };
}
