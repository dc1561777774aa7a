import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pool } from '../../test/support/objects.ts';
import type { IPAddressPool } from '../crds/ip-address-pool.ts';
import { formatPrefix, parseAddress, prefixesOverlap } from '../lib/ip.ts';
import { poolPrefixes } from './pool.ts';
import { type PoolSet, parsePools } from './pool-set.ts';

function ownerOf(set: PoolSet, text: string): string | undefined {
  const address = parseAddress(text);
  return address === undefined ? undefined : set.ownerOf(address)?.name;
}

const EDITED = { generation: 2 };
const OLD = { creationTimestamp: '2025-01-01T00:00:00Z' };

test('a bad pool is refused and the others are used', () => {
  const set = parsePools([pool('b', ['10.0.1.0/24']), pool('bad', ['10.0.0.x/24']), pool('a', ['10.0.0.0/24', '2001:db8::/64'])]);
  expect([...set.pools.keys()]).toEqual(['a', 'b']);
  expect([...set.refused]).toEqual([
    [
      'bad',
      'parsing address pool bad: invalid CIDR "10.0.0.x/24" in pool "bad": invalid CIDR "10.0.0.x/24": "10.0.0.x" is not an IP address',
    ],
  ]);
  expect(['10.0.0.7', '10.0.1.7', '10.0.2.7', '2001:db8::7'].map((text) => ownerOf(set, text))).toEqual(['a', 'b', undefined, 'a']);
});

test.each<{ what: string; pools: IPAddressPool[]; refused: [string, string] }>([
  {
    what: 'of equal age the later name',
    pools: [pool('b', ['10.0.0.0/28']), pool('a', ['10.0.0.0/24'])],
    refused: ['b', 'CIDR "10.0.0.0/28" in pool "b" overlaps with already defined CIDR "10.0.0.0/24"'],
  },
  {
    what: 'the younger, whatever the names',
    pools: [pool('a', ['10.0.0.0/28']), pool('b', ['10.0.0.0/24'], {}, OLD)],
    refused: ['a', 'CIDR "10.0.0.0/28" in pool "a" overlaps with already defined CIDR "10.0.0.0/24"'],
  },
  {
    what: 'one that overlaps itself',
    pools: [pool('a', ['10.0.0.0/24', '10.0.0.200-10.0.0.210'])],
    refused: ['a', 'CIDR "10.0.0.200/29" in pool "a" overlaps with already defined CIDR "10.0.0.0/24"'],
  },
  {
    what: 'one range inside another',
    pools: [pool('a', ['10.0.0.10-10.0.0.20']), pool('b', ['10.0.0.20-10.0.0.30'])],
    refused: ['b', 'CIDR "10.0.0.20/30" in pool "b" overlaps with already defined CIDR "10.0.0.20/32"'],
  },
  {
    what: 'a name that was there',
    pools: [pool('a', ['10.0.0.0/24']), pool('a', ['10.0.1.0/24'])],
    refused: ['a', 'duplicate definition of pool "a"'],
  },
])('refused is $what', ({ pools, refused }) => {
  expect([...parsePools(pools).refused]).toEqual([refused]);
});

test('a refused pool takes nothing: the next one may have the rest of its addresses', () => {
  const set = parsePools([pool('a', ['10.0.0.0/24']), pool('b', ['10.0.1.0/24', '10.0.0.0/25']), pool('c', ['10.0.1.0/24'])]);
  expect([...set.pools.keys()]).toEqual(['a', 'c']);
});

test('pinned pools are tried by priority, then by name, 0 last; those without autoAssign are not tried', () => {
  const pinned = (name: string, block: number, priority?: number): IPAddressPool =>
    pool(name, [`10.0.${block}.0/24`], { serviceAllocation: priority === undefined ? {} : { priority } });
  const set = parsePools([
    pinned('e', 0),
    pinned('a', 1, 0),
    pinned('d', 2, 5),
    pinned('c', 3, 5),
    pinned('b', 4, 100),
    pinned('f', 5, -1),
    pool('z', ['10.0.6.0/24']),
    pool('y', ['10.0.7.0/24']),
    pool('x', ['10.0.8.0/24'], { autoAssign: false }),
    pool('w', ['10.0.9.0/24'], { autoAssign: false, serviceAllocation: { priority: 1 } }),
  ]);
  expect(set.pinned.map(({ name }) => name)).toEqual(['f', 'c', 'd', 'b', 'a', 'e']);
  expect(set.open.map(({ name }) => name)).toEqual(['y', 'z']);
});

