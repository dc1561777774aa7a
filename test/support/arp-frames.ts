import { formatIpv4, type Ipv4 } from '../../src/lib/ipv4.ts';
import { BROADCAST_MAC, formatMac, type Mac } from '../../src/lib/mac.ts';
import { ARP_REQUEST, type ArpFrame, decodeArpFrame, encodeArpFrame, newArpFrame } from '../../src/speaker/wire/arp.ts';
import { numberOf } from './announcements.ts';

/** Who asks in these frames, unless they say otherwise. */
export const ASKER = { mac: 0x0200_0000_0099 as Mac, ip: 0x0a00_00fe as Ipv4 };

/** A broadcast ARP request for `target`, 60 octets; `change` says what is different. */
export function arpRequest(target: string, change: Partial<ArpFrame> = {}): Uint8Array {
  const frame = newArpFrame();
  const question = { destination: BROADCAST_MAC, source: ASKER.mac, operation: ARP_REQUEST, senderMac: ASKER.mac, senderIp: ASKER.ip };
  encodeArpFrame({ ...question, targetMac: 0 as Mac, targetIp: numberOf(target), ...change }, frame);
  return new Uint8Array(frame.buffer);
}

/** One line for an ARP frame: `reply 10.0.0.1 is 02:00:00:00:00:02 to 02:00:00:00:00:99`. */
export function arpLine(frame: DataView): string {
  const decoded = decodeArpFrame(frame);
  if (!decoded.ok) return `no ARP: ${decoded.error.field}`;
  const { operation, senderIp, targetIp, senderMac, destination } = decoded.value;
  const alone = destination !== BROADCAST_MAC && senderIp === targetIp;
  const word = operation === ARP_REQUEST ? 'request' : alone ? 'gratuitous reply' : 'reply';
  return `${word} ${formatIpv4(senderIp)} is ${formatMac(senderMac)} to ${formatMac(destination)}`;
}
