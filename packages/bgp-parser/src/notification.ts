import { CEASE, ERROR_CODE } from './error-code.ts';
import { HEADER_OCTETS } from './header.ts';
import { copyOctets } from './octets.ts';
import type { Writer } from './writer.ts';

/** Why the sender closes the session (RFC 4271, Section 4.5). */
export interface Notification {
  readonly type: 'notification';
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

/** Reads a NOTIFICATION of at least 21 octets. */
export function decodeNotification(view: DataView): Notification {
  return {
    type: 'notification',
    code: view.getUint8(HEADER_OCTETS),
    subcode: view.getUint8(HEADER_OCTETS + 1),
    data: copyOctets(view, HEADER_OCTETS + 2, view.byteLength),
  };
}

/** The mirror of {@link decodeNotification}, without the header. */
export function encodeNotification(writer: Writer, { code, subcode, data }: Notification): void {
  writer.uint8(code);
  writer.uint8(subcode);
  writer.bytes(data);
}

/** Octets of the longest text (RFC 9003, Section 2). */
const MOST_TEXT_OCTETS = 0xff;

/**
 * The text for people that an administrative shutdown or reset carries (RFC 9003, Section 2). Undefined for other
 * notifications and for data that is no such text. Octets that are not UTF-8 become the replacement character; whoever
 * shows it has to take control characters out.
 */
export function shutdownText({ code, subcode, data }: Notification): string | undefined {
  const spoken = code === ERROR_CODE.cease && (subcode === CEASE.administrativeShutdown || subcode === CEASE.administrativeReset);
  const length = data[0] ?? 0;
  return spoken && length > 0 && length < data.length ? new TextDecoder().decode(data.subarray(1, 1 + length)) : undefined;
}

/** A Cease with a text for people, cut between two characters where it is longer than 255 octets of UTF-8 (RFC 9003, Section 2). */
export function ceaseWithText(subcode: typeof CEASE.administrativeShutdown | typeof CEASE.administrativeReset, text: string): Notification {
  const octets = new Uint8Array(1 + MOST_TEXT_OCTETS);
  const { written } = new TextEncoder().encodeInto(text, octets.subarray(1));
  octets[0] = written;
  return { type: 'notification', code: ERROR_CODE.cease, subcode, data: octets.slice(0, 1 + written) };
}

/** A Hard Reset: ends the session for good also where graceful restart would keep its routes (RFC 8538, Section 3.1). */
export function hardReset({ code, subcode, data }: Notification): Notification {
  return { type: 'notification', code: ERROR_CODE.cease, subcode: CEASE.hardReset, data: Uint8Array.of(code, subcode, ...data) };
}

/** What a Hard Reset holds; undefined for other notifications, and for one that holds nothing. */
export function hardResetReason({ code, subcode, data }: Notification): Notification | undefined {
  const [innerCode, innerSubcode] = data;
  if (code !== ERROR_CODE.cease || subcode !== CEASE.hardReset || innerCode === undefined || innerSubcode === undefined) return undefined;
  return { type: 'notification', code: innerCode, subcode: innerSubcode, data: data.slice(2) };
}
