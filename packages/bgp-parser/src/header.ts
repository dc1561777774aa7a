import { MAXIMUM_LENGTH } from './context.ts';
import { ERROR_CODE, HEADER_ERROR } from './error-code.ts';
import type { SessionReset } from './fault.ts';
import { copyOctets } from './octets.ts';
import { Refusal, resetFor } from './refusal.ts';
import type { Writer } from './writer.ts';

/** Octets of marker, length and type (RFC 4271, Section 4.1). */
export const HEADER_OCTETS = 19;
/** Where the length begins. */
export const LENGTH_OFFSET = 16;
/** Where the type is. */
export const TYPE_OFFSET = 18;

const MARKER_OCTETS = 16;

/** Type codes of messages (RFC 4271, Section 4.1; RFC 2918, Section 3). */
export const MESSAGE_TYPE = { open: 1, update: 2, notification: 3, keepalive: 4, 'route-refresh': 5 } as const;

/** Octets of the shortest message of each type (RFC 4271, Section 6.1). */
const LEAST_OCTETS: ReadonlyMap<number, number> = new Map<number, number>([
  [MESSAGE_TYPE.open, 29],
  [MESSAGE_TYPE.update, 23],
  [MESSAGE_TYPE.notification, 21],
  [MESSAGE_TYPE.keepalive, HEADER_OCTETS],
  [MESSAGE_TYPE['route-refresh'], 23],
]);

/**
 * What is wrong with the header that begins at `at`, of which all octets must be there; undefined when nothing is.
 * `most` is the longest message that may come. Offsets count from the header (RFC 4271, Section 6.1).
 */
export function headerFault(view: DataView, at: number, most: number): SessionReset | undefined {
  for (let octet = 0; octet < MARKER_OCTETS; octet++) {
    const found = view.getUint8(at + octet);
    if (found !== 0xff)
      return headerError(new Refusal(octet, `marker octet is ${found}, must be 255`), HEADER_ERROR.connectionNotSynchronized);
  }
  const type = view.getUint8(at + TYPE_OFFSET);
  const length = view.getUint16(at + LENGTH_OFFSET);
  const least = LEAST_OCTETS.get(type) ?? HEADER_OCTETS;
  const longest = mostOctets(type, most);
  if (length < least || length > longest) {
    return lengthFault(view, at, `message length is ${length}, must be ${least === longest ? least : `${least} to ${longest}`}`);
  }
  if (LEAST_OCTETS.has(type)) return undefined;
  const data = copyOctets(view, at + TYPE_OFFSET, at + TYPE_OFFSET + 1);
  return headerError(new Refusal(TYPE_OFFSET, `message type is ${type}, must be 1 to 5`), HEADER_ERROR.badMessageType, data);
}

/** A message whose length field does not say what is there. */
export function lengthFault(view: DataView, at: number, reason: string): SessionReset {
  const data = copyOctets(view, at + LENGTH_OFFSET, at + LENGTH_OFFSET + 2);
  return headerError(new Refusal(LENGTH_OFFSET, reason), HEADER_ERROR.badMessageLength, data);
}

/** OPEN and KEEPALIVE never became longer (RFC 8654, Section 3). */
function mostOctets(type: number, most: number): number {
  if (type === MESSAGE_TYPE.keepalive) return HEADER_OCTETS;
  return type === MESSAGE_TYPE.open ? MAXIMUM_LENGTH : most;
}

function headerError(refusal: Refusal, subcode: number, data?: Uint8Array): SessionReset {
  return resetFor(refusal, ERROR_CODE.messageHeader, subcode, data);
}

/** Writes a header whose length is to be put in by {@link finishMessage}. */
export function beginMessage(writer: Writer, type: number): void {
  for (let octet = 0; octet < MARKER_OCTETS; octet++) writer.uint8(0xff);
  writer.uint16(0);
  writer.uint8(type);
}

/** Puts the length in, and gives the message out. */
export function finishMessage(writer: Writer): Uint8Array {
  writer.setUint16(LENGTH_OFFSET, writer.length);
  return writer.finish();
}
