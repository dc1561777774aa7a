import type { SessionReset } from './fault.ts';

/** Octets of error data for which each NOTIFICATION has room: 4,096 without header, code and subcode (RFC 4271, Section 4.5). */
export const MOST_ERROR_DATA: number = 4096 - 21;

/** Why octets are not what they should be, and where, before it is known what that costs. */
export class Refusal {
  /** In octets from the beginning of the message. */
  readonly offset: number;
  /** Names the field, what it holds and what it must hold. */
  readonly reason: string;

  constructor(offset: number, reason: string) {
    this.offset = offset;
    this.reason = reason;
  }
}

/** A value of which a part was left out, and why. */
export class Mended<Value> {
  readonly value: Value;
  readonly refusal: Refusal;

  constructor(value: Value, refusal: Refusal) {
    this.value = value;
    this.refusal = refusal;
  }
}

/** An OPEN, UPDATE or other error that ends the session; `data` is what RFC 4271, Section 6, wants in the NOTIFICATION. */
export function resetFor({ offset, reason }: Refusal, code: number, subcode: number, data: Uint8Array = new Uint8Array()): SessionReset {
  return { treatment: 'session-reset', code, subcode, data, offset, reason };
}
