/** Raw IPv4 and IPv6 packets without anything below (https://www.tcpdump.org/linktypes.html, LINKTYPE_RAW). */
const LINK_TYPE_RAW = 101;
/** Octets of a packet that may be kept: more than any has. */
const SNAP_LENGTH = 0x4_0000;
const IPV4_OCTETS = 20;
const TCP_OCTETS = 20;
const TCP = 6;
const PUSH_AND_ACKNOWLEDGE = 0x18;
const BGP_PORT = 179;
const OTHER_PORT = 40_000;
const [FROM, TO] = [0xc633_6470, 0xc633_646e];

/** A capture file in which a router sends these messages, one a packet: the classic format of libpcap, in host order. */
export function captureOf(messages: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2_c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(SNAP_LENGTH, 16);
  header.writeUInt32LE(LINK_TYPE_RAW, 20);
  let sequence = 1;
  const records = messages.flatMap((message, index) => {
    const packet = Buffer.concat([ipv4Header(message.length, index), tcpHeader(sequence), message]);
    sequence += message.length;
    const record = Buffer.alloc(16);
    record.writeUInt32LE(index, 0);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    return [record, packet];
  });
  return Buffer.concat([header, ...records]);
}

/** Without its checksum, which dissectors do not ask for (RFC 791, Section 3.1). */
function ipv4Header(octets: number, identification: number): Buffer {
  const header = Buffer.alloc(IPV4_OCTETS);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(IPV4_OCTETS + TCP_OCTETS + octets, 2);
  header.writeUInt16BE(identification, 4);
  header.writeUInt8(64, 8);
  header.writeUInt8(TCP, 9);
  header.writeUInt32BE(FROM, 12);
  header.writeUInt32BE(TO, 16);
  return header;
}

/** Without its checksum (RFC 9293, Section 3.1). */
function tcpHeader(sequence: number): Buffer {
  const header = Buffer.alloc(TCP_OCTETS);
  header.writeUInt16BE(BGP_PORT, 0);
  header.writeUInt16BE(OTHER_PORT, 2);
  header.writeUInt32BE(sequence, 4);
  header.writeUInt8(0x50, 12);
  header.writeUInt8(PUSH_AND_ACKNOWLEDGE, 13);
  header.writeUInt16BE(0xffff, 14);
  return header;
}
