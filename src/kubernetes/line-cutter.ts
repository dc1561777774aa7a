import { ApiError } from './api-error.ts';

const NEWLINE = 0x0a;

/** etcd refuses objects above 1.5 MB; as JSON with escapes one is a few times that. Longer is not an object. */
export const LONGEST_LINE_BYTES: number = 16 * 1024 * 1024;

/**
 * Cuts a stream of bytes into lines. Each byte is copied once, however small the pieces are that it comes in; what
 * waits for its line end is bounded. Empty lines are left out.
 */
export class LineCutter {
  readonly #longest: number;
  #parts: Uint8Array[] = [];
  #pending = 0;

  constructor(longest: number = LONGEST_LINE_BYTES) {
    this.#longest = longest;
  }

  /** The lines that `piece` completes, without their ends. Throws an ApiError when a line is too long. */
  *cut(piece: Uint8Array): Generator<string> {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      this.#keep(piece.subarray(start, end));
      start = end + 1;
      if (this.#pending > 0) yield this.#take();
    }
    this.#keep(piece.subarray(start));
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#pending += part.length;
    if (this.#pending > this.#longest) {
      throw new ApiError(`the API server sent a line of more than ${this.#longest} bytes`, { status: 0, reason: 'Malformed' });
    }
  }

  #take(): string {
    const [only] = this.#parts;
    const whole =
      this.#parts.length === 1 && only !== undefined ? Buffer.from(only.buffer, only.byteOffset, only.length) : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#pending = 0;
    return whole.toString('utf8');
  }
}
