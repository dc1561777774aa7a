import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Contender } from '../../model/plan.ts';
import { orderContenders, rankOf } from './owner.ts';

const even = (...nodes: string[]): Contender[] => nodes.map((node) => ({ node, score: 0 }));

/** The rule as MetalLB states it: sort everything. */
function sorted(candidates: readonly Contender[], address: string): readonly Contender[] {
  const hex = (node: string): string => createHash('sha256').update(`${node}#${address}`).digest('hex');
  return candidates.toSorted((a, b) => b.score - a.score || (hex(a.node) < hex(b.node) ? -1 : 1));
}

describe('orderContenders', () => {
  // The hashes behind these rows were computed with sha256sum: printf 'node-1#203.0.113.10' | sha256sum
  test.each<{ nodes: string[]; address: string; owner: string | undefined }>([
    { nodes: [], address: '203.0.113.10', owner: undefined },
    { nodes: ['node-1'], address: '203.0.113.10', owner: 'node-1' },
    { nodes: ['node-1', 'node-2', 'node-3'], address: '203.0.113.10', owner: 'node-1' },
    { nodes: ['node-1', 'node-2', 'node-3'], address: '203.0.113.11', owner: 'node-3' },
    { nodes: ['node-1', 'node-2', 'node-3'], address: '2001:db8::1', owner: 'node-1' },
  ])('$nodes for $address: $owner', ({ nodes, address, owner }) => {
    expect(orderContenders(even(...nodes), address)[0]?.node).toBe(owner);
  });

  test('a preferred node comes before the order of the hash', () => {
    for (const preferred of ['node-1', 'node-2', 'node-3']) {
      const candidates = even('node-1', 'node-2', 'node-3').map((candidate) => ({
        ...candidate,
        score: candidate.node === preferred ? 1 : 0,
      }));
      expect(orderContenders(candidates, '203.0.113.10')[0]?.node).toBe(preferred);
    }
  });

  test('is the sorted list, whatever order the candidates come in', () => {
    const candidate = fc.record({ node: fc.string({ minLength: 1, maxLength: 12 }), score: fc.integer({ min: 0, max: 3 }) });
    const candidates = fc.uniqueArray(candidate, { selector: (each) => each.node, maxLength: 12 });
    fc.assert(
      fc.property(candidates, fc.ipV4(), (list, address) => {
        expect(orderContenders(list, address)).toEqual(sorted(list, address));
        expect(orderContenders(list.toReversed(), address)).toEqual(sorted(list, address));
      }),
    );
  });
});

test('rankOf is what sha256sum prints', () => {
  expect(rankOf('node-1', '203.0.113.10')).toBe(createHash('sha256').update('node-1#203.0.113.10').digest('hex'));
});
