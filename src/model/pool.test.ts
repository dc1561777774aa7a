import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pool } from '../../test/support/objects.ts';
import type { IPAddressPool, IPAddressPoolSpec } from '../crds/ip-address-pool.ts';
import { formatPrefix, parseAddress } from '../lib/ip.ts';
import type { TextMap } from '../lib/json.ts';
import { leavesOut, type Pool, parsePool, poolAccepts, poolPrefixes } from './pool.ts';

function parsed(addresses: readonly string[], spec: Partial<IPAddressPoolSpec> = {}): Pool {
  const result = parsePool(pool('p', addresses, spec));
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

test.each<{ addresses: string[]; prefixes: string[] }>([
  { addresses: ['10.0.0.0/24'], prefixes: ['10.0.0.0/24'] },
  { addresses: ['192.168.1.5/24'], prefixes: ['192.168.1.0/24'] },
  { addresses: ['192.168.1.240-192.168.1.250'], prefixes: ['192.168.1.240/29', '192.168.1.248/31', '192.168.1.250/32'] },
  { addresses: ['  10.0.0.1 -  10.0.0.1 '], prefixes: ['10.0.0.1/32'] },
  { addresses: ['2001:db8::1-2001:db8::2'], prefixes: ['2001:db8::1/128', '2001:db8::2/128'] },
  { addresses: ['10.0.1.0/24', '2001:db8::/64', '10.0.0.0/24'], prefixes: ['10.0.1.0/24', '2001:db8::/64', '10.0.0.0/24'] },
])('$addresses stands for $prefixes', ({ addresses, prefixes }) => {
  expect(poolPrefixes(parsed(addresses)).map(formatPrefix)).toEqual(prefixes);
});

test.each<{ addresses: string[]; error: string }>([
  { addresses: [], error: 'pool has no prefixes defined' },
  { addresses: ['10.0.0.1'], error: 'invalid CIDR "10.0.0.1" in pool "p": invalid CIDR "10.0.0.1": no prefix length given' },
  { addresses: ['10.0.0.0/24', 'x/8'], error: 'invalid CIDR "x/8" in pool "p": invalid CIDR "x/8": "x" is not an IP address' },
  {
    addresses: ['10.0.0.0/33'],
    error: 'invalid CIDR "10.0.0.0/33" in pool "p": invalid CIDR "10.0.0.0/33": prefix length 33 is greater than 32',
  },
  { addresses: ['x-10.0.0.2'], error: 'invalid CIDR "x-10.0.0.2" in pool "p": invalid IP range "x-10.0.0.2": invalid start IP "x"' },
  { addresses: ['10.0.0.1-'], error: 'invalid CIDR "10.0.0.1-" in pool "p": invalid IP range "10.0.0.1-": invalid end IP ""' },
  {
    addresses: ['10.0.0.1-10.0.0.2-10.0.0.3'],
    error:
      'invalid CIDR "10.0.0.1-10.0.0.2-10.0.0.3" in pool "p": invalid IP range "10.0.0.1-10.0.0.2-10.0.0.3": invalid end IP "10.0.0.2-10.0.0.3"',
  },
  {
    addresses: ['10.0.0.2-10.0.0.1'],
    error:
      'invalid CIDR "10.0.0.2-10.0.0.1" in pool "p": invalid IP range "10.0.0.2-10.0.0.1": start IP "10.0.0.2" is after the end IP "10.0.0.1"',
  },
  {
    addresses: ['10.0.0.1-fc00::1'],
    error:
      'invalid CIDR "10.0.0.1-fc00::1" in pool "p": invalid IP range "10.0.0.1-fc00::1": start IP "10.0.0.1" and end IP "fc00::1" are of different families',
  },
])('$addresses is refused', ({ addresses, error }) => {
  expect(parsePool(pool('p', addresses))).toEqual({ ok: false, error: `parsing address pool p: ${error}` });
});

test.each<{ serviceAllocation: NonNullable<IPAddressPoolSpec['serviceAllocation']>; error: string }>([
  { serviceAllocation: { namespaces: ['a', 'b', 'a'] }, error: 'duplicate definition in namespaces field' },
  { serviceAllocation: { namespaceSelectors: [{}, {}] }, error: 'duplicate definition of namespaceSelectors ""' },
  { serviceAllocation: { serviceSelectors: [{}, {}] }, error: 'duplicate definition of serviceSelectors ""' },
  {
    serviceAllocation: { namespaceSelectors: [{ matchLabels: { 'a b': '' } }] },
    error: 'invalid namespace label selector "a b=" in ip pool p: key "a b": name part must consist of',
  },
  {
    serviceAllocation: { serviceSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Is' }] }] },
    error: 'invalid service label selector "a Is ()" in ip pool p: "Is" is not a valid label selector operator',
  },
])('$serviceAllocation is refused', ({ serviceAllocation, error }) => {
  const result = parsePool(pool('p', ['10.0.0.0/24'], { serviceAllocation }));
  expect(result.ok ? 'taken' : result.error).toContain(`parsing address pool p: ${error}`);
});

/** A pool with any spec that a server without our CRD might give. */
function odd(spec: unknown): IPAddressPool {
  return { ...pool('p', []), spec } as unknown as IPAddressPool;
}

const ADDRESSES = ['10.0.0.0/24'];
test.each<{ spec: unknown; fault: string }>([
  { spec: undefined, fault: 'it is not an object' },
  { spec: null, fault: 'it is not an object' },
  { spec: [], fault: 'it is not an object' },
  { spec: {}, fault: 'addresses is missing' },
  { spec: { addresses: null }, fault: 'addresses is not a list of texts' },
  { spec: { addresses: '10.0.0.0/24' }, fault: 'addresses is not a list of texts' },
  { spec: { addresses: ['10.0.0.0/24', 1] }, fault: 'addresses[1] is not a text' },
  { spec: { addresses: ADDRESSES, autoAssign: 'yes' }, fault: 'autoAssign is not true or false' },
  { spec: { addresses: ADDRESSES, avoidBuggyIPs: 0 }, fault: 'avoidBuggyIPs is not true or false' },
  { spec: { addresses: ADDRESSES, serviceAllocation: null }, fault: 'serviceAllocation is not an object' },
  { spec: { addresses: ADDRESSES, serviceAllocation: { priority: 1.5 } }, fault: 'serviceAllocation.priority is not a whole number' },
  { spec: { addresses: ADDRESSES, serviceAllocation: { namespaces: {} } }, fault: 'serviceAllocation.namespaces is not a list of texts' },
  {
    spec: { addresses: ADDRESSES, serviceAllocation: { serviceSelectors: [{}, null] } },
    fault: 'serviceAllocation.serviceSelectors[1] is not an object',
  },
  {
    spec: { addresses: ADDRESSES, serviceAllocation: { namespaceSelectors: [{ matchLabels: { a: 1 } }] } },
    fault: 'serviceAllocation.namespaceSelectors[0].matchLabels.a is not a text',
  },
  {
    spec: { addresses: ADDRESSES, serviceAllocation: { namespaceSelectors: [{ matchLabels: [] }] } },
    fault: 'serviceAllocation.namespaceSelectors[0].matchLabels is not an object of texts',
  },
  {
    spec: { addresses: ADDRESSES, serviceAllocation: { serviceSelectors: [{ matchExpressions: [{ key: 'a' }] }] } },
    fault: 'serviceAllocation.serviceSelectors[0].matchExpressions[0].operator is missing',
  },
  {
    spec: { addresses: ADDRESSES, serviceAllocation: { serviceSelectors: [{ matchExpressions: {} }] } },
    fault: 'serviceAllocation.serviceSelectors[0].matchExpressions is not a list of objects',
  },
])('a spec that no CRD of ours lets pass is refused: $fault', ({ spec, fault }) => {
  expect(parsePool(odd(spec))).toEqual({
    ok: false,
    error: `parsing address pool p: the spec is not as the CRD defines it: ${fault}`,
  });
});

test('no spec makes it throw', () => {
  const selectors = fc.oneof(fc.jsonValue(), fc.array(fc.record({ matchLabels: fc.jsonValue(), matchExpressions: fc.jsonValue() })));
  const allocation = fc.record({ namespaces: fc.jsonValue(), namespaceSelectors: selectors, serviceSelectors: selectors });
  const addresses = fc.oneof(fc.jsonValue(), fc.constant(ADDRESSES));
  const near = fc.record({ addresses, serviceAllocation: fc.oneof(fc.jsonValue(), allocation) }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), near), (spec) => {
      expect(typeof parsePool(odd(spec)).ok).toBe('boolean');
    }),
  );
});

