import { assert } from '../lib/assert.ts';

/** One value as it is written: tag, length, content. */
export type Der = Uint8Array;

/** Tags of ITU-T X.690, Section 8; constructed ones carry the bit 0x20 already. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context: 0x80,
  contextConstructed: 0xa0,
} as const;

/** A length up to here is its own octet; a greater one says first how many octets it has (X.690, Section 8.1.3). */
const SHORT_LENGTH = 0x7f;
/** Time of two digits for the year ends here (RFC 5280, Section 4.1.2.5). */
const LAST_YEAR_OF_UTC_TIME = 2049;

/** `parts` in their order. */
export function sequence(...parts: readonly Der[]): Der {
  return written(TAG.sequence, joined(parts));
}

/** A set of one: sets of several have an order of their own, which nothing here needs. */
export function setOf(part: Der): Der {
  return written(TAG.set, part);
}

/** `part` under the number `tag` of its context, around its own tag. */
export function explicit(tag: number, part: Der): Der {
  return written(TAG.contextConstructed + tag, part);
}

/** `content` under the number `tag` of its context, instead of the tag it would have. */
export function implicit(tag: number, content: Uint8Array): Der {
  return written(TAG.context + tag, content);
}

/** `true`; `false` is never written, as it is what is meant where nothing stands. */
export function truth(): Der {
  return written(TAG.boolean, Uint8Array.of(0xff));
}

/** The value of nothing, which stands beside the name of RSA. */
export function nothing(): Der {
  return written(TAG.null, new Uint8Array());
}

/** An unsigned number of any size, its octets greatest first. */
export function unsigned(octets: Uint8Array): Der {
  const first = octets.findIndex((octet) => octet !== 0);
  const shortest = first < 0 ? Uint8Array.of(0) : octets.subarray(first);
  const signBit = (shortest[0] ?? 0) >= 0x80;
  return written(TAG.integer, signBit ? joined([Uint8Array.of(0), shortest]) : shortest);
}

/** A name of the tree of names, as people write it: `2.5.29.17` (X.690, Section 8.19). */
export function objectIdentifier(dotted: string): Der {
  const [root = 0, branch = 0, ...rest] = dotted.split('.').map(Number);
  return written(TAG.objectIdentifier, Uint8Array.from([root * 40 + branch, ...rest].flatMap(base128)));
}

/** A text. */
export function utf8(text: string): Der {
  return written(TAG.utf8String, new TextEncoder().encode(text));
}

/** Octets. */
export function octetString(octets: Uint8Array): Der {
  return written(TAG.octetString, octets);
}

/** Bits, of which the last `unused` of the last octet do not count. */
export function bitString(octets: Uint8Array, unused: number = 0): Der {
  return written(TAG.bitString, joined([Uint8Array.of(unused), octets]));
}

/** A moment, `milliseconds` since 1970, in whole seconds and the form that its year asks for. */
export function time(milliseconds: number): Der {
  const moment = new Date(milliseconds);
  const digits = `${moment.toISOString().slice(0, 'YYYY-MM-DDThh:mm:ss'.length).replace(/[-T:]/g, '')}Z`;
  const short = moment.getUTCFullYear() <= LAST_YEAR_OF_UTC_TIME;
  return written(short ? TAG.utcTime : TAG.generalizedTime, new TextEncoder().encode(short ? digits.slice(2) : digits));
}

/** The values within a constructed value, each as it stands. Throws an `AssertionError` for octets that are none. */
export function parts(value: Der): readonly Der[] {
  const found: Der[] = [];
  const content = contentOf(value);
  for (let offset = 0; offset < content.length; ) {
    const { end } = extentOf(content, offset);
    found.push(content.subarray(offset, end));
    offset = end;
  }
  return found;
}

/** What stands within a value, without its tag and length. */
export function contentOf(value: Der): Uint8Array {
  const { content, end } = extentOf(value, 0);
  return value.subarray(content, end);
}

function extentOf(value: Der, offset: number): { readonly content: number; readonly end: number } {
  const first = value[offset + 1] ?? 0;
  const octets = first > SHORT_LENGTH ? first - SHORT_LENGTH - 1 : 0;
  const content = offset + 2 + octets;
  const length = octets === 0 ? first : value.subarray(offset + 2, content).reduce((sum, octet) => sum * 256 + octet, 0);
  assert(content + length <= value.length, `a value at offset ${offset} is longer than the ${value.length} octets around it`);
  return { content, end: content + length };
}

function written(tag: number, content: Uint8Array): Der {
  return joined([Uint8Array.of(tag), lengthOf(content), content]);
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  if (length <= SHORT_LENGTH) return Uint8Array.of(length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.of(SHORT_LENGTH + 1 + octets.length, ...octets);
}

/** Seven bits an octet, all but the last with the eighth. */
function base128(arc: number): readonly number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift((rest % 128) + 128);
  return octets;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
