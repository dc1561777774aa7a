import fc from 'fast-check';
import {
  type AsPathSegment,
  type AttributeFlags,
  type Capability,
  type Context,
  INITIAL_CONTEXT,
  IPV4_UNICAST,
  IPV6_UNICAST,
  type IpAddress,
  includesFamily,
  MAXIMUM_EXTENDED_LENGTH,
  type Message,
  type MpReach,
  type MpUnreach,
  type Nlri,
  type Notification,
  type Open,
  type PathAttribute,
  type Prefix,
  pathAttribute,
  type RouteRefresh,
  type Update,
} from '../../packages/bgp-parser/src/bgp-parser.ts';

const uint8 = fc.integer({ min: 0, max: 0xff });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const uint48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const octets = fc.uint8Array({ maxLength: 300 });

/** Families whose routes are not read: no IPv4 and no IPv6 for unicast. */
const otherFamily = fc.record({ afi: fc.integer({ min: 3, max: 0xffff }), safi: uint8 });
/** Any family. */
const family = fc.record({ afi: uint16, safi: uint8 });

/** Contexts in which both directions are alike, so that who writes can read it again. */
export const bgpContexts: fc.Arbitrary<Context> = fc
  .record({ fourOctetAsn: fc.boolean(), extended: fc.boolean(), addPath: fc.subarray([IPV4_UNICAST, IPV6_UNICAST]) })
  .map(({ fourOctetAsn, extended, addPath }) => ({
    ...INITIAL_CONTEXT,
    fourOctetAsn,
    ...(extended ? { maximumReceivedLength: MAXIMUM_EXTENDED_LENGTH, maximumSentLength: MAXIMUM_EXTENDED_LENGTH } : {}),
    addPathReceived: addPath,
    addPathSent: addPath,
  }));

/** Any address of a family. */
export function ipAddresses(kind: IpAddress['family']): fc.Arbitrary<IpAddress> {
  const bits = kind === 'IPv4' ? 32n : 128n;
  return fc.bigInt({ min: 0n, max: (1n << bits) - 1n }).map((value) => ({ family: kind, value }));
}

/** Any prefix of a family, short ones and hosts too. */
export function prefixes(kind: IpAddress['family']): fc.Arbitrary<Prefix> {
  const bits = kind === 'IPv4' ? 32 : 128;
  return fc.tuple(ipAddresses(kind), fc.integer({ min: 0, max: bits })).map(([address, length]) => {
    const hostBits = BigInt(bits - length);
    return { address: { ...address, value: (address.value >> hostBits) << hostBits }, length };
  });
}

/** Routes of a family as a context has them: with Path Identifiers or without. */
export function routes(kind: IpAddress['family'], context: Context): fc.Arbitrary<Nlri[]> {
  const addPath = includesFamily(context.addPathSent, kind === 'IPv4' ? IPV4_UNICAST : IPV6_UNICAST);
  const one = addPath ? fc.tuple(prefixes(kind), uint32).map(([prefix, pathId]) => ({ ...prefix, pathId })) : prefixes(kind);
  return fc.array(one, { maxLength: 12 });
}

/** An address that a host can have, for NEXT_HOP. */
const hostAddress = fc
  .integer({ min: 0x0100_0000, max: 0x7eff_ffff })
  .map((value): IpAddress => ({ family: 'IPv4', value: BigInt(value) }));

function asns(context: Context): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: context.fourOctetAsn ? 0xffff_ffff : 0xffff });
}

function paths(asn: fc.Arbitrary<number>, types: readonly AsPathSegment['type'][]): fc.Arbitrary<AsPathSegment[]> {
  return fc.array(fc.record({ type: fc.constantFrom(...types), asns: fc.array(asn, { minLength: 1, maxLength: 40 }) }), { maxLength: 4 });
}

function reaches(context: Context): fc.Arbitrary<MpReach> {
  const ipv6 = ipAddresses('IPv6');
  const twoOrOne = fc.array(ipv6, { minLength: 1, maxLength: 2 });
  return fc.oneof(
    fc.record({ nextHops: twoOrOne, nlri: routes('IPv6', context) }).map((rest): MpReach => ({ afi: 2, safi: 1, ...rest })),
    fc
      .record({ nextHops: fc.oneof(twoOrOne, fc.tuple(ipAddresses('IPv4'))), nlri: routes('IPv4', context) })
      .map((rest): MpReach => ({ afi: 1, safi: 1, ...rest })),
    fc.tuple(otherFamily, fc.uint8Array({ maxLength: 48 }), octets).map(([other, nextHop, nlri]): MpReach => ({ ...other, nextHop, nlri })),
  );
}

