import { describe, expect, test } from '@jest/globals';
import { facts, pool, type ServiceOptions } from '../../../test/support/objects.ts';
import { P, POOL, plan, settled, tableOf, told } from '../../../test/support/service-plans.ts';
import { formatAddress } from '../../lib/ip.ts';
import { AllocationTable } from '../../model/allocation/table.ts';
import { parsePools } from '../../model/pool-set.ts';
import { adoptServices } from './adopt.ts';

describe('a pool that does not parse', () => {
  const bad = pool('p', ['nonsense'], {}, { generation: 2 });

  test('goes on as it was while this process has seen it well', () => {
    const before = parsePools([P]);
    const table = new AllocationTable();
    table.setPools(before);
    plan(table, { name: 'a' });
    table.setPools(parsePools([bad], before));
    expect(told(plan(table, settled(['10.0.0.0'], { name: 'a' })))).toEqual(['no write']);
    expect(told(plan(table, { name: 'b' }))[0]).toBe('write p 10.0.0.1');
  });

  test.each<{ what: string; annotations: Record<string, string> }>([
    { what: 'of it', annotations: { [POOL]: 'p' } },
    { what: 'of it that ask for something else', annotations: { [POOL]: 'p', 'metallb.io/address-pool': 'q' } },
    { what: 'of a pool not recorded', annotations: {} },
  ])('after a restart the Services $what are left alone, and their addresses are in use', ({ annotations }) => {
    const table = tableOf(bad, pool('q', ['10.1.0.0/30']));
    const service = { ips: ['10.0.0.1'], annotations };
    adoptServices(table, [facts(service)], undefined);
    expect(told(plan(table, service))).toEqual([
      'write True Allocated',
      'debug frozen the pool of this service does not parse: the service is left as it is',
    ]);
    table.setPools(parsePools([pool('p', ['10.0.0.1/32'], {}, { generation: 3 }), pool('q', ['10.1.0.0/30'])]));
    expect(told(plan(table, { name: 'new', annotations: { 'metallb.io/address-pool': 'p' } }))[1]).toContain('no available IPs in pool p');
  });

  test('leaves the Services of other pools to the usual rules', () => {
    const table = tableOf(bad, pool('q', ['10.1.0.0/30']));
    expect(told(plan(table, settled(['10.1.0.2'], {}, 'q')))).toEqual(['no write']);
    expect(told(plan(table, { name: 'new' }))[0]).toBe('write q 10.1.0.0');
    expect(told(plan(table, settled(['10.2.0.1'], { name: 'gone' }, 'gone')))[0]).toBe('write q 10.1.0.1');
  });
});

describe('taking over what is there', () => {
  const at = (name: string, created: string, ...ips: string[]): ServiceOptions => settled(ips, { name, created });

  test('of two Services with one address the older keeps it, and the other goes first to lose it', () => {
    const table = tableOf(P);
    const services = [
      at('young', '2026-03-01T00:00:00Z', '10.0.0.1'),
      at('new', '2026-01-01T00:00:00Z'),
      at('old', '2026-02-01T00:00:00Z', '10.0.0.1'),
    ].map(facts);
    const order = adoptServices(table, [facts(at('ancient', '2025-01-01T00:00:00Z', '10.0.0.7')), ...services], undefined);
    expect(order.map(({ name }) => name)).toEqual(['young', 'new', 'ancient', 'old']);
    expect(told(plan(table, at('young', '', '10.0.0.1'))).slice(0, 2)).toEqual([
      'write p 10.0.0.0',
      `Normal ClearAssignment: current IP for "default/young" not allowed by config, will attempt for new IP assignment: can't change sharing key for "default/young", address also in use by default/old`,
    ]);
    expect(told(plan(table, at('old', '', '10.0.0.1')))).toEqual(['no write']);
  });

  test('what another load balancer gave out is in use, but does not displace a Service of ours', () => {
    const table = tableOf(P);
    const theirs = facts({
      name: 'theirs',
      ips: ['10.0.0.0', '10.0.0.1'],
      created: '2025-01-01T00:00:00Z',
      spec: { loadBalancerClass: 'x' },
    });
    adoptServices(table, [theirs, facts(at('ours', '2026-01-01T00:00:00Z', '10.0.0.1'))], undefined);
    expect(told(plan(table, { name: 'new' }))[0]).toBe('write p 10.0.0.2');
    expect(table.holdingOf('default/ours')?.addresses.map(formatAddress)).toEqual(['10.0.0.1']);
  });
});
