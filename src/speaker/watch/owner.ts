import { hash } from 'node:crypto';

/**
 * Where a node stands in the order of an address, as a text to compare: hexadecimal digits sort as the bytes that they stand
 * for. It is MetalLB's order, so that a cluster that is swapped over keeps its owners.
 */
export function rankOf(node: string, address: string): string {
  return hash('sha256', `${node}#${address}`, 'hex');
}
