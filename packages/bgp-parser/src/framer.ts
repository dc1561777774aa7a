import { MAXIMUM_LENGTH } from './context.ts';
import type { SessionReset } from './fault.ts';
import { HEADER_OCTETS, headerFault, LENGTH_OFFSET } from './header.ts';
import { viewOf } from './octets.ts';
import { err, ok, type Result } from './result.ts';

/** More octets than this never wait: who pushes faster than it takes messages out has a bug, not a fast peer. */
const MOST_WAITING = 2 ** 20;

/**
 * Cuts a stream of octets into messages. Push what came, then call {@link Framer.next} until it returns undefined: what
 * is left then is the beginning of one message, which waits for the rest. Whoever must not work for long at a time stops
 * calling it earlier and goes on later, without reading from the peer in between.
 */
export class Framer {
  /** Octets of the longest message that may come; to be raised once the two OPENs agreed on more (RFC 8654). */
  maximumLength: number;
  #room: Uint8Array = new Uint8Array();
  #start = 0;
  #end = 0;
  #fault: SessionReset | undefined;

  constructor(maximumLength: number = MAXIMUM_LENGTH) {
    this.maximumLength = maximumLength;
  }

  /** Octets that were pushed and are in no message yet. */
  get waiting(): number {
    return this.#end - this.#start;
  }

  /** Takes a copy of `chunk`. Throws a RangeError when more than a mebibyte would wait. */
  push(chunk: Uint8Array): void {
    const waiting = this.waiting;
    const needed = waiting + chunk.length;
    if (needed > MOST_WAITING) throw new RangeError(`${needed} octets wait, at most ${MOST_WAITING} may: take the messages out first`);
    const octets = this.#room.subarray(this.#start, this.#end);
    if (needed > this.#room.length) this.#room = new Uint8Array(Math.min(MOST_WAITING, Math.max(needed, 2 * this.#room.length)));
    this.#room.set(octets);
    this.#room.set(chunk, waiting);
    this.#start = 0;
    this.#end = needed;
  }

  /**
   * The next whole message, valid until the next push; undefined until more octets come. A header that is no header is
   * an error, and remains one: nobody knows where the next message begins (RFC 4271, Section 6.1).
   */
  next(): Result<Uint8Array, SessionReset> | undefined {
    if (this.#fault === undefined && this.waiting >= HEADER_OCTETS)
      this.#fault = headerFault(viewOf(this.#room), this.#start, this.maximumLength);
    if (this.#fault !== undefined) return err(this.#fault);
    const end = this.#messageEnd();
    if (end === undefined) return undefined;
    const message = this.#room.subarray(this.#start, end);
    this.#start = end;
    return ok(message);
  }

  #messageEnd(): number | undefined {
    if (this.waiting < HEADER_OCTETS) return undefined;
    const end = this.#start + viewOf(this.#room).getUint16(this.#start + LENGTH_OFFSET);
    return end <= this.#end ? end : undefined;
  }
}
