import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dualStack, facts, IPV6_ONLY, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import { formatAddress, type IpAddress } from '../../lib/ip.ts';
import { parsePools } from '../pool-set.ts';
import { annotationOf, type ServiceFacts } from '../service.ts';
import { allocate, allocateAdditional } from './allocate.ts';
import { claimOf } from './claim.ts';
import { AllocationTable } from './table.ts';

function tableOf(pools: readonly IPAddressPool[]): AllocationTable {
  const table = new AllocationTable();
  table.setPools(parsePools(pools));
  return table;
}

/** The addresses that a Service gets, as one text, or the sentence that refuses. */
function outcome(table: AllocationTable, service: ServiceFacts, namespaceLabels: Record<string, string> = {}): string {
  const allocated = allocate(table, service, { namespace: service.namespace, namespaceLabels, labels: service.labels });
  return allocated.ok ? `${allocated.value.pool}: ${allocated.value.addresses.map(formatAddress).join(' ')}` : allocated.error.message;
}

const V4 = pool('v4', ['10.0.0.0/30']);
const V6 = pool('v6', ['2001:db8::/126']);
const BOTH = pool('x-both', ['10.1.0.0/30', '2001:db8:1::/126']);
const EMPTY = pool('empty', ['10.9.0.0/32'], { avoidBuggyIPs: true });
const dual = (ipFamilyPolicy: 'PreferDualStack' | 'RequireDualStack', ...ipFamilies: string[]): ServiceOptions => ({
  spec: { ...dualStack(ipFamilyPolicy), ...(ipFamilies.length > 0 && { ipFamilies }) },
});

describe('automatic choice', () => {
  test.each<{ what: string; pools: IPAddressPool[]; service: ServiceOptions; becomes: string }>([
    { what: 'IPv4', pools: [V6, V4], service: {}, becomes: 'v4: 10.0.0.0' },
    { what: 'IPv6', pools: [V4, V6], service: { spec: IPV6_ONLY }, becomes: 'v6: 2001:db8::' },
    { what: 'a family that no pool has', pools: [V4], service: { spec: IPV6_ONLY }, becomes: 'no available IPs' },
    {
      what: 'of equal pools the first by name',
      pools: [pool('b', ['10.0.1.0/30']), pool('a', ['10.0.2.0/30'])],
      service: {},
      becomes: 'a: 10.0.2.0',
    },
    { what: 'an exhausted pool', pools: [EMPTY, V4], service: {}, becomes: 'v4: 10.0.0.0' },
    { what: 'no autoAssign', pools: [pool('a', ['10.0.1.0/30'], { autoAssign: false })], service: {}, becomes: 'no available IPs' },
    { what: 'both required', pools: [V4, V6, BOTH], service: dual('RequireDualStack'), becomes: 'x-both: 10.1.0.0 2001:db8:1::' },
    { what: 'both required, from two pools', pools: [V4, V6], service: dual('RequireDualStack'), becomes: 'no available IPs' },
    { what: 'both preferred', pools: [V4, V6, BOTH], service: dual('PreferDualStack'), becomes: 'x-both: 10.1.0.0 2001:db8:1::' },
    { what: 'both preferred, one to be had', pools: [V6, V4], service: dual('PreferDualStack'), becomes: 'v4: 10.0.0.0' },
    { what: 'both preferred, IPv6 first', pools: [V4, V6], service: dual('PreferDualStack', 'IPv6', 'IPv4'), becomes: 'v6: 2001:db8::' },
    { what: 'both preferred, only the other', pools: [V4], service: dual('PreferDualStack', 'IPv6', 'IPv4'), becomes: 'v4: 10.0.0.0' },
    {
      what: 'both preferred, of pools with one the first by name',
      pools: [pool('b', ['10.2.0.0/30']), V6, pool('a', ['10.3.0.0/30'])],
      service: dual('PreferDualStack'),
      becomes: 'a: 10.3.0.0',
    },
    {
      what: 'IPv4 first, whatever ipFamilies says',
      pools: [BOTH],
      service: dual('RequireDualStack', 'IPv6', 'IPv4'),
      becomes: 'x-both: 10.1.0.0 2001:db8:1::',
    },
    {
      what: 'headless',
      pools: [V4],
      service: { spec: { clusterIPs: ['None'] } },
      becomes: 'IPFamilyForAddresses: Invalid address ["None"]',
    },
  ])('$what: $becomes', ({ pools, service, becomes }) => {
    expect(outcome(tableOf(pools), facts(service))).toBe(becomes);
  });

  const pinned = (name: string, block: number, serviceAllocation: object): IPAddressPool =>
    pool(name, [`10.0.${block}.0/32`], { serviceAllocation });
  test('pinned pools go first, by priority, as long as they have something', () => {
    const table = tableOf([
      V4,
      pinned('last', 1, {}),
      pinned('second', 2, { priority: 9 }),
      pinned('first', 3, { priority: 2, namespaces: ['default'] }),
    ]);
    const got = ['a', 'b', 'c', 'd'].map((name) => outcome(table, facts({ name })));
    expect(got).toEqual(['first: 10.0.3.0', 'second: 10.0.2.0', 'last: 10.0.1.0', 'v4: 10.0.0.0']);
  });

  test('a pinned pool is only for those it takes', () => {
    const table = tableOf([
      pinned('ns', 1, { namespaceSelectors: [{ matchLabels: { team: 'a' } }] }),
      pinned('svc', 2, { serviceSelectors: [{ matchLabels: { tier: 'web' } }] }),
    ]);
    expect(outcome(table, facts())).toBe('no available IPs');
    expect(outcome(table, facts({ name: 'b' }), { team: 'a' })).toBe('ns: 10.0.1.0');
    expect(outcome(table, facts({ name: 'c', labels: { tier: 'web' } }))).toBe('svc: 10.0.2.0');
  });
});

