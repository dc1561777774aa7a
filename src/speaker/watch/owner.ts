import { hash } from 'node:crypto';
import type { Contender } from '../../model/plan.ts';

/**
 * Where a node stands in the order of an address, as a text to compare: hexadecimal digits sort as the bytes that they stand
 * for. It is MetalLB's order, so that a cluster that is swapped over keeps its owners.
 */
export function rankOf(node: string, address: string): string {
  return hash('sha256', `${node}#${address}`, 'hex');
}

/**
 * The nodes that may answer for an address, best first: the highest score, then the lowest SHA-256 of `node#address`.
 * Every node that sees the same contenders has the same order without asking another.
 *
 * `address` is the canonical text of one address of the Service; all its addresses go to one node.
 */
export function orderContenders(contenders: readonly Contender[], address: string): readonly Contender[] {
  const ranked = contenders.map((contender) => ({ contender, rank: rankOf(contender.node, address) }));
  ranked.sort((left, right) => right.contender.score - left.contender.score || (left.rank < right.rank ? -1 : 1));
  return ranked.map(({ contender }) => contender);
}
