import { describe, expect, test } from '@jest/globals';
import { dualStack, facts, IPV6_ONLY, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import { P, POOL, plan, planFor, REQUEST, settled, tableOf, told } from '../../../test/support/service-plans.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import type { AllocationTable } from '../../model/allocation/table.ts';
import { parsePools } from '../../model/pool-set.ts';
import { adoptServices } from './adopt.ts';

/** The rules by which Services get, keep and lose addresses, one row each: the checklist beside MetalLB. */

const SHARE = 'metallb.io/allow-shared-ip';
const FROM = 'metallb.io/address-pool';
const UNOPENED = { serviceAllocation: { namespaces: ['x'] } };
const ONE = pool('p', ['10.0.0.1/32']);

interface Scene {
  readonly pools?: readonly IPAddressPool[];
  /** Services that hold what their statuses name. */
  readonly others?: readonly ServiceOptions[];
  readonly service: ServiceOptions;
}

function tableWith({ pools = [P], others = [], service }: Scene): AllocationTable {
  const table = tableOf(...pools);
  adoptServices(table, [...others, service].map(facts), undefined);
  return table;
}

/** The write, and the reasons of the events. */
function outcome(scene: Scene): string[] {
  const [write = '', ...said] = told(plan(tableWith(scene), scene.service));
  const events = said.filter((text) => /^(Normal|Warning) /.test(text));
  return [write, ...events.map((text) => text.replace(/^\w+ ([^:]*):.*/s, '$1'))];
}

describe('each step of convergence, in its order', () => {
  test.each<Scene & { step: string; is: string[] }>([
    {
      step: 'a Service that is no load balancer has neither address nor record',
      service: settled(['10.0.0.1'], { spec: { type: 'ClusterIP' } }),
      is: ['write -'],
    },
    { step: 'without any pool it has none', pools: [], service: settled(['10.0.0.1']), is: ['write -', 'AllocationFailed'] },
    {
      step: 'without cluster addresses it has none',
      service: settled(['10.0.0.1'], { spec: { clusterIP: '', clusterIPs: [] } }),
      is: ['write -'],
    },
    {
      step: 'clusterIP alone counts where the list is absent',
      service: settled(['10.0.0.1'], { spec: { clusterIPs: undefined } }),
      is: ['no write'],
    },
    {
      step: 'both families required and one at hand: it has none',
      service: settled(['10.0.0.1'], { spec: { ipFamilyPolicy: 'RequireDualStack' } }),
      is: ['write -', 'not enough clusterips'],
    },
    { step: 'a record without an address goes', pools: [pool('p', [])], service: settled([]), is: ['write -', 'AllocationFailed'] },
    {
      step: 'addresses of two families for a Service of one are changed',
      service: settled(['10.0.0.1', '2001:db8::1']),
      is: ['write p 10.0.0.1', 'IPAllocated'],
    },
    {
      step: 'one address of two is enough when both are preferred and the pool has one family',
      pools: [pool('p', ['10.0.0.0/30'])],
      service: settled(['10.0.0.1'], { spec: dualStack('PreferDualStack') }),
      is: ['write True Allocated', 'AdditionalAssignFailed'],
    },
    {
      step: 'what it may not have any more it loses, and gets another one',
      service: settled(['10.9.9.9']),
      is: ['write p 10.0.0.0', 'ClearAssignment', 'IPAllocated'],
    },
    {
      step: 'another pool is asked for',
      pools: [P, pool('q', ['10.1.0.0/30'])],
      service: settled(['10.0.0.1'], { annotations: { [FROM]: 'q' } }),
      is: ['write q 10.1.0.0', 'IPAllocated'],
    },
    {
      step: 'a request that cannot be read costs no address',
      service: settled(['10.0.0.1'], { annotations: { [REQUEST]: 'x' } }),
      is: ['write True Allocated', 'LoadBalancerFailed'],
    },
    {
      step: 'another address is asked for',
      service: settled(['10.0.0.1'], { annotations: { [REQUEST]: '10.0.0.2' } }),
      is: ['write p 10.0.0.2', 'IPAllocated'],
    },
    {
      step: 'another address is asked for that cannot be had: the present one is lost',
      service: settled(['10.0.0.1'], { annotations: { [REQUEST]: '10.9.9.9' } }),
      is: ['write -', 'AllocationFailed'],
    },
    {
      step: 'a second address comes beside the only one when both are preferred',
      service: settled(['10.0.0.1'], { spec: dualStack('PreferDualStack') }),
      is: ['write p 10.0.0.1 2001:db8::', 'IPAllocated'],
    },
    {
      step: 'nothing is had and nothing to be had',
      pools: [pool('p', [])],
      service: {},
      is: ['write False NotAllowedByPool', 'AllocationFailed'],
    },
    { step: 'nothing is had and something to be had', service: {}, is: ['write p 10.0.0.0', 'IPAllocated'] },
    {
      step: 'IPv4 stands first, whatever the families of the Service say',
      service: { spec: { ...dualStack('RequireDualStack'), ipFamilies: ['IPv6', 'IPv4'], clusterIPs: ['fd00::10', '10.96.0.10'] } },
      is: ['write p 10.0.0.0 2001:db8::', 'IPAllocated'],
    },
  ])('$step', ({ is, ...scene }) => {
    expect(outcome(scene)).toEqual(is);
  });
});

test('a Service that is gone gives back what it had, and those who wait are looked at', () => {
  const table = tableWith({ service: settled(['10.0.0.1']) });
  const made = plan(table, {}, { facts: undefined });
  expect([told(made)[0], made.eased, table.holdingOf('default/web')]).toEqual(['no write', true, undefined]);
});

test('host names and port states in a status are none of ours, and go with the next write', () => {
  const named = { ...facts({}), ingress: [{ ip: '', ipMode: undefined, foreign: true }] };
  expect(told(planFor(tableOf(P), named))[0]).toBe('write p 10.0.0.0');
});

describe('an address is given up when', () => {
  const held = settled(['10.0.0.0']);
  const inQ = settled(['10.1.0.1'], { annotations: { [POOL]: 'q' } }, 'q');
  test.each<Scene & { when: string }>([
    { when: 'the type changes', service: { ...held, spec: { type: 'NodePort' } } },
    { when: 'all pools vanish', pools: [], service: held },
    { when: 'its own pool vanishes', pools: [pool('q', ['10.1.0.0/30'])], service: held },
    { when: 'the cluster addresses vanish', service: { ...held, spec: { clusterIP: '', clusterIPs: [] } } },
    { when: 'the family does not fit', service: { ...held, spec: IPV6_ONLY } },
    { when: 'avoidBuggyIPs leaves it out', pools: [pool('p', ['10.0.0.0/29'], { avoidBuggyIPs: true })], service: held },
    { when: 'the namespace is not taken', pools: [P, pool('q', ['10.1.0.0/30'], UNOPENED)], service: inQ },
    {
      when: 'the labels of the namespace are not taken',
      pools: [P, pool('q', ['10.1.0.0/30'], { serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'x' } }] } })],
      service: inQ,
    },
    {
      when: 'its own labels are not taken',
      pools: [P, pool('q', ['10.1.0.0/30'], { serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: 'x' } }] } })],
      service: inQ,
    },
    {
      when: 'an older Service has it',
      others: [settled(['10.0.0.0'], { name: 'old', created: '2025-01-01T00:00:00Z' })],
      service: held,
    },
    {
      when: 'another pool is asked for',
      pools: [P, pool('q', ['10.1.0.0/30'])],
      service: { ...held, annotations: { [POOL]: 'p', [FROM]: 'q' } },
    },
    { when: 'another address is asked for', service: { ...held, annotations: { [POOL]: 'p', [REQUEST]: '10.0.0.3' } } },
  ])('$when', (scene) => {
    const [write] = outcome(scene);
    const [had = ''] = scene.service.ips ?? [];
    expect(write).toMatch(/^write (-|[pq] )/);
    expect(write?.split(' ')).not.toContain(had);
  });

  test.each<Scene & { when: string }>([
    { when: 'autoAssign is off', pools: [pool('p', ['10.0.0.0/29'], { autoAssign: false })], service: held },
    {
      when: 'a better pool has come',
      pools: [P, pool('a', ['10.1.0.0/30'], { serviceAllocation: { priority: 1 } })],
      service: held,
    },
    { when: 'ports and selector change', service: { ...held, spec: { ports: [{ port: 9 }], selector: { app: 'y' } } } },
  ])('and is kept when $when', (scene) => {
    expect(outcome(scene)).toEqual(['no write']);
  });
});

