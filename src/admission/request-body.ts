import type { Readable } from 'node:stream';

/** Why a body was not read. */
export type BodyFault = 'too long' | 'busy' | 'broken off';

/** The old and the new state of an object, of which the API server takes at most 3 MiB each, and what is around them. */
export const LONGEST_BODY_BYTES: number = 8 * 1024 * 1024;
/** All bodies at the same time; an ordinary one has a few KiB. */
const MOST_BYTES_AT_ONCE = 4 * LONGEST_BODY_BYTES;

/** Reads the bodies of requests within one bound for all of them, so that nobody can fill the memory with many at once. */
export class BodyReader {
  #bytes = 0;

  /**
   * The whole body as text, or why there is none. The stream is left as it is when it is not read to its end, so that an
   * answer can still be sent; the connection must be closed behind that.
   */
  async read(stream: Readable): Promise<{ readonly text: string } | { readonly fault: BodyFault }> {
    const pieces: Buffer[] = [];
    let length = 0;
    const { promise, resolve } = Promise.withResolvers<BodyFault | undefined>();
    const take = (piece: Buffer): void => {
      length += piece.length;
      this.#bytes += piece.length;
      if (length > LONGEST_BODY_BYTES) resolve('too long');
      else if (this.#bytes > MOST_BYTES_AT_ONCE) resolve('busy');
      else pieces.push(piece);
    };
    const end = (): void => resolve(undefined);
    const breakOff = (): void => resolve('broken off');
    stream.on('data', take).on('error', breakOff).once('end', end).once('close', breakOff);
    const fault = await promise;
    this.#bytes -= length;
    stream.off('data', take).off('end', end).off('close', breakOff);
    if (fault === undefined) return { text: Buffer.concat(pieces).toString('utf8') };
    stream.pause();
    return { fault };
  }
}
