import type { Writer } from './writer.ts';

/** What stands where an AS number of four octets has only two (RFC 6793, Section 9). */
export const AS_TRANS = 23456;

/** Writes one AS number; one that has no two octets becomes {@link AS_TRANS} (RFC 6793, Section 4.2.2). */
export function encodeAsn(writer: Writer, asn: number, octets: 2 | 4): void {
  if (octets === 4) writer.uint32(asn);
  else writer.uint16(asn > 0xffff ? AS_TRANS : asn);
}
