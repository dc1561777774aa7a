import { type DecodeError, readMac, refused, writeMac } from '../../lib/binary.ts';
import { type Ipv6, isMulticast, isSolicitedNodeGroup, solicitedNodeGroup, UNSPECIFIED_IPV6 } from '../../lib/ipv6.ts';
import type { Mac } from '../../lib/mac.ts';
import { ok, type Result } from '../../lib/result.ts';
import {
  ETHER_TYPE_IPV6,
  ETHER_TYPE_OFFSET,
  ETHERNET_HEADER_LENGTH,
  groupMac,
  readEthernetHeader,
  writeEthernetHeader,
} from './ethernet.ts';

/** A Neighbor Solicitation in its frame (RFC 4861, Section 4.3): who has the target? */
export interface NeighborSolicitation {
  readonly destination: Mac;
  readonly source: Mac;
  readonly sourceIp: Ipv6;
  readonly destinationIp: Ipv6;
  readonly target: Ipv6;
  /** What the option Source Link-Layer Address says; absent in probes of duplicate address detection and in many unicast ones. */
  readonly sourceMac: Mac | undefined;
}

/** A Neighbor Advertisement in its frame (RFC 4861, Section 4.4): the target is at `targetMac`. Never a router's. */
export interface NeighborAdvertisement {
  readonly destination: Mac;
  readonly source: Mac;
  readonly sourceIp: Ipv6;
  readonly destinationIp: Ipv6;
  readonly target: Ipv6;
  readonly targetMac: Mac;
  /** It answers a solicitation: whoever reads it knows that the way there and back works. */
  readonly solicited: boolean;
  /** What a neighbour has cached for the target is to be replaced. */
  readonly override: boolean;
}

/** What an advertisement in its frame says: where the target is. */
export interface HeardAdvertisement {
  readonly source: Mac;
  readonly target: Ipv6;
  /** What the option Target Link-Layer Address says; absent in answers to unicast questions, at will (RFC 4861, Section 4.4). */
  readonly targetMac: Mac | undefined;
}

const IPV6_HEADER_LENGTH = 40;
const MESSAGE_AT: number = ETHERNET_HEADER_LENGTH + IPV6_HEADER_LENGTH;
/** A message of either kind without options. */
const FIXED_LENGTH = 24;
const LEAST_FRAME: number = MESSAGE_AT + FIXED_LENGTH;

const VERSION = 6;
const ICMPV6 = 58;
/** A packet with another hop limit has crossed a router and is nobody's on this link (RFC 4861, Section 7.1.1). */
const HOP_LIMIT = 255;
const NEIGHBOR_SOLICITATION = 135;
const NEIGHBOR_ADVERTISEMENT = 136;
const SOLICITED = 0x4000_0000;
const OVERRIDE = 0x2000_0000;
const OPTION = { sourceLinkLayerAddress: 1, targetLinkLayerAddress: 2 } as const;
/** Options count their length in units of so many octets; one that carries a MAC is one unit (RFC 2464, Section 6). */
const OPTION_UNIT = 8;
const ALL_ONES = 0xffff;

/** Where each field begins, from the beginning of the frame. */
const AT = {
  version: 14,
  payloadLength: 18,
  nextHeader: 20,
  hopLimit: 21,
  sourceIp: 22,
  destinationIp: 38,
  type: 54,
  code: 55,
  checksum: 56,
  flags: 58,
  target: 62,
  options: 78,
} as const;

/**
 * Reads the first `length` octets of `frame`; the view stays the caller's. Refuses what RFC 4861, Section 7.1.1, has a
 * node discard, in its order, and a message behind extension headers or longer than the frame: such is not sent to find
 * a neighbour (RFC 6980). Options that are not known are skipped.
 */
