import type { NetworkError } from './network-error.ts';
import type { PacketFilter } from './packet-filter.ts';

/** Frames that came in together, oldest first. They belong to the socket: good until the listener returns. */
export interface FrameBatch {
  readonly count: number;
  /** A view that begins with frame `index`; only its first {@link FrameBatch.length} octets are of the frame. */
  frame(index: number): DataView;
  /** How many octets of frame `index` were kept. */
  length(index: number): number;
}

/** Who reads a packet socket. Called from the event loop, or from within `read`, never from within `open`. */
export interface PacketListener {
  received(batch: FrameBatch): void;
  /** The socket works no more and must be disposed of. A link that goes down is no failure: frames come again when it is up. */
  failed(error: NetworkError): void;
}

/**
 * What to open: frames of one EtherType on one link, those that `filter` keeps. A frame for a link on top of it, such as a
 * VLAN, is read on that one alone: here it may be in a batch, but with the length 0.
 */
export interface PacketSocketOptions {
  /** The kernel's number of the link. */
  readonly link: number;
  /** For messages: what the socket is for, such as "answering ARP on eth0". */
  readonly purpose: string;
  readonly etherType: number;
  readonly filter: PacketFilter;
  /** Room for each frame; 128 octets when not given. The filter keeps no more. */
  readonly keptOctets?: number;
  /**
   * From one reading to the next at least, up to a second: what comes meanwhile is read together, because a wake-up costs more
   * than a small frame. The first frame after a pause is read at once, each when not given.
   */
  readonly restMilliseconds?: number;
  /**
   * Nobody is woken by what comes: it waits for `read` in a queue of so many octets, as the kernel counts, and what finds that full is lost.
   * That is the whole price of a flood. Each frame wakes its reader when not given.
   */
  readonly unreadOctets?: number;
}

/** Whole frames, header included, in and out of one link; never in promiscuous mode. */
export interface PacketSocket extends Disposable {
  /** How much may wait to be read, in octets as the kernel counts (a small frame is about 850); more is lost. 0: not known. */
  readonly queueOctets: number;
  /** Takes the place of the filter at once. Throws a {@link NetworkError}, `ENOMEM` for a program that is too long; the old one then stays. */
  setFilter(filter: PacketFilter): void;
  /** Sends one frame; the octets are the caller's again when it returns. False when it could not be sent now: it is lost. */
  send(frame: Uint8Array): boolean;
  /** Another rest in the place of {@link PacketSocketOptions.restMilliseconds}, from the next reading on. */
  setRest(milliseconds: number): void;
  /** Has what waits received before it returns, up to 256 frames: for a socket of which nobody is woken, or in the middle of a rest. */
  read(): void;
  /** How many frames were lost since the last call because this process did not read them in time. */
  takeDrops(): number;
}

/** The port to the links of this node. */
export interface PacketNetwork {
  /** Opens a socket; throws a {@link NetworkError}. No frame from before, and none that the filter drops, is delivered. It is open until it is disposed of. */
  open(options: PacketSocketOptions, listener: PacketListener): PacketSocket;
}
