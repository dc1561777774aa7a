import type { Context } from '../context.ts';
import { ERROR_CODE, UPDATE_ERROR } from '../error-code.ts';
import type { Fault, Treatment } from '../fault.ts';
import { copyOctets } from '../octets.ts';
import { Mended, MOST_ERROR_DATA, Refusal, resetFor } from '../refusal.ts';
import type { Writer } from '../writer.ts';
import type { AttributeFlags, AttributeName, PathAttribute, PathAttributeOf } from './attribute.ts';
import { ATTRIBUTE_CODECS, type AttributeCodec } from './attribute-codec.ts';

const OPTIONAL = 0x80;
const TRANSITIVE = 0x40;
const PARTIAL = 0x20;
const EXTENDED_LENGTH = 0x10;
const FLAG_SHIFT = 4;
const MOST_SHORT_LENGTH = 0xff;

/** Each combination once: a message has many attributes, and few kinds of flags. */
const FLAGS: readonly AttributeFlags[] = Array.from({ length: 0x100 >> FLAG_SHIFT }, (_, high) => flagsOf(high << FLAG_SHIFT));
const NAMES: ReadonlyMap<number, AttributeName> = new Map(
  Object.entries(ATTRIBUTE_CODECS).map(([name, { code }]) => [code, name as AttributeName]),
);

/** One attribute as it lies in its message (RFC 4271, Section 4.3). */
interface Field {
  readonly view: DataView;
  /** Where its flags are. */
  readonly at: number;
  readonly flags: number;
  readonly code: number;
  readonly start: number;
  readonly end: number;
}

/** The attributes of a message that are good, and the codes of all that are there. */
export interface DecodedAttributes {
  readonly attributes: readonly PathAttribute[];
  readonly seen: ReadonlySet<number>;
}

/** Reads the attributes from `start` to `end`, and says in `faults` what is wrong with the others (RFC 7606, Sections 3 and 4). */
export function decodeAttributes(view: DataView, start: number, end: number, context: Context, faults: Fault[]): DecodedAttributes {
  const attributes: PathAttribute[] = [];
  const seen = new Set<number>();
  let at = start;
  while (at < end) {
    const field = nextField(view, at, end, faults);
    if (field === undefined) break;
    const attribute = seen.has(field.code) ? repeated(field, faults) : decodeAttribute(field, context, faults);
    if (attribute !== undefined) attributes.push(attribute);
    seen.add(field.code);
    at = field.end;
  }
  return { attributes, seen };
}

/** The attribute that begins at `at`; undefined, with a fault, when it does not end before `end` (RFC 7606, Section 4). */
function nextField(view: DataView, at: number, end: number, faults: Fault[]): Field | undefined {
  const flags = view.getUint8(at);
  const extended = (flags & EXTENDED_LENGTH) !== 0;
  const start = at + (extended ? 4 : 3);
  if (start > end) {
    faults.push({ treatment: 'treat-as-withdraw', offset: at, reason: `attribute header has ${end - at} octets, must have ${start - at}` });
    return undefined;
  }
  const code = view.getUint8(at + 1);
  const length = extended ? view.getUint16(at + 2) : view.getUint8(at + 2);
  if (start + length <= end) return { view, at, flags, code, start, end: start + length };
  const refusal = new Refusal(at + 2, `attribute length is ${length}, must be at most ${end - start}`);
  faults.push(faultOf({ view, at, flags, code, start, end }, refusal, isMultiprotocol(code) ? 'session-reset' : 'treat-as-withdraw'));
  return undefined;
}

/** The second of its code is left out, unless it holds routes: then nobody can tell which (RFC 7606, Section 3, item g). */
function repeated(field: Field, faults: Fault[]): undefined {
  const refusal = new Refusal(field.at, 'attribute appears a second time, must appear once');
  if (!isMultiprotocol(field.code)) faults.push(faultOf(field, refusal, 'attribute-discard'));
  else faults.push({ ...resetFor(refusal, ERROR_CODE.update, UPDATE_ERROR.malformedAttributeList), attribute: field.code });
}

function isMultiprotocol(code: number): boolean {
  return code === ATTRIBUTE_CODECS['mp-reach-nlri'].code || code === ATTRIBUTE_CODECS['mp-unreach-nlri'].code;
}

function decodeAttribute(field: Field, context: Context, faults: Fault[]): PathAttribute | undefined {
  const name = NAMES.get(field.code);
  if (name === undefined) return decodeUnknown(field, faults);
  const codec = codecOf(name);
  const misplaced = misplacement(codec, context);
  if (misplaced !== undefined) {
    faults.push(faultOf(field, new Refusal(field.at, misplaced), 'attribute-discard'));
    return undefined;
  }
  const wrongFlags = flagsFault(field, codec);
  if (wrongFlags !== undefined) faults.push(wrongFlags);
  // Routes are read even so: they are the ones to be taken as withdrawn.
  if (wrongFlags !== undefined && !isMultiprotocol(field.code)) return undefined;
  const decoded = decodeValue(field, codec, context);
  if (decoded instanceof Mended) faults.push(faultOf(field, decoded.refusal, 'attribute-discard'));
  if (decoded instanceof Refusal) {
    faults.push(faultOf(field, decoded, codec.malformed));
    return undefined;
  }
  const value: unknown = decoded instanceof Mended ? decoded.value : decoded;
  return { code: codec.code, name, flags: decodeFlags(field.flags), value } as PathAttributeOf<AttributeName>;
}

