// What the recorder itself says, octet by octet, in hexadecimal. It shares nothing with the codec whose recordings it
// makes: one mistake in both would not show.

/** A message's marker, in hexadecimal (RFC 4271, Section 4.1). */
const MARKER = 'ff'.repeat(16);
const HEADER_OCTETS = 19;
/** The length of a message stands behind its marker. */
const LENGTH_OFFSET = 16;
const TYPE_OFFSET = 18;

/** The types of messages (RFC 4271, Section 4.1; RFC 2918, Section 3). */
export const TYPE = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const;

/** Stands in the OPEN for an AS number that needs four octets (RFC 6793, Section 9). */
const AS_TRANS = 23_456;

/** A BGP message: header and body. */
export function message(type: number, body = ''): string {
  return MARKER + number(HEADER_OCTETS + body.length / 2, 2) + number(type, 1) + body;
}

/** An OPEN with each capability in an optional parameter of its own; `capabilities` as codes and values in hexadecimal. */
export function open(asn: number, identifier: string, capabilities: readonly string[]): string {
  const parameters = capabilities.map((one) => `02${number(one.length / 2, 1)}${one}`).join('');
  const fixed = `04${number(asn > 0xffff ? AS_TRANS : asn, 2)}${number(HOLD_SECONDS, 2)}${identifier}`;
  return message(TYPE.open, `${fixed}${number(parameters.length / 2, 1)}${parameters}`);
}

/** Long enough that nothing has to be kept alive while a scenario runs. */
const HOLD_SECONDS = 240;

/** One capability: its code and its value in hexadecimal (RFC 5492, Section 4). */
export function capability(code: number, value = ''): string {
  return number(code, 1) + number(value.length / 2, 1) + value;
}

/** One path attribute with all that it needs; attributes longer than 255 octets are not sent. */
export function attribute(flags: number, code: number, value: string): string {
  return number(flags, 1) + number(code, 1) + number(value.length / 2, 1) + value;
}

/** An UPDATE that announces `nlri`, in hexadecimal, with these attributes. */
export function update(attributes: readonly string[], nlri = ''): string {
  const all = attributes.join('');
  return message(TYPE.update, `0000${number(all.length / 2, 2)}${all}${nlri}`);
}

/** A number as so many octets in hexadecimal, the highest first. */
export function number(value: number, octets: number): string {
  return value.toString(16).padStart(octets * 2, '0');
}

/** Cuts the first message off what came in; `undefined` while it is not complete. Takes any length that the header states. */
export function firstMessage(octets: Buffer): { message: Buffer; rest: Buffer } | undefined {
  if (octets.length < HEADER_OCTETS) return undefined;
  const length = Math.max(octets.readUInt16BE(LENGTH_OFFSET), HEADER_OCTETS);
  if (octets.length < length) return undefined;
  return { message: octets.subarray(0, length), rest: octets.subarray(length) };
}

/** The type of a whole message. */
export function typeOf(octets: Buffer): number {
  return octets.readUInt8(TYPE_OFFSET);
}
