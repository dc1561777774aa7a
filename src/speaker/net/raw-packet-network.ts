import { endianness } from 'node:os';
import type { NativeSocket, NativeSockets } from './native.ts';
import { networkError } from './network-error.ts';
import type { PacketFilter } from './packet-filter.ts';
import type { FrameBatch, PacketListener, PacketNetwork, PacketSocket, PacketSocketOptions } from './packet-socket.ts';

/** Frames read in one go: fewer wake-ups under load, and no one has to wait for more than so many answers. */
const SLOTS = 64;

/** Room for one frame, unless more is asked for: the filters keep no more. */
const SLOT_OCTETS = 128;

/**
 * What the kernel is asked for as the queue of one link; like every queue it takes memory only while it is filled. The
 * kernel grants twice as much by its own count, in which a small frame is about 850 octets: 10,000 frames, 100 ms of a
 * flood of 100,000 a second, longer than this thread is ever away. But that is for who has NET_ADMIN. With NET_RAW alone
 * the request is cut to net.core.rmem_max, commonly 212,992: 500 frames, 5 ms of such a flood.
 */
const QUEUE_OCTETS = 4 * 1024 * 1024;

/** Readings of one `read`: 256 frames, a millisecond of this thread. */
const READINGS = 4;

/** To the addon in the place of a rest: nobody is woken. */
const UNATTENDED = -1;

const OCTETS_AN_INSTRUCTION = 8;

/** How the kernel writes numbers here: `struct sock_filter` lies in memory in the machine's own order. */
const LITTLE_ENDIAN: boolean = endianness() === 'LE';

/** ENETDOWN of Linux, negative as libuv has it: a link went down and may come up again. */
const NET_DOWN = -100;

/** Packet sockets of the kernel (packet(7)). Needs the capability NET_RAW. */
export class RawPacketNetwork implements PacketNetwork {
  readonly #native: NativeSockets;

  constructor(native: NativeSockets) {
    this.#native = native;
  }

  open(options: PacketSocketOptions, listener: PacketListener): PacketSocket {
    return new RawPacketSocket(this.#native, options, listener);
  }
}

class ReceivedFrames implements FrameBatch {
  readonly octets: Uint8Array;
  readonly lengths = new Uint32Array(SLOTS);
  readonly #views: readonly DataView[];
  readonly #nothing = new DataView(new ArrayBuffer(0));
  count = 0;

  constructor(slotOctets: number) {
    const { buffer } = new Uint8Array(SLOTS * slotOctets);
    this.octets = new Uint8Array(buffer);
    this.#views = Array.from({ length: SLOTS }, (_, slot) => new DataView(buffer, slot * slotOctets, slotOctets));
  }

  frame(index: number): DataView {
    return this.#views[index] ?? this.#nothing;
  }

  length(index: number): number {
    return this.lengths[index] ?? 0;
  }
}

class RawPacketSocket implements PacketSocket {
  /** The kernel's socket is closed with the object that stands for it, and who only listens may hold nothing but the listener. */
  static readonly #open = new Set<RawPacketSocket>();
  readonly #native: NativeSockets;
  readonly #purpose: string;
  readonly #socket: NativeSocket;
  readonly #received: (count: number) => void;
  readonly queueOctets: number;

  constructor(native: NativeSockets, options: PacketSocketOptions, listener: PacketListener) {
    const { link, purpose, etherType, filter, keptOctets, unreadOctets } = options;
    const frames = new ReceivedFrames(keptOctets ?? SLOT_OCTETS);
    const received = (count: number): void => {
      frames.count = Math.max(count, 0);
      if (count > 0) listener.received(frames);
      else if (count < 0 && count !== NET_DOWN) listener.failed(networkError(purpose, count));
    };
    const program = programOf(filter);
    const { octets, lengths } = frames;
    // The kernel grants twice of what it is asked for.
    const queue = unreadOctets === undefined ? QUEUE_OCTETS : Math.ceil(unreadOctets / 2);
    const rest = unreadOctets === undefined ? (options.restMilliseconds ?? 0) : UNATTENDED;
    const opened = native.openPacketSocket(link, etherType, queue, rest, program, octets, lengths, received);
    if (typeof opened === 'number') throw networkError(purpose, opened);
    this.#native = native;
    this.#purpose = purpose;
    this.#socket = opened;
    this.#received = received;
    this.queueOctets = Math.max(native.queueOctets(opened), 0);
    RawPacketSocket.#open.add(this);
  }

  setFilter(filter: PacketFilter): void {
    const failure = this.#native.setFilter(this.#socket, programOf(filter));
    if (failure < 0) throw networkError(`${this.#purpose} (its filter)`, failure);
  }

  send(frame: Uint8Array): boolean {
    return this.#native.send(this.#socket, frame) === 0;
  }

  setRest(milliseconds: number): void {
    this.#native.setRest(this.#socket, milliseconds);
  }

  read(): void {
    for (let reading = 0; reading < READINGS; reading++) {
      // Whoever receives may dispose of it.
      if (!RawPacketSocket.#open.has(this)) return;
      const count = this.#native.receive(this.#socket);
      this.#received(count);
      if (count < SLOTS) return;
    }
  }

  takeDrops(): number {
    return Math.max(this.#native.takeDrops(this.#socket), 0);
  }

  [Symbol.dispose](): void {
    this.#native.close(this.#socket);
    RawPacketSocket.#open.delete(this);
  }
}

/** A program as it lies in the kernel's memory: 16-bit code, two 8-bit distances, 32-bit operand. */
function programOf(filter: PacketFilter): Uint8Array {
  const program = new DataView(new ArrayBuffer(filter.length * OCTETS_AN_INSTRUCTION));
  for (const [index, { code, ifTrue, ifFalse, operand }] of filter.entries()) {
    const offset = index * OCTETS_AN_INSTRUCTION;
    program.setUint16(offset, code, LITTLE_ENDIAN);
    program.setUint8(offset + 2, ifTrue);
    program.setUint8(offset + 3, ifFalse);
    program.setUint32(offset + 4, operand, LITTLE_ENDIAN);
  }
  return new Uint8Array(program.buffer);
}
