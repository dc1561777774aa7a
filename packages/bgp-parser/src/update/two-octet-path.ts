import type { AsPathSegment } from './as-path.ts';
import type { PathAttribute } from './attribute.ts';
import { pathAttribute } from './attributes.ts';

const MOST_TWO_OCTETS = 0xffff;

/**
 * What attributes become for a peer whose AS numbers have two octets: where AS_PATH or AGGREGATOR hold a number that
 * needs four, AS4_PATH or AS4_AGGREGATOR go along and tell it to those behind the peer (RFC 6793, Section 4.2.2). In the
 * old attributes encoding puts AS_TRANS.
 */
export function withTwoOctetAsns(attributes: readonly PathAttribute[]): readonly PathAttribute[] {
  return attributes.flatMap((attribute) => [attribute, ...companionOf(attribute)]);
}

function companionOf(attribute: PathAttribute): readonly PathAttribute[] {
  if (attribute.name === 'aggregator' && attribute.value.asn > MOST_TWO_OCTETS) return [pathAttribute('as4-aggregator', attribute.value)];
  if (attribute.name !== 'as-path' || !attribute.value.some(needsFour)) return [];
  const outside = attribute.value.filter(leavesConfederation);
  return outside.length === 0 ? [] : [pathAttribute('as4-path', outside)];
}

function needsFour({ asns }: AsPathSegment): boolean {
  return asns.some((asn) => asn > MOST_TWO_OCTETS);
}

function leavesConfederation({ type }: AsPathSegment): boolean {
  return type === 'set' || type === 'sequence';
}
