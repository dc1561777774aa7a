// Runs on one host of the lab and works with whole frames: `listen LINK` prints each ARP frame that comes in as a line
// of JSON until it is killed; `answer LINK ADDRESS...` answers for addresses until then; `ask LINK [ORDER]` asks by ARP and prints how long each answer took; `inquire LINK ORDER` asks and prints each answer as it comes; `send LINK [ORDER]` sends the frames that its last argument orders, or standard input, and ends.
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadNativeSockets } from '../../../src/speaker/net/native.ts';
import { BPF } from '../../../src/speaker/net/packet-filter.ts';
import type { PacketListener, PacketSocket } from '../../../src/speaker/net/packet-socket.ts';
import { RawPacketNetwork } from '../../../src/speaker/net/raw-packet-network.ts';
import type { Heard } from './asking.ts';
import type { SeenFrame, SendOrder } from './wire.ts';

const ETHER_TYPE_ARP = 0x0806;
const KEPT_OCTETS = 128;
const EVERYTHING = [{ code: BPF.accept, ifTrue: 0, ifFalse: 0, operand: KEPT_OCTETS }];

/** An answer that takes longer than this is lost. */
const LAST_ANSWER_MILLISECONDS = 20_000;

/** Between two questions no more than this counts as time in which there was an answer to be had: whoever asks may stand still himself. */
const MOST_BETWEEN_QUESTIONS_MILLISECONDS = 100;

/** So many frames go out before the queue of the link may drain. */
const FRAMES_AT_ONCE = 256;

function open(link: string, listener: PacketListener): PacketSocket {
  const number = Number(readFileSync(`/sys/class/net/${link}/ifindex`, 'utf8'));
  return new RawPacketNetwork(loadNativeSockets()).open(
    { link: number, purpose: `watching ${link}`, etherType: ETHER_TYPE_ARP, filter: EVERYTHING },
    listener,
  );
}

function listen(link: string): void {
  const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  open(link, {
    received: (batch) => {
      for (let index = 0; index < batch.count; index++) {
        const { buffer, byteOffset } = batch.frame(index);
        const frame: SeenFrame = { at: Date.now(), hex: Buffer.from(buffer, byteOffset, batch.length(index)).toString('hex') };
        say(frame);
      }
    },
    failed: (error) => {
      throw error;
    },
  });
  say({ listening: link });
}

async function send(link: string, order: string): Promise<void> {
  const { frames, rounds, pauseMilliseconds } = JSON.parse(order) as SendOrder;
  const octets = frames.map((hex) => Buffer.from(hex, 'hex'));
  using socket = open(link, { received: () => undefined, failed: () => undefined });
  let sent = 0;
  for (let round = 0; round < rounds; round++) {
    for (const frame of octets) {
      if (socket.send(frame)) sent++;
      if (sent % FRAMES_AT_ONCE === 0) await sleep(0);
    }
    if (pauseMilliseconds > 0) await sleep(pauseMilliseconds);
  }
  process.stdout.write(`${sent}\n`);
}

/** Where an ARP frame has the MAC it comes from, its operation, and the addresses of its sender and its target (RFC 826); `answerer` is the MAC that it claims. */
const ARP = { senderMac: 6, operation: 20, answerer: 22, sender: 28, target: 38, end: 42, request: 1, reply: 2 } as const;

/** Answers whoever asks for one of these addresses with the link's own MAC. */
function answer(link: string, addresses: readonly string[]): void {
  const own = Buffer.from(readFileSync(`/sys/class/net/${link}/address`, 'utf8').trim().replaceAll(':', ''), 'hex');
  const mine = new Set(addresses);
  const socket = open(link, {
    received: (batch) => {
      for (let index = 0; index < batch.count; index++) {
        const { buffer, byteOffset } = batch.frame(index);
        const question = Buffer.from(buffer, byteOffset, batch.length(index));
        const target = question.subarray(ARP.target, ARP.end);
        if (question.readUInt16BE(ARP.operation) !== ARP.request || !mine.has(target.join('.'))) continue;
        const asker = question.subarray(ARP.senderMac, ARP.senderMac + 6);
        const head = question.subarray(ARP.senderMac + 6, ARP.operation);
        const reply = Buffer.from([0, ARP.reply]);
        socket.send(Buffer.concat([asker, own, head, reply, own, target, asker, question.subarray(ARP.sender, ARP.sender + 4)]));
      }
    },
    failed: (error) => {
      throw error;
    },
  });
}

