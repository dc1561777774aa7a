import { encodeAsn } from '../asn.ts';
import { EncodeError } from '../encode-error.ts';
import { Mended, Refusal } from '../refusal.ts';
import type { Writer } from '../writer.ts';

const SEGMENT_TYPES = { set: 1, sequence: 2, 'confed-sequence': 3, 'confed-set': 4 } as const;
const TYPE_NAMES: ReadonlyMap<number, AsPathSegment['type']> = new Map(
  Object.entries(SEGMENT_TYPES).map(([name, type]) => [type, name as AsPathSegment['type']]),
);
const SEGMENT_HEADER_OCTETS = 2;
/** AS_CONFED_SEQUENCE and AS_CONFED_SET never leave their confederation, and so have no place in AS4_PATH (RFC 6793, Section 6). */
const FIRST_CONFEDERATION_TYPE = SEGMENT_TYPES['confed-sequence'];
const MOST_ASNS = 0xff;

/** One segment of AS_PATH: from one to 255 AS numbers (RFC 4271, Section 4.3; RFC 5065, Section 3). */
export interface AsPathSegment {
  readonly type: keyof typeof SEGMENT_TYPES;
  readonly asns: readonly number[];
}

/**
 * Reads AS_PATH, with AS numbers of 2 or 4 octets. Refuses a segment of unknown type, of no AS number, and one that
 * does not end before `end` (RFC 7606, Section 7.2), and AS number 0 (RFC 7607, Section 2).
 */
export function decodeAsPath(view: DataView, start: number, end: number, asnOctets: 2 | 4): readonly AsPathSegment[] | Refusal {
  const segments: AsPathSegment[] = [];
  let at = start;
  while (at < end) {
    if (end - at < SEGMENT_HEADER_OCTETS) return new Refusal(at, 'segment has 1 octet, must have a type, a count and AS numbers');
    const type = TYPE_NAMES.get(view.getUint8(at));
    if (type === undefined) return new Refusal(at, `segment type is ${view.getUint8(at)}, must be 1 to 4`);
    const count = view.getUint8(at + 1);
    if (count === 0) return new Refusal(at + 1, 'segment has 0 AS numbers, must have at least 1');
    const next = at + SEGMENT_HEADER_OCTETS + count * asnOctets;
    if (next > end) return new Refusal(at + 1, `segment has ${count} AS numbers, must end ${next - end} octets earlier`);
    const asns = readAsns(view, at + SEGMENT_HEADER_OCTETS, count, asnOctets);
    if (asns.includes(0)) return new Refusal(at + SEGMENT_HEADER_OCTETS, 'segment holds AS number 0, which nobody has');
    segments.push({ type, asns });
    at = next;
  }
  return segments;
}

/** Reads AS4_PATH. Segments of a confederation, which have no place there, are left out (RFC 6793, Section 6). */
export function decodeAs4Path(
  view: DataView,
  start: number,
  end: number,
): readonly AsPathSegment[] | Refusal | Mended<readonly AsPathSegment[]> {
  const segments = decodeAsPath(view, start, end, 4);
  if (segments instanceof Refusal) return segments;
  const outside = segments.filter(({ type }) => SEGMENT_TYPES[type] < FIRST_CONFEDERATION_TYPE);
  if (outside.length === segments.length) return segments;
  const refusal = new Refusal(start, 'segments of a confederation are there, must not leave it');
  return outside.length === 0 ? refusal : new Mended(outside, refusal);
}

function readAsns(view: DataView, start: number, count: number, asnOctets: 2 | 4): number[] {
  const asns: number[] = [];
  for (let index = 0; index < count; index++) {
    const at = start + index * asnOctets;
    asns.push(asnOctets === 4 ? view.getUint32(at) : view.getUint16(at));
  }
  return asns;
}

/** The mirror of {@link decodeAsPath}. A number that has no two octets becomes AS_TRANS. */
export function encodeAsPath(writer: Writer, segments: readonly AsPathSegment[], asnOctets: 2 | 4): void {
  for (const { type, asns } of segments) {
    if (asns.length === 0 || asns.length > MOST_ASNS)
      throw new EncodeError(`a segment of AS_PATH has 1 to 255 AS numbers, not ${asns.length}`);
    writer.uint8(SEGMENT_TYPES[type]);
    writer.uint8(asns.length);
    for (const asn of asns) encodeAsn(writer, asn, asnOctets);
  }
}
