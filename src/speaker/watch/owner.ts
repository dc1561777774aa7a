import { createHash } from 'node:crypto';

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
 * `address` is the canonical text of the first address of the Service; all its addresses go to one node. `undefined`
 * when nobody may announce it.
 */
export function electOwner(candidates: readonly Candidate[], address: string): string | undefined {
  let owner: { candidate: Candidate; rank: Buffer } | undefined;
  for (const candidate of candidates) {
    if (owner !== undefined && candidate.score < owner.candidate.score) continue;
    const rank = createHash('sha256').update(`${candidate.node}#${address}`).digest();
    if (owner === undefined || candidate.score > owner.candidate.score || Buffer.compare(rank, owner.rank) < 0) owner = { candidate, rank };
  }
  return owner?.candidate.node;
}
