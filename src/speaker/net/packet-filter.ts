import { assert } from '../../lib/assert.ts';

/** One instruction of classic BPF as the kernel takes it (`struct sock_filter`). Jumps are relative to the next one. */
export interface FilterInstruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly operand: number;
}

/** A program that the kernel runs on each frame: it ends with the number of octets to keep, 0 drops the frame. */
export type PacketFilter = readonly FilterInstruction[];

/** The addresses from `first` to `last`, both included, as unsigned 32-bit numbers. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** Operation codes of classic BPF, as in `linux/filter.h`; only those that the programs here use. */
export const BPF = {
  /** Loads the 32 bits, big-endian, at offset `operand`. A frame that is too short is dropped. */
  loadWord: 0x20,
  /** Loads 16 bits. */
  loadHalf: 0x28,
  /** Goes on with `ifTrue` when the loaded number is `operand`. */
  jumpIfEqual: 0x15,
  /** Goes on with `ifTrue` when the loaded number, unsigned, is greater than or equal to `operand`. */
  jumpIfAtLeast: 0x35,
  /** Skips `operand` instructions. */
  jump: 0x05,
  /** Ends: keeps `operand` octets. */
  accept: 0x06,
} as const;

/** The kernel's limit for one program (BPF_MAXINSNS). */
export const MAX_INSTRUCTIONS = 4_096;

/** Octets kept of a frame: ARP needs 42, a solicitation 86 and 8 for each further option; upstream reads 128 as well. */
export const KEPT_OCTETS = 128;

/** "How the link layer classed the frame" lives at this address of the kernel's own (SKF_AD_OFF + SKF_AD_PKTTYPE). */
const PACKET_TYPE = 0xffff_f000 + 4;
/** Classes below are for this station alone. */
const PACKET_BROADCAST = 1;
/** Classes below are for this station: 0 to its MAC, 1 broadcast. */
const PACKET_MULTICAST = 2;
/** Classes below are for this station or a group of stations. Others' frames and own ones come after. */
const PACKET_OTHERHOST = 3;

/** EtherType ARP and hardware type Ethernet, which are neighbours in the frame (RFC 826). */
const ETHER_AND_HARDWARE_TYPE = { offset: 12, value: 0x0806_0001 };
/** Protocol type IPv4, hardware length 6, protocol length 4 (RFC 826). */
const PROTOCOL_TYPE_AND_LENGTHS = { offset: 16, value: 0x0800_0604 };
const OPERATION = { offset: 20, request: 1, reply: 2 };
const SENDER_ADDRESS_OFFSET = 28;
const TARGET_ADDRESS_OFFSET = 38;

const ETHER_TYPE_IPV6 = { offset: 12, value: 0x86dd };
/** Next header ICMPv6 and the hop limit of what has crossed no router (RFC 4861, Section 7.1.1). */
const NEXT_HEADER_AND_HOP_LIMIT = { offset: 20, value: 0x3aff };
/** Types Neighbor Solicitation and Neighbor Advertisement and code 0, in a message without extension headers before it (RFC 4861, Sections 4.3 and 4.4). */
const DISCOVERY = { offset: 54, solicitation: 0x8700, advertisement: 0x8800 };
/** The last 32 of the 128 bits of the target. */
const TARGET_TAIL_OFFSET = 74;

/** Instructions of a preamble and the jumps that the tree may need in between, generously. */
const OVERHEAD = 256;

/** More ranges than this do not fit: two comparisons for each, one in 60 again for far jumps. */
export const MAX_RANGES: number = Math.floor((MAX_INSTRUCTIONS - OVERHEAD) / 2);

/** Subtrees with up to so many comparisons reach their ends by the 8-bit distance of a conditional jump. */
const NEAR_COMPARISONS = 200;

const KEEP: FilterInstruction = instruction(BPF.accept, KEPT_OCTETS);
const DROP: FilterInstruction = instruction(BPF.accept, 0);

/** Drops everything that is not ARP for IPv4 over Ethernet, sent to this station or to all; loads the target of a request and the sender of a reply. */
const ARP_PREAMBLE: PacketFilter = [
  ...demand(BPF.loadWord, ETHER_AND_HARDWARE_TYPE.offset, ETHER_AND_HARDWARE_TYPE.value),
  ...demand(BPF.loadWord, PROTOCOL_TYPE_AND_LENGTHS.offset, PROTOCOL_TYPE_AND_LENGTHS.value),
  ...demandClassBelow(PACKET_MULTICAST),
  instruction(BPF.loadHalf, OPERATION.offset),
  instruction(BPF.jumpIfEqual, OPERATION.request, 0, 2),
  instruction(BPF.loadWord, TARGET_ADDRESS_OFFSET),
  instruction(BPF.jump, 3),
  instruction(BPF.jumpIfEqual, OPERATION.reply, 1, 0),
  DROP,
  instruction(BPF.loadWord, SENDER_ADDRESS_OFFSET),
];

