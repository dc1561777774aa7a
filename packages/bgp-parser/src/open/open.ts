import { encodeAsn } from '../asn.ts';
import { ERROR_CODE, OPEN_ERROR } from '../error-code.ts';
import type { Fault } from '../fault.ts';
import { HEADER_OCTETS } from '../header.ts';
import { Refusal, resetFor } from '../refusal.ts';
import { Writer } from '../writer.ts';
import { type Capability, capabilitiesOf } from './capability.ts';
import { decodeCapability, encodeCapability, unknownCapability } from './capability-codec.ts';

/** The first message of each side (RFC 4271, Section 4.2). */
export interface Open {
  readonly type: 'open';
  /** 4; another one is a fault. */
  readonly version: number;
  /** My Autonomous System: two octets, so 23456 stands for a number that needs four; {@link asnOf} gives that. */
  readonly asn: number;
  /** Seconds; 0 or at least 3. */
  readonly holdTime: number;
  /** The BGP Identifier, not 0 (RFC 6286, Section 2.1). */
  readonly routerId: number;
  /** Of all Capabilities parameters, in their order. */
  readonly capabilities: readonly Capability[];
}

/** The version of BGP that is spoken here. */
export const BGP_VERSION = 4;

const AT = { version: HEADER_OCTETS, asn: 20, holdTime: 22, routerId: 24, parametersLength: 28, parameters: 29 } as const;
const LEAST_HOLD_TIME_SECONDS = 3;
const CAPABILITIES_PARAMETER = 2;
/** Stands where the first parameter would have its type: lengths have two octets (RFC 9072, Section 2). */
const EXTENDED = 255;
const EXTENDED_LENGTH_OFFSET = AT.parameters + 1;
const EXTENDED_PARAMETERS_OFFSET = AT.parameters + 3;
const MOST_CAPABILITIES_OCTETS = 0xffff;

/** The optional parameters of a message: where they are, and the octets of their lengths. */
interface Parameters {
  readonly start: number;
  readonly end: number;
  readonly lengthOctets: 1 | 2;
}

/** The number of the AS that sent an OPEN, of four octets where it says so (RFC 6793, Section 4.1). */
export function asnOf({ asn, capabilities }: Open): number {
  return capabilitiesOf(capabilities, 'four-octet-asn').at(-1)?.asn ?? asn;
}

/** Reads an OPEN of at least 29 octets, and checks what can be checked without knowing the peer (RFC 4271, Section 6.2). */
export function decodeOpen(view: DataView, faults: Fault[]): Open {
  const version = view.getUint8(AT.version);
  const capabilities: Capability[] = [];
  if (version !== BGP_VERSION) {
    const refusal = new Refusal(AT.version, `version is ${version}, must be ${BGP_VERSION}`);
    faults.push(openError(refusal, OPEN_ERROR.unsupportedVersionNumber, Uint8Array.of(0, BGP_VERSION)));
  } else decodeParameters(view, capabilities, faults);
  const open: Open = {
    type: 'open',
    version,
    asn: view.getUint16(AT.asn),
    holdTime: view.getUint16(AT.holdTime),
    routerId: view.getUint32(AT.routerId),
    capabilities,
  };
  checkFields(open, faults);
  return open;
}

function checkFields(open: Open, faults: Fault[]): void {
  if (asnOf(open) === 0) faults.push(openError(new Refusal(AT.asn, 'AS number is 0, which nobody has'), OPEN_ERROR.badPeerAs));
  if (open.holdTime > 0 && open.holdTime < LEAST_HOLD_TIME_SECONDS) {
    const refusal = new Refusal(AT.holdTime, `hold time is ${open.holdTime}, must be 0 or at least ${LEAST_HOLD_TIME_SECONDS}`);
    faults.push(openError(refusal, OPEN_ERROR.unacceptableHoldTime));
  }
  if (open.routerId === 0)
    faults.push(openError(new Refusal(AT.routerId, 'BGP identifier is 0, must be another'), OPEN_ERROR.badBgpIdentifier));
}

