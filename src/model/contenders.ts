import type { Contender, Contenders } from './plan.ts';

/** Orders the nodes that are equal otherwise, for one address: the lower text is the better node. */
export type Rank = (node: string, address: string) => string;

/**
 * The nodes that may answer for an address, best first: the highest score, then the lowest rank. Every node that sees the same contenders has the
 * same order without asking another. One rank is a hash, and a plan may name a hundred nodes for each of thousands of addresses: this is computed
 * for those that have to be decided on, and of no others.
 *
 * `address` is the canonical text of one address of the Service; all its addresses go to one node.
 */
export function orderContenders(contenders: Contenders, address: string, rank: Rank): readonly Contender[] {
  const ranked = Array.from(contenders, ([node, score]) => ({ contender: { node, score }, rank: rank(node, address) }));
  ranked.sort((left, right) => right.contender.score - left.contender.score || (left.rank < right.rank ? -1 : 1));
  return ranked.map(({ contender }) => contender);
}

/** The same nodes, of which this one comes before all others; the very same object where it is none of them, or the only one. */
export function preferring(node: string, contenders: Contenders): Contenders {
  if (!contenders.has(node) || contenders.size === 1) return contenders;
  return new Map(contenders).set(node, Math.max(...contenders.values()) + 1);
}

/** Whether the same nodes have the same scores. */
export function sameContenders(left: Contenders, right: Contenders): boolean {
  if (left === right) return true;
  if (left.size !== right.size) return false;
  for (const [node, score] of left) if (right.get(node) !== score) return false;
  return true;
}
