import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pool } from '../../../test/support/objects.ts';
import type { IPAddressPoolSpec } from '../../crds/ip-address-pool.ts';
import { type Family, formatAddress, type IpAddress, lastAddress, parseAddress } from '../../lib/ip.ts';
import { leavesOut, type Pool, parsePool, poolPrefixes } from '../pool.ts';
import { AddressEntry } from './address-entry.ts';
import { AddressNumbering } from './address-numbering.ts';
import type { Holding } from './claim.ts';
import { PoolSpace } from './pool-space.ts';

function parsed(addresses: readonly string[], spec: Partial<IPAddressPoolSpec> = {}): Pool {
  const result = parsePool(pool('p', addresses, spec));
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const HOLDER: Holding = { service: 'default/a', uid: 'u', ports: ['TCP/80'], sharing: '', pool: 'p', addresses: [], foreign: false };

/** Lets one Service hold an address. */
function occupy(space: PoolSpace, address: IpAddress): boolean {
  const entry = new AddressEntry(address);
  entry.add(HOLDER);
  return space.occupy(entry);
}

/** Lets the only holder of an address go. */
function vacate(space: PoolSpace, address: IpAddress): boolean {
  return space.vacate(new AddressEntry(address), HOLDER);
}

const firstFree = (space: PoolSpace, family: Family): IpAddress | undefined => space.firstFor(family, HOLDER);

/** All addresses of a pool in the order in which they are to be given out, found the slow way. */
function* walk(from: Pool, family: Family): Generator<IpAddress> {
  for (const prefix of poolPrefixes(from)) {
    if (prefix.address.family !== family) continue;
    for (let value = prefix.address.value; value <= lastAddress(prefix).value; value++) {
      const address = { family, value };
      if (!leavesOut(from, address)) yield address;
    }
  }
}

test.each<{ addresses: string[]; avoidBuggyIPs?: boolean; ipv4: bigint; ipv6: bigint }>([
  { addresses: ['10.0.0.0/24'], ipv4: 256n, ipv6: 0n },
  { addresses: ['10.0.0.0/8'], ipv4: 1n << 24n, ipv6: 0n },
  { addresses: ['2001:db8::/64'], ipv4: 0n, ipv6: 1n << 64n },
  { addresses: ['2001:db8::/64', '2001:db8:1::/120', '10.0.0.1/32'], ipv4: 1n, ipv6: (1n << 64n) + 256n },
  { addresses: ['::/0'], ipv4: 0n, ipv6: 1n << 128n },
  { addresses: ['10.0.0.0/24'], avoidBuggyIPs: true, ipv4: 254n, ipv6: 0n },
  { addresses: ['10.0.0.0/23'], avoidBuggyIPs: true, ipv4: 508n, ipv6: 0n },
  { addresses: ['10.0.0.0/25'], avoidBuggyIPs: true, ipv4: 127n, ipv6: 0n },
  { addresses: ['10.0.0.128/25'], avoidBuggyIPs: true, ipv4: 127n, ipv6: 0n },
  { addresses: ['10.0.0.64/26'], avoidBuggyIPs: true, ipv4: 64n, ipv6: 0n },
  { addresses: ['10.0.0.0/32'], avoidBuggyIPs: true, ipv4: 0n, ipv6: 0n },
  { addresses: ['10.0.0.255/32', '10.0.0.7/32'], avoidBuggyIPs: true, ipv4: 1n, ipv6: 0n },
  { addresses: ['10.0.0.254-10.0.1.1'], avoidBuggyIPs: true, ipv4: 2n, ipv6: 0n },
  { addresses: ['0.0.0.0/0'], avoidBuggyIPs: true, ipv4: 254n << 24n, ipv6: 0n },
  { addresses: ['2001:db8::/120'], avoidBuggyIPs: true, ipv4: 0n, ipv6: 256n },
])('$addresses, avoidBuggyIPs $avoidBuggyIPs: $ipv4 and $ipv6 addresses', ({ addresses, avoidBuggyIPs = false, ipv4, ipv6 }) => {
  const space = new PoolSpace(parsed(addresses, { avoidBuggyIPs }));
  expect(space.counters('IPv4')).toEqual({ capacity: ipv4, inUse: 0n });
  expect(space.counters('IPv6')).toEqual({ capacity: ipv6, inUse: 0n });
});

test.each<{ addresses: string[]; avoidBuggyIPs: boolean; given: string[] }>([
  { addresses: ['10.0.0.0/30'], avoidBuggyIPs: false, given: ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3'] },
  { addresses: ['10.0.9.1/32', '10.0.0.0/31'], avoidBuggyIPs: false, given: ['10.0.9.1', '10.0.0.0', '10.0.0.1'] },
  { addresses: ['10.0.0.254-10.0.1.1'], avoidBuggyIPs: true, given: ['10.0.0.254', '10.0.1.1'] },
  { addresses: ['10.0.0.0/32'], avoidBuggyIPs: true, given: [] },
])('$addresses, avoidBuggyIPs $avoidBuggyIPs, gives out $given', ({ addresses, avoidBuggyIPs, given }) => {
  const space = new PoolSpace(parsed(addresses, { avoidBuggyIPs }));
  const taken: string[] = [];
  for (let free = firstFree(space, 'IPv4'); free !== undefined; free = firstFree(space, 'IPv4')) {
    expect(occupy(space, free)).toBe(true);
    taken.push(formatAddress(free));
  }
  expect(taken).toEqual(given);
  expect(space.counters('IPv4').inUse).toBe(BigInt(given.length));
});

test('an address outside the pool, or left out by it, cannot be occupied', () => {
  const space = new PoolSpace(parsed(['10.0.0.0/24'], { avoidBuggyIPs: true }));
  for (const text of ['10.0.0.0', '10.0.0.255', '10.0.1.1', '2001:db8::1']) {
    const address = parseAddress(text) ?? { family: 'IPv4', value: 0n };
    expect([occupy(space, address), vacate(space, address), space.placeOf(address)]).toEqual([false, false, undefined]);
  }
  expect(space.counters('IPv4').inUse).toBe(0n);
});

test('a huge pool that is in use up to an address gives the one behind it', () => {
  const space = new PoolSpace(parsed(['2001:db8::/64']));
  for (let value = 0n; value < 3000n; value++) occupy(space, { family: 'IPv6', value: (0x2001_0db8n << 96n) + value });
  expect(formatAddress(firstFree(space, 'IPv6') ?? { family: 'IPv6', value: 0n })).toBe('2001:db8::bb8');
});

const smallPool = fc.record({
  addresses: fc.uniqueArray(
    // Blocks of 64 addresses that cannot overlap, around the ends of 256.
    fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 26, max: 32 }), fc.integer({ min: 0, max: 63 })),
    { selector: ([block]) => block, minLength: 1, maxLength: 4 },
  ),
  avoidBuggyIPs: fc.boolean(),
});

