import { createHash, hash, timingSafeEqual } from 'node:crypto';

/** A key that speakers share, to sign what they say to each other. */
export interface SealKey {
  /** Tells keys apart without giving them away: 64 bits of a hash. */
  readonly id: bigint;
  /** The code that signs these octets: an HMAC-SHA-256 (RFC 2104), whole. */
  sign(octets: Uint8Array): Uint8Array;
  /** Whether `code` is the code of these octets, or how it begins (RFC 2104, Section 5); takes as long whatever it holds. None of no octets is. */
  hasSigned(octets: Uint8Array, code: Uint8Array): boolean;
}

const ID_DOMAIN = 'typemetal segment key id\0';
/** Of SHA-256 (FIPS 180-4), in octets. */
const BLOCK = 64;
const DIGEST = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
/** Room for what is signed, before more is asked for: frames are no longer. */
const ROOM = 1_500;

/**
 * The key that a text stands for, such as the content of the Secret that speakers mount. Two clusters have two texts; an
 * empty one is a key that everybody knows.
 */
export function sealKeyOf(text: string): SealKey {
  return new HmacKey(text);
}

/**
 * An HMAC by two hashes over memory that is kept: at a thousand hellos a second the objects of `createHmac` cost several times
 * what the hashing does.
 */
class HmacKey implements SealKey {
  readonly id: bigint;
  /** Each begins with the key, padded. */
  #inner: Uint8Array;
  readonly #outer: Uint8Array;
  readonly #code = new Uint8Array(DIGEST);
  /** Most frames are as long as the one before, and so are their codes: views are kept, since to make one costs as much as to hash. */
  #signed: Uint8Array = new Uint8Array(0);
  #begin: Uint8Array = this.#code;

  constructor(text: string) {
    this.id = createHash('sha256').update(ID_DOMAIN).update(text).digest().readBigUInt64BE(0);
    const octets = Buffer.from(text);
    const key = octets.length > BLOCK ? createHash('sha256').update(octets).digest() : octets;
    this.#inner = padded(key, INNER_PAD, BLOCK + ROOM);
    this.#outer = padded(key, OUTER_PAD, BLOCK + DIGEST);
  }

  sign(octets: Uint8Array): Uint8Array {
    this.#compute(octets);
    return this.#code.slice();
  }

  hasSigned(octets: Uint8Array, code: Uint8Array): boolean {
    if (code.length === 0 || code.length > DIGEST) return false;
    this.#compute(octets);
    if (this.#begin.length !== code.length) this.#begin = this.#code.subarray(0, code.length);
    return timingSafeEqual(this.#begin, code);
  }

  #compute(octets: Uint8Array): void {
    const end = BLOCK + octets.length;
    if (end > this.#inner.length) {
      const more = new Uint8Array(end);
      more.set(this.#inner.subarray(0, BLOCK));
      this.#inner = more;
    }
    this.#inner.set(octets, BLOCK);
    if (this.#signed.length !== end || this.#signed.buffer !== this.#inner.buffer) this.#signed = this.#inner.subarray(0, end);
    writeDigest(this.#signed, this.#outer, BLOCK);
    writeDigest(this.#outer, this.#code, 0);
  }
}

function padded(key: Uint8Array, pad: number, length: number): Uint8Array {
  const octets = new Uint8Array(length).fill(pad, 0, BLOCK);
  for (const [index, octet] of key.entries()) octets[index] = octet ^ pad;
  return octets;
}

/** A text of one octet a character is the cheapest form in which a digest is given. */
function writeDigest(octets: Uint8Array, into: Uint8Array, at: number): void {
  const digest = hash('sha256', octets, 'binary');
  for (let index = 0; index < DIGEST; index++) into[at + index] = digest.charCodeAt(index);
}