function decodeParameters(view: DataView, capabilities: Capability[], faults: Fault[]): void {
  const parameters = findParameters(view);
  if (parameters instanceof Refusal) {
    faults.push(openError(parameters, OPEN_ERROR.unspecific));
    return;
  }
  const { end, lengthOctets } = parameters;
  let at = parameters.start;
  while (at < end) {
    const start = at + 1 + lengthOctets;
    const length = start > end ? 0 : lengthAt(view, at + 1, lengthOctets);
    if (start + length > end) {
      faults.push(
        openError(new Refusal(at, `optional parameter has ${end - at} octets, must have ${start + length - at}`), OPEN_ERROR.unspecific),
      );
      return;
    }
    const type = view.getUint8(at);
    if (type === CAPABILITIES_PARAMETER) decodeCapabilities(view, start, start + length, capabilities, faults);
    else faults.push(openError(new Refusal(at, `optional parameter type is ${type}, must be 2`), OPEN_ERROR.unsupportedOptionalParameter));
    at = start + length;
  }
}

/** Where the parameters are; refused when they do not end where the message does. */
function findParameters(view: DataView): Parameters | Refusal {
  const length = view.getUint8(AT.parametersLength);
  const there = view.byteLength - AT.parameters;
  // With the extended form the short length says nothing, as long as it is not 0 (RFC 9072, Section 2).
  const extended = length !== 0 && there >= EXTENDED_PARAMETERS_OFFSET - AT.parameters && view.getUint8(AT.parameters) === EXTENDED;
  if (!extended) {
    if (length === there) return { start: AT.parameters, end: view.byteLength, lengthOctets: 1 };
    return new Refusal(AT.parametersLength, `optional parameters length is ${length}, must be ${there}`);
  }
  const longLength = view.getUint16(EXTENDED_LENGTH_OFFSET);
  const longThere = view.byteLength - EXTENDED_PARAMETERS_OFFSET;
  if (longLength === longThere) return { start: EXTENDED_PARAMETERS_OFFSET, end: view.byteLength, lengthOctets: 2 };
  return new Refusal(EXTENDED_LENGTH_OFFSET, `extended optional parameters length is ${longLength}, must be ${longThere}`);
}

function lengthAt(view: DataView, at: number, octets: 1 | 2): number {
  return octets === 1 ? view.getUint8(at) : view.getUint16(at);
}

function decodeCapabilities(view: DataView, start: number, end: number, capabilities: Capability[], faults: Fault[]): void {
  let at = start;
  while (at < end) {
    const valueAt = at + 2;
    const length = valueAt > end ? 0 : view.getUint8(at + 1);
    const valueEnd = valueAt + length;
    if (valueEnd > end) {
      faults.push(openError(new Refusal(at, `capability has ${end - at} octets, must have ${valueEnd - at}`), OPEN_ERROR.unspecific));
      return;
    }
    const code = view.getUint8(at);
    const capability = decodeCapability(view, code, valueAt, valueEnd);
    if (capability instanceof Refusal) faults.push(openError(capability, OPEN_ERROR.unspecific));
    capabilities.push(capability instanceof Refusal ? unknownCapability(view, code, valueAt, valueEnd) : capability);
    at = valueEnd;
  }
}

function openError(refusal: Refusal, subcode: number, data?: Uint8Array): Fault {
  return resetFor(refusal, ERROR_CODE.open, subcode, data);
}

/**
 * The mirror of {@link decodeOpen}, without the header. All capabilities go into one parameter (RFC 5492, Section 4), with
 * lengths of two octets only where one is not enough (RFC 9072, Section 2).
 */
export function encodeOpen(writer: Writer, { version, asn, holdTime, routerId, capabilities }: Open): void {
  writer.uint8(version);
  encodeAsn(writer, asn, 2);
  writer.uint16(holdTime);
  writer.uint32(routerId);
  const octets = encodeCapabilities(capabilities);
  if (octets.length > 0xff - 2) {
    writer.uint8(EXTENDED);
    writer.uint8(EXTENDED);
    writer.uint16(octets.length + 3);
    writer.uint8(CAPABILITIES_PARAMETER);
    writer.uint16(octets.length);
  } else {
    writer.uint8(octets.length === 0 ? 0 : octets.length + 2);
    if (octets.length === 0) return;
    writer.uint8(CAPABILITIES_PARAMETER);
    writer.uint8(octets.length);
  }
  writer.bytes(octets);
}

function encodeCapabilities(capabilities: readonly Capability[]): Uint8Array {
  const writer = new Writer(MOST_CAPABILITIES_OCTETS);
  for (const capability of capabilities) encodeCapability(writer, capability);
  return writer.finish();
}
