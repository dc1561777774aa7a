import type { DecodeError } from '../../lib/binary.ts';
import { readMac } from '../../lib/binary.ts';
import type { Mac } from '../../lib/mac.ts';
import { ok, type Result } from '../../lib/result.ts';
import { decodeSegmentFrame, isHello, isRepetition, SEAL_LENGTH, type SegmentFrame, sealedLength, sequenceOf } from '../wire/segment.ts';

/** More MACs than a segment has speakers. */
const MOST_MACS = 1_024;
const SOURCE_OFFSET = 6;

/** A hello as it came, without its seal, and what it means. */
interface Known {
  readonly octets: DataView;
  readonly frame: SegmentFrame;
}

/**
 * The last hello of each speaker of a link. Nearly all that follow differ from it in their number alone: such a one is compared and not read
 * again, and its message is the same object. For frames whose seal is right.
 */
export class HelloMemory {
  readonly #known = new Map<Mac, Known>();

  /** Reads a frame of `length` octets as `decodeSegmentFrame` does. */
  decode(octets: DataView, length: number): Result<SegmentFrame, DecodeError> {
    const sealed = sealedLength(octets, length);
    if (!sealed.ok) return sealed;
    const end = sealed.value - SEAL_LENGTH;
    const source = readMac(octets, SOURCE_OFFSET);
    const known = this.#known.get(source);
    if (known?.octets.byteLength === end && isRepetition(octets, known.octets, end)) {
      const { destination, keyId, node, boot, message } = known.frame;
      return ok({ destination, source, keyId, node, boot, sequence: sequenceOf(octets), message });
    }
    const decoded = decodeSegmentFrame(octets, length);
    if (decoded.ok && isHello(octets)) this.#keep(source, octets, end, decoded.value);
    return decoded;
  }

  /** A MAC that is kept for the longest time goes first: if that speaker lives, its next hello is read once more. */
  #keep(source: Mac, octets: DataView, end: number, frame: SegmentFrame): void {
    const copy = octets.buffer.slice(octets.byteOffset, octets.byteOffset + end);
    this.#known.set(source, { octets: new DataView(copy), frame });
    if (this.#known.size <= MOST_MACS) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