test('numbers are the places in the order found the slow way', () => {
  fc.assert(
    fc.property(smallPool, ({ addresses, avoidBuggyIPs }) => {
      const texts = addresses.map(([block, length, low]) => `10.0.${block >> 2}.${(block & 3) * 64 + low}/${length}`);
      const from = parsed(texts, { avoidBuggyIPs });
      const numbering = new AddressNumbering(from, 'IPv4');
      const order = [...walk(from, 'IPv4')];
      expect(numbering.size).toBe(BigInt(order.length));
      for (const [place, address] of order.entries()) {
        expect(numbering.ordinalOf(address)).toBe(BigInt(place));
        expect(numbering.addressAt(BigInt(place))).toEqual(address);
      }
    }),
  );
});

test('the first free address is the one found the slow way', () => {
  fc.assert(
    fc.property(smallPool, fc.array(fc.tuple(fc.boolean(), fc.nat(300))), ({ addresses, avoidBuggyIPs }, steps) => {
      const from = parsed(
        addresses.map(([block, length, low]) => `10.0.${block >> 2}.${(block & 3) * 64 + low}/${length}`),
        { avoidBuggyIPs },
      );
      const space = new PoolSpace(from);
      const order = [...walk(from, 'IPv4')];
      const used = new Set<bigint>();
      for (const [taking, pick] of steps) {
        const address = order[pick % Math.max(order.length, 1)];
        if (address === undefined) continue;
        (taking ? occupy : vacate)(space, address);
        if (taking) used.add(address.value);
        else used.delete(address.value);
        expect(firstFree(space, 'IPv4')).toEqual(order.find(({ value }) => !used.has(value)));
        expect(space.counters('IPv4').inUse).toBe(BigInt(used.size));
      }
    }),
  );
});