describe('requests are refused with', () => {
  test.each<Scene & { text: string }>([
    {
      text: 'service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP',
      service: { annotations: { [REQUEST]: '10.0.0.1' }, spec: { loadBalancerIP: '10.0.0.1' } },
    },
    { text: 'invalid metallb.io/loadBalancerIPs: "10.0.0.1,"', service: { annotations: { [REQUEST]: '10.0.0.1,' } } },
    { text: 'invalid spec.loadBalancerIP "x"', service: { spec: { loadBalancerIP: 'x' } } },
    {
      text: 'IPFamilyForAddresses: invalid ips length 3 ["10.0.0.1" "10.0.0.2" "2001:db8::1"]',
      service: { annotations: { [REQUEST]: '10.0.0.1,10.0.0.2,2001:db8::1' } },
    },
    {
      text: 'IPFamilyForAddresses: same address family ["10.0.0.1" "10.0.0.2"]',
      service: { annotations: { [REQUEST]: '10.0.0.1, 10.0.0.2' } },
    },
    {
      text: 'requested loadBalancer IP(s) ["10.0.0.1"] does not match the ipFamily of the service',
      service: { annotations: { [REQUEST]: '10.0.0.1' }, spec: dualStack('PreferDualStack') },
    },
    {
      text: 'requested loadBalancer IP(s) ["10.0.0.1"] is not compatible with requested address pool q',
      pools: [P, pool('q', ['10.1.0.0/30'])],
      service: { annotations: { [REQUEST]: '10.0.0.1', [FROM]: 'q' } },
    },
    { text: '["10.9.9.9"] is not allowed in config', service: { annotations: { [REQUEST]: '10.9.9.9' } } },
    {
      text: '["10.0.0.0"] is not allowed in config',
      pools: [pool('p', ['10.0.0.0/29'], { avoidBuggyIPs: true })],
      service: { annotations: { [REQUEST]: '10.0.0.0' } },
    },
    {
      text: '["10.0.0.1" "2001:db8::1"] is not allowed in config',
      pools: [ONE, pool('q', ['2001:db8::/125'])],
      service: { annotations: { [REQUEST]: '10.0.0.1,2001:db8::1' }, spec: dualStack('RequireDualStack') },
    },
    {
      text: 'pool p not compatible for ip assignment',
      pools: [pool('p', ['10.0.0.0/29'], UNOPENED)],
      service: { annotations: { [REQUEST]: '10.0.0.1' } },
    },
    {
      text: `can't change sharing key for "default/web", address also in use by default/a,default/b`,
      others: ['a', 'b'].map((name, index) =>
        settled(['10.0.0.1'], { name, annotations: { [SHARE]: 'k' }, spec: { ports: [{ port: index }] } }),
      ),
      service: { annotations: { [REQUEST]: '10.0.0.1', [SHARE]: 'l' } },
    },
    {
      text: 'port TCP/80 is already in use on "10.0.0.1"',
      others: [settled(['10.0.0.1'], { name: 'a', annotations: { [SHARE]: 'k' } })],
      service: { annotations: { [REQUEST]: '10.0.0.1', [SHARE]: 'k' } },
    },
    { text: 'unknown pool "q"', service: { annotations: { [FROM]: 'q' } } },
    {
      text: 'no available IPs in pool p',
      pools: [ONE],
      others: [settled(['10.0.0.1'], { name: 'a' })],
      service: { annotations: { [FROM]: 'p' } },
    },
    {
      text: 'no available IPs in pool p for dual IPFamily',
      pools: [ONE],
      service: { annotations: { [FROM]: 'p' }, spec: dualStack('RequireDualStack') },
    },
    { text: 'no available IPs', pools: [ONE], others: [settled(['10.0.0.1'], { name: 'a' })], service: {} },
  ])('$text', ({ text, ...scene }) => {
    const [, event] = told(plan(tableWith(scene), scene.service));
    expect(event).toBe(`Warning AllocationFailed: Failed to allocate IP for "default/web": ${text}`);
  });
});

