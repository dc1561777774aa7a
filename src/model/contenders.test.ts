import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareTexts } from '../lib/order.ts';
import { orderContenders, sameContenders } from './contenders.ts';
import type { Contenders } from './plan.ts';

const rank = (node: string, address: string): string => createHash('sha256').update(`${node}#${address}`).digest('hex');
const even = (...nodes: string[]): Contenders => new Map(nodes.map((node) => [node, 0]));
const anyContenders = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 12 }), fc.integer({ min: 0, max: 3 })), {
    selector: ([node]) => node,
    maxLength: 12,
  })
  .map((entries) => new Map(entries));

/** The rule as MetalLB states it: sort everything. */
function sorted(contenders: Contenders, address: string): string[] {
  const entries = [...contenders].sort(([a, left], [b, right]) => right - left || (rank(a, address) < rank(b, address) ? -1 : 1));
  return entries.map(([node]) => node);
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
    expect(orderContenders(even(...nodes), address, rank)[0]?.node).toBe(owner);
  });

  test('a preferred node comes before the order of the hash', () => {
    for (const preferred of ['node-1', 'node-2', 'node-3']) {
      const contenders = new Map([...even('node-1', 'node-2', 'node-3'), [preferred, 1]]);
      expect(orderContenders(contenders, '203.0.113.10', rank)[0]).toEqual({ node: preferred, score: 1 });
    }
  });

  test('is the sorted list, whatever order the contenders come in', () => {
    fc.assert(
      fc.property(anyContenders, fc.ipV4(), (contenders, address) => {
        const backwards = new Map([...contenders].reverse());
        for (const each of [contenders, backwards]) {
          expect(orderContenders(each, address, rank).map(({ node }) => node)).toEqual(sorted(contenders, address));
        }
      }),
    );
  });
});

test('contenders are the same when nodes and scores are, in whatever order', () => {
  fc.assert(
    fc.property(anyContenders, anyContenders, (left, right) => {
      const textOf = (contenders: Contenders): string =>
        JSON.stringify(Array.from(contenders, (entry) => entry.join('=')).sort(compareTexts));
      expect(sameContenders(left, right)).toBe(textOf(left) === textOf(right));
      expect(sameContenders(left, new Map([...left].reverse()))).toBe(true);
    }),
  );
  expect(sameContenders(even('a', 'b'), even('a', 'c'))).toBe(false);
  expect(sameContenders(even('a'), new Map([['a', 1]]))).toBe(false);
});