/** Drops everything that is not an ARP request, for IPv4 over Ethernet, of a host that has an address; loads its target. Probes are left out: who asks them has no entry yet. */
const ARP_QUESTION_PREAMBLE: PacketFilter = [
  ...demand(BPF.loadWord, ETHER_AND_HARDWARE_TYPE.offset, ETHER_AND_HARDWARE_TYPE.value),
  ...demand(BPF.loadWord, PROTOCOL_TYPE_AND_LENGTHS.offset, PROTOCOL_TYPE_AND_LENGTHS.value),
  ...demand(BPF.loadHalf, OPERATION.offset, OPERATION.request),
  ...demandClassBelow(PACKET_MULTICAST),
  instruction(BPF.loadWord, SENDER_ADDRESS_OFFSET),
  instruction(BPF.jumpIfEqual, 0, 0, 1),
  DROP,
  instruction(BPF.loadWord, TARGET_ADDRESS_OFFSET),
];

/** Drops everything that is not a Neighbor Solicitation to this station or to a group; loads the tail of its target. */
const SOLICITATION_PREAMBLE: PacketFilter = [
  ...demand(BPF.loadHalf, ETHER_TYPE_IPV6.offset, ETHER_TYPE_IPV6.value),
  ...demand(BPF.loadHalf, NEXT_HEADER_AND_HOP_LIMIT.offset, NEXT_HEADER_AND_HOP_LIMIT.value),
  ...demand(BPF.loadHalf, DISCOVERY.offset, DISCOVERY.solicitation),
  ...demandClassBelow(PACKET_OTHERHOST),
  instruction(BPF.loadWord, TARGET_TAIL_OFFSET),
];

/** Drops everything that is not a Neighbor Solicitation or Advertisement to this station or to a group; loads the tail of its target. */
const DISCOVERY_PREAMBLE: PacketFilter = [
  ...demand(BPF.loadHalf, ETHER_TYPE_IPV6.offset, ETHER_TYPE_IPV6.value),
  ...demand(BPF.loadHalf, NEXT_HEADER_AND_HOP_LIMIT.offset, NEXT_HEADER_AND_HOP_LIMIT.value),
  instruction(BPF.loadHalf, DISCOVERY.offset),
  instruction(BPF.jumpIfEqual, DISCOVERY.solicitation, 2, 0),
  instruction(BPF.jumpIfEqual, DISCOVERY.advertisement, 1, 0),
  DROP,
  ...demandClassBelow(PACKET_OTHERHOST),
  instruction(BPF.loadWord, TARGET_TAIL_OFFSET),
];

function demand(load: number, offset: number, value: number): PacketFilter {
  return [instruction(load, offset), instruction(BPF.jumpIfEqual, value, 1, 0), DROP];
}

function demandClassBelow(bound: number): PacketFilter {
  return [instruction(BPF.loadWord, PACKET_TYPE), instruction(BPF.jumpIfAtLeast, bound, 0, 1), DROP];
}

function instruction(code: number, operand: number, ifTrue = 0, ifFalse = 0): FilterInstruction {
  return { code, ifTrue, ifFalse, operand };
}

/**
 * A program that keeps the ARP requests for one of `addresses` and the replies that say where it is, and drops all else in the kernel, so
 * that a flood for other addresses never wakes this process. Its run time grows with the logarithm of the number of ranges.
 *
 * With more than `maxRanges` separate ranges the smallest gaps are let through: the program then keeps more, never
 * less. Frames with a VLAN tag are dropped: the kernel classes them as another station's.
 */
export function arpFilter(addresses: Iterable<number>, maxRanges: number = MAX_RANGES): PacketFilter {
  return filterOf(ARP_PREAMBLE, addresses, maxRanges);
}

/**
 * The same for Neighbor Solicitations and Advertisements. `tails` are the last 32 bits of the addresses: a question for another address
 * that ends alike is kept as well, which costs its reader a look.
 */
export function discoveryFilter(tails: Iterable<number>, maxRanges: number = MAX_RANGES): PacketFilter {
  return filterOf(DISCOVERY_PREAMBLE, tails, maxRanges);
}

/** A program that keeps the ARP requests for one of `addresses` by hosts that have an address, with `maxRanges` as above. */
export function arpQuestionFilter(addresses: Iterable<number>, maxRanges: number = MAX_RANGES): PacketFilter {
  return filterOf(ARP_QUESTION_PREAMBLE, addresses, maxRanges);
}

/** The same for Neighbor Solicitations: `tails` as above. */
export function solicitationFilter(tails: Iterable<number>, maxRanges: number = MAX_RANGES): PacketFilter {
  return filterOf(SOLICITATION_PREAMBLE, tails, maxRanges);
}

