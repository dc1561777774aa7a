import { type DecodeError, readMac, refused } from '../../lib/binary.ts';
import type { Family, IpAddress } from '../../lib/ip.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import type { Mac } from '../../lib/mac.ts';
import { ok, type Result } from '../../lib/result.ts';
import { ETHER_TYPE_OFFSET, writeEthernetHeader } from './ethernet.ts';

/**
 * EtherType of the frames by which speakers tell each other that they are there: IEEE 802 sets it aside for local
 * experiments. No IP is under them, so no firewall, route or port is in the way, and they share the fate of ARP.
 */
export const ETHER_TYPE_SEGMENT = 0x88b5;

/** Whose an address is, under a number that grows with each change: of two claims the higher one counts. */
export interface Claim {
  readonly address: IpAddress;
  readonly epoch: number;
  /** The name of a node; empty when the address is nobody's, because nobody wants it any more. */
  readonly owner: string;
  /** The owner gives it up: it answers until another one has claimed the address. */
  readonly leaving: boolean;
}

/** I am here. */
export interface Hello {
  readonly kind: 'hello';
  /** The next one follows within this many milliseconds. */
  readonly intervalMilliseconds: number;
  /** An address for which the sender's kernel answers on this link; 0.0.0.0 for none. */
  readonly askable: Ipv4;
  /** The sender is about to end and to come back. */
  readonly restarting: boolean;
  /** The sender has just started: it does not answer yet for what was its own before. */
  readonly starting: boolean;
  /** The sender hears nobody of those it heard before. */
  readonly alone: boolean;
  /** The sender has lost its addresses so often that others should come first for a while. */
  readonly damped: boolean;
  /** 32 bits of all claims that the sender knows: who has others lacks some, or knows better. */
  readonly digest: number;
  /** Nodes that the sender holds for dead or departed. */
  readonly gone: readonly string[];
}

/** What one speaker says to the others of its segment. */
export type SegmentMessage =
  | Hello
  /** These addresses are this node's: of the sender itself, or as far as it knows. At most {@link MOST_CLAIMS} of one owner. */
  | { readonly kind: 'claims'; readonly claims: readonly Claim[] }
  /** Has anybody heard more of this node? This is the last that I have. */
  | { readonly kind: 'suspect'; readonly node: string; readonly boot: bigint; readonly sequence: number }
  /** I have heard this of it. */
  | { readonly kind: 'heard'; readonly node: string; readonly boot: bigint; readonly sequence: number }
  /** Your boot id is new to me: sign these octets. */
  | { readonly kind: 'challenge'; readonly nonce: bigint }
  /** Here they are. */
  | { readonly kind: 'response'; readonly nonce: bigint };

/** A message in its frame. A receiver takes a frame of one boot only when its sequence number is above all it has seen. */
export interface SegmentFrame {
  readonly destination: Mac;
  readonly source: Mac;
  /** The key that signed the frame, by 64 bits of a hash. */
  readonly keyId: bigint;
  readonly node: string;
  /** 64 random bits of each start of a speaker. */
  readonly boot: bigint;
  readonly sequence: number;
  readonly message: SegmentMessage;
}

/** Octets of the code that signs a frame, at its end: the first half of an HMAC-SHA-256. */
export const SEAL_LENGTH = 16;

/** No frame is longer: they cross every link, also one with a tunnel in its way. */
export const LONGEST_SEGMENT_FRAME = 1_400;

/** So many claims have room in a frame, however long names are and whatever the family. */
export const MOST_CLAIMS = 39;

/** Names of nodes are DNS names (Kubernetes): no longer, and of one octet a character. */
const LONGEST_NAME = 253;
const NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

const VERSION = 1;
const KINDS = ['hello', 'suspect', 'heard', 'challenge', 'response', 'claims'] as const;
const FLAG = { restarting: 1, alone: 2, damped: 4, starting: 8 } as const;
const CLAIM_FLAG = { ipv6: 1, leaving: 2 } as const;
const LARGEST_COUNT = 255;

/** Where each field begins, from the beginning of the frame. */
const AT = { version: 14, kind: 15, length: 16, keyId: 18, boot: 26, sequence: 34, node: 42 } as const;

/** The least a frame has: an empty name and the seal. */
const LEAST_FRAME: number = AT.node + 1 + SEAL_LENGTH;

/**
 * Reads a frame without its seal, which is the business of whoever has the keys and comes first. `length` octets of
 * `frame` are good; what stands behind the length that the frame itself gives is padding. Refuses what is cut, what has a
 * version or kind of the future, and names that no node has.
 */
