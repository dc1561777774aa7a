import { type AddressFamily, IPV4_UNICAST, includesFamily, sameFamily } from '../address-family.ts';
import type { Context } from '../context.ts';
import { ERROR_CODE, UPDATE_ERROR } from '../error-code.ts';
import type { Fault } from '../fault.ts';
import { HEADER_OCTETS } from '../header.ts';
import { Refusal, resetFor } from '../refusal.ts';
import type { Writer } from '../writer.ts';
import type { PathAttribute } from './attribute.ts';
import { decodeAttributes, encodeAttribute, pathAttribute } from './attributes.ts';
import { judgeUpdate } from './judge-update.ts';
import { unicastOf } from './multiprotocol.ts';
import { decodeNlri, encodeNlri, type Nlri } from './nlri.ts';

/** Routes that are no more, and routes that share their attributes (RFC 4271, Section 4.3). */
export interface Update {
  readonly type: 'update';
  /** Routes of IPv4 that are no more. */
  readonly withdrawn: readonly Nlri[];
  /** In the order of the message; those that a fault is about are left out. */
  readonly attributes: readonly PathAttribute[];
  /** Routes of IPv4 that have the attributes. */
  readonly nlri: readonly Nlri[];
}

/** Octets of an UPDATE that says nothing: header and the two lengths. */
export const UPDATE_LEAST_OCTETS: number = HEADER_OCTETS + 4;

/**
 * Reads an UPDATE of at least {@link UPDATE_LEAST_OCTETS} octets. Where a length leaves no way to tell what follows, the
 * message holds what was read before.
 */
export function decodeUpdate(view: DataView, context: Context, faults: Fault[]): Update {
  const empty: Update = { type: 'update', withdrawn: [], attributes: [], nlri: [] };
  const withdrawnAt = HEADER_OCTETS + 2;
  const withdrawnLength = view.getUint16(HEADER_OCTETS);
  if (UPDATE_LEAST_OCTETS + withdrawnLength > view.byteLength) {
    const most = view.byteLength - UPDATE_LEAST_OCTETS;
    faults.push(malformedList(HEADER_OCTETS, `withdrawn routes length is ${withdrawnLength}, must be at most ${most}`));
    return empty;
  }
  const attributesAt = withdrawnAt + withdrawnLength + 2;
  const attributesLength = view.getUint16(attributesAt - 2);
  const nlriAt = attributesAt + attributesLength;
  if (nlriAt > view.byteLength) {
    const most = view.byteLength - attributesAt;
    faults.push(malformedList(attributesAt - 2, `total path attribute length is ${attributesLength}, must be at most ${most}`));
    return empty;
  }
  const addPath = includesFamily(context.addPathReceived, IPV4_UNICAST);
  const withdrawn = routesOrFault(decodeNlri(view, withdrawnAt, attributesAt - 2, 'IPv4', addPath), faults);
  const decoded = decodeAttributes(view, attributesAt, nlriAt, context, faults);
  const nlri = routesOrFault(decodeNlri(view, nlriAt, view.byteLength, 'IPv4', addPath), faults);
  judgeUpdate({ seen: decoded.seen, hasNlri: nlriAt < view.byteLength, attributesAt }, context, faults);
  return { type: 'update', withdrawn, attributes: decoded.attributes, nlri };
}

/** Routes, or none and the fault that ends the session (RFC 7606, Section 3, item j, and Section 5.3). */
function routesOrFault(routes: readonly Nlri[] | Refusal, faults: Fault[]): readonly Nlri[] {
  if (!(routes instanceof Refusal)) return routes;
  faults.push(resetFor(routes, ERROR_CODE.update, UPDATE_ERROR.invalidNetworkField));
  return [];
}

function malformedList(offset: number, reason: string): Fault {
  return resetFor(new Refusal(offset, reason), ERROR_CODE.update, UPDATE_ERROR.malformedAttributeList);
}

/** The mirror of {@link decodeUpdate}, without the header. */
export function encodeUpdate(writer: Writer, update: Update, context: Context): void {
  const addPath = includesFamily(context.addPathSent, IPV4_UNICAST);
  writer.counted(2, () => encodeNlri(writer, update.withdrawn, 'IPv4', addPath));
  writer.counted(2, () => {
    for (const attribute of update.attributes) encodeAttribute(writer, attribute, context);
  });
  encodeNlri(writer, update.nlri, 'IPv4', addPath);
}

/** The UPDATE that says that all routes of a family have been sent (RFC 4724, Section 2). */
export function endOfRib(family: AddressFamily): Update {
  const empty: Update = { type: 'update', withdrawn: [], attributes: [], nlri: [] };
  if (sameFamily(family, IPV4_UNICAST)) return empty;
  const unicast = unicastOf(family);
  const value = unicast === undefined ? { afi: family.afi, safi: family.safi, nlri: new Uint8Array() } : { ...unicast, nlri: [] };
  return { ...empty, attributes: [pathAttribute('mp-unreach-nlri', value)] };
}

/** The family of which an UPDATE says that all routes have been sent; undefined when it says something else. */
export function endOfRibOf({ withdrawn, attributes, nlri }: Update): AddressFamily | undefined {
  if (withdrawn.length > 0 || nlri.length > 0 || attributes.length > 1) return undefined;
  const [only] = attributes;
  if (only === undefined) return IPV4_UNICAST;
  if (only.name !== 'mp-unreach-nlri' || only.value.nlri.length > 0) return undefined;
  return { afi: only.value.afi, safi: only.value.safi };
}
