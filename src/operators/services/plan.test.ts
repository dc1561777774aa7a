import { describe, expect, test } from '@jest/globals';
import { dualStack, facts, IPV6_ONLY, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import { P, type PlanFor, plan, planFor, REQUEST, settled, tableOf, told } from '../../../test/support/service-plans.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { JsonObject } from '../../lib/json.ts';
import { adoptServices } from './adopt.ts';

test('a new Service gets an address, its pool as annotation, one event and one line', () => {
  const made = plan(tableOf(P), {});
  expect(made.write?.addresses).toEqual({ ingress: [{ ip: '10.0.0.0', ipMode: 'VIP' }], pool: 'p' });
  expect(told(made).slice(1)).toEqual([
    'Normal IPAllocated: Assigned IP ["10.0.0.0"]',
    'info ipAllocated IP address assigned by controller',
  ]);
  expect(made.lack).toBeUndefined();
});

describe('what has what it should is left alone', () => {
  test.each<{ what: string; service: ServiceOptions }>([
    { what: 'one address', service: settled(['10.0.0.3']) },
    { what: 'both, in whatever order', service: settled(['2001:db8::2', '10.0.0.3'], { spec: dualStack('RequireDualStack') }) },
    { what: 'the address it asks for', service: settled(['10.0.0.3'], { annotations: { [REQUEST]: '10.0.0.3' } }) },
    {
      what: 'the addresses it asks for in another order',
      service: settled(['10.0.0.3', '2001:db8::2'], {
        spec: dualStack('RequireDualStack'),
        annotations: { [REQUEST]: '2001:db8::2,10.0.0.3' },
      }),
    },
    { what: 'a pool it asks for', service: settled(['10.0.0.3'], { annotations: { 'metallb.universe.tf/address-pool': 'p' } }) },
    { what: 'no load balancer', service: { spec: { type: 'ClusterIP' } } },
    { what: 'an address by another class', service: { ips: ['10.0.0.3'], spec: { loadBalancerClass: 'x' } } },
  ])('$what', ({ service }) => {
    const table = tableOf(P);
    expect(told(plan(table, service))).toEqual(['no write']);
    expect(told(plan(table, service))).toEqual(['no write']);
  });

  test('an entry without a mode means VIP, another mode is not ours', () => {
    const service = facts(settled(['10.0.0.3']));
    const withMode = (ipMode: string | undefined): PlanFor =>
      planFor(tableOf(P), { ...service, ingress: [{ ip: '10.0.0.3', ipMode, foreign: false }] });
    expect([undefined, 'VIP', 'Proxy'].map((mode) => told(withMode(mode)))).toEqual([['no write'], ['no write'], ['write p 10.0.0.3']]);
  });
});

const failed = (message: string): string => `Warning AllocationFailed: Failed to allocate IP for "default/web": ${message}`;
const FAILED = 'error allocateIPs IP allocation failed';
test.each<{ what: string; pools?: IPAddressPool[]; service: ServiceOptions; says: string[] }>([
  {
    what: 'without any pool',
    pools: [],
    service: {},
    says: ['write False NoPool', failed('no IPAddressPool is defined'), 'debug clearAssignment pools are empty'],
  },
  {
    what: 'without any pool loses its address',
    pools: [],
    service: settled(['10.0.0.1']),
    says: [
      'write -',
      failed('no IPAddressPool is defined'),
      'debug clearAssignment pools are empty',
      'info serviceUpdated removed loadbalancer from service, services will be reprocessed',
    ],
  },
  {
    what: 'without cluster addresses',
    service: { spec: { clusterIP: '', clusterIPs: [] } },
    says: ['write False InvalidRequest', 'info clearAssignment No ClusterIPs'],
  },
  {
    what: 'with both families required and one at hand',
    service: { spec: { ipFamilyPolicy: 'RequireDualStack' } },
    says: [
      'write False InvalidRequest',
      'Warning not enough clusterips: Service requires dual stack but not enough clusterips [10.96.0.10]',
      'error clearAssignment Service requires dual stack but not enough clusterips',
    ],
  },
  {
    what: 'with a headless one',
    service: { spec: { clusterIPs: ['None'] } },
    says: ['write False InvalidRequest', failed('IPFamilyForAddresses: Invalid address ["None"]'), FAILED],
  },
  {
    what: 'of a pool that is not there',
    service: { annotations: { 'metallb.io/address-pool': 'q' } },
    says: ['write False NoPool', failed('unknown pool "q"'), FAILED],
  },
  {
    what: 'with an address of no pool',
    service: { annotations: { [REQUEST]: '10.9.9.9' } },
    says: ['write False InvalidRequest', failed('["10.9.9.9"] is not allowed in config'), FAILED],
  },
  {
    what: 'with an address of another family',
    service: { annotations: { [REQUEST]: '2001:db8::1' } },
    says: [
      'write False InvalidRequest',
      failed('requested loadBalancer IP(s) ["2001:db8::1"] does not match the ipFamily of the service'),
      FAILED,
    ],
  },
  {
    what: 'with one address twice',
    service: { annotations: { [REQUEST]: '10.0.0.1,10.0.0.1' } },
    says: ['write False InvalidRequest', failed('IPFamilyForAddresses: same address family ["10.0.0.1" "10.0.0.1"]'), FAILED],
  },
  {
    what: 'with nonsense',
    service: { annotations: { [REQUEST]: 'x' } },
    says: ['write False InvalidRequest', failed('invalid metallb.io/loadBalancerIPs: "x"'), FAILED],
  },
  {
    what: 'with both ways of asking',
    service: { annotations: { [REQUEST]: '10.0.0.1' }, spec: { loadBalancerIP: '10.0.0.1' } },
    says: [
      'write False InvalidRequest',
      failed('service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP'),
      FAILED,
    ],
  },
])('$what', ({ pools = [P], service, says }) => {
  const made = plan(tableOf(...pools), service);
  expect(told(made)).toEqual(says);
  expect(made.lack?.cause.message).toBeDefined();
});

test('says so once, and again when the cause is another', () => {
  const table = tableOf(pool('p', ['10.0.0.0/32']));
  plan(table, { name: 'other' });
  const first = plan(table, {});
  expect(told(first)).toEqual(['write False PoolExhausted', failed('no available IPs'), FAILED]);
  const conditions = [first.write?.condition ?? {}] as readonly JsonObject[];
  const second = plan(table, { conditions }, { lastLack: first.lack });
  expect(told(second)).toEqual(['no write']);
  expect(second.lack).toEqual(first.lack);
  const third = plan(table, { conditions, annotations: { 'metallb.io/address-pool': 'p' } }, { lastLack: second.lack });
  expect(told(third)).toEqual(['write False PoolExhausted', failed('no available IPs in pool p'), FAILED]);
});

const CLEARING = 'info clearAssignment current IP not allowed by config, clearing';
const rejected = (why: string): string =>
  `Normal ClearAssignment: current IP for "default/web" not allowed by config, will attempt for new IP assignment: ${why}`;
const got = (ips: string): string[] => [`Normal IPAllocated: Assigned IP [${ips}]`];
const ALLOCATED = 'info ipAllocated IP address assigned by controller';
test.each<{ what: string; pools?: IPAddressPool[]; service: ServiceOptions; says: string[] }>([
  {
    what: 'of no pool',
    service: settled(['10.9.9.9']),
    says: ['write p 10.0.0.0', rejected('["10.9.9.9"] is not allowed in config'), ...got('"10.0.0.0"'), CLEARING, ALLOCATED],
  },
  {
    what: 'of a pool that takes others',
    pools: [P, pool('q', ['10.1.0.0/30'], { serviceAllocation: { namespaces: ['x'] } })],
    service: settled(['10.1.0.1'], {}, 'q'),
    says: ['write p 10.0.0.0', rejected('pool q not compatible for ip assignment'), ...got('"10.0.0.0"'), CLEARING, ALLOCATED],
  },
  { what: 'of another family', service: settled(['2001:db8::1']), says: ['write p 10.0.0.0', ...got('"10.0.0.0"'), ALLOCATED] },
  {
    what: 'one instead of both',
    service: settled(['10.0.0.1'], { spec: dualStack('RequireDualStack') }),
    says: ['write p 10.0.0.0 2001:db8::', ...got('"10.0.0.0" "2001:db8::"'), ALLOCATED],
  },
  {
    what: 'two of one family',
    service: settled(['10.0.0.1', '10.0.0.2']),
    says: [
      'write p 10.0.0.0',
      'Warning nolbIPsIPFamily: Failed to retrieve LBIPs IPFamily for ["10.0.0.1" "10.0.0.2"]: IPFamilyForAddresses: same address family ["10.0.0.1" "10.0.0.2"]',
      ...got('"10.0.0.0"'),
      'error clearAssignment Failed to retrieve lbIPs family',
      ALLOCATED,
    ],
  },
  {
    what: 'nothing that can be read',
    service: settled(['x']),
    says: [
      'write p 10.0.0.0',
      'Warning nolbIPsIPFamily: Failed to retrieve LBIPs IPFamily for ["x"]: IPFamilyForAddresses: Invalid address ["x"]',
      ...got('"10.0.0.0"'),
      'error clearAssignment Failed to retrieve lbIPs family',
      ALLOCATED,
    ],
  },
  {
    what: 'another pool is asked for',
    pools: [P, pool('q', ['10.1.0.0/30'])],
    service: settled(['10.0.0.1'], { annotations: { 'metallb.io/address-pool': 'q' } }),
    says: [
      'write q 10.1.0.0',
      ...got('"10.1.0.0"'),
      'info clearAssignment user requested a different pool than the one currently assigned',
      ALLOCATED,
    ],
  },
  {
    what: 'another address is asked for',
    service: settled(['10.0.0.1'], { spec: { loadBalancerIP: '10.0.0.5' } }),
    says: [
      'write p 10.0.0.5',
      ...got('"10.0.0.5"'),
      'info clearAssignment user requested a different IP than the one currently assigned',
      ALLOCATED,
    ],
  },
  { what: 'renamed pool', pools: [pool('new', ['10.0.0.0/29'])], service: settled(['10.0.0.1']), says: ['write new 10.0.0.1'] },
])('$what', ({ pools = [P], service, says }) => {
  expect(told(plan(tableOf(...pools), service))).toEqual(says);
});

test('a request that cannot be read does not cost the address', () => {
  const made = plan(tableOf(P), settled(['10.0.0.1'], { annotations: { [REQUEST]: 'x' } }));
  expect(told(made)).toEqual([
    'write True Allocated',
    'Warning LoadBalancerFailed: invalid requested loadbalancer IPs: invalid metallb.io/loadBalancerIPs: "x"',
    'error loadbalancerIP invalid requested loadbalancer IPs',
  ]);
});

test('cluster addresses that cannot be read leave the Service as it is', () => {
  const made = plan(tableOf(P), settled(['10.0.0.1'], { spec: { clusterIPs: ['10.96.0.1', '10.96.0.2'] } }));
  expect(told(made)).toEqual([
    'write True Allocated',
    'Warning noclusterIPsIPFamily: Failed to retrieve ClusterIPs IPFamily for ["10.96.0.1" "10.96.0.2"] 10.96.0.1: IPFamilyForAddresses: same address family ["10.96.0.1" "10.96.0.2"]',
    'error clearAssignment Failed to retrieve clusterIPs family',
  ]);
});

describe('a second address for PreferDualStack', () => {
  const prefer = (ips: string[], annotations: Record<string, string> = {}): ServiceOptions =>
    settled(ips, { spec: dualStack('PreferDualStack'), annotations });

  test('comes from the same pool', () => {
    expect(told(plan(tableOf(P), prefer(['10.0.0.3'])))).toEqual([
      'write p 10.0.0.3 2001:db8::',
      'Normal IPAllocated: Assigned additional IP "2001:db8::"',
      'info tryAssignAdditionalIP familyPolicy is PreferDualStack, trying to assign additional ip',
      'info ipAllocated Additional IP address assigned by controller',
    ]);
  });

  test('is waited for when the pool has none, and the refusal is said once', () => {
    const table = tableOf(pool('p', ['10.0.0.0/29']));
    const first = plan(table, prefer(['10.0.0.3']));
    expect(told(first)).toEqual([
      'write True Allocated',
      'Normal AdditionalAssignFailed: cannot assign additional IP in PreferDualStack: no available IPs in pool p for ipv6 IPFamily',
      'info tryAssignAdditionalIP familyPolicy is PreferDualStack, trying to assign additional ip',
    ]);
    const again = { ...prefer(['10.0.0.3']), conditions: [first.write?.condition ?? {}] as readonly JsonObject[] };
    expect(told(plan(table, again, { lastLack: first.lack }))).toEqual(['no write']);
  });

  test('is not for a cluster of one family, nor for who asked for one address', () => {
    expect(told(plan(tableOf(P), settled(['10.0.0.3'], { spec: { ipFamilyPolicy: 'PreferDualStack' } })))).toEqual(['no write']);
    expect(told(plan(tableOf(P), settled(['2001:db8::3'], { spec: { ...IPV6_ONLY, ipFamilyPolicy: 'PreferDualStack' } })))).toEqual([
      'no write',
    ]);
    expect(told(plan(tableOf(P), prefer(['10.0.0.3'], { [REQUEST]: '10.0.0.3' })))).toEqual(['no write']);
  });
});

const REMOVED = 'info serviceUpdated removed loadbalancer from service, services will be reprocessed';
test.each<{ what: string; service: ServiceOptions | undefined; says: string[] }>([
  { what: 'deleted', service: undefined, says: ['no write', 'info serviceDeleted service deleted'] },
  { what: 'another type, and the status is wiped', service: settled([], { spec: { type: 'NodePort' } }), says: ['write -'] },
])('$what: the address is free again', ({ service, says }) => {
  const table = tableOf(P);
  plan(table, {});
  const made = service === undefined ? plan(table, {}, { facts: undefined }) : plan(table, service);
  expect(told(made)).toEqual(says);
  expect(made.eased).toBe(true);
  expect(told(plan(table, { name: 'next' }))[0]).toBe('write p 10.0.0.0');
});

test('an address is free only when the status does not name it any more', () => {
  const table = tableOf(P);
  plan(table, {});
  const cleared = plan(table, settled(['10.0.0.0'], { spec: { type: 'ClusterIP' } }));
  expect([told(cleared), cleared.eased]).toEqual([['write -', REMOVED], false]);
  expect(told(plan(table, { name: 'next' }))[0]).toBe('write p 10.0.0.1');
  expect(plan(table, { spec: { type: 'ClusterIP' } }).eased).toBe(true);
  expect(told(plan(table, { name: 'last' }))[0]).toBe('write p 10.0.0.0');
});

test('so it is with one that was changed for another, and it can be taken back', () => {
  const table = tableOf(P);
  const wants = (ip: string, ...ips: string[]): PlanFor => plan(table, settled(ips, { annotations: { [REQUEST]: ip } }));
  wants('10.0.0.0');
  expect(told(wants('10.0.0.5', '10.0.0.0'))[0]).toBe('write p 10.0.0.5');
  expect(told(plan(table, { name: 'next' }))[0]).toBe('write p 10.0.0.1');
  expect(told(wants('10.0.0.0', '10.0.0.0'))).toEqual([
    'no write',
    'Normal IPAllocated: Assigned IP ["10.0.0.0"]',
    'info clearAssignment user requested a different IP than the one currently assigned',
    'info ipAllocated IP address assigned by controller',
  ]);
  expect(table.holdersOf({ family: 'IPv4', value: 0x0a00_0005n })).toEqual([]);
  expect(table.counters('p', 'IPv4')?.inUse).toBe(2n);
});

test('with a class of our own, a Service that lost type and class is cleaned, and others are not touched', () => {
  const table = tableOf(P);
  const classed = { spec: { loadBalancerClass: 'own' } };
  expect(told(plan(table, classed, { ownClass: 'own' }))[0]).toBe('write p 10.0.0.0');
  expect(told(plan(table, settled([], { spec: { type: 'ClusterIP' } }), { ownClass: 'own' }))).toEqual(['write -']);
  expect(told(plan(table, { spec: { type: 'ClusterIP' } }, { ownClass: 'own' }))).toEqual(['no write']);
  expect(told(plan(table, { name: 'theirs', ips: ['10.0.0.0'] }, { ownClass: 'own' }))).toEqual(['no write']);
  expect(told(plan(table, classed, { ownClass: 'own' }))[0]).toBe('write p 10.0.0.1');
});

test('another Service of the same name starts afresh', () => {
  const table = tableOf(P);
  plan(table, { annotations: { [REQUEST]: '10.0.0.5' } });
  expect(told(plan(table, { uid: 'another' }))[0]).toBe('write p 10.0.0.0');
  expect(table.holdersOf({ family: 'IPv4', value: 0x0a00_0005n })).toEqual([]);
});

test('deprecated annotations are named with each write, and only then', () => {
  const table = tableOf(P);
  const service = { annotations: { 'metallb.universe.tf/address-pool': 'p', 'metallb.universe.tf/other': '' } };
  expect(told(plan(table, service)).filter((text) => text.includes('deprecated'))).toEqual([
    'Warning deprecatedAnnotation: Service uses deprecated annotation metallb.universe.tf/address-pool',
    'Warning deprecatedAnnotation: Service uses deprecated annotation metallb.universe.tf/other',
    'warn deprecatedAnnotation The used annotation is deprecated. Support might get removed in future versions',
    'warn deprecatedAnnotation The used annotation is deprecated. Support might get removed in future versions',
  ]);
  expect(told(plan(table, settled(['10.0.0.0'], service)))).toEqual(['no write']);
});

test('until the server shows our write, the table counts: the same address is written again, without a second event', () => {
  const table = tableOf(P);
  plan(table, { annotations: { [REQUEST]: '10.0.0.5' } });
  expect(told(plan(table, { annotations: { [REQUEST]: '10.0.0.5' } }))).toEqual(['write p 10.0.0.5']);
  expect(told(plan(table, settled(['10.0.0.7'], { annotations: { [REQUEST]: '10.0.0.5' } })))).toEqual(['write p 10.0.0.5']);
});

describe('a Service whose families change', () => {
  const both = { spec: dualStack('RequireDualStack') };
  test.each<{ what: string; pools: IPAddressPool[]; held: string[]; service: ServiceOptions; write: string }>([
    { what: 'keeps its address beside the new one', pools: [P], held: ['10.0.0.0'], service: both, write: 'write p 10.0.0.0 2001:db8::' },
    { what: 'keeps one that is not the first', pools: [P], held: ['10.0.0.2'], service: both, write: 'write p 10.0.0.2 2001:db8::' },
    {
      what: 'keeps the last one of a pool',
      pools: [pool('p', ['10.0.0.0/32', '2001:db8::/128'])],
      held: ['10.0.0.0', '2001:db8::'],
      service: {},
      write: 'write p 10.0.0.0',
    },
    {
      what: 'keeps the last one of the pool it asks for',
      pools: [pool('p', ['10.0.0.0/32', '2001:db8::/128'])],
      held: ['10.0.0.0', '2001:db8::'],
      service: { annotations: { 'metallb.io/address-pool': 'p' }, spec: IPV6_ONLY },
      write: 'write p 2001:db8::',
    },
  ])('$what', ({ pools, held, service, write }) => {
    const table = tableOf(...pools);
    const now = settled(held, service);
    adoptServices(table, [facts(now)], undefined);
    const made = plan(table, now);
    expect([told(made)[0], made.lack]).toEqual([write, undefined]);
  });
});
