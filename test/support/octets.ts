/** The octets that a text in hexadecimal names: blanks may stand anywhere, and `#` begins a remark to the end of the line. */
export function octetsOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text.replace(/#.*|\s/g, ''), 'hex'));
}

/** Octets in hexadecimal, two digits each, without blanks. */
export function hexadecimalOf(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
