import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A key that speakers share, to sign what they say to each other. */
export interface SealKey {
  /** Tells keys apart without giving them away: 64 bits of a hash. */
  readonly id: bigint;
  /** The code that signs these octets: an HMAC-SHA-256 (RFC 2104), whole. */
  sign(octets: Uint8Array): Uint8Array;
}

const ID_DOMAIN = 'typemetal segment key id\0';

/**
 * The key that a text stands for, such as the content of the Secret that speakers mount. Two clusters have two texts; an
 * empty one is a key that everybody knows.
 */
export function sealKeyOf(text: string): SealKey {
  const id = createHash('sha256').update(ID_DOMAIN).update(text).digest().readBigUInt64BE(0);
  return { id, sign: (octets) => createHmac('sha256', text).update(octets).digest() };
}

/** Whether two codes of one length are the same; takes as long whatever they hold. */
export function sameCode(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