/** A program that keeps the ARP replies that were sent to this station: what kernels answer that it asked. */
export function arpReplyFilter(): PacketFilter {
  const { offset, reply } = OPERATION;
  return [
    ...demand(BPF.loadWord, ETHER_AND_HARDWARE_TYPE.offset, ETHER_AND_HARDWARE_TYPE.value),
    ...demand(BPF.loadHalf, offset, reply),
    ...demandClassBelow(PACKET_BROADCAST),
    KEEP,
  ];
}

/** A program that keeps so many octets of every frame for this station, for all or for a group. */
export function everyFrameFilter(keptOctets: number): PacketFilter {
  return [...demandClassBelow(PACKET_OTHERHOST), instruction(BPF.accept, keptOctets)];
}

function filterOf(preamble: PacketFilter, numbers: Iterable<number>, maxRanges: number): PacketFilter {
  assert(maxRanges >= 1 && maxRanges <= MAX_RANGES, `a filter holds 1 to ${MAX_RANGES} ranges`);
  const ranges = coverAddresses(numbers, maxRanges);
  if (ranges.length === 0) return [DROP];
  const program: FilterInstruction[] = [...preamble];
  appendTree(program, boundariesOf(ranges), 0);
  assert(program.length <= MAX_INSTRUCTIONS, 'the filter is longer than the kernel takes');
  return program;
}

/** The fewest ranges, at most `maxRanges`, that hold all of `addresses` and as little else as possible; in order. */
export function coverAddresses(addresses: Iterable<number>, maxRanges: number): readonly AddressRange[] {
  const sorted = Uint32Array.from(addresses).sort();
  const gaps: number[] = [];
  for (let index = 1; index < sorted.length; index++) gaps.push((sorted[index] ?? 0) - (sorted[index - 1] ?? 0));
  const wide = [...gaps].sort((left, right) => right - left);
  // A gap of 1 is none. The widest gaps stay open; of several equally wide ones as many as there is room for.
  const threshold = Math.max(wide[maxRanges - 1] ?? 1, 1);
  const ranges: { first: number; last: number }[] = [];
  for (const [index, address] of sorted.entries()) {
    const current = ranges.at(-1);
    if (current !== undefined && (gaps[index - 1] ?? 0) <= threshold) current.last = address;
    else ranges.push({ first: address, last: address });
  }
  return ranges;
}

/** Where the verdict changes, in order: the first number is kept, the second one is not any more, and so on. */
function boundariesOf(ranges: readonly AddressRange[]): readonly number[] {
  // The last address there is has no successor: what follows it needs no comparison.
  return ranges.flatMap(({ first, last }) => (last === 0xffff_ffff ? [first] : [first, last + 1]));
}

/** How many boundaries a number has passed says whether it is kept: after an odd one it lies within a range. */
function isKept(passed: number): boolean {
  return passed % 2 === 1;
}

/**
 * Appends a program that keeps or drops the loaded number by binary search. `boundaries` are a slice of all of them and
 * `passed` is how many lie before it. Small slices share their two ends; large ones jump over their lower half.
 */
function appendTree(program: FilterInstruction[], boundaries: readonly number[], passed: number): void {
  if (boundaries.length <= NEAR_COMPARISONS) {
    appendNearTree(program, boundaries, passed);
    return;
  }
  const middle = boundaries.length >> 1;
  const lower: FilterInstruction[] = [];
  appendTree(lower, boundaries.slice(0, middle), passed);
  program.push(instruction(BPF.jumpIfAtLeast, boundaries[middle] ?? 0, 0, 1), instruction(BPF.jump, lower.length), ...lower);
  appendTree(program, boundaries.slice(middle + 1), passed + middle + 1);
}

function appendNearTree(program: FilterInstruction[], boundaries: readonly number[], passed: number): void {
  const start = program.length;
  const keep = start + boundaries.length;
  // Laid out as in a preorder walk: a comparison, then its lower half, then its upper half.
  const place = (from: number, to: number, at: number): void => {
    if (from === to) return;
    const middle = (from + to) >> 1;
    const lower = at + 1;
    const upper = lower + middle - from;
    const end = (count: number): number => (isKept(passed + count) ? keep : keep + 1);
    const ifTrue = (middle + 1 === to ? end(to) : upper) - lower;
    const ifFalse = (from === middle ? end(from) : lower) - lower;
    program[at] = instruction(BPF.jumpIfAtLeast, boundaries[middle] ?? 0, ifTrue, ifFalse);
    place(from, middle, lower);
    place(middle + 1, to, upper);
  };
  place(0, boundaries.length, start);
  program.push(KEEP, DROP);
}
