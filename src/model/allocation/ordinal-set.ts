/** Children of a node: small enough for one 32-bit mask, wide enough that an IPv6 /64 is 13 levels deep. */
const FANOUT = 32;
const FANOUT_BITS = 5;
const ALL = 0xffff_ffff;

/** A part of the set: which children are members as a whole, and those that are in part. At the lowest level a child is a member. */
interface Node {
  full: number;
  readonly partial: Map<number, Node>;
}

/**
 * A set of whole numbers from 0 up to a size that may exceed 2^64. Adding, removing and finding the lowest number that
 * is not a member, or the next one that is, take one step or two a level, and what is all in or all out takes no memory.
 */
export class OrdinalSet {
  readonly #size: bigint;
  /** Levels above the lowest one. */
  readonly #height: number;
  readonly #root: Node = emptyNode();

  /** An empty set of numbers below `size`. */
  constructor(size: bigint) {
    this.#size = size;
    let height = 0;
    for (let room = BigInt(FANOUT); room < size; room <<= BigInt(FANOUT_BITS)) height++;
    this.#height = height;
  }

  /** Adds a number below the size; says whether it is new. */
  add(ordinal: bigint): boolean {
    const path: Node[] = [this.#root];
    let node = this.#root;
    for (let level = this.#height; level > 0; level--) {
      const digit = digitOf(ordinal, level);
      if (isFull(node, digit)) return false;
      node = childOf(node, digit);
      path.push(node);
    }
    const digit = digitOf(ordinal, 0);
    if (isFull(node, digit)) return false;
    node.full = (node.full | (1 << digit)) >>> 0;
    this.#closeFullNodes(path, ordinal);
    return true;
  }

  /** Removes a number below the size; says whether it was there. */
  delete(ordinal: bigint): boolean {
    const path: Node[] = [this.#root];
    let node = this.#root;
    for (let level = this.#height; level > 0; level--) {
      const digit = digitOf(ordinal, level);
      const child = openFullChild(node, digit) ?? node.partial.get(digit);
      if (child === undefined) return false;
      node = child;
      path.push(node);
    }
    const digit = digitOf(ordinal, 0);
    if (!isFull(node, digit)) return false;
    node.full = (node.full & ~(1 << digit)) >>> 0;
    this.#dropEmptyNodes(path, ordinal);
    return true;
  }

  /** The lowest number below the size that is not a member. */
  lowestAbsent(): bigint | undefined {
    let ordinal = 0n;
    let node: Node | undefined = this.#root;
    if (node.full === ALL) return undefined;
    for (let level = this.#height; level >= 0; level--) {
      // Below a child that does not exist nothing is a member: its first number is the answer.
      const digit: number = node === undefined ? 0 : lowestClearBit(node.full);
      ordinal = (ordinal << BigInt(FANOUT_BITS)) | BigInt(digit);
      node = node?.partial.get(digit);
    }
    return ordinal < this.#size ? ordinal : undefined;
  }

  /** The lowest member that is not below `from`. */
  lowestMember(from: bigint): bigint | undefined {
    return from < this.#size ? lowestIn(this.#root, this.#height, from) : undefined;
  }

  /** Turns each full node of the path, from the lowest up, into a bit of its parent. */
  #closeFullNodes(path: Node[], ordinal: bigint): void {
    for (let depth = path.length - 1; depth > 0 && path[depth]?.full === ALL; depth--) {
      const digit = digitOf(ordinal, this.#height - depth + 1);
      const parent = path[depth - 1];
      parent?.partial.delete(digit);
      if (parent !== undefined) parent.full = (parent.full | (1 << digit)) >>> 0;
    }
  }

  #dropEmptyNodes(path: Node[], ordinal: bigint): void {
    for (let depth = path.length - 1; depth > 0; depth--) {
      const node = path[depth];
      if (node === undefined || node.full !== 0 || node.partial.size > 0) return;
      path[depth - 1]?.partial.delete(digitOf(ordinal, this.#height - depth + 1));
    }
  }
}

/**
 * The lowest member of a node that is not below `from`, both counted from the node's first number. Of the children only
 * the first can hold none that counts: every other one in part holds one, for empty ones are dropped.
 */
function lowestIn(node: Node, level: number, from: bigint): bigint | undefined {
  const shift = BigInt(level * FANOUT_BITS);
  const start = from >> shift;
  for (let digit = Number(start); digit < FANOUT; digit++) {
    const first = BigInt(digit) << shift;
    const rest = BigInt(digit) === start ? from - first : 0n;
    if (isFull(node, digit)) return first + rest;
    const child = node.partial.get(digit);
    const found = child === undefined ? undefined : lowestIn(child, level - 1, rest);
    if (found !== undefined) return first + found;
  }
  return undefined;
}

function emptyNode(): Node {
  return { full: 0, partial: new Map() };
}

function digitOf(ordinal: bigint, level: number): number {
  return Number((ordinal >> BigInt(level * FANOUT_BITS)) & BigInt(FANOUT - 1));
}

function isFull(node: Node, digit: number): boolean {
  return (node.full & (1 << digit)) !== 0;
}

function childOf(node: Node, digit: number): Node {
  let child = node.partial.get(digit);
  if (child === undefined) {
    child = emptyNode();
    node.partial.set(digit, child);
  }
  return child;
}

/** Writes out a child that was only a bit, so that a number can be taken from it. */
function openFullChild(node: Node, digit: number): Node | undefined {
  if (!isFull(node, digit)) return undefined;
  const child: Node = { full: ALL, partial: new Map() };
  node.full = (node.full & ~(1 << digit)) >>> 0;
  node.partial.set(digit, child);
  return child;
}

function lowestClearBit(mask: number): number {
  const clear = ~mask;
  return 31 - Math.clz32(clear & -clear);
}