describe('a pool takes', () => {
  const fits = { matchLabels: { team: 'x' } };
  const labelled = { labels: { tier: 'x' } };
  const tier = { matchLabels: { tier: 'x' } };
  test.each<{
    whom: string;
    allocation: NonNullable<IPAddressPool['spec']['serviceAllocation']>;
    service?: ServiceOptions;
    takes: boolean;
  }>([
    { whom: 'everybody when it names nobody', allocation: {}, takes: true },
    { whom: 'the namespaces it names', allocation: { namespaces: ['default'] }, takes: true },
    { whom: 'no others', allocation: { namespaces: ['x'] }, takes: false },
    { whom: 'the namespaces it selects', allocation: { namespaceSelectors: [fits] }, takes: true },
    { whom: 'those it names or selects', allocation: { namespaces: ['x'], namespaceSelectors: [fits] }, takes: true },
    { whom: 'nobody when it selects no namespace', allocation: { namespaceSelectors: [{ matchLabels: { team: 'y' } }] }, takes: false },
    { whom: 'the Services it selects', allocation: { serviceSelectors: [tier] }, service: labelled, takes: true },
    { whom: 'those that one of its selectors selects', allocation: { serviceSelectors: [fits, tier] }, service: labelled, takes: true },
    { whom: 'no Service it does not select', allocation: { serviceSelectors: [tier] }, takes: false },
    { whom: 'who fits both', allocation: { namespaces: ['default'], serviceSelectors: [tier] }, service: labelled, takes: true },
    { whom: 'nobody who fits one of both', allocation: { namespaces: ['x'], serviceSelectors: [tier] }, service: labelled, takes: false },
  ])('$whom', ({ allocation, service = {}, takes }) => {
    const table = tableOf(pool('p', ['10.0.0.0/30'], { serviceAllocation: allocation }));
    const asks = { ...service, annotations: { [FROM]: 'p' } };
    for (const each of [service, asks]) {
      const made = plan(table, each, { namespaceLabels: { team: 'x' } });
      expect(told(made)[0]).toBe(takes ? 'write p 10.0.0.0' : 'write False NotAllowedByPool');
    }
  });
});

