// The other speakers of a segment, as many as there are to be: signed hellos, answers to challenges and to questions for the
// nodes' kernels, from one link. Prints one line when it has begun, ends when its standard input does.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Ipv4, UNSPECIFIED_IPV4 } from '../src/lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../src/lib/mac.ts';
import { loadNativeSockets } from '../src/speaker/net/native.ts';
import { BPF } from '../src/speaker/net/packet-filter.ts';
import type { FrameBatch, PacketSocket } from '../src/speaker/net/packet-socket.ts';
import { RawPacketNetwork } from '../src/speaker/net/raw-packet-network.ts';
import { sealKeyOf } from '../src/speaker/net/seal-key.ts';
import { ARP_REPLY, ARP_REQUEST, decodeArpFrame, encodeArpFrame, newArpFrame } from '../src/speaker/wire/arp.ts';
import { ETHER_TYPE_ARP } from '../src/speaker/wire/ethernet.ts';
import {
  decodeSegmentFrame,
  ETHER_TYPE_SEGMENT,
  encodeSegmentFrame,
  LONGEST_SEGMENT_FRAME,
  SEAL_LENGTH,
  type SegmentMessage,
} from '../src/speaker/wire/segment.ts';

const [, , link = 'eth0', countText = '99', intervalText = '100', keyText = ''] = process.argv;
const count = Number(countText);
const intervalMilliseconds = Number(intervalText);
const key = sealKeyOf(keyText);
/** Their MACs and addresses are numbered from these; nobody else of the segment has such. */
const FIRST_MAC = 0x0200_0a4d_4000;
const FIRST_IP = 0x0a4d_4000;
/** Hellos that are due go out so often. */
const TICK_MILLISECONDS = 1;

interface Peer {
  readonly node: string;
  readonly mac: Mac;
  readonly askable: Ipv4;
  readonly boot: bigint;
  sequence: number;
  helloAt: number;
}

let digest = 0;
const start = performance.now();
const peers = Array.from(
  { length: count },
  (_, index): Peer => ({
    node: `worker-${index + 2}.example.internal`,
    mac: (FIRST_MAC + index) as Mac,
    askable: (FIRST_IP + index) as Ipv4,
    boot: randomBytes(8).readBigUInt64BE(),
    sequence: 0,
    helloAt: start + (index * intervalMilliseconds) / count,
  }),
);
const peerOf = (mac: Mac): Peer | undefined => peers[mac - FIRST_MAC];
const frames = open(ETHER_TYPE_SEGMENT, hear);
const questions = open(ETHER_TYPE_ARP, answer);

function open(etherType: number, read: (octets: DataView, length: number) => void): PacketSocket {
  const options = {
    link: Number(readFileSync(`/sys/class/net/${link}/ifindex`, 'utf8')),
    purpose: 'playing other speakers',
    etherType,
    // To many stations, none of which this link is: everything is kept.
    filter: [{ code: BPF.accept, ifTrue: 0, ifFalse: 0, operand: LONGEST_SEGMENT_FRAME }],
    keptOctets: LONGEST_SEGMENT_FRAME,
  };
  const received = (batch: FrameBatch): void => {
    for (let index = 0; index < batch.count; index++) read(batch.frame(index), batch.length(index));
  };
  const failed = (error: Error): void => {
    throw error;
  };
  return new RawPacketNetwork(loadNativeSockets()).open(options, { received, failed });
}

function say(peer: Peer, destination: Mac, message: SegmentMessage): void {
  const { mac: source, node, boot } = peer;
  const octets = encodeSegmentFrame({ destination, source, keyId: key.id, node, boot, sequence: ++peer.sequence, message });
  const signed = octets.subarray(0, octets.length - SEAL_LENGTH);
  octets.set(key.sign(signed).subarray(0, SEAL_LENGTH), signed.length);
  frames.send(octets);
}

function hear(octets: DataView, length: number): void {
  const decoded = decodeSegmentFrame(octets, length);
  if (!decoded.ok) return;
  // They know of the same owners as the one that is measured, which has nothing to teach them.
  if (decoded.value.message.kind === 'hello' && peerOf(decoded.value.source) === undefined) digest = decoded.value.message.digest;
  if (decoded.value.message.kind !== 'challenge') return;
  const peer = peerOf(decoded.value.destination);
  if (peer !== undefined) say(peer, decoded.value.source, { kind: 'response', nonce: decoded.value.message.nonce });
}

/** As the kernels of these nodes would. */
function answer(octets: DataView, length: number): void {
  const decoded = decodeArpFrame(octets, length);
  if (!decoded.ok || decoded.value.operation !== ARP_REQUEST) return;
  const { senderMac, targetIp } = decoded.value;
  const peer = peers[targetIp - FIRST_IP];
  if (peer === undefined) return;
  const reply = newArpFrame();
  const from = { source: peer.mac, senderMac: peer.mac, senderIp: targetIp };
  encodeArpFrame({ ...from, operation: ARP_REPLY, destination: senderMac, targetMac: senderMac, targetIp: UNSPECIFIED_IPV4 }, reply);
  questions.send(new Uint8Array(reply.buffer));
}

function sayHellos(): void {
  const now = performance.now();
  for (const peer of peers) {
    if (peer.helloAt > now) continue;
    // Whoever was late says one hello, not all that it has missed.
    peer.helloAt = Math.max(peer.helloAt + intervalMilliseconds, now);
    const { askable } = peer;
    const hello = {
      kind: 'hello',
      intervalMilliseconds,
      askable,
      restarting: false,
      starting: false,
      alone: false,
      damped: false,
      digest,
      gone: [],
    } as const;
    say(peer, BROADCAST_MAC, hello);
  }
}

const timer = setInterval(sayHellos, TICK_MILLISECONDS);
process.stdin.resume().on('end', () => {
  clearInterval(timer);
  const said = peers.reduce((sum, { sequence }) => sum + sequence, 0);
  process.stdout.write(`${said}\n`);
  frames[Symbol.dispose]();
  questions[Symbol.dispose]();
});
process.stdout.write('begun\n');
