import { type DecodeError, readMac, refused, writeMac } from '../../lib/binary.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import type { Mac } from '../../lib/mac.ts';
import { ok, type Result } from '../../lib/result.ts';
import {
  ETHER_TYPE_ARP,
  ETHER_TYPE_OFFSET,
  ETHERNET_HEADER_LENGTH,
  MINIMUM_FRAME_LENGTH,
  readEthernetHeader,
  writeEthernetHeader,
} from './ethernet.ts';

/** Operation of a question: who has the target address? (RFC 826) */
export const ARP_REQUEST = 1;

/** Operation of an answer: the sender address is at the sender MAC (RFC 826). */
export const ARP_REPLY = 2;

/**
 * One ARP message for IPv4 over Ethernet in its frame (RFC 826; RFC 5227 names the special cases). `operation` may be
 * a number that nobody has assigned. The sender of the frame need not be the sender in the message.
 */
export interface ArpFrame {
  readonly destination: Mac;
  readonly source: Mac;
  readonly operation: number;
  readonly senderMac: Mac;
  readonly senderIp: Ipv4;
  readonly targetMac: Mac;
  readonly targetIp: Ipv4;
}

/** Octets of the header and the message; what follows is padding. */
export const ARP_FRAME_LENGTH: number = ETHERNET_HEADER_LENGTH + 28;

const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;
const HARDWARE_LENGTH = 6;
const PROTOCOL_LENGTH = 4;

/** Where each field begins, from the beginning of the frame. */
const AT = {
  hardwareType: 14,
  protocolType: 16,
  hardwareLength: 18,
  protocolLength: 19,
  operation: 20,
  senderMac: 22,
  senderIp: 28,
  targetMac: 32,
  targetIp: 38,
} as const;

/**
 * Reads the first `length` octets of `frame`; the view stays the caller's. Refuses what is not ARP for IPv4 over
 * Ethernet, tagged frames included: hardware and protocol type and both lengths have one value each (RFC 826, "Packet
 * Reception"). Padding behind the message is not looked at.
 */
export function decodeArpFrame(frame: DataView, length: number = frame.byteLength): Result<ArpFrame, DecodeError> {
  // The one length check; the reads below cannot fail.
  if (length < ARP_FRAME_LENGTH || frame.byteLength < length) return refused('frame length', 0, length, `at least ${ARP_FRAME_LENGTH}`);
  const { destination, source, etherType } = readEthernetHeader(frame);
  if (etherType !== ETHER_TYPE_ARP) return refused('EtherType', ETHER_TYPE_OFFSET, etherType, '0x0806');
  const hardwareType = frame.getUint16(AT.hardwareType);
  if (hardwareType !== HARDWARE_ETHERNET) return refused('hardware type', AT.hardwareType, hardwareType, '1');
  const protocolType = frame.getUint16(AT.protocolType);
  if (protocolType !== PROTOCOL_IPV4) return refused('protocol type', AT.protocolType, protocolType, '0x0800');
  const hardwareLength = frame.getUint8(AT.hardwareLength);
  if (hardwareLength !== HARDWARE_LENGTH) return refused('hardware length', AT.hardwareLength, hardwareLength, '6');
  const protocolLength = frame.getUint8(AT.protocolLength);
  if (protocolLength !== PROTOCOL_LENGTH) return refused('protocol length', AT.protocolLength, protocolLength, '4');
  return ok({
    destination,
    source,
    operation: frame.getUint16(AT.operation),
    senderMac: readMac(frame, AT.senderMac),
    senderIp: frame.getUint32(AT.senderIp) as Ipv4,
    targetMac: readMac(frame, AT.targetMac),
    targetIp: frame.getUint32(AT.targetIp) as Ipv4,
  });
}

/** Room for one frame, zeroed, long enough for every link: {@link encodeArpFrame} fills it, as often as one likes. */
export function newArpFrame(): DataView {
  return new DataView(new ArrayBuffer(MINIMUM_FRAME_LENGTH));
}

/** The mirror of {@link decodeArpFrame}: writes all but the padding of `into`, which {@link newArpFrame} made. Cannot fail. */
export function encodeArpFrame(frame: ArpFrame, into: DataView): void {
  writeEthernetHeader(into, { destination: frame.destination, source: frame.source, etherType: ETHER_TYPE_ARP });
  into.setUint16(AT.hardwareType, HARDWARE_ETHERNET);
  into.setUint16(AT.protocolType, PROTOCOL_IPV4);
  into.setUint8(AT.hardwareLength, HARDWARE_LENGTH);
  into.setUint8(AT.protocolLength, PROTOCOL_LENGTH);
  into.setUint16(AT.operation, frame.operation);
  writeMac(into, AT.senderMac, frame.senderMac);
  into.setUint32(AT.senderIp, frame.senderIp);
  writeMac(into, AT.targetMac, frame.targetMac);
  into.setUint32(AT.targetIp, frame.targetIp);
}
