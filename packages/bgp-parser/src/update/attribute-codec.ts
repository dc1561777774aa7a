import type { Context } from '../context.ts';
import type { Treatment } from '../fault.ts';
import type { Mended, Refusal } from '../refusal.ts';
import type { Writer } from '../writer.ts';
import { decodeAs4Path, decodeAsPath, encodeAsPath } from './as-path.ts';
import type { AttributeName, AttributeValues } from './attribute.ts';
import {
  decodeAggregator,
  decodeExtendedCommunities,
  decodeLargeCommunities,
  decodeNextHop,
  decodeOrigin,
  EXTENDED_COMMUNITY_OCTETS,
  encodeAggregator,
  encodeExtendedCommunities,
  encodeIpv4,
  encodeLargeCommunities,
  encodeOrigin,
  LARGE_COMMUNITY_OCTETS,
  UINT32,
  UINT32S,
  type ValueField,
} from './attribute-values.ts';
import { decodeMpReach, decodeMpUnreach, encodeMpReach, encodeMpUnreach } from './multiprotocol.ts';

/** How one attribute is read, written and judged. */
export interface AttributeCodec<Value> {
  readonly code: number;
  readonly optional: boolean;
  readonly transitive: boolean;
  /** What a malformed one costs (RFC 7606, Section 7, where nothing else is said). */
  readonly malformed: Treatment;
  /** Only what comes from the own AS counts; from outside it is discarded (RFC 7606, Sections 7.5, 7.9 and 7.10). */
  readonly internalOnly?: boolean;
  /** Has no place where AS numbers have four octets; there it is discarded (RFC 6793, Section 6). */
  readonly twoOctetOnly?: boolean;
  /** Why a value cannot have this many octets, or nothing. */
  readonly length: (octets: number, context: Context) => string | undefined;
  /** Reads a value whose length is right. */
  readonly decode: (field: ValueField, context: Context) => Value | Refusal | Mended<Value>;
  encode(writer: Writer, value: Value, context: Context): void;
}

type Codecs = {
  readonly [Name in AttributeName]: AttributeCodec<AttributeValues[Name]['value']> & { readonly code: AttributeValues[Name]['code'] };
};

/** Type, count and one AS number. */
const LEAST_AS4_PATH_OCTETS = 6;

const WELL_KNOWN = { optional: false, transitive: true, malformed: 'treat-as-withdraw' } as const;
const TRANSITIVE = { optional: true, transitive: true, malformed: 'treat-as-withdraw' } as const;
const NON_TRANSITIVE = { optional: true, transitive: false, malformed: 'treat-as-withdraw' } as const;

function exactly(wanted: number): (octets: number) => string | undefined {
  return (octets) => (octets === wanted ? undefined : `must be ${wanted}`);
}

function someOf(size: number): (octets: number) => string | undefined {
  return (octets) => (octets > 0 && octets % size === 0 ? undefined : `must be a multiple of ${size} and not 0`);
}

/** AS4_PATH, unlike AS_PATH, holds at least one AS number (RFC 6793, Section 6). */
function pathOfSome(octets: number): string | undefined {
  return octets >= LEAST_AS4_PATH_OCTETS && octets % 2 === 0 ? undefined : `must be even and at least ${LEAST_AS4_PATH_OCTETS}`;
}

/** Checked where the value is read. */
function anyLength(): undefined {
  return undefined;
}

function asnOctets(context: Context): 2 | 4 {
  return context.fourOctetAsn ? 4 : 2;
}

/** The attributes that are read, each with the flags that its RFC gives it. */
export const ATTRIBUTE_CODECS: Codecs = {
  origin: { code: 1, ...WELL_KNOWN, length: exactly(1), decode: decodeOrigin, encode: encodeOrigin },
  'as-path': {
    code: 2,
    ...WELL_KNOWN,
    length: anyLength,
    decode: ({ view, start, end }, context) => decodeAsPath(view, start, end, asnOctets(context)),
    encode: (writer, value, context) => encodeAsPath(writer, value, asnOctets(context)),
  },
  'next-hop': { code: 3, ...WELL_KNOWN, length: exactly(4), decode: decodeNextHop, encode: encodeIpv4 },
  'multi-exit-disc': { code: 4, ...NON_TRANSITIVE, length: exactly(4), ...UINT32 },
  'local-pref': { code: 5, ...WELL_KNOWN, internalOnly: true, length: exactly(4), ...UINT32 },
  'atomic-aggregate': {
    code: 6,
    ...WELL_KNOWN,
    malformed: 'attribute-discard',
    length: exactly(0),
    decode: () => true,
    encode: () => undefined,
  },
  aggregator: {
    code: 7,
    ...TRANSITIVE,
    malformed: 'attribute-discard',
    length: (octets, context) => exactly(4 + asnOctets(context))(octets),
    decode: (field, context) => decodeAggregator(field, asnOctets(context)),
    encode: (writer, value, context) => encodeAggregator(writer, value, asnOctets(context)),
  },
  communities: { code: 8, ...TRANSITIVE, length: someOf(4), ...UINT32S },
  'originator-id': { code: 9, ...NON_TRANSITIVE, internalOnly: true, length: exactly(4), ...UINT32 },
  'cluster-list': { code: 10, ...NON_TRANSITIVE, internalOnly: true, length: someOf(4), ...UINT32S },
  'mp-reach-nlri': {
    code: 14,
    ...NON_TRANSITIVE,
    malformed: 'session-reset',
    length: anyLength,
    decode: ({ view, start, end }, context) => decodeMpReach(view, start, end, context.addPathReceived),
    encode: (writer, value, context) => encodeMpReach(writer, value, context.addPathSent),
  },
  'mp-unreach-nlri': {
    code: 15,
    ...NON_TRANSITIVE,
    malformed: 'session-reset',
    length: anyLength,
    decode: ({ view, start, end }, context) => decodeMpUnreach(view, start, end, context.addPathReceived),
    encode: (writer, value, context) => encodeMpUnreach(writer, value, context.addPathSent),
  },
  'extended-communities': {
    code: 16,
    ...TRANSITIVE,
    length: someOf(EXTENDED_COMMUNITY_OCTETS),
    decode: decodeExtendedCommunities,
    encode: encodeExtendedCommunities,
  },
  'as4-path': {
    code: 17,
    ...TRANSITIVE,
    malformed: 'attribute-discard',
    twoOctetOnly: true,
    length: pathOfSome,
    decode: ({ view, start, end }) => decodeAs4Path(view, start, end),
    encode: (writer, value) => encodeAsPath(writer, value, 4),
  },
  'as4-aggregator': {
    code: 18,
    ...TRANSITIVE,
    malformed: 'attribute-discard',
    twoOctetOnly: true,
    length: exactly(8),
    decode: (field) => decodeAggregator(field, 4),
    encode: (writer, value) => encodeAggregator(writer, value, 4),
  },
  'large-communities': {
    code: 32,
    ...TRANSITIVE,
    length: someOf(LARGE_COMMUNITY_OCTETS),
    decode: decodeLargeCommunities,
    encode: encodeLargeCommunities,
  },
  'only-to-customer': { code: 35, ...TRANSITIVE, length: exactly(4), ...UINT32 },
};
