import { describe, expect, test } from '@jest/globals';
import { allocatedCondition, dualStack, facts, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import { NOW, P, plan, planFor, REQUEST, settled, tableOf, told } from '../../../test/support/service-plans.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import { adoptServices } from './adopt.ts';
import { type AddressCondition, mergeCondition } from './condition.ts';
import { patchOf } from './desired.ts';

const BEFORE = '2026-01-01T00:00:00Z';
const key = (value: string): Record<string, string> => ({ 'metallb.io/allow-shared-ip': value, [REQUEST]: '10.0.0.1' });

/** The condition that a Service gets, in a cluster with these pools where `others` hold what their statuses say. */
function conditionFor(service: ServiceOptions, pools: IPAddressPool[] = [P], others: ServiceOptions[] = []): AddressCondition | undefined {
  const table = tableOf(...pools);
  adoptServices(table, [...others, service].map(facts), undefined);
  for (const other of others) plan(table, other);
  return plan(table, service).write?.condition;
}

const holder = (options: ServiceOptions = {}): ServiceOptions => settled(['10.0.0.1'], { name: 'holder', ...options });
const ONE = pool('p', ['10.0.0.1/32']);
test.each<{ what: string; service: ServiceOptions; pools?: IPAddressPool[]; others?: ServiceOptions[]; reason: string; message: string }>([
  { what: 'no pool at all', service: {}, pools: [], reason: 'NoPool', message: 'There is no IPAddressPool: create one' },
  {
    what: 'a pool that is not there',
    service: { annotations: { 'metallb.io/address-pool': 'q' } },
    reason: 'NoPool',
    message: 'There is no IPAddressPool "q": create it',
  },
  {
    what: 'a pool that is refused',
    service: { annotations: { 'metallb.io/address-pool': 'bad' } },
    pools: [P, pool('bad', ['x'])],
    reason: 'NoPool',
    message: 'IPAddressPool "bad" is refused: mend it, or ask for another pool. The fault: parsing address pool bad: invalid CIDR "x"',
  },
  {
    what: 'full pools',
    service: {},
    pools: [ONE],
    others: [holder()],
    reason: 'PoolExhausted',
    message: 'The pools that this Service gets addresses of have no free IPv4 address: add addresses',
  },
  {
    what: 'a full pool',
    service: { annotations: { 'metallb.io/address-pool': 'p' } },
    pools: [ONE],
    others: [holder()],
    reason: 'PoolExhausted',
    message: 'IPAddressPool "p" has no free address: add addresses to it',
  },
  {
    what: 'a pool without one of the families',
    service: { annotations: { 'metallb.io/address-pool': 'p' }, spec: dualStack('RequireDualStack') },
    pools: [ONE],
    reason: 'PoolExhausted',
    message: 'IPAddressPool "p" has no free addresses of both families',
  },
  {
    what: 'pools that give nothing by themselves',
    service: {},
    pools: [pool('p', ['10.0.0.1/32'], { autoAssign: false }), pool('q', ['10.1.0.0/30'], { serviceAllocation: { namespaces: ['x'] } })],
    reason: 'NotAllowedByPool',
    message: 'No IPAddressPool gives addresses to this Service by itself',
  },
  {
    what: 'a pool for others',
    service: { annotations: { 'metallb.io/address-pool': 'p' } },
    pools: [pool('p', ['10.0.0.1/32'], { serviceAllocation: { namespaces: ['x'] } })],
    reason: 'NotAllowedByPool',
    message: 'IPAddressPool "p" does not take this Service',
  },
  {
    what: 'an address of another Service',
    service: { annotations: { [REQUEST]: '10.0.0.1' } },
    others: [holder()],
    reason: 'AddressInUse',
    message: 'Another Service has 10.0.0.1: request another address',
  },
  {
    what: 'a port of a Service that shares',
    service: { annotations: key('k') },
    others: [holder({ annotations: key('k') })],
    reason: 'AddressInUse',
    message: 'A Service that shares 10.0.0.1 has port TCP/80 too',
  },
  {
    what: 'another key',
    service: { annotations: key('k') },
    others: [holder({ annotations: key('l') })],
    reason: 'SharingKeyMismatch',
    message: 'Services share 10.0.0.1 whose annotation metallb.io/allow-shared-ip',
  },
  {
    what: 'an address of no pool',
    service: { annotations: { [REQUEST]: '10.9.9.9' } },
    reason: 'InvalidRequest',
    message: 'No IPAddressPool in use has 10.9.9.9: add what is missing',
  },
  {
    what: 'an address of another family',
    service: { annotations: { [REQUEST]: '2001:db8::1' } },
    reason: 'InvalidRequest',
    message: 'The Service asks for 2001:db8::1, which is not one address of each of its families',
  },
  {
    what: 'an address and another pool',
    service: { annotations: { [REQUEST]: '10.0.0.1', 'metallb.io/address-pool': 'q' } },
    pools: [P, pool('q', ['10.1.0.0/30'])],
    reason: 'InvalidRequest',
    message: 'The Service asks for 10.0.0.1 and for IPAddressPool "q", which does not have it',
  },
  {
    what: 'nonsense',
    service: { annotations: { [REQUEST]: 'x' } },
    reason: 'InvalidRequest',
    message: 'The addresses that the Service asks for cannot be read',
  },
  {
    what: 'no cluster address',
    service: { spec: { clusterIP: '', clusterIPs: [] } },
    reason: 'InvalidRequest',
    message: 'The Service has no cluster address',
  },
  {
    what: 'a headless Service',
    service: { spec: { clusterIP: 'None', clusterIPs: ['None'] } },
    reason: 'InvalidRequest',
    message: 'The cluster addresses of the Service, by which its families are told, cannot be read',
  },
  {
    what: 'one cluster address where two are required',
    service: { spec: { ipFamilyPolicy: 'RequireDualStack' } },
    reason: 'InvalidRequest',
    message: 'The Service requires both families',
  },
])('for $what the condition is False, $reason, and names the way out', ({ service, pools, others, reason, message }) => {
  const condition = conditionFor(service, pools, others);
  expect(condition).toEqual({
    type: 'metallb.io/AddressAllocated',
    status: 'False',
    lastTransitionTime: NOW,
    reason,
    message: expect.stringContaining(message),
  });
  expect(condition?.message).toMatch(/^[A-Z]/);
});

describe('what is allocated and yet not as it should be is explained', () => {
  const bad = pool('p', ['x'], {}, { generation: 2 });
  test.each<{ what: string; service: ServiceOptions; pools: IPAddressPool[]; message: string }>([
    {
      what: 'one family of two',
      service: { spec: dualStack('PreferDualStack') },
      pools: [pool('p', ['10.0.0.0/30'])],
      message:
        'Has 10.0.0.0 of IPAddressPool "p". IPAddressPool "p" has no free IPv6 address: add addresses to it, or ask for another pool.',
    },
    {
      what: 'a pool that is refused',
      service: settled(['10.0.0.1']),
      pools: [bad],
      message:
        'Has 10.0.0.1 of IPAddressPool "p". Left as it is because IPAddressPool "p" is refused: mend it. The fault: parsing address pool p: invalid CIDR "x" in pool "p": invalid CIDR "x": "x" is not an address and a prefix length',
    },
    {
      what: 'perhaps a pool that is refused',
      service: { ips: ['10.0.0.1'] },
      pools: [bad],
      message: 'Left as it is because an IPAddressPool is refused that its addresses may be of: mend that pool.',
    },
    {
      what: 'a request that cannot be read',
      service: settled(['10.0.0.1'], { annotations: { [REQUEST]: 'x' } }),
      pools: [P],
      message:
        'Has 10.0.0.1 of IPAddressPool "p". The addresses that the Service asks for cannot be read: correct the annotation metallb.io/loadBalancerIPs or spec.loadBalancerIP. The fault: invalid metallb.io/loadBalancerIPs: "x"',
    },
  ])('$what', ({ service, pools, message }) => {
    const condition = conditionFor(service, pools);
    expect(condition).toMatchObject({ status: 'True', reason: 'Allocated' });
    expect(condition?.message.slice(0, 150)).toBe(message.slice(0, 150));
  });

  test('one family of two is one write', () => {
    const table = tableOf(pool('p', ['10.0.0.0/30']));
    const first = plan(table, { spec: dualStack('PreferDualStack') });
    const condition = { ...first.write?.condition };
    const now = settled(['10.0.0.0'], { spec: dualStack('PreferDualStack'), conditions: [condition] });
    expect(told(plan(table, now, { lastLack: first.lack }))).toEqual(['no write']);
  });
});

describe('time and generation', () => {
  const waiting = { ...allocatedCondition([]), status: 'False', reason: 'PoolExhausted', message: '' };
  test.each<{ what: string; service: ServiceOptions; pools: IPAddressPool[]; status: string; time: string }>([
    { what: 'another reason for the same', service: { conditions: [waiting] }, pools: [], status: 'False', time: BEFORE },
    { what: 'an address at last', service: { conditions: [waiting] }, pools: [P], status: 'True', time: NOW },
    { what: 'another address', service: settled(['10.9.9.9']), pools: [P], status: 'True', time: BEFORE },
    { what: 'an address lost', service: settled(['10.9.9.9']), pools: [], status: 'False', time: NOW },
    {
      what: 'a time that is none',
      service: { conditions: [{ ...waiting, lastTransitionTime: 5 }] },
      pools: [],
      status: 'False',
      time: NOW,
    },
  ])('$what: $status since $time', ({ service, pools, status, time }) => {
    expect(conditionFor(service, pools)).toMatchObject({ status, lastTransitionTime: time });
  });

  test('the generation is the one that the Service has, and a new one is written', () => {
    const service = { ...facts(settled(['10.0.0.1'])), generation: 4 };
    const made = planFor(tableOf(P), service);
    expect([told(made), made.write?.condition?.observedGeneration]).toEqual([['write True Allocated'], 4]);
  });

  test('a condition that was decided and is not there yet is decided again as it was', () => {
    const lastCondition = { ...allocatedCondition(['10.0.0.0']), lastTransitionTime: '2026-01-05T00:00:00Z' } as AddressCondition;
    expect(plan(tableOf(P), {}, { lastCondition }).write?.condition?.lastTransitionTime).toBe('2026-01-05T00:00:00Z');
  });
});

describe('the conditions of others', () => {
  const theirs = { type: 'example.com/Ready', status: 'True', extra: { kept: [1] } };
  const ours = allocatedCondition(['10.0.0.1']);
  test.each<{ what: string; present: ServiceOptions['conditions']; sent: unknown }>([
    { what: 'stay behind which ours comes', present: [theirs], sent: [theirs, { type: ours.type }] },
    { what: 'stay in their places', present: [theirs, { type: ours.type }, theirs], sent: [theirs, { type: ours.type }, theirs] },
    { what: 'are all there is of two of ours', present: [{ type: ours.type }, { type: ours.type }], sent: [{ type: ours.type }] },
  ])('$what', ({ present = [], sent }) => {
    const service = facts({ conditions: present });
    expect(mergeCondition(service, { type: ours.type } as AddressCondition)).toEqual(sent);
  });

  test.each<{ what: string; service: ServiceOptions; sent: unknown }>([
    { what: 'no load balancer', service: { spec: { type: 'ClusterIP' }, conditions: [ours, theirs] }, sent: [theirs] },
    { what: 'no load balancer, and no other condition', service: { spec: { type: 'ClusterIP' }, conditions: [ours] }, sent: null },
  ])('$what: ours goes', ({ service, sent }) => {
    const made = plan(tableOf(P), service);
    expect(made.write && patchOf(made.service, made.write).status.conditions).toEqual(sent);
  });

  test('a Service of another class keeps what another process of this product says of it', () => {
    const table = tableOf(P);
    const foreign = settled(['10.0.0.1'], { spec: { loadBalancerClass: 'other' } });
    expect(told(plan(table, foreign))).toEqual(['no write']);
    plan(table, { name: 'b' });
    expect(told(plan(table, { name: 'b', conditions: [ours], spec: { loadBalancerClass: 'other' } }))).toEqual(['write no condition']);
  });
});

test('a cause that the condition gives already is no event after a restart, but one line in the log', () => {
  const condition = { ...conditionFor({}, []) };
  const made = plan(tableOf(), { conditions: [condition] });
  expect(told(made)).toEqual(['no write', 'debug clearAssignment pools are empty']);
});
