import { formatAddress, formatIpv4 } from '../address.ts';
import type { AsPathSegment } from '../update/as-path.ts';
import type { Aggregator, AttributeFlags, AttributeName, AttributeValues, PathAttribute, PathAttributeOf } from '../update/attribute.ts';
import { ATTRIBUTE_CODECS } from '../update/attribute-codec.ts';
import { pathAttribute } from '../update/attributes.ts';
import { formatCommunity, parseCommunity } from '../update/community.ts';
import { type ExtendedCommunity, meaningOf } from '../update/extended-community.ts';
import { formatLargeCommunity, parseLargeCommunity } from '../update/large-community.ts';
import { hexadecimal, type Json, type JsonObject, type JsonValue } from './json-value.ts';
import { reachFromJson, reachToJson, unreachFromJson, unreachToJson } from './route-json.ts';

/** How the value of an attribute is said in JSON, and read from it. */
interface ValueJson<Value> {
  to(value: Value): Json;
  readonly from: (json: JsonValue) => Value;
}

type ValuesJson = { readonly [Name in AttributeName]: ValueJson<AttributeValues[Name]['value']> };

const MOST_32_BITS = 0xffff_ffff;
const VALUE_DIGITS = 12;

const NUMBER: ValueJson<number> = { to: (value) => value, from: (json) => json.unsigned(MOST_32_BITS) };
const IDENTIFIER: ValueJson<number> = { to: formatIpv4, from: (json) => json.identifier() };
const PATH: ValueJson<readonly AsPathSegment[]> = {
  to: (segments) => segments.map(({ type, asns }) => ({ type, asns })),
  from: (json) => json.list(segmentFromJson),
};
const AGGREGATOR: ValueJson<Aggregator> = {
  to: ({ asn, address }) => ({ asn, address: formatAddress(address) }),
  from: (json) => ({ asn: json.field('asn').unsigned(MOST_32_BITS), address: json.field('address').address() }),
};

const VALUES: ValuesJson = {
  origin: { to: (value) => value, from: (json) => json.oneOf(['igp', 'egp', 'incomplete']) },
  'as-path': PATH,
  'next-hop': { to: formatAddress, from: (json) => json.address() },
  'multi-exit-disc': NUMBER,
  'local-pref': NUMBER,
  'atomic-aggregate': { to: () => true, from: () => true },
  aggregator: AGGREGATOR,
  communities: {
    to: (communities) => communities.map(formatCommunity),
    from: (json) => json.list((item) => item.parsed(parseCommunity, 'two numbers up to 65535, as in "64512:100"', 0)),
  },
  'originator-id': IDENTIFIER,
  'cluster-list': { to: (list) => list.map(formatIpv4), from: (json) => json.list((item) => item.identifier()) },
  'mp-reach-nlri': { to: reachToJson, from: reachFromJson },
  'mp-unreach-nlri': { to: unreachToJson, from: unreachFromJson },
  'extended-communities': { to: (communities) => communities.map(extendedToJson), from: (json) => json.list(extendedFromJson) },
  'as4-path': PATH,
  'as4-aggregator': AGGREGATOR,
  'large-communities': {
    to: (communities) => communities.map(formatLargeCommunity),
    from: (json) => json.list((item) => item.parsed(parseLargeCommunity, 'three numbers, as in "64512:1:2"', NO_COMMUNITY)),
  },
  'only-to-customer': NUMBER,
};

const NO_COMMUNITY = { globalAdministrator: 0, localData1: 0, localData2: 0 } as const;
const NAMES = Object.keys(VALUES) as AttributeName[];

function segmentFromJson(json: JsonValue): AsPathSegment {
  const asns = json.field('asns');
  const numbers = asns.list((item) => item.unsigned(MOST_32_BITS));
  if (numbers.length === 0 || numbers.length > 0xff) asns.refuse('1 to 255 AS numbers');
  return { type: json.field('type').oneOf(['sequence', 'set', 'confed-sequence', 'confed-set']), asns: numbers };
}

/** Type, subtype and value as they are on the wire, and what they mean where that is known. */
function extendedToJson(community: ExtendedCommunity): JsonObject {
  const { type, subtype } = community;
  const value = community.value.toString(16).padStart(VALUE_DIGITS, '0');
  const meaning = meaningOf(community);
  if (meaning === undefined) return { type, subtype, value };
  const { kind, transitive } = meaning;
  if (kind === 'link-bandwidth') {
    const { asn, bytesPerSecond } = meaning;
    // JSON has no word for what is no number.
    return { type, subtype, value, kind, transitive, asn, bytesPerSecond: Number.isFinite(bytesPerSecond) ? bytesPerSecond : null };
  }
  const name = meaning.name === undefined ? {} : { name: meaning.name };
  const owner = kind === 'ipv4-address' ? { address: formatAddress(meaning.address) } : { asn: meaning.asn };
  return { type, subtype, value, kind, ...name, transitive, ...owner, localAdministrator: meaning.localAdministrator };
}

/** The mirror of {@link extendedToJson}; what the octets mean is not read. */
function extendedFromJson(json: JsonValue): ExtendedCommunity {
  const field = json.field('value');
  const octets = field.octets();
  if (octets.length !== VALUE_DIGITS / 2) field.refuse('6 octets in hexadecimal');
  const value = octets.reduce((sum, octet) => sum * 0x100 + octet, 0);
  return { type: json.field('type').unsigned(0xff), subtype: json.field('subtype').unsigned(0xff), value };
}

/** An attribute as `{"code":1,"name":"origin","flags":{…},"value":"igp"}`; the value of an unknown one in hexadecimal. */
export function attributeToJson(attribute: PathAttribute): JsonObject {
  const { code, name, flags } = attribute;
  return { code, name, flags: { ...flags }, value: attribute.name === 'unknown' ? hexadecimal(attribute.value) : valueToJson(attribute) };
}

function valueToJson({ name, value }: PathAttributeOf<AttributeName>): Json {
  const codec: ValueJson<unknown> = VALUES[name];
  return codec.to(value);
}

/** The mirror of {@link attributeToJson}. Flags may be left out where the name says them, and the code with them. */
export function attributeFromJson(json: JsonValue): PathAttribute {
  const name = json.field('name').oneOf(['unknown', ...NAMES]);
  const written = json.field('flags');
  const value = json.field('value');
  if (name === 'unknown') return { code: json.field('code').unsigned(0xff), name, flags: flagsFromJson(written), value: value.octets() };
  const code = json.field('code');
  if (!code.absent && code.json !== ATTRIBUTE_CODECS[name].code) code.refuse(`${ATTRIBUTE_CODECS[name].code} for ${name}`);
  const attribute = pathAttribute(name, VALUES[name].from(value));
  return written.absent ? attribute : { ...attribute, flags: flagsFromJson(written) };
}

function flagsFromJson(json: JsonValue): AttributeFlags {
  return {
    optional: json.field('optional').boolean(),
    transitive: json.field('transitive').boolean(),
    partial: json.field('partial').boolean(),
    extendedLength: json.field('extendedLength').boolean(),
  };
}