test('an address that avoidBuggyIPs leaves out has no owner', () => {
  const set = parsePools([pool('a', ['10.0.0.0/24'], { avoidBuggyIPs: true })]);
  expect(['10.0.0.0', '10.0.0.1', '10.0.0.255'].map((text) => ownerOf(set, text))).toEqual([undefined, 'a', undefined]);
});

describe('an edit that is refused', () => {
  const before = parsePools([pool('a', ['10.0.0.0/24'], {}, OLD), pool('b', ['10.0.1.0/24'])]);

  test('leaves the pool as it last was', () => {
    const after = parsePools([pool('a', ['10.0.0.0/24'], {}, OLD), pool('b', ['nonsense'], {}, EDITED)], before);
    expect([...after.refused.keys()]).toEqual(['b']);
    expect(ownerOf(after, '10.0.1.1')).toBe('b');
  });

  test('leaves it so over several passes', () => {
    const once = parsePools([pool('b', ['nonsense'], {}, EDITED)], before);
    expect(ownerOf(parsePools([pool('b', ['more nonsense'], {}, { generation: 3 })], once), '10.0.1.1')).toBe('b');
  });

  test('does not outlive the pool: another one of its name starts afresh', () => {
    const after = parsePools([pool('b', ['nonsense'], {}, { uid: 'another' })], before);
    expect(ownerOf(after, '10.0.1.1')).toBeUndefined();
  });

  test('gives way to an older pool that grew over it', () => {
    const after = parsePools([pool('a', ['10.0.0.0/23'], {}, { ...OLD, ...EDITED }), pool('b', ['10.0.1.0/24'])], before);
    expect([...after.refused.keys()]).toEqual(['b']);
    expect(ownerOf(after, '10.0.1.1')).toBe('a');
  });

  test('holds its last addresses against a younger pool', () => {
    const after = parsePools([pool('b', ['nonsense'], {}, EDITED), pool('c', ['10.0.1.0/25'])], before);
    expect([...after.refused.keys()]).toEqual(['b', 'c']);
    expect(ownerOf(after, '10.0.1.1')).toBe('b');
  });

  test('is not even looked at when nothing changed, and labels are a change', () => {
    const again = (labels: Record<string, string>): PoolSet =>
      parsePools([pool('a', ['10.0.0.0/24'], {}, OLD), pool('b', ['10.0.1.0/24'], {}, { labels, resourceVersion: '7' })], before);
    expect(again({})).toBe(before);
    expect(again({ a: 'b' }).pools.get('b')?.labels).toEqual({ a: 'b' });
    expect(again({ a: 'b' }).pools.get('a')).toBe(before.pools.get('a'));
  });

  test('is forgotten with the pool', () => {
    expect(ownerOf(parsePools([], before), '10.0.1.1')).toBeUndefined();
  });
});

test('whatever the pools, no two in use overlap, each is used or refused, and the order of the list does not matter', () => {
  const anyPool = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    age: fc.integer({ min: 0, max: 2 }),
    addresses: fc.array(fc.tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 26, max: 32 })), { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(anyPool, { selector: ({ name }) => name }), (drawn) => {
      const objects = drawn.map(({ name, age, addresses }) =>
        pool(
          name,
          addresses.map(([low, length]) => `10.0.0.${low}/${length}`),
          {},
          { creationTimestamp: `2026-01-0${age + 1}T00:00:00Z` },
        ),
      );
      const set = parsePools(objects);
      const used = [...set.pools.values()].flatMap(poolPrefixes);
      for (const [index, prefix] of used.entries())
        expect(used.slice(index + 1).filter((other) => prefixesOverlap(prefix, other))).toEqual([]);
      for (const { metadata } of objects) expect(set.pools.has(metadata.name)).toBe(!set.refused.has(metadata.name));
      const turned = parsePools(objects.reverse());
      expect([...turned.pools.values()].flatMap(poolPrefixes).map(formatPrefix)).toEqual(used.map(formatPrefix));
    }),
  );
});
