import type { Mac } from './mac.ts';
import { err } from './result.ts';

/** Why bytes are not the message they should be: which field, where it begins, what it holds and what it had to hold. */
export interface DecodeError {
  readonly field: string;
  /** In octets from the beginning of what was given to the decoder. */
  readonly offset: number;
  readonly found: number;
  readonly wanted: string;
}

/** A refusal, as decoders return it. */
export function refused(field: string, offset: number, found: number, wanted: string): { readonly ok: false; readonly error: DecodeError } {
  return err({ field, offset, found, wanted });
}

/** A refusal as a sentence without a subject: `hardware length at offset 18 is 8, must be 6`. */
export function describeDecodeError(error: DecodeError): string {
  return `${error.field} at offset ${error.offset} is ${error.found}, must be ${error.wanted}`;
}

const LOW_OCTETS = 2 ** 32;

/** The six octets at `offset`; the caller has checked the length. */
export function readMac(view: DataView, offset: number): Mac {
  return (view.getUint16(offset) * LOW_OCTETS + view.getUint32(offset + 2)) as Mac;
}

/** Writes six octets at `offset`; the caller has checked the length. */
export function writeMac(view: DataView, offset: number, mac: Mac): void {
  view.setUint16(offset, Math.floor(mac / LOW_OCTETS));
  view.setUint32(offset + 2, mac % LOW_OCTETS);
}