export function decodeNeighborSolicitation(frame: DataView, length: number = frame.byteLength): Result<NeighborSolicitation, DecodeError> {
  // The one length check of the fixed part; the options are walked within the length that is checked next.
  if (length < LEAST_FRAME || frame.byteLength < length) return refused('frame length', 0, length, `at least ${LEAST_FRAME}`);
  const fault = headerFault(frame, length) ?? messageFault(frame, NEIGHBOR_SOLICITATION);
  if (fault !== undefined) return fault;
  const [sourceIp, destinationIp, target] = [readIpv6(frame, AT.sourceIp), readIpv6(frame, AT.destinationIp), readIpv6(frame, AT.target)];
  if (isMulticast(target)) return refused('target', AT.target, frame.getUint8(AT.target), 'a unicast address');
  if (isMulticast(sourceIp)) return refused('source address', AT.sourceIp, frame.getUint8(AT.sourceIp), 'a unicast address');
  const sourceMac = macOf(frame, OPTION.sourceLinkLayerAddress);
  if (!sourceMac.ok) return sourceMac;
  if (sourceIp === UNSPECIFIED_IPV6) {
    if (!isSolicitedNodeGroup(destinationIp))
      return refused(
        'destination address',
        AT.destinationIp,
        frame.getUint8(AT.destinationIp),
        'a solicited-node group where the source is ::',
      );
    if (sourceMac.value !== undefined)
      return refused('option type', AT.options, OPTION.sourceLinkLayerAddress, 'absent where the source is ::');
  }
  const { destination, source } = readEthernetHeader(frame);
  return ok({ destination, source, sourceIp, destinationIp, target, sourceMac: sourceMac.value });
}

/**
 * Reads an advertisement in the same way: refuses what RFC 4861, Section 7.1.2, has a node discard.
 */
export function decodeNeighborAdvertisement(frame: DataView, length: number = frame.byteLength): Result<HeardAdvertisement, DecodeError> {
  if (length < LEAST_FRAME || frame.byteLength < length) return refused('frame length', 0, length, `at least ${LEAST_FRAME}`);
  const fault = headerFault(frame, length) ?? messageFault(frame, NEIGHBOR_ADVERTISEMENT);
  if (fault !== undefined) return fault;
  const target = readIpv6(frame, AT.target);
  if (isMulticast(target)) return refused('target', AT.target, frame.getUint8(AT.target), 'a unicast address');
  const solicited = (frame.getUint32(AT.flags) & SOLICITED) !== 0;
  if (solicited && isMulticast(readIpv6(frame, AT.destinationIp))) return refused('solicited flag', AT.flags, 1, '0 where all are told');
  const targetMac = macOf(frame, OPTION.targetLinkLayerAddress);
  if (!targetMac.ok) return targetMac;
  return ok({ source: readEthernetHeader(frame).source, target, targetMac: targetMac.value });
}

type Refusal = ReturnType<typeof refused>;

function headerFault(frame: DataView, length: number): Refusal | undefined {
  const etherType = frame.getUint16(ETHER_TYPE_OFFSET);
  if (etherType !== ETHER_TYPE_IPV6) return refused('EtherType', ETHER_TYPE_OFFSET, etherType, '0x86dd');
  const version = frame.getUint8(AT.version) >> 4;
  if (version !== VERSION) return refused('version', AT.version, version, `${VERSION}`);
  const nextHeader = frame.getUint8(AT.nextHeader);
  if (nextHeader !== ICMPV6) return refused('next header', AT.nextHeader, nextHeader, `${ICMPV6}`);
  const hopLimit = frame.getUint8(AT.hopLimit);
  if (hopLimit !== HOP_LIMIT) return refused('hop limit', AT.hopLimit, hopLimit, `${HOP_LIMIT}`);
  const payload = frame.getUint16(AT.payloadLength);
  const room = length - MESSAGE_AT;
  if (payload < FIXED_LENGTH || payload > room) return refused('payload length', AT.payloadLength, payload, `${FIXED_LENGTH} to ${room}`);
  return undefined;
}

function messageFault(frame: DataView, wanted: number): Refusal | undefined {
  const sum = sumOf(frame, frame.getUint16(AT.payloadLength));
  if (sum !== ALL_ONES) return refused('checksum', AT.checksum, frame.getUint16(AT.checksum), 'right');
  const type = frame.getUint8(AT.type);
  if (type !== wanted) return refused('type', AT.type, type, `${wanted}`);
  const code = frame.getUint8(AT.code);
  return code === 0 ? undefined : refused('code', AT.code, code, '0');
}

/** The first link-layer address of this kind among the options. */
function macOf(frame: DataView, option: number): Result<Mac | undefined, DecodeError> {
  const end = MESSAGE_AT + frame.getUint16(AT.payloadLength);
  let mac: Mac | undefined;
  for (let at: number = AT.options; at < end; ) {
    // Each option is at least one unit long, so a rest shorter than that is the piece of one.
    if (end - at < OPTION_UNIT) return refused('option length', at, end - at, `at least ${OPTION_UNIT}`);
    const octets = frame.getUint8(at + 1) * OPTION_UNIT;
    if (octets === 0 || at + octets > end) return refused('option length', at + 1, octets, `${OPTION_UNIT} to ${end - at}`);
    if (frame.getUint8(at) === option && mac === undefined) {
      if (octets !== OPTION_UNIT) return refused('option length', at + 1, octets, `${OPTION_UNIT} for a MAC`);
      mac = readMac(frame, at + 2);
    }
    at += octets;
  }
  return ok(mac);
}