test.each<{ what: string; annotations: Record<string, string>; service?: ServiceOptions; becomes: string }>([
  { what: 'a pool', annotations: { 'metallb.io/address-pool': 'hidden' }, becomes: 'hidden: 10.2.0.0' },
  { what: 'a pool by the old name', annotations: { 'metallb.universe.tf/address-pool': 'hidden' }, becomes: 'hidden: 10.2.0.0' },
  { what: 'no such pool', annotations: { 'metallb.io/address-pool': 'none' }, becomes: 'unknown pool "none"' },
  {
    what: 'a pool that is refused',
    annotations: { 'metallb.io/address-pool': 'bad' },
    becomes: 'pool "bad" is not in use: parsing address pool bad: pool has no prefixes defined',
  },
  { what: 'an exhausted pool', annotations: { 'metallb.io/address-pool': 'empty' }, becomes: 'no available IPs in pool empty' },
  {
    what: 'a pool without the family',
    annotations: { 'metallb.io/address-pool': 'v4' },
    service: { spec: IPV6_ONLY },
    becomes: 'no available IPs in pool v4 for ipv6 IPFamily',
  },
  {
    what: 'a pool without one family',
    annotations: { 'metallb.io/address-pool': 'v4' },
    service: dual('RequireDualStack'),
    becomes: 'no available IPs in pool v4 for dual IPFamily',
  },
  {
    what: 'a pool with one family, which will do',
    annotations: { 'metallb.io/address-pool': 'v6' },
    service: dual('PreferDualStack'),
    becomes: 'v6: 2001:db8::',
  },
  {
    what: 'a pool of others',
    annotations: { 'metallb.io/address-pool': 'theirs' },
    becomes: 'pool theirs not compatible for ip assignment',
  },
  { what: 'an address', annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.2' }, becomes: 'v4: 10.0.0.2' },
  {
    what: 'an address of a pool without autoAssign',
    annotations: { 'metallb.io/loadBalancerIPs': '10.2.0.1' },
    becomes: 'hidden: 10.2.0.1',
  },
  {
    what: 'an address of no pool',
    annotations: { 'metallb.io/loadBalancerIPs': '10.9.9.9' },
    becomes: '["10.9.9.9"] is not allowed in config',
  },
  {
    what: 'an address of a pool of others',
    annotations: { 'metallb.io/loadBalancerIPs': '10.3.0.1' },
    becomes: 'pool theirs not compatible for ip assignment',
  },
  {
    what: 'another family',
    annotations: { 'metallb.io/loadBalancerIPs': '2001:db8::1' },
    becomes: 'requested loadBalancer IP(s) ["2001:db8::1"] does not match the ipFamily of the service',
  },
  {
    what: 'one address for both families',
    annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.1' },
    service: dual('PreferDualStack'),
    becomes: 'requested loadBalancer IP(s) ["10.0.0.1"] does not match the ipFamily of the service',
  },
  {
    what: 'both families, in whatever order',
    annotations: { 'metallb.io/loadBalancerIPs': '2001:db8:1::3,10.1.0.3' },
    service: dual('RequireDualStack'),
    becomes: 'x-both: 10.1.0.3 2001:db8:1::3',
  },
  {
    what: 'both families, put in the order of their text',
    annotations: { 'metallb.io/loadBalancerIPs': '203.0.113.5,2001:db8:2::5' },
    service: dual('RequireDualStack'),
    becomes: 'late: 2001:db8:2::5 203.0.113.5',
  },
  {
    what: 'addresses of two pools',
    annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.1,2001:db8::1' },
    service: dual('RequireDualStack'),
    becomes: '["10.0.0.1" "2001:db8::1"] is not allowed in config',
  },
  {
    what: 'an address and its pool',
    annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.1', 'metallb.io/address-pool': 'v4' },
    becomes: 'v4: 10.0.0.1',
  },
  {
    what: 'an address and another pool',
    annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.1', 'metallb.io/address-pool': 'v6' },
    becomes: 'requested loadBalancer IP(s) ["10.0.0.1"] is not compatible with requested address pool v6',
  },
  {
    what: 'an address of no pool and a pool',
    annotations: { 'metallb.io/loadBalancerIPs': '10.9.9.9', 'metallb.io/address-pool': 'v6' },
    becomes: '["10.9.9.9"] is not allowed in config',
  },
  { what: 'nonsense', annotations: { 'metallb.io/loadBalancerIPs': 'x' }, becomes: 'invalid metallb.io/loadBalancerIPs: "x"' },
])('asking for $what: $becomes', ({ annotations, service, becomes }) => {
  const table = tableOf([
    V4,
    V6,
    BOTH,
    EMPTY,
    pool('bad', []),
    pool('hidden', ['10.2.0.0/30'], { autoAssign: false }),
    pool('theirs', ['10.3.0.0/30'], { serviceAllocation: { namespaces: ['theirs'] } }),
    pool('late', ['203.0.113.0/24', '2001:db8:2::/64']),
  ]);
  expect(outcome(table, facts({ ...service, annotations }))).toBe(becomes);
});

test('an address of the other family comes from the same pool, or not at all', () => {
  const candidate = { namespace: 'default', namespaceLabels: {}, labels: {} };
  const service = facts(dual('PreferDualStack'));
  const more = (table: AllocationTable, text: IpAddress): string => {
    const one = table.assign(claimOf(service), [text], candidate);
    if (!one.ok) return one.error.message;
    const added = allocateAdditional(table, service, candidate, one.value);
    return added.ok ? added.value.holding.addresses.map(formatAddress).join(' ') : added.error.message;
  };
  expect(more(tableOf([BOTH]), { family: 'IPv4', value: 0x0a01_0002n })).toBe('10.1.0.2 2001:db8:1::');
  expect(more(tableOf([BOTH]), { family: 'IPv6', value: (0x2001_0db8_0001n << 80n) + 1n })).toBe('2001:db8:1::1 10.1.0.0');
  expect(more(tableOf([V4, V6]), { family: 'IPv4', value: 0x0a00_0002n })).toBe('no available IPs in pool v4 for ipv6 IPFamily');
});

/** Services and their addresses, with the rule of sharing and of the first address told the slow way. */
class NaiveTable {
  readonly holders: { readonly service: ServiceFacts; readonly at: string }[] = [];
  readonly #order: readonly string[];

  constructor(order: readonly string[]) {
    this.#order = order;
  }

  allocate(service: ServiceFacts): string | undefined {
    const at = this.#order.find((text) => this.holders.every((holder) => holder.at !== text || mayShare(service, holder.service)));
    if (at !== undefined) this.holders.push({ service, at });
    return at;
  }

  get inUse(): bigint {
    return BigInt(new Set(this.holders.map(({ at }) => at)).size);
  }
}

function mayShare(left: ServiceFacts, right: ServiceFacts): boolean {
  const [key, other] = [left, right].map((service) => annotationOf(service, 'allow-shared-ip'));
  return key !== '' && key === other && !left.ports.some((port) => right.ports.includes(port));
}

test('over any history of arrivals and departures the first address is the one found the slow way', () => {
  const arrival = fc.record({ sharing: fc.constantFrom('', 'k', 'l'), port: fc.integer({ min: 1, max: 3 }) });
  const order = [8, 9, 10, 11, 12, 13, 14, 15, 2, 3].map((low) => `10.0.0.${low}`);
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 2, arbitrary: arrival }, { weight: 1, arbitrary: fc.nat(30) }), { maxLength: 60 }), (steps) => {
      const table = tableOf([pool('p', ['10.0.0.8/29', '10.0.0.2/31'])]);
      const naive = new NaiveTable(order);
      for (const [step, drawn] of steps.entries()) {
        if (typeof drawn === 'number') {
          const [gone] = naive.holders.splice(drawn % Math.max(naive.holders.length, 1), 1);
          if (gone !== undefined) table.release(gone.service.key);
          continue;
        }
        const annotations = { 'metallb.io/allow-shared-ip': drawn.sharing };
        const service = facts({ name: `s${step}`, annotations, spec: { ports: [{ port: drawn.port }] } });
        const at = naive.allocate(service);
        expect(outcome(table, service)).toBe(at === undefined ? 'no available IPs' : `p: ${at}`);
      }
      expect(table.counters('p', 'IPv4')?.inUse).toBe(naive.inUse);
    }),
  );
});
