import { hash } from 'node:crypto';

/** A node that may announce an address, and how much the advertisements prefer it (0: not at all). */
export interface Candidate {
  readonly node: string;
  readonly score: number;
}

/**
 * The node that answers for an address: the highest score first, then the lowest SHA-256 of `node#address`, compared as
 * bytes. Every node that sees the same candidates comes to the same answer without asking another, and it is the answer
 * that MetalLB gives, so that a cluster that is swapped over keeps its owners.
 *
 * `address` is the canonical text of one address of the Service; all its addresses go to one node. `undefined` when
 * nobody may announce it.
 */
export function electOwner(candidates: readonly Candidate[], address: string): string | undefined {
  let owner: { candidate: Candidate; rank: string } | undefined;
  for (const candidate of candidates) {
    if (owner !== undefined && candidate.score < owner.candidate.score) continue;
    // Hexadecimal digits sort as the bytes that they stand for.
    const rank = hash('sha256', `${candidate.node}#${address}`, 'hex');
    if (owner === undefined || candidate.score > owner.candidate.score || rank < owner.rank) owner = { candidate, rank };
  }
  return owner?.candidate.node;
}