function unreaches(context: Context): fc.Arbitrary<MpUnreach> {
  return fc.oneof(
    routes('IPv6', context).map((nlri): MpUnreach => ({ afi: 2, safi: 1, nlri })),
    routes('IPv4', context).map((nlri): MpUnreach => ({ afi: 1, safi: 1, nlri })),
    fc.tuple(otherFamily, octets).map(([other, nlri]): MpUnreach => ({ ...other, nlri })),
  );
}

/** One of each attribute that is read and not mandatory, as a context has it. */
function optionalAttributes(context: Context): readonly fc.Arbitrary<PathAttribute>[] {
  const some = <Value>(one: fc.Arbitrary<Value>): fc.Arbitrary<Value[]> => fc.array(one, { minLength: 1, maxLength: 40 });
  const extended = fc.record({ type: uint8, subtype: uint8, value: uint48 });
  const large = fc.record({ globalAdministrator: uint32, localData1: uint32, localData2: uint32 });
  const aggregators = (asn: fc.Arbitrary<number>) => fc.record({ asn, address: ipAddresses('IPv4') });
  const fourOctetAsn = fc.integer({ min: 1, max: 0xffff_ffff });
  const always: fc.Arbitrary<PathAttribute>[] = [
    reaches(context).map((value) => pathAttribute('mp-reach-nlri', value)),
    unreaches(context).map((value) => pathAttribute('mp-unreach-nlri', value)),
    uint32.map((value) => pathAttribute('multi-exit-disc', value)),
    uint32.map((value) => pathAttribute('local-pref', value)),
    fc.constant(pathAttribute('atomic-aggregate', true)),
    aggregators(asns(context)).map((value) => pathAttribute('aggregator', value)),
    some(uint32).map((value) => pathAttribute('communities', value)),
    uint32.map((value) => pathAttribute('originator-id', value)),
    some(uint32).map((value) => pathAttribute('cluster-list', value)),
    some(extended).map((value) => pathAttribute('extended-communities', value)),
    some(large).map((value) => pathAttribute('large-communities', value)),
    uint32.map((value) => pathAttribute('only-to-customer', value)),
    unknownAttributes,
  ];
  if (context.fourOctetAsn) return always;
  return [
    ...always,
    paths(fourOctetAsn, ['set', 'sequence'])
      .filter((segments) => segments.length > 0)
      .map((value) => pathAttribute('as4-path', value)),
    aggregators(fourOctetAsn).map((value) => pathAttribute('as4-aggregator', value)),
  ];
}

const unknownAttributes: fc.Arbitrary<PathAttribute> = fc
  .record({ code: fc.integer({ min: 36, max: 0xff }), transitive: fc.boolean(), value: octets })
  .map(({ code, transitive, value }) => ({
    code,
    name: 'unknown',
    flags: { optional: true, transitive, partial: false, extendedLength: value.length > 0xff },
    value,
  }));

/** An UPDATE that has all it must have, so that nothing is wrong with it. */
export function updates(context: Context): fc.Arbitrary<Update> {
  const mandatory = fc.tuple(
    fc.constantFrom('igp' as const, 'egp' as const, 'incomplete' as const).map((value) => pathAttribute('origin', value)),
    paths(asns(context), ['set', 'sequence', 'confed-set', 'confed-sequence']).map((value) => pathAttribute('as-path', value)),
    hostAddress.map((value) => pathAttribute('next-hop', value)),
  );
  const others = fc.subarray([...optionalAttributes(context)]).chain((chosen) => fc.tuple(...chosen));
  const attributes = fc
    .tuple(mandatory, others, fc.infiniteStream(fc.record({ partial: fc.boolean(), extendedLength: fc.boolean() })))
    .map(([first, rest, flags]) => [...first, ...rest].map((attribute) => withFlags(attribute, flags.next().value ?? {})))
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }));
  return fc
    .record({ withdrawn: routes('IPv4', context), attributes, nlri: routes('IPv4', context) })
    .map((rest) => ({ type: 'update', ...rest }));
}

function withFlags(attribute: PathAttribute, flags: Partial<AttributeFlags>): PathAttribute {
  // A value that may need a length of two octets has one, so that it comes back as it was.
  const long = ['as-path', 'as4-path', 'mp-reach-nlri', 'mp-unreach-nlri', 'extended-communities', 'large-communities', 'unknown'];
  const extendedLength = flags.extendedLength === true || long.includes(attribute.name);
  return { ...attribute, flags: { ...attribute.flags, ...flags, extendedLength } };
}