export function decodeSegmentFrame(frame: DataView, length: number = frame.byteLength): Result<SegmentFrame, DecodeError> {
  const sealed = sealedLength(frame, length);
  if (!sealed.ok) return sealed;
  const reader = new Reader(frame, AT.node, sealed.value - SEAL_LENGTH);
  const node = reader.name('node');
  const kind = KINDS[frame.getUint8(AT.kind)];
  if (kind === undefined) return refused('kind', AT.kind, frame.getUint8(AT.kind), `less than ${KINDS.length}`);
  const message = readMessage(kind, reader);
  if (reader.fault !== undefined) return reader.fault;
  return ok({
    destination: readMac(frame, 0),
    source: readMac(frame, 6),
    keyId: frame.getBigUint64(AT.keyId),
    node,
    boot: frame.getBigUint64(AT.boot),
    sequence: sequenceOf(frame),
    message,
  });
}

/** The number of a frame which {@link sealedLength} let through. */
export function sequenceOf(frame: DataView): number {
  return frame.getUint32(AT.sequence) * 2 ** 32 + frame.getUint32(AT.sequence + 4);
}

/** Whether a frame which {@link sealedLength} let through is a hello. */
export function isHello(frame: DataView): boolean {
  return KINDS[frame.getUint8(AT.kind)] === 'hello';
}

/**
 * Whether a frame of `length` octets, its seal not counted, has all the octets of another one, but for its number. Both have as many and were
 * let through by {@link sealedLength}.
 */
export function isRepetition(frame: DataView, before: DataView, length: number): boolean {
  return haveSame(frame, before, 0, AT.sequence) && haveSame(frame, before, AT.node, length);
}

/** Four octets at once: this is done for each hello of a hundred nodes. */
function haveSame(frame: DataView, before: DataView, from: number, end: number): boolean {
  let at = from;
  for (; at + 4 <= end; at += 4) if (frame.getUint32(at) !== before.getUint32(at)) return false;
  for (; at < end; at++) if (frame.getUint8(at) !== before.getUint8(at)) return false;
  return true;
}

/** How long the frame is, its seal included, of which `length` octets are there: the one check before a seal is looked at. */
export function sealedLength(frame: DataView, length: number): Result<number, DecodeError> {
  if (length < LEAST_FRAME || frame.byteLength < length) return refused('frame length', 0, length, `at least ${LEAST_FRAME}`);
  const etherType = frame.getUint16(ETHER_TYPE_OFFSET);
  if (etherType !== ETHER_TYPE_SEGMENT) return refused('EtherType', ETHER_TYPE_OFFSET, etherType, '0x88b5');
  if (frame.getUint8(AT.version) !== VERSION) return refused('version', AT.version, frame.getUint8(AT.version), `${VERSION}`);
  const sealed = frame.getUint16(AT.length);
  return sealed < LEAST_FRAME || sealed > length ? refused('length', AT.length, sealed, `${LEAST_FRAME} to ${length}`) : ok(sealed);
}

/** The key that signed a frame which {@link sealedLength} let through. */
export function keyIdOf(frame: DataView): bigint {
  return frame.getBigUint64(AT.keyId);
}

/**
 * Writes a frame with room for its seal, and gives the octets. Names that do not fit any more are left out of a hello:
 * others say them too.
 */
export function encodeSegmentFrame(frame: SegmentFrame): Uint8Array {
  const view = new DataView(new ArrayBuffer(LONGEST_SEGMENT_FRAME));
  writeEthernetHeader(view, { destination: frame.destination, source: frame.source, etherType: ETHER_TYPE_SEGMENT });
  view.setUint8(AT.version, VERSION);
  view.setUint8(AT.kind, KINDS.indexOf(frame.message.kind));
  view.setBigUint64(AT.keyId, frame.keyId);
  view.setBigUint64(AT.boot, frame.boot);
  view.setBigUint64(AT.sequence, BigInt(frame.sequence));
  const end = writeMessage(view, writeName(view, AT.node, frame.node), frame.message);
  const length = end + SEAL_LENGTH;
  view.setUint16(AT.length, length);
  return new Uint8Array(view.buffer, 0, length);
}

function readMessage(kind: (typeof KINDS)[number], reader: Reader): SegmentMessage {
  switch (kind) {
    case 'hello': {
      const flags = reader.octet('flags');
      const [intervalMilliseconds, askable, digest] = [reader.half('interval'), reader.word('askable') as Ipv4, reader.word('digest')];
      const gone = reader.list('gone', () => reader.name('gone'));
      const has = (flag: keyof typeof FLAG): boolean => (flags & FLAG[flag]) !== 0;
      const said = { restarting: has('restarting'), starting: has('starting'), alone: has('alone'), damped: has('damped') };
      return { kind, intervalMilliseconds, askable, ...said, digest, gone };
    }
    case 'claims': {
      const owner = reader.name('owner', true);
      return { kind, claims: reader.list('claims', () => readClaim(reader, owner)) };
    }
    case 'suspect':
    case 'heard':
      return { kind, node: reader.name('suspect'), boot: reader.double('boot'), sequence: Number(reader.double('sequence')) };
    case 'challenge':
    case 'response':
      return { kind, nonce: reader.double('nonce') };
  }
}

