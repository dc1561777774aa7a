import { readMac, writeMac } from '../../src/lib/binary.ts';
import { formatIpv6, type Ipv6, ipv6Of, solicitedNodeGroup } from '../../src/lib/ipv6.ts';
import { formatMac, type Mac } from '../../src/lib/mac.ts';
import { groupMac } from '../../src/speaker/wire/ethernet.ts';
import { addressOf } from './announcements.ts';

/** Who asks in these frames, unless they say otherwise. */
export const NEIGHBOR = { mac: 0x0200_0000_0099 as Mac, ip: 'fe80::99' };

/** What a solicitation is made of; everything has a default but the target. */
export interface Solicitation {
  readonly destination?: Mac;
  readonly source?: Mac;
  readonly sourceIp?: string;
  readonly destinationIp?: string;
  /** `undefined` leaves the option out. */
  readonly sourceMac?: Mac | undefined;
  /** Octets set before the checksum is made, by their offset in the frame. */
  readonly set?: Readonly<Record<number, number>>;
  /** Octets appended to the message as options. */
  readonly options?: readonly number[];
}

/** The number of the IPv6 address in this text. */
export function ipv6(text: string): Ipv6 {
  return ipv6Of(addressOf(text));
}

/** A Neighbor Solicitation for `target` to its solicited-node group, as a kernel sends it; `change` says what is different. */
export function neighborSolicitation(target: string, change: Solicitation = {}): Uint8Array {
  const group = solicitedNodeGroup(ipv6(target));
  const { source = NEIGHBOR.mac, sourceIp = NEIGHBOR.ip, options = [], set = {} } = change;
  const sourceMac = 'sourceMac' in change ? change.sourceMac : NEIGHBOR.mac;
  const payload = 24 + (sourceMac === undefined ? 0 : 8) + options.length;
  const frame = new DataView(new ArrayBuffer(54 + payload));
  writeMac(frame, 0, change.destination ?? groupMac(group));
  writeMac(frame, 6, source);
  frame.setUint16(12, 0x86dd);
  frame.setUint8(14, 0x60);
  frame.setUint16(18, payload);
  frame.setUint8(20, 58);
  frame.setUint8(21, 255);
  writeAddress(frame, 22, ipv6(sourceIp));
  writeAddress(frame, 38, change.destinationIp === undefined ? group : ipv6(change.destinationIp));
  frame.setUint8(54, 135);
  writeAddress(frame, 62, ipv6(target));
  if (sourceMac !== undefined) {
    frame.setUint16(78, 0x0101);
    writeMac(frame, 80, sourceMac);
  }
  for (const [index, octet] of options.entries()) frame.setUint8(54 + payload - options.length + index, octet);
  for (const [offset, octet] of Object.entries(set)) frame.setUint8(Number(offset), octet);
  frame.setUint16(56, 0xffff - plainSum(frame));
  return new Uint8Array(frame.buffer);
}

/** One line for an advertisement: `2001:db8::1 is 02:00:00:00:00:02 to fe80::99 02:00:00:00:00:99 from fe80::2, solicited override`. */
export function advertisementLine(frame: DataView): string {
  if (frame.byteLength !== 86 || frame.getUint16(12) !== 0x86dd || frame.getUint16(54) !== 0x8800) return 'no advertisement';
  const flags = frame.getUint32(58) >>> 29;
  const words = ['router', 'solicited', 'override'].filter((_, bit) => (flags & (4 >> bit)) !== 0);
  const right = plainSum(frame) === 0xffff && frame.getUint16(20) === 0x3aff && frame.getUint16(78) === 0x0201 ? '' : ' DAMAGED';
  const to = `${textAt(frame, 38)} ${formatMac(readMac(frame, 0))}`;
  return `${textAt(frame, 62)} is ${formatMac(readMac(frame, 80))} to ${to} from ${textAt(frame, 22)}, ${words.join(' ')}${right}`;
}

function textAt(frame: DataView, offset: number): string {
  return formatIpv6(((frame.getBigUint64(offset) << 64n) | frame.getBigUint64(offset + 8)) as Ipv6);
}

function writeAddress(frame: DataView, offset: number, address: Ipv6): void {
  frame.setBigUint64(offset, address >> 64n);
  frame.setBigUint64(offset + 8, address & 0xffff_ffff_ffff_ffffn);
}

/** The sum of the checksum in the dullest way: the pseudo-header and the message octet by octet, folded at the end. */
function plainSum(frame: DataView): number {
  const payload = frame.byteLength - 54;
  const octets = [...new Uint8Array(frame.buffer, frame.byteOffset + 22, 32 + payload), 0, 0, payload >> 8, payload & 0xff, 0, 0, 0, 58];
  if (payload % 2 === 1) octets.splice(32 + payload, 0, 0);
  let sum = octets.reduce((total, octet, index) => total + (index % 2 === 0 ? octet * 256 : octet), 0);
  while (sum > 0xffff) sum = (sum % 0x1_0000) + Math.floor(sum / 0x1_0000);
  return sum;
}
