import type { Fault } from '../../packages/bgp-parser/src/bgp-parser.ts';
import { hexadecimalOf } from './octets.ts';

/** A fault in one line: treatment, attribute, offset and reason; where it ends the session code, subcode and data too. */
export function faultLine(fault: Fault): string {
  const attribute = fault.attribute === undefined ? '' : `, attribute ${fault.attribute}`;
  const error = fault.treatment === 'session-reset' ? ` -> ${fault.code}/${fault.subcode} ${hexadecimalOf(fault.data)}` : '';
  return `${fault.treatment}${attribute}, offset ${fault.offset}: ${fault.reason}${error}`.trimEnd();
}