test('a pool without a name is refused, and what is absent has its default', () => {
  expect(parsePool(pool('', ['10.0.0.0/24']))).toEqual({ ok: false, error: 'parsing address pool : missing pool name' });
  expect(parsed(['10.0.0.0/24'])).toMatchObject({ autoAssign: true, avoidBuggyIPs: false, pinnedTo: undefined });
  expect(parsed(['10.0.0.0/24'], { serviceAllocation: {} }).pinnedTo).toMatchObject({ priority: 0, namespaces: [] });
});

test.each<{
  allocation: NonNullable<IPAddressPoolSpec['serviceAllocation']>;
  namespace?: string;
  namespaceLabels?: TextMap;
  labels?: TextMap;
  taken: boolean;
}>([
  { allocation: {}, taken: true },
  { allocation: { priority: 7 }, taken: true },
  { allocation: { namespaces: ['a'] }, namespace: 'a', taken: true },
  { allocation: { namespaces: ['a'] }, namespace: 'b', taken: false },
  {
    allocation: { namespaces: ['a'], namespaceSelectors: [{ matchLabels: { t: '1' } }] },
    namespace: 'b',
    namespaceLabels: { t: '1' },
    taken: true,
  },
  { allocation: { namespaceSelectors: [{ matchLabels: { t: '1' } }] }, taken: false }, // no namespace matches: closed, not open
  { allocation: { serviceSelectors: [{ matchLabels: { s: '1' } }] }, labels: { s: '1' }, taken: true },
  { allocation: { serviceSelectors: [{ matchLabels: { s: '1' } }] }, labels: { s: '2' }, taken: false },
  { allocation: { namespaces: ['a'], serviceSelectors: [{ matchLabels: { s: '1' } }] }, namespace: 'a', taken: false }, // both must pass
  { allocation: { namespaces: ['a'], serviceSelectors: [{}] }, namespace: 'a', taken: true },
])('$allocation takes a Service of $namespace: $taken', ({ allocation, namespace = 'x', namespaceLabels = {}, labels = {}, taken }) => {
  expect(poolAccepts(parsed(['10.0.0.0/24'], { serviceAllocation: allocation }), { namespace, namespaceLabels, labels })).toBe(taken);
});

test.each<{ address: string; left: boolean }>([
  { address: '10.0.0.0', left: true },
  { address: '10.0.0.255', left: true },
  { address: '10.0.0.1', left: false },
  { address: '10.0.255.1', left: false },
  { address: '2001:db8::', left: false },
  { address: '2001:db8::ff', left: false },
])('avoidBuggyIPs leaves out $address: $left', ({ address, left }) => {
  const asked = parseAddress(address) ?? { family: 'IPv4', value: 1n };
  expect(leavesOut(parsed(['10.0.0.0/16'], { avoidBuggyIPs: true }), asked)).toBe(left);
  expect(leavesOut(parsed(['10.0.0.0/16']), asked)).toBe(false);
});
