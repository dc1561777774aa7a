import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatPrefix, type IpAddress, type Prefix, parseAddress, parsePrefix, prefixContains, prefixesOverlap, prefixOf } from './ip.ts';
import { PrefixMap } from './prefix-map.ts';

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

describe('a map of prefixes', () => {
  const map = new PrefixMap<string>();
  for (const text of ['10.0.2.0/24', '10.0.0.0/24', '2001:db8::/64', '10.0.1.5/32']) expect(map.add(prefix(text), text)).toBeUndefined();

  test.each<{ asked: string; held: string | undefined }>([
    { asked: '10.0.0.0', held: '10.0.0.0/24' },
    { asked: '10.0.0.255', held: '10.0.0.0/24' },
    { asked: '10.0.1.4', held: undefined },
    { asked: '10.0.1.5', held: '10.0.1.5/32' },
    { asked: '10.0.1.6', held: undefined },
    { asked: '10.0.3.0', held: undefined },
    { asked: '9.255.255.255', held: undefined },
    { asked: '2001:db8::ffff:1', held: '2001:db8::/64' },
    { asked: '::a00:1', held: undefined },
  ])('$asked is in $held', ({ asked, held }) => {
    expect(map.find(address(asked))?.value).toBe(held);
  });

  test.each<{ added: string; clash: string }>([
    { added: '10.0.0.128/25', clash: '10.0.0.0/24' },
    { added: '10.0.0.0/16', clash: '10.0.0.0/24' },
    { added: '10.0.1.0/24', clash: '10.0.1.5/32' },
    { added: '10.0.2.0/24', clash: '10.0.2.0/24' },
  ])('$added clashes with $clash', ({ added, clash }) => {
    expect(map.add(prefix(added), 'new')?.value).toBe(clash);
  });
});

test('agrees with a list that is searched from end to end', () => {
  // A narrow corner of the address space, so that overlaps are the rule.
  const anyPrefix = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
    .map(([low, length]) => prefixOf({ family: 'IPv4', value: 0x0a00_0000n + BigInt(low) }, length));
  fc.assert(
    fc.property(fc.array(anyPrefix, { maxLength: 30 }), (prefixes) => {
      const map = new PrefixMap<string>();
      const list: Prefix[] = [];
      for (const added of prefixes) {
        const free = !list.some((other) => prefixesOverlap(other, added));
        expect(map.add(added, formatPrefix(added)) === undefined).toBe(free);
        if (free) list.push(added);
      }
      for (let low = 0n; low < 256n; low++) {
        const asked: IpAddress = { family: 'IPv4', value: 0x0a00_0000n + low };
        expect(map.find(asked)?.prefix).toEqual(list.find((other) => prefixContains(other, asked)));
      }
    }),
    { numRuns: 50 },
  );
});