describe('two Services share an address', () => {
  const local = (app: string): object => ({ externalTrafficPolicy: 'Local', selector: { app } });
  test.each<{ how: string; left?: object; right?: object; keys?: [string, string]; shared: boolean }>([
    { how: 'with one key and two ports', shared: true },
    { how: 'not with the same port', right: { ports: [{ port: 80 }] }, shared: false },
    { how: 'with one port in TCP and UDP', right: { ports: [{ port: 80, protocol: 'UDP' }] }, shared: true },
    { how: 'with one port in TCP and SCTP', right: { ports: [{ port: 80, protocol: 'SCTP' }] }, shared: true },
    {
      how: 'not with one port in SCTP',
      left: { ports: [{ port: 80, protocol: 'SCTP' }] },
      right: { ports: [{ port: 80, protocol: 'SCTP' }] },
      shared: false,
    },
    { how: 'not with one of several ports in common', right: { ports: [{ port: 81 }, { port: 80 }] }, shared: false },
    { how: 'not with two keys', keys: ['k', 'l'], shared: false },
    { how: 'not without a key', keys: ['', ''], shared: false },
    { how: 'not when only one has a key', keys: ['k', ''], shared: false },
    {
      how: 'with other selectors under the policy Cluster',
      left: { selector: { app: 'x' } },
      right: { selector: { app: 'y' } },
      shared: true,
    },
    { how: 'with one selector under the policy Local', left: local('x'), right: local('x'), shared: true },
    { how: 'not with two selectors under the policy Local', left: local('x'), right: local('y'), shared: false },
    { how: 'not under Cluster and Local', left: local('x'), right: { selector: { app: 'x' } }, shared: false },
  ])('$how', ({ left = {}, right = {}, keys: [key, otherKey] = ['k', 'k'], shared }) => {
    const others = [settled(['10.0.0.1'], { name: 'a', annotations: { [SHARE]: key }, spec: { ports: [{ port: 80 }], ...left } })];
    const service = { annotations: { [SHARE]: otherKey }, spec: { ports: [{ port: 81 }], ...right } };
    expect(outcome({ pools: [ONE], others, service })[0]).toBe(shared ? 'write p 10.0.0.1' : 'write False PoolExhausted');
  });
});

describe('when the pools change', () => {
  test.each<{ what: string; before: IPAddressPool[]; after: IPAddressPool[]; is: string }>([
    {
      what: 'a pool of another name has the address: it is recorded',
      before: [P],
      after: [pool('q', ['10.0.0.0/29'])],
      is: 'write q 10.0.0.1',
    },
    { what: 'a pool has grown: nothing happens', before: [P], after: [pool('p', ['10.0.0.0/28'], {}, { generation: 2 })], is: 'no write' },
    {
      what: 'a pool has other addresses: they are used',
      before: [P],
      after: [pool('p', ['10.1.0.0/30'], {}, { generation: 2 })],
      is: 'write p 10.1.0.0',
    },
    { what: 'a pool is refused now: nothing happens', before: [P], after: [pool('p', ['x'], {}, { generation: 2 })], is: 'no write' },
    {
      what: 'a younger pool overlaps: nothing happens',
      before: [P],
      after: [P, pool('new', ['10.0.0.0/16'], {}, { creationTimestamp: '2026-05-01T00:00:00Z' })],
      is: 'no write',
    },
  ])('$what', ({ before, after, is }) => {
    const table = tableWith({ pools: before, service: settled(['10.0.0.1']) });
    table.setPools(parsePools(after, table.pools));
    expect(told(plan(table, settled(['10.0.0.1'])))[0]).toBe(is);
  });
});
