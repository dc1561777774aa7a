import type { Json, JsonObject } from '../../../packages/bgp-parser/src/bgp-parser.ts';
import { fieldsOf, numberAt, octetsOf, partsOf, placesOf, routesOf, textAt } from './dissected-part.ts';
import type { Layer } from './tshark.ts';

const OF = 'bgp.update.path_attribute';
const SEGMENT_TYPES = ['none', 'set', 'sequence', 'confed-sequence', 'confed-set'];
const ORIGINS = ['igp', 'egp', 'incomplete'];
const EXTENDED_LENGTH = 0x10;
const LINK_BANDWIDTH = 0x04;

type Reader = (attribute: Layer, octets: string) => Json;

/** Name and value of each attribute that the codec reads; `octets` are those of the value. */
const VALUES: Readonly<Record<number, readonly [name: string, read: Reader]>> = {
  1: ['origin', (attribute) => ORIGINS[numberAt(attribute, `${OF}.origin`)] ?? 'another'],
  2: ['as-path', segmentsOf],
  3: ['next-hop', (attribute) => textAt(attribute, `${OF}.next_hop`)],
  4: ['multi-exit-disc', (attribute) => numberAt(attribute, `${OF}.multi_exit_disc`)],
  5: ['local-pref', (attribute) => numberAt(attribute, `${OF}.local_pref`)],
  6: ['atomic-aggregate', () => true],
  7: ['aggregator', aggregatorOf],
  8: ['communities', communitiesOf],
  9: ['originator-id', (attribute) => textAt(attribute, `${OF}.originator_id`)],
  10: ['cluster-list', (attribute) => partsOf(attribute, 'bgp.path_attribute.cluster_list').flatMap(clustersOf)],
  14: ['mp-reach-nlri', reachOf],
  15: [
    'mp-unreach-nlri',
    (attribute) => ({ ...familyOf(attribute, 'mp_unreach_nlri'), nlri: routesOf(attribute, `${OF}.mp_unreach_nlri`) }),
  ],
  16: ['extended-communities', extendedCommunitiesOf],
  17: ['as4-path', segmentsOf],
  18: ['as4-aggregator', aggregatorOf],
  32: ['large-communities', largeCommunitiesOf],
  // tshark does not know it: its octets are what there is to compare.
  35: ['only-to-customer', (_, octets) => Number.parseInt(octets, 16)],
};

/** One path attribute; `hex` are all its octets. What the codec leaves as octets is octets here, whatever tshark makes of it. */
export function attributeOf(attribute: Layer, hex: string): JsonObject {
  const code = numberAt(attribute, `${OF}.type_code`);
  const flags = numberAt(attribute, `${OF}.flags`);
  const octets = hex.slice((flags & EXTENDED_LENGTH) === 0 ? 6 : 8);
  const [name, read] = VALUES[code] ?? ['unknown', (): Json => octets];
  return { code, name, flags: flagsOf(attribute), value: read(attribute, octets) };
}

function flagsOf(attribute: Layer): JsonObject {
  const [tree = {}] = partsOf(attribute, `${OF}.flags_tree`);
  const isSet = (name: string): boolean => textAt(tree, `${OF}.flags.${name}`) === '1';
  return {
    optional: isSet('optional'),
    transitive: isSet('transitive'),
    partial: isSet('partial'),
    extendedLength: isSet('extended_length'),
  };
}

function segmentsOf(attribute: Layer): Json {
  return partsOf(attribute, `${OF}.as_path_segment`).map((segment) => ({
    type: SEGMENT_TYPES[numberAt(segment, `${OF}.as_path_segment.type`)] ?? 'another',
    asns: ['as2', 'as4'].flatMap((size) => fieldsOf(segment, `${OF}.as_path_segment.${size}`).map(Number)),
  }));
}

function aggregatorOf(attribute: Layer): Json {
  return { asn: numberAt(attribute, `${OF}.aggregator_as`), address: textAt(attribute, `${OF}.aggregator_origin`) };
}

/** Those with a name of their own stand apart: the offsets bring them together again. */
function communitiesOf(attribute: Layer): Json {
  const [list = {}] = partsOf(attribute, `${OF}.communities`);
  const places = ['community', 'community_wellknown'].flatMap((kind) => placesOf(list, `${OF}.${kind}`));
  const inOrder = places.toSorted((left, right) => left.offset - right.offset);
  return inOrder.map(({ hex }) => `${Number.parseInt(hex.slice(0, 4), 16)}:${Number.parseInt(hex.slice(4), 16)}`);
}

function clustersOf(list: Layer): readonly string[] {
  return fieldsOf(list, 'bgp.path_attribute.cluster_id').map(String);
}

function familyOf(attribute: Layer, name: string): JsonObject {
  return { afi: numberAt(attribute, `${OF}.${name}.afi`), safi: numberAt(attribute, `${OF}.${name}.safi`) };
}

function reachOf(attribute: Layer): Json {
  const hops = partsOf(attribute, `${OF}.mp_reach_nlri.next_hop_tree`).flatMap((tree) =>
    Object.keys(tree)
      .filter((field) => !field.endsWith('_raw'))
      .map((field) => textAt(tree, field)),
  );
  return { ...familyOf(attribute, 'mp_reach_nlri'), nextHops: hops, nlri: routesOf(attribute, `${OF}.mp_reach_nlri`) };
}

/** Type, subtype and value from the octets, and what tshark makes of the value where it does. */
function extendedCommunitiesOf(attribute: Layer): Json {
  const [list = {}] = partsOf(attribute, 'bgp.ext_communities');
  const octets = octetsOf(list, 'bgp.ext_community');
  return partsOf(list, 'bgp.ext_community').map((community, index) => {
    const hex = octets[index] ?? '';
    return {
      type: Number.parseInt(hex.slice(0, 2), 16),
      subtype: Number.parseInt(hex.slice(2, 4), 16),
      value: hex.slice(4),
      ...meaningOf(community),
    };
  });
}

function meaningOf(community: Layer): JsonObject {
  const found = (suffix: string): string | undefined => {
    const name = `bgp.ext_com.value_${suffix}`;
    return name in community ? textAt(community, name) : undefined;
  };
  const [address, asn] = [found('IP4'), found('as2') ?? found('as4')];
  const owner = address === undefined ? { asn: Number(asn) } : { address };
  const [bandwidth, local] = [found('link_bw'), found('an2') ?? found('an4')];
  if (bandwidth !== undefined) return { ...owner, bytesPerSecond: Number(bandwidth) };
  if (isTransitiveBandwidth(community)) return { ...owner, bytesPerSecond: floatOf(Number(local)) };
  return local === undefined ? {} : { ...owner, localAdministrator: Number(local) };
}

/** Of link bandwidth tshark knows the form that stays inside of an AS; the other is a number to it, which has the same octets. */
function isTransitiveBandwidth(community: Layer): boolean {
  return 'bgp.ext_com.stype_tr_as2' in community && numberAt(community, 'bgp.ext_com.stype_tr_as2') === LINK_BANDWIDTH;
}

function floatOf(bits: number): number {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(bits);
  return octets.readFloatBE();
}

function largeCommunitiesOf(attribute: Layer): Json {
  return partsOf(attribute, 'bgp.large_communities_tree').map((community) =>
    ['ga', 'ldp1', 'ldp2'].map((field) => textAt(community, `bgp.large_communities.${field}`)).join(':'),
  );
}
