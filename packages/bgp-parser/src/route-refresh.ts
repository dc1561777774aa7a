import type { AddressFamily } from './address-family.ts';
import { ERROR_CODE, ROUTE_REFRESH_ERROR } from './error-code.ts';
import type { Fault } from './fault.ts';
import { HEADER_OCTETS } from './header.ts';
import { copyOctets } from './octets.ts';
import { MOST_ERROR_DATA, Refusal, resetFor } from './refusal.ts';
import type { Writer } from './writer.ts';

/** What a ROUTE-REFRESH says: send again, or the beginning and the end of sending again (RFC 7313, Section 3.2); unknown ones as numbers. */
export type RouteRefreshSubtype = 'request' | 'begin' | 'end' | number;

/** Asks for all routes of a family, or marks where they begin and end (RFC 2918, Section 3; RFC 7313). */
export interface RouteRefresh extends AddressFamily {
  readonly type: 'route-refresh';
  readonly subtype: RouteRefreshSubtype;
  /** What follows the family: filters, where the two ends agreed on them (RFC 5291). Mostly nothing. */
  readonly data: Uint8Array;
}

const SUBTYPES: readonly RouteRefreshSubtype[] = ['request', 'begin', 'end'];
const OCTETS = HEADER_OCTETS + 4;

/** Reads a ROUTE-REFRESH of at least 23 octets. A marker has nothing behind its family (RFC 7313, Section 5). */
export function decodeRouteRefresh(view: DataView, faults: Fault[]): RouteRefresh {
  const code = view.getUint8(HEADER_OCTETS + 2);
  const subtype = SUBTYPES[code] ?? code;
  if (view.byteLength > OCTETS && (subtype === 'begin' || subtype === 'end')) {
    const refusal = new Refusal(HEADER_OCTETS, `message length is ${view.byteLength}, must be ${OCTETS} for subtype ${code}`);
    faults.push(resetFor(refusal, ERROR_CODE.routeRefresh, ROUTE_REFRESH_ERROR.invalidMessageLength, wholeMessage(view)));
  }
  return {
    type: 'route-refresh',
    afi: view.getUint16(HEADER_OCTETS),
    safi: view.getUint8(HEADER_OCTETS + 3),
    subtype,
    data: copyOctets(view, OCTETS, view.byteLength),
  };
}

/** As much of a message as a NOTIFICATION of 4,096 octets has room for. */
function wholeMessage(view: DataView): Uint8Array {
  return copyOctets(view, 0, Math.min(view.byteLength, MOST_ERROR_DATA));
}

/** The mirror of {@link decodeRouteRefresh}, without the header. */
export function encodeRouteRefresh(writer: Writer, { afi, safi, subtype, data }: RouteRefresh): void {
  writer.uint16(afi);
  writer.uint8(typeof subtype === 'number' ? subtype : SUBTYPES.indexOf(subtype));
  writer.uint8(safi);
  writer.bytes(data);
}