/** Writes behind `at` and gives where it ends. */
function writeMessage(view: DataView, at: number, message: SegmentMessage): number {
  switch (message.kind) {
    case 'hello': {
      const flags = (Object.keys(FLAG) as (keyof typeof FLAG)[]).filter((flag) => message[flag]);
      view.setUint8(
        at,
        flags.reduce((sum, flag) => sum + FLAG[flag], 0),
      );
      view.setUint16(at + 1, message.intervalMilliseconds);
      view.setUint32(at + 3, message.askable);
      view.setUint32(at + 7, message.digest);
      return writeNames(view, at + 11, message.gone);
    }
    case 'claims':
      return writeClaims(view, at, message.claims);
    case 'suspect':
    case 'heard': {
      const end = writeName(view, at, message.node);
      view.setBigUint64(end, message.boot);
      view.setBigUint64(end + 8, BigInt(message.sequence));
      return end + 16;
    }
    case 'challenge':
    case 'response':
      view.setBigUint64(at, message.nonce);
      return at + 8;
  }
}

function readClaim(reader: Reader, owner: string): Claim {
  const flags = reader.octet('claim flags');
  const epoch = reader.word('epoch');
  const family: Family = (flags & CLAIM_FLAG.ipv6) === 0 ? 'IPv4' : 'IPv6';
  const value = family === 'IPv6' ? (reader.double('address') << 64n) | reader.double('address') : BigInt(reader.word('address'));
  return { address: { family, value }, epoch, owner, leaving: (flags & CLAIM_FLAG.leaving) !== 0 };
}

/** The owner of the first is that of all. */
function writeClaims(view: DataView, at: number, claims: readonly Claim[]): number {
  const said = claims.slice(0, MOST_CLAIMS);
  let end = writeName(view, at, said[0]?.owner ?? '');
  view.setUint8(end++, said.length);
  for (const { address, epoch, leaving } of said) {
    const ipv6 = address.family === 'IPv6';
    view.setUint8(end, (ipv6 ? CLAIM_FLAG.ipv6 : 0) + (leaving ? CLAIM_FLAG.leaving : 0));
    view.setUint32(end + 1, epoch);
    if (ipv6) view.setBigUint64(end + 5, address.value >> 64n);
    if (ipv6) view.setBigUint64(end + 13, BigInt.asUintN(64, address.value));
    else view.setUint32(end + 5, Number(address.value));
    end += ipv6 ? 21 : 9;
  }
  return end;
}

function writeNames(view: DataView, at: number, names: readonly string[]): number {
  let end = at + 1;
  let count = 0;
  for (const name of names) {
    if (count === LARGEST_COUNT || end + 1 + name.length + SEAL_LENGTH > LONGEST_SEGMENT_FRAME) break;
    end = writeName(view, end, name);
    count++;
  }
  view.setUint8(at, count);
  return end;
}

function writeName(view: DataView, at: number, name: string): number {
  view.setUint8(at, name.length);
  for (let index = 0; index < name.length; index++) view.setUint8(at + 1 + index, name.charCodeAt(index));
  return at + 1 + name.length;
}

/** Reads one field after another up to an end; after the first fault everything is zero or empty. */
class Reader {
  readonly #frame: DataView;
  readonly #end: number;
  #at: number;
  fault: ReturnType<typeof refused> | undefined;

  constructor(frame: DataView, at: number, end: number) {
    this.#frame = frame;
    this.#at = at;
    this.#end = end;
  }

  octet(field: string): number {
    const at = this.#take(field, 1);
    return at === undefined ? 0 : this.#frame.getUint8(at);
  }

  half(field: string): number {
    const at = this.#take(field, 2);
    return at === undefined ? 0 : this.#frame.getUint16(at);
  }

  word(field: string): number {
    const at = this.#take(field, 4);
    return at === undefined ? 0 : this.#frame.getUint32(at);
  }

  double(field: string): bigint {
    const at = this.#take(field, 8);
    return at === undefined ? 0n : this.#frame.getBigUint64(at);
  }

  /** As many as its first octet says: mostly none. */
  list<Item>(field: string, read: () => Item): Item[] {
    const items: Item[] = [];
    for (let left = this.octet(field); left > 0; left--) items.push(read());
    return items;
  }

  /** The name of a node; `optional` lets one of no length pass. */
  name(field: string, optional: boolean = false): string {
    const octets = this.octet(field);
    const at = this.#take(field, octets);
    if (at === undefined || (optional && octets === 0)) return '';
    let name = '';
    for (let index = 0; index < octets; index++) name += String.fromCharCode(this.#frame.getUint8(at + index));
    if (octets > LONGEST_NAME || !NAME.test(name)) this.fault ??= refused(field, at, octets, 'the name of a node');
    return name;
  }

  #take(field: string, octets: number): number | undefined {
    if (this.fault !== undefined) return undefined;
    const at = this.#at;
    if (at + octets > this.#end) {
      this.fault = refused(field, at, this.#end - at, `at least ${octets} octets`);
      return undefined;
    }
    this.#at += octets;
    return at;
  }
}