/** Sends one question a round, and prints for each how many milliseconds later it was answered; null for one that was not before the end. */
async function ask(link: string, order: string): Promise<void> {
  const { frames, rounds, pauseMilliseconds } = JSON.parse(order) as SendOrder;
  const question = Buffer.from(frames[0] ?? '', 'hex');
  const mac = question.subarray(ARP.senderMac, ARP.senderMac + 6);
  const wanted = question.subarray(ARP.target, ARP.target + 4);
  const asked: number[] = [];
  const answered: number[] = [];
  using socket = open(link, {
    received: (batch) => {
      for (let index = 0; index < batch.count; index++) {
        const { buffer, byteOffset } = batch.frame(index);
        const frame = Buffer.from(buffer, byteOffset, batch.length(index));
        const isReply = frame.readUInt16BE(ARP.operation) === ARP.reply && mac.equals(frame.subarray(0, 6));
        if (isReply && wanted.equals(frame.subarray(ARP.sender, ARP.sender + 4))) answered.push(performance.now());
      }
    },
    failed: (error) => {
      throw error;
    },
  });
  for (let round = 0; round < rounds; round++) {
    asked.push(performance.now());
    socket.send(question);
    await sleep(pauseMilliseconds);
  }
  const deadline = performance.now() + LAST_ANSWER_MILLISECONDS;
  while (answered.length < asked.length && performance.now() < deadline) await sleep(pauseMilliseconds);
  // Answers come in the order of the questions.
  process.stdout.write(`${JSON.stringify(asked.map((at, index) => (answered[index] ?? Number.NaN) - at))}\n`);
}

/** The MAC that answers, where this is a reply to `mac` about `wanted`. */
function answererIn(frame: Buffer, mac: Buffer, wanted: Buffer): string | undefined {
  const isReply = frame.readUInt16BE(ARP.operation) === ARP.reply && mac.equals(frame.subarray(0, 6));
  if (!isReply || !wanted.equals(frame.subarray(ARP.sender, ARP.sender + 4))) return undefined;
  return [...frame.subarray(ARP.answerer, ARP.sender)].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}

/** Sends one question a round, and prints each answer as it comes. */
async function inquire(link: string, order: string): Promise<void> {
  const { frames, rounds, pauseMilliseconds } = JSON.parse(order) as SendOrder;
  const question = Buffer.from(frames[0] ?? '', 'hex');
  const mac = question.subarray(ARP.senderMac, ARP.senderMac + 6);
  const wanted = question.subarray(ARP.target, ARP.target + 4);
  let askedFor = 0;
  using socket = open(link, {
    received: (batch) => {
      for (let index = 0; index < batch.count; index++) {
        const { buffer, byteOffset } = batch.frame(index);
        const answerer = answererIn(Buffer.from(buffer, byteOffset, batch.length(index)), mac, wanted);
        if (answerer === undefined) continue;
        const heard: Heard = { at: Date.now(), mac: answerer, askedFor: Math.round(askedFor) };
        process.stdout.write(`${JSON.stringify(heard)}\n`);
      }
    },
    failed: (error) => {
      throw error;
    },
  });
  for (let round = 0, last = performance.now(); round < rounds; round++) {
    socket.send(question);
    await sleep(pauseMilliseconds);
    const now = performance.now();
    askedFor += Math.min(now - last, MOST_BETWEEN_QUESTIONS_MILLISECONDS);
    last = now;
  }
}

const [verb, link = 'eth0', order, ...more] = process.argv.slice(2);
if (verb === 'listen') listen(link);
else if (verb === 'answer') answer(link, order === undefined ? [] : [order, ...more]);
else if (verb === 'ask') await ask(link, order ?? (await text(process.stdin)));
else if (verb === 'inquire') await inquire(link, order ?? '');
else await send(link, order ?? (await text(process.stdin)));
