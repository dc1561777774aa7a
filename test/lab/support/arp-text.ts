/** An ARP frame in texts, read without the product's own codec: a witness must not share its faults (RFC 826). */
export interface ArpText {
  readonly destination: string;
  readonly source: string;
  readonly operation: number;
  readonly senderMac: string;
  readonly senderIp: string;
  readonly targetMac: string;
  readonly targetIp: string;
}

/** What may be said of a request beyond its target; the rest is as a well-meaning host sends it. */
export interface RequestText {
  readonly targetIp: string;
  readonly senderMac: string;
  readonly senderIp: string;
  readonly destination?: string;
  /** Who sends the frame, where that is not who asks in it. */
  readonly source?: string;
}

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';

/** Where the fields of an ARP frame for IPv4 over Ethernet begin, in octets. */
const AT = { destination: 0, source: 6, operation: 20, senderMac: 22, senderIp: 28, targetMac: 32, targetIp: 38, end: 42 };
/** EtherType ARP, hardware Ethernet, protocol IPv4, lengths 6 and 4. */
const FIXED = '0806' + '0001' + '0800' + '0604';

/** Reads a frame; what is beyond its end reads as nothing. */
export function readArp(hex: string): ArpText {
  const octets = Buffer.from(hex, 'hex');
  const mac = (at: number): string => [...octets.subarray(at, at + 6)].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
  const ip = (at: number): string => octets.subarray(at, at + 4).join('.');
  return {
    destination: mac(AT.destination),
    source: mac(AT.source),
    operation: octets.length >= AT.senderMac ? octets.readUInt16BE(AT.operation) : 0,
    senderMac: mac(AT.senderMac),
    senderIp: ip(AT.senderIp),
    targetMac: mac(AT.targetMac),
    targetIp: ip(AT.targetIp),
  };
}

/** The octets of a request, in hexadecimal digits, without padding. */
export function arpRequest({ targetIp, senderMac, senderIp, destination = BROADCAST, source = senderMac }: RequestText): string {
  const head = macDigits(destination) + macDigits(source) + FIXED;
  return `${head}0001${macDigits(senderMac)}${ipDigits(senderIp)}${'00'.repeat(6)}${ipDigits(targetIp)}`;
}

function macDigits(mac: string): string {
  return mac.replaceAll(':', '');
}

function ipDigits(address: string): string {
  return Buffer.from(address.split('.').map(Number)).toString('hex');
}