const forwarding = fc.tuple(family, fc.boolean()).map(([one, bit]) => ({ ...one, forwarding: bit }));
const shortText = fc.string({ maxLength: 60, unit: 'grapheme' }).filter((text) => new TextEncoder().encode(text).length <= 0xff);

const capabilities: fc.Arbitrary<Capability> = fc.oneof(
  family.map((one): Capability => ({ code: 1, name: 'multiprotocol', ...one })),
  fc.constant<Capability>({ code: 2, name: 'route-refresh' }),
  fc
    .array(fc.record({ afi: uint16, safi: uint16, nextHopAfi: uint16 }), { maxLength: 4 })
    .map((families): Capability => ({ code: 5, name: 'extended-next-hop', families })),
  fc.constant<Capability>({ code: 6, name: 'extended-message' }),
  fc
    .oneof(
      fc.constantFrom('provider' as const, 'rs' as const, 'rs-client' as const, 'customer' as const, 'peer' as const),
      fc.integer({ min: 5, max: 255 }),
    )
    .map((role): Capability => ({ code: 9, name: 'role', role })),
  fc
    .record({
      restarted: fc.boolean(),
      notification: fc.boolean(),
      restartTimeSeconds: fc.integer({ min: 0, max: 4095 }),
      families: fc.array(forwarding, { maxLength: 4 }),
    })
    .map((rest): Capability => ({ code: 64, name: 'graceful-restart', ...rest })),
  fc.integer({ min: 1, max: 0xffff_ffff }).map((asn): Capability => ({ code: 65, name: 'four-octet-asn', asn })),
  fc
    .array(
      fc.tuple(family, fc.constantFrom('receive' as const, 'send' as const, 'both' as const)).map(([one, mode]) => ({ ...one, mode })),
      { maxLength: 4 },
    )
    .map((families): Capability => ({ code: 69, name: 'add-path', families })),
  fc.constant<Capability>({ code: 70, name: 'enhanced-route-refresh' }),
  fc
    .array(
      fc.tuple(forwarding, fc.integer({ min: 0, max: 0xff_ffff })).map(([one, staleTimeSeconds]) => ({ ...one, staleTimeSeconds })),
      { maxLength: 4 },
    )
    .map((families): Capability => ({ code: 71, name: 'long-lived-graceful-restart', families })),
  fc
    .tuple(shortText, shortText)
    .filter(([a, b]) => `${a}${b}`.length < 120)
    .map(([hostname, domain]): Capability => ({ code: 73, name: 'fqdn', hostname, domain })),
  fc
    .record({ code: fc.integer({ min: 128, max: 255 }), value: fc.uint8Array({ maxLength: 60 }) })
    .map((rest): Capability => ({ ...rest, name: 'unknown' })),
);

/** An OPEN that nothing is wrong with, with as many capabilities as need extended lengths. */
export const opens: fc.Arbitrary<Open> = fc
  .record({
    asn: fc.integer({ min: 1, max: 0xffff }),
    holdTime: fc.oneof(fc.constant(0), fc.integer({ min: 3, max: 0xffff })),
    routerId: fc.integer({ min: 1, max: 0xffff_ffff }),
    capabilities: fc.array(capabilities, { maxLength: 12 }),
  })
  .map((rest) => ({ type: 'open', version: 4, ...rest }));

const notifications: fc.Arbitrary<Notification> = fc
  .record({ code: uint8, subcode: uint8, data: octets })
  .map((rest) => ({ type: 'notification', ...rest }));

const routeRefreshes: fc.Arbitrary<RouteRefresh> = fc.oneof(
  fc.tuple(family, fc.constantFrom('begin' as const, 'end' as const)).map(
    ([one, subtype]): RouteRefresh => ({
      type: 'route-refresh',
      ...one,
      subtype,
      data: new Uint8Array(),
    }),
  ),
  fc
    .tuple(family, fc.oneof(fc.constant('request' as const), fc.integer({ min: 3, max: 255 })), octets)
    .map(([one, subtype, data]): RouteRefresh => ({ type: 'route-refresh', ...one, subtype, data })),
);

/** A message of any type that nothing is wrong with, and the context that it is written in. */
export const bgpMessages: fc.Arbitrary<{ readonly context: Context; readonly message: Message }> = bgpContexts.chain((context) =>
  fc
    .oneof(
      { arbitrary: updates(context), weight: 6 },
      { arbitrary: opens, weight: 3 },
      notifications,
      routeRefreshes,
      fc.constant<Message>({ type: 'keepalive' }),
    )
    .map((message) => ({ context, message })),
);
