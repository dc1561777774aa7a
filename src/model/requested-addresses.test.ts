import { expect, test } from '@jest/globals';
import { dualStack, facts, IPV6_ONLY } from '../../test/support/objects.ts';
import { formatAddress } from '../lib/ip.ts';
import { type FamilySet, membersOf, serviceFamilies } from './ip-families.ts';
import { requestedAddresses } from './requested-addresses.ts';

const ANNOTATION = 'metallb.io/loadBalancerIPs';

test.each<{ list?: string; spec?: string; addresses: string[]; families: FamilySet }>([
  { spec: '192.0.2.1', addresses: ['192.0.2.1'], families: 'IPv4' },
  { list: '2001:DB8::1', addresses: ['2001:db8::1'], families: 'IPv6' },
  { list: ' 2001:db8::1 , 192.0.2.1', addresses: ['2001:db8::1', '192.0.2.1'], families: 'dual' },
])('$list$spec asks for $addresses', ({ list = '', spec = '', addresses, families }) => {
  const asked = requestedAddresses(facts({ annotations: { [ANNOTATION]: list }, spec: { loadBalancerIP: spec } }));
  expect(asked.ok && asked.value && { ...asked.value, addresses: asked.value.addresses.map(formatAddress) }).toEqual({
    addresses,
    families,
  });
});

test.each<{ list?: string; spec?: string; error: string }>([
  { list: '192.0.2.1', spec: '192.0.2.1', error: 'service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP' },
  { list: '192.0.2.1,x', error: 'invalid metallb.io/loadBalancerIPs: "192.0.2.1,x"' },
  { list: '192.0.2.1,', error: 'invalid metallb.io/loadBalancerIPs: "192.0.2.1,"' },
  { list: ' ', error: 'invalid metallb.io/loadBalancerIPs: " "' },
  { list: '192.0.2.1/32', error: 'invalid metallb.io/loadBalancerIPs: "192.0.2.1/32"' },
  { spec: 'x', error: 'invalid spec.loadBalancerIP "x"' },
  { list: '192.0.2.1,192.0.2.1', error: 'IPFamilyForAddresses: same address family ["192.0.2.1" "192.0.2.1"]' },
  { list: '192.0.2.1,192.0.2.2', error: 'IPFamilyForAddresses: same address family ["192.0.2.1" "192.0.2.2"]' },
  { list: '192.0.2.1,192.0.2.2,::1', error: 'IPFamilyForAddresses: invalid ips length 3 ["192.0.2.1" "192.0.2.2" "::1"]' },
])('$list$spec is refused: $error', ({ list = '', spec = '', error }) => {
  expect(requestedAddresses(facts({ annotations: { [ANNOTATION]: list }, spec: { loadBalancerIP: spec } }))).toEqual({ ok: false, error });
});

test('asking for nothing is fine, and the deprecated annotation asks too', () => {
  expect(requestedAddresses(facts())).toEqual({ ok: true, value: undefined });
  expect(requestedAddresses(facts({ annotations: { 'metallb.universe.tf/loadBalancerIPs': '192.0.2.1' } }))).toMatchObject({
    ok: true,
    value: { families: 'IPv4' },
  });
});

test.each<{ spec: Readonly<Record<string, unknown>>; families: FamilySet }>([
  { spec: {}, families: 'IPv4' },
  { spec: IPV6_ONLY, families: 'IPv6' },
  { spec: dualStack('PreferDualStack'), families: 'dual' },
])('$spec is of $families', ({ spec, families }) => {
  expect(serviceFamilies(facts({ spec }))).toEqual({ ok: true, value: families });
});

test.each<{ clusterIPs: string[]; error: string }>([
  { clusterIPs: ['None'], error: 'IPFamilyForAddresses: Invalid address ["None"]' },
  { clusterIPs: ['10.0.0.1', '10.0.0.2'], error: 'IPFamilyForAddresses: same address family ["10.0.0.1" "10.0.0.2"]' },
])('cluster addresses $clusterIPs have no family', ({ clusterIPs, error }) => {
  expect(serviceFamilies(facts({ spec: { clusterIPs } }))).toEqual({ ok: false, error });
});

test('IPv4 is the first member of both', () => {
  expect([membersOf('dual'), membersOf('IPv6')]).toEqual([['IPv4', 'IPv6'], ['IPv6']]);
});