function codecOf(name: AttributeName): AttributeCodec<unknown> {
  return ATTRIBUTE_CODECS[name];
}

/** Unknown attributes are passed on; one that claims to be known to all ends the session (RFC 4271, Section 6.3). */
function decodeUnknown(field: Field, faults: Fault[]): PathAttribute | undefined {
  const { view, flags, code, start, end } = field;
  if ((flags & OPTIONAL) !== 0) return { code, name: 'unknown', flags: decodeFlags(flags), value: copyOctets(view, start, end) };
  const refusal = new Refusal(field.at, `attribute ${code} is unknown, must be flagged as optional`);
  faults.push(resetForAttribute(field, refusal, UPDATE_ERROR.unrecognizedWellKnownAttribute));
  return undefined;
}

function decodeValue({ view, at, start, end }: Field, codec: AttributeCodec<unknown>, context: Context): unknown {
  const wrongLength = codec.length(end - start, context);
  if (wrongLength !== undefined) return new Refusal(at + 2, `attribute length is ${end - start}, ${wrongLength}`);
  return codec.decode({ view, start, end }, context);
}

/** Why an attribute has no place in a session, or nothing. */
function misplacement(codec: AttributeCodec<unknown>, context: Context): string | undefined {
  if (codec.internalOnly === true && context.internal === false) return 'attribute comes from another AS, must come from the own one';
  if (codec.twoOctetOnly === true && context.fourOctetAsn) return 'attribute is there, must not be where AS numbers have four octets';
  return undefined;
}

/** Optional and Transitive have to be as the attribute's RFC says (RFC 7606, Section 3, item c). */
function flagsFault(field: Field, codec: AttributeCodec<unknown>): Fault | undefined {
  const wanted = (codec.optional ? OPTIONAL : 0) | (codec.transitive ? TRANSITIVE : 0);
  const found = field.flags & (OPTIONAL | TRANSITIVE);
  if (found === wanted) return undefined;
  const reason = `attribute flags are ${describeFlags(found)}, must be ${describeFlags(wanted)}`;
  return faultOf(field, new Refusal(field.at, reason), 'treat-as-withdraw');
}

function describeFlags(flags: number): string {
  return `${flags & OPTIONAL ? 'optional' : 'well-known'} ${flags & TRANSITIVE ? 'transitive' : 'non-transitive'}`;
}

function faultOf(field: Field, refusal: Refusal, treatment: Treatment): Fault {
  if (treatment === 'session-reset') return resetForAttribute(field, refusal, UPDATE_ERROR.optionalAttributeError);
  return { treatment, attribute: field.code, offset: refusal.offset, reason: refusal.reason };
}

/** The NOTIFICATION carries the attribute whole, as far as it has room (RFC 4271, Section 6.3). */
function resetForAttribute({ view, at, end, code }: Field, refusal: Refusal, subcode: number): Fault {
  const data = copyOctets(view, at, Math.min(end, at + MOST_ERROR_DATA));
  return { ...resetFor(refusal, ERROR_CODE.update, subcode, data), attribute: code };
}

function decodeFlags(flags: number): AttributeFlags {
  return FLAGS[flags >> FLAG_SHIFT] ?? flagsOf(flags);
}

function flagsOf(flags: number): AttributeFlags {
  return {
    optional: (flags & OPTIONAL) !== 0,
    transitive: (flags & TRANSITIVE) !== 0,
    partial: (flags & PARTIAL) !== 0,
    extendedLength: (flags & EXTENDED_LENGTH) !== 0,
  };
}

/** The mirror of {@link decodeAttributes} for one attribute. */
export function encodeAttribute(writer: Writer, attribute: PathAttribute, context: Context): void {
  const { flags, code } = attribute;
  const at = writer.length;
  writer.uint8(octetOf(flags));
  writer.uint8(code);
  if (flags.extendedLength) {
    writer.counted(2, () => encodeValue(writer, attribute, context));
    return;
  }
  writer.uint8(0);
  encodeValue(writer, attribute, context);
  const length = writer.length - at - 3;
  if (length <= MOST_SHORT_LENGTH) {
    writer.setUint8(at + 2, length);
    return;
  }
  writer.insertOctet(at + 2);
  writer.setUint16(at + 2, length);
  writer.setUint8(at, octetOf(flags) | EXTENDED_LENGTH);
}

function octetOf({ optional, transitive, partial, extendedLength }: AttributeFlags): number {
  return (optional ? OPTIONAL : 0) | (transitive ? TRANSITIVE : 0) | (partial ? PARTIAL : 0) | (extendedLength ? EXTENDED_LENGTH : 0);
}

function encodeValue(writer: Writer, attribute: PathAttribute, context: Context): void {
  if (attribute.name === 'unknown') writer.bytes(attribute.value);
  else codecOf(attribute.name).encode(writer, attribute.value, context);
}

/** An attribute with the flags that its RFC gives it. */
export function pathAttribute<Name extends AttributeName>(name: Name, value: PathAttributeOf<Name>['value']): PathAttributeOf<Name> {
  const { code, optional, transitive } = ATTRIBUTE_CODECS[name];
  const flags = decodeFlags((optional ? OPTIONAL : 0) | (transitive ? TRANSITIVE : 0));
  return { code, name, flags, value } as PathAttributeOf<Name>;
}