/** Room for one advertisement: {@link encodeNeighborAdvertisement} fills it, as often as one likes. */
export function newAdvertisementFrame(): DataView {
  return new DataView(new ArrayBuffer(LEAST_FRAME + OPTION_UNIT));
}

/** Writes an advertisement with the option Target Link-Layer Address over all of `into`, which {@link newAdvertisementFrame} made. Cannot fail. */
export function encodeNeighborAdvertisement(message: NeighborAdvertisement, into: DataView): void {
  const payload = FIXED_LENGTH + OPTION_UNIT;
  writeEthernetHeader(into, { destination: message.destination, source: message.source, etherType: ETHER_TYPE_IPV6 });
  writeHeader(into, payload, message.sourceIp, message.destinationIp);
  into.setUint8(AT.type, NEIGHBOR_ADVERTISEMENT);
  into.setUint8(AT.code, 0);
  into.setUint16(AT.checksum, 0);
  into.setUint32(AT.flags, (message.solicited ? SOLICITED : 0) + (message.override ? OVERRIDE : 0));
  writeIpv6(into, AT.target, message.target);
  into.setUint8(AT.options, OPTION.targetLinkLayerAddress);
  into.setUint8(AT.options + 1, 1);
  writeMac(into, AT.options + 2, message.targetMac);
  into.setUint16(AT.checksum, ALL_ONES - sumOf(into, payload));
}

/** Room for one probe: {@link encodeNeighborProbe} fills it, as often as one likes. */
export function newProbeFrame(): DataView {
  return new DataView(new ArrayBuffer(LEAST_FRAME));
}

/**
 * Writes a solicitation as a host sends it that does not have the target yet, and would like to (RFC 4862, Section 5.4.2), over all of `into`, which
 * {@link newProbeFrame} made. Cannot fail.
 */
export function encodeNeighborProbe(target: Ipv6, source: Mac, into: DataView): void {
  const group = solicitedNodeGroup(target);
  writeEthernetHeader(into, { destination: groupMac(group), source, etherType: ETHER_TYPE_IPV6 });
  writeHeader(into, FIXED_LENGTH, UNSPECIFIED_IPV6, group);
  into.setUint16(AT.type, NEIGHBOR_SOLICITATION << 8);
  into.setUint16(AT.checksum, 0);
  into.setUint32(AT.flags, 0);
  writeIpv6(into, AT.target, target);
  into.setUint16(AT.checksum, ALL_ONES - sumOf(into, FIXED_LENGTH));
}

function writeHeader(into: DataView, payload: number, sourceIp: Ipv6, destinationIp: Ipv6): void {
  into.setUint32(AT.version, VERSION * 2 ** 28);
  into.setUint16(AT.payloadLength, payload);
  into.setUint8(AT.nextHeader, ICMPV6);
  into.setUint8(AT.hopLimit, HOP_LIMIT);
  writeIpv6(into, AT.sourceIp, sourceIp);
  writeIpv6(into, AT.destinationIp, destinationIp);
}

/**
 * The Internet checksum's sum over the pseudo-header and a message of `payload` octets, folded to 16 bits: all ones for
 * a message with the right checksum (RFC 1071; RFC 8200, Section 8.1). In the frame the two addresses stand right before
 * the message.
 */
function sumOf(frame: DataView, payload: number): number {
  let sum = payload + ICMPV6;
  const end = MESSAGE_AT + payload;
  for (let at: number = AT.sourceIp; at + 1 < end; at += 2) sum += frame.getUint16(at);
  if (payload % 2 === 1) sum += frame.getUint8(end - 1) << 8;
  while (sum > ALL_ONES) sum = (sum & ALL_ONES) + (sum >>> 16);
  return sum;
}

function readIpv6(view: DataView, offset: number): Ipv6 {
  return ((view.getBigUint64(offset) << 64n) | view.getBigUint64(offset + 8)) as Ipv6;
}

function writeIpv6(view: DataView, offset: number, address: Ipv6): void {
  view.setBigUint64(offset, address >> 64n);
  view.setBigUint64(offset + 8, address & 0xffff_ffff_ffff_ffffn);
}
