import { beforeAll, describe, expect, test } from '@jest/globals';
import { facts, pool } from '../../../test/support/objects.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { Family, IpAddress } from '../../lib/ip.ts';
import { parsePools } from '../pool-set.ts';
import { type Claim, claimOf } from './claim.ts';
import { AllocationTable } from './table.ts';

const ANYBODY = { namespace: 'default', namespaceLabels: {}, labels: {} };

/** The work of `act`, counted in look-ups of maps: each step in a tree, each Service and each address that is looked at costs one. */
function stepsOf(act: () => void): number {
  const { get } = Map.prototype;
  let steps = 0;
  Map.prototype.get = function (key) {
    steps++;
    return get.call(this, key);
  };
  try {
    act();
  } finally {
    Map.prototype.get = get;
  }
  return steps;
}

const plain = (name: string): Claim => ({ service: `default/${name}`, uid: name, ports: ['TCP/80'], sharing: '' });

function take(table: AllocationTable, claim: Claim, family: Family = 'IPv4'): IpAddress | undefined {
  const address = table.firstFor(claim, 'p', family);
  const taken = address === undefined || table.assign(claim, [address], ANYBODY).ok;
  if (!taken) throw new Error('what was offered is refused');
  return address;
}

/** Ranges of 16 addresses, every second one of a /12. */
const RANGES = Array.from({ length: 8_000 }, (_, index) => {
  const [high, low] = [16 + (index >> 11), (index >> 3) & 0xff];
  return `172.${high}.${low}.${(index & 7) * 32}-172.${high}.${low}.${(index & 7) * 32 + 15}`;
});

describe.each<{ what: string; of: IPAddressPool; family: Family; inUse: number }>([
  { what: 'a /8 without .0 and .255', of: pool('p', ['10.0.0.0/8'], { avoidBuggyIPs: true }), family: 'IPv4', inUse: 100_000 },
  { what: 'a /64', of: pool('p', ['2001:db8::/64']), family: 'IPv6', inUse: 100_000 },
  { what: 'eight thousand ranges', of: pool('p', RANGES, { avoidBuggyIPs: true }), family: 'IPv4', inUse: 20_000 },
])('$what with $inUse addresses in use', ({ of, family, inUse }) => {
  const table = new AllocationTable();
  let heap = 0;
  beforeAll(() => {
    table.setPools(parsePools([of]));
    const before = process.memoryUsage().heapUsed;
    for (let number = 0; number < inUse; number++) take(table, plain(String(number)), family);
    heap = process.memoryUsage().heapUsed - before;
    // One that is free again amid all others.
    table.release(`default/${inUse / 2}`);
  });

  test('finds, gives and takes in a few steps', () => {
    const steps = [
      stepsOf(() => table.firstFor(plain('new'), 'p', family)),
      stepsOf(() => take(table, plain('new'), family)),
      stepsOf(() => take(table, plain('next'), family)),
      stepsOf(() => table.release('default/new')),
      stepsOf(() => table.release('default/next')),
    ];
    // A /64 is 13 levels deep.
    expect(Math.max(...steps)).toBeLessThan(80);
  });

  test('takes memory for what is in use, not for what the pool has', () => {
    expect(heap / inUse).toBeLessThan(2_500);
  });
});

describe('thousands of Services of one sharing key', () => {
  const sharer = (name: string, ports: readonly number[]): Claim =>
    claimOf(facts({ name, annotations: { 'metallb.io/allow-shared-ip': 'k' }, spec: { ports: ports.map((port) => ({ port })) } }));

  test.each<{ what: string; many: number; portsOf: (number: number) => readonly number[]; addresses: bigint }>([
    { what: 'each of another port share one address', many: 10_000, portsOf: (number) => [1 + number], addresses: 1n },
    { what: 'all of one port have an address each', many: 10_000, portsOf: () => [80], addresses: 10_000n },
    { what: 'of a hundred ports fill twenty addresses', many: 2_000, portsOf: (number) => [number % 100], addresses: 20n },
    {
      what: 'of two ports in turn and of both',
      many: 3_000,
      portsOf: (number) => [[80], [443], [80, 443]][number % 3] ?? [],
      addresses: 2_000n,
    },
  ])('$what', ({ many, portsOf, addresses }) => {
    const table = new AllocationTable();
    table.setPools(parsePools([pool('p', ['10.0.0.0/16'])]));
    const steps = stepsOf(() => {
      for (let number = 0; number < many; number++) take(table, sharer(String(number), portsOf(number)));
    });
    expect(table.counters('p', 'IPv4')?.inUse).toBe(addresses);
    expect(steps / many).toBeLessThan(200);
    // One that gives up its port makes room for the next of that port, wherever that is.
    const [freed] = table.holdingOf('default/2')?.addresses ?? [];
    table.release('default/2');
    expect(take(table, sharer('new', portsOf(2)))).toEqual(freed);
  });

  test('are given up as quickly', () => {
    const table = new AllocationTable();
    table.setPools(parsePools([pool('p', ['10.0.0.0/16'])]));
    const many = 3_000;
    for (let number = 0; number < many; number++) take(table, sharer(String(number), [80]));
    const steps = stepsOf(() => {
      for (let number = many - 1; number >= 0; number--) {
        table.release(`default/${number}`);
        table.firstFor(sharer('new', [80]), 'p', 'IPv4');
      }
    });
    expect(steps / many).toBeLessThan(200);
    expect([table.counters('p', 'IPv4')?.inUse, table.holdingOf('default/0')]).toEqual([0n, undefined]);
  });
});
