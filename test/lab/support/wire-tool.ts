// Runs on one host of the lab and works with whole frames: `listen LINK` prints each ARP frame that comes in as a line
// of JSON until it is killed; `send LINK` sends the frames that standard input orders and ends.
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadNativeSockets } from '../../../src/speaker/net/native.ts';
import { BPF } from '../../../src/speaker/net/packet-filter.ts';
import type { PacketListener, PacketSocket } from '../../../src/speaker/net/packet-socket.ts';
import { RawPacketNetwork } from '../../../src/speaker/net/raw-packet-network.ts';
import type { SeenFrame, SendOrder } from './wire.ts';

const ETHER_TYPE_ARP = 0x0806;
const KEPT_OCTETS = 128;
const EVERYTHING = [{ code: BPF.accept, ifTrue: 0, ifFalse: 0, operand: KEPT_OCTETS }];

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

async function send(link: string): Promise<void> {
  const { frames, rounds, pauseMilliseconds } = JSON.parse(await text(process.stdin)) as SendOrder;
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

const [verb, link = 'eth0'] = process.argv.slice(2);
if (verb === 'listen') listen(link);
else await send(link);
