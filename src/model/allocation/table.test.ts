import { describe, expect, test } from '@jest/globals';
import { facts, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import { formatAddress, type IpAddress, parseAddress } from '../../lib/ip.ts';
import type { PoolCandidate } from '../pool.ts';
import { parsePools } from '../pool-set.ts';
import { type Claim, claimOf } from './claim.ts';
import { AllocationTable } from './table.ts';

const ANYBODY: PoolCandidate = { namespace: 'default', namespaceLabels: {}, labels: {} };

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function tableOf(...pools: IPAddressPool[]): AllocationTable {
  const table = new AllocationTable();
  table.setPools(parsePools(pools));
  table.drainTouched();
  return table;
}

function sharer(name: string, port: number, options: ServiceOptions = {}): Claim {
  return claimOf(
    facts({ name, annotations: { 'metallb.io/allow-shared-ip': 'key' }, ...options, spec: { ports: [{ port }], ...options.spec } }),
  );
}

function plain(name: string, port = 80): Claim {
  return claimOf(facts({ name, spec: { ports: [{ port }] } }));
}

/** What became of an assignment: the pool, or the refusal. */
function assign(table: AllocationTable, claim: Claim, ...texts: string[]): string {
  const assigned = table.assign(claim, texts.map(address), ANYBODY);
  return assigned.ok ? `pool ${assigned.value.pool}` : assigned.error.message;
}

function first(table: AllocationTable, claim: Claim, name = 'p'): string | undefined {
  const found = table.firstFor(claim, name, 'IPv4');
  return found === undefined ? undefined : formatAddress(found);
}

const P = pool('p', ['10.0.0.0/30', '2001:db8::/126']);

describe('assigning', () => {
  test('an address has one holder, and comes free with it', () => {
    const table = tableOf(P);
    expect(assign(table, plain('a'), '10.0.0.1')).toBe('pool p');
    expect(assign(table, plain('b', 81), '10.0.0.1')).toBe(`can't change sharing key for "default/b", address also in use by default/a`);
    expect(table.release('default/a')?.addresses.map(formatAddress)).toEqual(['10.0.0.1']);
    expect(assign(table, plain('b'), '10.0.0.1')).toBe('pool p');
    expect(table.release('default/a')).toBeUndefined();
  });

  test('what a Service held comes free when it gets something else, and a refusal changes nothing', () => {
    const table = tableOf(P);
    assign(table, plain('a'), '10.0.0.1', '2001:db8::1');
    assign(table, plain('b'), '10.0.0.2');
    expect(assign(table, plain('a'), '10.0.0.2')).toContain('also in use by default/b');
    expect(table.holdersOf(address('10.0.0.1'))).toEqual(['default/a']);
    expect(assign(table, plain('a'), '10.0.0.3', '2001:db8::1')).toBe('pool p');
    expect([table.holdersOf(address('10.0.0.1')), table.holdersOf(address('2001:db8::1'))]).toEqual([[], ['default/a']]);
  });

  test.each<{ pools: IPAddressPool[]; asked: string[]; becomes: string }>([
    { pools: [P], asked: ['10.9.9.9'], becomes: '["10.9.9.9"] is not allowed in config' },
    { pools: [P], asked: ['10.0.0.1', '2001:db8:9::1'], becomes: '["10.0.0.1" "2001:db8:9::1"] is not allowed in config' },
    {
      pools: [P, pool('q', ['2001:db8:1::/64'])],
      asked: ['10.0.0.1', '2001:db8:1::1'],
      becomes: '["10.0.0.1" "2001:db8:1::1"] is not allowed in config',
    },
    { pools: [pool('p', ['10.0.0.0/24'], { avoidBuggyIPs: true })], asked: ['10.0.0.0'], becomes: '["10.0.0.0"] is not allowed in config' },
    {
      pools: [pool('p', ['10.0.0.0/24'], { serviceAllocation: { namespaces: ['other'] } })],
      asked: ['10.0.0.1'],
      becomes: 'pool p not compatible for ip assignment',
    },
    { pools: [pool('p', ['10.0.0.0/24'], { autoAssign: false })], asked: ['10.0.0.1'], becomes: 'pool p' },
  ])('$asked: $becomes', ({ pools, asked, becomes }) => {
    expect(assign(tableOf(...pools), plain('a'), ...asked)).toBe(becomes);
  });
});

test.each<{ what: string; claim: Claim; becomes: string }>([
  { what: 'the same key and another port', claim: sharer('b', 81), becomes: 'pool p' },
  {
    what: 'the same port of another protocol',
    claim: sharer('b', 80, { spec: { ports: [{ port: 80, protocol: 'UDP' }] } }),
    becomes: 'pool p',
  },
  { what: 'another namespace', claim: sharer('b', 81, { namespace: 'other' }), becomes: 'pool p' },
  { what: 'the same port', claim: sharer('b', 80), becomes: 'port TCP/80 is already in use on "10.0.0.1"' },
  { what: 'no key', claim: plain('b', 81), becomes: `can't change sharing key for "default/b", address also in use by default/a` },
  {
    what: 'another key',
    claim: sharer('b', 81, { annotations: { 'metallb.io/allow-shared-ip': 'other' } }),
    becomes: `can't change sharing key for "default/b", address also in use by default/a`,
  },
  {
    what: 'the policy Local beside Cluster',
    claim: sharer('b', 81, { spec: { ports: [{ port: 81 }], externalTrafficPolicy: 'Local', selector: { app: 'x' } } }),
    becomes: `can't change sharing key for "default/b", address also in use by default/a`,
  },
  {
    what: 'the policy Local without a selector beside Cluster',
    claim: sharer('b', 81, { spec: { ports: [{ port: 81 }], externalTrafficPolicy: 'Local' } }),
    becomes: `can't change sharing key for "default/b", address also in use by default/a`,
  },
])('sharing with $what: $becomes', ({ claim, becomes }) => {
  const table = tableOf(P);
  assign(table, sharer('a', 80), '10.0.0.1');
  expect(assign(table, claim, '10.0.0.1')).toBe(becomes);
});

test('Local shares with Local of the same selector, in whatever order it is written', () => {
  const local = (name: string, port: number, selector: Record<string, string>): Claim =>
    sharer(name, port, { spec: { ports: [{ port }], externalTrafficPolicy: 'Local', selector } });
  const table = tableOf(P);
  assign(table, local('a', 80, { app: 'x', tier: 'y' }), '10.0.0.1');
  expect(assign(table, local('b', 81, { tier: 'y', app: 'x' }), '10.0.0.1')).toBe('pool p');
  expect(assign(table, local('c', 82, { app: 'x' }), '10.0.0.1')).toBe(
    `can't change sharing key for "default/c", address also in use by default/a,default/b`,
  );
});

test('the only holder may change its key; one of several may not', () => {
  const table = tableOf(P);
  assign(table, sharer('a', 80), '10.0.0.1');
  expect(assign(table, plain('a'), '10.0.0.1')).toBe('pool p');
  expect(assign(table, sharer('b', 81), '10.0.0.1')).toContain(`can't change sharing key`);
  assign(table, sharer('a', 80), '10.0.0.1');
  assign(table, sharer('b', 81), '10.0.0.1');
  expect(assign(table, plain('a'), '10.0.0.1')).toBe(`can't change sharing key for "default/a", address also in use by default/b`);
});

test('automatic choice takes the first address that is free or can be shared', () => {
  const table = tableOf(P);
  assign(table, plain('x'), '10.0.0.0');
  assign(table, sharer('a', 80), '10.0.0.2');
  expect(first(table, sharer('b', 81))).toBe('10.0.0.1');
  assign(table, plain('y'), '10.0.0.1');
  expect(first(table, sharer('b', 81))).toBe('10.0.0.2');
  expect(first(table, sharer('b', 80))).toBe('10.0.0.3');
  assign(table, plain('z'), '10.0.0.3');
  expect([first(table, sharer('b', 81)), first(table, sharer('b', 80)), first(table, plain('b', 81))]).toEqual([
    '10.0.0.2',
    undefined,
    undefined,
  ]);
  table.release('default/a');
  expect(first(table, plain('b'))).toBe('10.0.0.2');
});

describe('what a Service is leaving', () => {
  /** A Service whose status names addresses that it has just given up. */
  function leaver(claim: Claim, ...texts: string[]): AllocationTable {
    const table = tableOf(P);
    assign(table, claim, ...texts);
    table.state(claim.service, claim.uid, texts.map(address));
    table.release(claim.service);
    return table;
  }

  test('is the first that it gets again, also when a lower one is free', () => {
    const table = leaver(plain('a'), '10.0.0.2');
    expect([first(table, plain('a')), first(table, plain('b'))]).toEqual(['10.0.0.2', '10.0.0.0']);
    expect(assign(table, plain('a'), '10.0.0.2')).toBe('pool p');
    expect(table.holdersOf(address('10.0.0.2'))).toEqual(['default/a']);
  });

  test('is not offered when another holder may not share it, nor from another pool', () => {
    const table = leaver(sharer('a', 80), '10.0.0.2');
    assign(table, sharer('b', 81), '10.0.0.2');
    expect([first(table, sharer('a', 80)), first(table, sharer('a', 81)), first(table, plain('a'))]).toEqual([
      '10.0.0.2',
      '10.0.0.0',
      '10.0.0.0',
    ]);
    table.setPools(parsePools([P, pool('q', ['10.1.0.0/30'])]));
    expect(first(table, sharer('a', 80), 'q')).toBe('10.1.0.0');
  });

  test("is another Service's when the name has gone to one", () => {
    const table = leaver(plain('a'), '10.0.0.2');
    table.state('default/a', 'another', []);
    expect(first(table, plain('a'))).toBe('10.0.0.0');
  });
});

describe('adopting', () => {
  test('what the first holder has, a second one that may not share it does not get', () => {
    const table = tableOf(P);
    expect(table.adopt(plain('old'), [address('10.0.0.1')], 'p').ok).toBe(true);
    expect(table.adopt(plain('young'), [address('10.0.0.1')], 'p')).toMatchObject({ ok: false, error: { reason: 'AddressInUse' } });
    expect(table.holdersOf(address('10.0.0.1'))).toEqual(['default/old']);
  });

  test('an address of no pool is held all the same, and counts when a pool has it later', () => {
    const table = tableOf();
    table.adopt(plain('a'), [address('10.0.0.1')], 'p');
    expect(table.counters('p', 'IPv4')).toBeUndefined();
    table.setPools(parsePools([P]));
    expect(table.counters('p', 'IPv4')).toEqual({ capacity: 4n, inUse: 1n });
    expect(assign(table, plain('b'), '10.0.0.1')).toContain('also in use by default/a');
  });

  test('an address that another load balancer gave out is in use', () => {
    const table = tableOf(P);
    table.holdForeign('default/cloud', 'u', [address('10.0.0.0')]);
    expect(first(table, sharer('a', 80))).toBe('10.0.0.1');
    expect(table.counters('p', 'IPv4')?.inUse).toBe(1n);
    expect(assign(table, sharer('a', 80), '10.0.0.0')).toContain('also in use by default/cloud');
    table.release('default/cloud');
    expect(first(table, sharer('a', 80))).toBe('10.0.0.0');
  });

  test('an address that another load balancer gives out as well stays with who has it, and is given to nobody else', () => {
    const table = tableOf(P);
    assign(table, sharer('a', 80), '10.0.0.0');
    table.holdForeign('default/cloud', 'u', [address('10.0.0.0')]);
    expect(assign(table, sharer('a', 80), '10.0.0.0')).toBe('pool p');
    expect(assign(table, sharer('a', 90), '10.0.0.0', '2001:db8::1')).toBe('pool p');
    expect(assign(table, sharer('b', 81), '10.0.0.0')).toContain('also in use by default/a,default/cloud');
    expect(first(table, sharer('b', 81))).toBe('10.0.0.1');
  });
});

test('a pool lists its holders in the order in which it gives addresses out, as far as is asked', () => {
  const table = tableOf(P);
  assign(table, plain('z'), '10.0.0.3', '2001:db8::1');
  assign(table, sharer('b', 81), '10.0.0.1');
  assign(table, sharer('a', 80), '10.0.0.1');
  table.holdForeign('default/cloud', 'u', [address('10.0.0.2')]);
  const listed = (most: number): string[] | undefined =>
    table.allocations('p', most)?.listed.map((each) => `${formatAddress(each.address)} ${each.services.join(' ')}`);
  const all = ['10.0.0.1 default/a default/b', '10.0.0.2 default/cloud', '10.0.0.3 default/z', '2001:db8::1 default/z'];
  expect([listed(100), listed(3), listed(1), listed(0)]).toEqual([all, all.slice(0, 2), ['10.0.0.1 default/a'], []]);
  expect([table.allocations('p', 1)?.total, table.allocations('q', 1)]).toEqual([5, undefined]);
  table.setPools(parsePools([pool('p', ['10.0.0.0/30'], {}, { generation: 2 })]));
  expect(table.allocations('p', 9)?.total).toBe(4);
  table.setPools(table.pools);
  table.release('default/a');
  expect(table.allocations('p', 9)?.total).toBe(3);
});

describe('counters', () => {
  test('an address that several share counts once, and only pools that changed are named', () => {
    const table = tableOf(P, pool('q', ['10.1.0.0/30']));
    assign(table, sharer('a', 80), '10.0.0.1', '2001:db8::1');
    expect(table.drainTouched()).toEqual(['p']);
    assign(table, sharer('b', 81), '10.0.0.1');
    assign(table, sharer('b', 81), '10.0.0.1');
    expect([table.counters('p', 'IPv4')?.inUse, table.counters('p', 'IPv6')?.inUse, table.drainTouched()]).toEqual([1n, 1n, ['p']]);
    table.release('default/a');
    expect([table.counters('p', 'IPv4')?.inUse, table.counters('p', 'IPv6')?.inUse, table.drainTouched()]).toEqual([1n, 0n, ['p']]);
    table.release('default/b');
    expect(table.counters('p', 'IPv4')?.inUse).toBe(0n);
  });

  test('Services are counted once each, in the pool they have their addresses of, but those of others', () => {
    const table = tableOf(P, pool('q', ['10.1.0.0/30']));
    const counts = (): number[] => [table.services('p'), table.services('q')];
    assign(table, plain('a'), '10.0.0.1', '2001:db8::1');
    assign(table, sharer('b', 81), '10.0.0.2');
    assign(table, sharer('c', 82), '10.0.0.2');
    table.holdForeign('default/foreign', 'f', [address('10.0.0.3')]);
    expect([counts(), table.drainTouched()]).toEqual([[3, 0], ['p']]);
    assign(table, sharer('c', 83), '10.0.0.2');
    expect(counts()).toEqual([3, 0]);
    assign(table, sharer('c', 83), '10.1.0.2');
    expect([counts(), table.drainTouched()]).toEqual([
      [2, 1],
      ['p', 'q'],
    ]);
    for (const name of ['a', 'b', 'c', 'foreign']) table.forget(`default/${name}`);
    expect([counts(), table.drainTouched()]).toEqual([
      [0, 0],
      ['p', 'q'],
    ]);
  });

  test('they follow the pools: one that grew keeps its use, one whose addresses moved loses it', () => {
    const before = parsePools([P]);
    const table = new AllocationTable();
    table.setPools(before);
    assign(table, plain('a'), '10.0.0.1');
    const grown = parsePools([pool('p', ['10.0.0.0/24'], {}, { generation: 2 })], before);
    table.setPools(grown);
    expect(table.counters('p', 'IPv4')).toEqual({ capacity: 256n, inUse: 1n });
    table.setPools(parsePools([pool('q', ['10.0.0.0/24'])], grown));
    expect([table.counters('p', 'IPv4'), table.counters('q', 'IPv4')]).toEqual([undefined, { capacity: 256n, inUse: 1n }]);
    table.release('default/a');
    expect(table.counters('q', 'IPv4')?.inUse).toBe(0n);
  });
});

test('easings tell when somebody who waits might succeed, and stay when nothing was given up', () => {
  const table = tableOf(P);
  const grows = (change: () => void): boolean => {
    const before = table.easings;
    change();
    return table.easings > before;
  };
  expect(grows(() => assign(table, sharer('a', 80), '10.0.0.1'))).toBe(false);
  expect(grows(() => assign(table, sharer('a', 80), '10.0.0.1'))).toBe(false);
  expect(grows(() => assign(table, sharer('a', 90), '10.0.0.1'))).toBe(true);
  expect(grows(() => assign(table, sharer('b', 90), '10.0.0.1'))).toBe(false);
  expect(grows(() => assign(table, sharer('a', 90), '10.0.0.2'))).toBe(true);
  expect(grows(() => table.release('default/b'))).toBe(false);
  expect(grows(() => table.release('default/a'))).toBe(true);
  expect(grows(() => table.setPools(parsePools([P])))).toBe(true);
});
