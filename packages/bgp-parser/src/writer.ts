import { ADDRESS_OCTETS, type IpAddress } from './address.ts';
import { EncodeError } from './encode-error.ts';

const FIRST_ROOM = 256;
/** Room behind the limit: an address is written whole before its end is cut off. */
const SLACK = ADDRESS_OCTETS.IPv6;
const MOST_64_BITS = (1n << 64n) - 1n;

/** Octets in network order, one behind the other, in a room that grows up to a limit. */
export class Writer {
  readonly #limit: number;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_ROOM);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;

  /** `limit` is in octets; more than that is an {@link EncodeError}. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Octets written so far. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  uint8(value: number): void {
    checkUnsigned(value, 0xff);
    const at = this.#take(1);
    this.#view.setUint8(at, value);
  }

  uint16(value: number): void {
    checkUnsigned(value, 0xffff);
    const at = this.#take(2);
    this.#view.setUint16(at, value);
  }

  uint32(value: number): void {
    checkUnsigned(value, 0xffff_ffff);
    const at = this.#take(4);
    this.#view.setUint32(at, value);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Writes the first `octets` of an address. */
  address({ family, value }: IpAddress, octets: number = ADDRESS_OCTETS[family]): void {
    const at = this.#take(octets);
    if (family === 'IPv4') {
      const number = Number(value);
      checkUnsigned(number, 0xffff_ffff);
      this.#view.setUint32(at, number);
      return;
    }
    const high = value >> 64n;
    if (high < 0n || high > MOST_64_BITS) throw new EncodeError(`an IPv6 address has no value ${value}`);
    this.#view.setBigUint64(at, high);
    this.#view.setBigUint64(at + 8, value & MOST_64_BITS);
  }

  /** Writes what `write` writes, behind its length in 1 or 2 octets. */
  counted(octets: 1 | 2, write: () => void): void {
    const at = this.#take(octets);
    write();
    const length = this.#length - at - octets;
    if (octets === 1) this.setUint8(at, length);
    else this.setUint16(at, length);
  }

  /** Writes over an octet that was written before. */
  setUint8(at: number, value: number): void {
    checkUnsigned(value, 0xff);
    this.#view.setUint8(at, value);
  }

  /** Writes over two octets that were written before. */
  setUint16(at: number, value: number): void {
    checkUnsigned(value, 0xffff);
    this.#view.setUint16(at, value);
  }

  /** Moves what was written from `at` on by one octet. */
  insertOctet(at: number): void {
    const end = this.#take(1);
    this.#bytes.copyWithin(at + 1, at, end);
  }

  /** Takes the next `octets`, and says where they begin. The room may be another one afterwards. */
  #take(octets: number): number {
    const at = this.#length;
    const needed = at + octets;
    if (needed > this.#limit) throw new EncodeError(`the message is longer than ${this.#limit} octets`);
    if (needed + SLACK > this.#bytes.length) this.#grow(needed + SLACK);
    this.#length = needed;
    return at;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.min(this.#limit + SLACK, Math.max(needed, 2 * this.#bytes.length)));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function checkUnsigned(value: number, most: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= most)) throw new EncodeError(`${value} is no whole number from 0 to ${most}`);
}
