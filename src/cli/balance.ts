import { compareTexts } from '../lib/order.ts';

/** Who answers for a Service on the segment, and who might as well. */
export interface Placement {
  /** `namespace/name`. */
  readonly service: string;
  /** The node that has it. */
  readonly node: string;
  /** The nodes that are as good; empty where it is to stay. */
  readonly candidates: readonly string[];
}

/** One Service that goes to another node. */
export interface Move {
  readonly service: string;
  readonly from: string;
  readonly to: string;
}

/** How many Services a node has, and would have. */
export interface Load {
  readonly node: string;
  readonly before: number;
  readonly after: number;
}

/** The moves after which no node has much more than its share, as far as candidates allow that. */
export interface Balance {
  /** No node should have more than so many. */
  readonly bound: number;
  readonly loads: readonly Load[];
  readonly moves: readonly Move[];
}

/** A node may have a quarter more than its share: to even out the rest would cost clients more than it gains. */
const SLACK = 1.25;

/**
 * Moves what nodes have above the bound, a quarter more than their share, and nothing else: each Service to the emptiest of the nodes that are as good. The nodes
 * are those that have something, and all candidates. The same placements give the same moves, whatever their order.
 */
export function balanceOf(placements: readonly Placement[]): Balance {
  const nodes = new Set(placements.flatMap(({ node, candidates }) => [node, ...candidates]));
  const bound = Math.ceil((SLACK * placements.length) / Math.max(nodes.size, 1));
  const before = new Map<string, number>(Array.from(nodes, (node) => [node, 0]));
  for (const { node } of placements) before.set(node, (before.get(node) ?? 0) + 1);
  const after = new Map(before);
  const moves: Move[] = [];
  const inOrder = [...placements].sort((left, right) => compareTexts(left.service, right.service));
  // One pass is enough: whoever gets something does not come above the bound by it.
  for (const { service, node: from, candidates } of inOrder) {
    const to = emptiest(candidates, after);
    if (to === undefined || loadOf(from, after) <= bound || loadOf(to, after) >= bound) continue;
    after.set(from, loadOf(from, after) - 1);
    after.set(to, loadOf(to, after) + 1);
    moves.push({ service, from, to });
  }
  const loads = Array.from(before, ([node, count]) => ({ node, before: count, after: loadOf(node, after) }));
  return { bound, moves, loads: loads.sort((left, right) => compareTexts(left.node, right.node)) };
}

function emptiest(candidates: readonly string[], loads: ReadonlyMap<string, number>): string | undefined {
  return candidates.toSorted((left, right) => loadOf(left, loads) - loadOf(right, loads) || compareTexts(left, right))[0];
}

function loadOf(node: string, loads: ReadonlyMap<string, number>): number {
  return loads.get(node) ?? 0;
}
