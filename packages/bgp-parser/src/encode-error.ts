/** A message that has no form on the wire: a bug of who made it. Decoding never throws it, nor anything else. */
export class EncodeError extends RangeError {
  override readonly name: string = 'EncodeError';
}
