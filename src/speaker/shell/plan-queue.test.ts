import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { announce, announcement, withdraw } from '../../../test/support/announcements.ts';
import type { PlanChange } from '../../model/plan.ts';
import { AddressTable } from '../protocol/layer2/address-table.ts';
import { PlanQueue } from './plan-queue.ts';

const replace = (...services: readonly string[]): PlanChange => ({
  kind: 'replace',
  announcements: services.map((service) => announcement(service, ['10.0.0.9'])),
});

describe('a plan queue', () => {
  test.each<{ what: string; added: PlanChange[]; taken: PlanChange[] }>([
    { what: 'nothing', added: [], taken: [] },
    { what: 'changes of two Services, in order', added: [withdraw('b'), withdraw('a')], taken: [withdraw('b'), withdraw('a')] },
    { what: 'the last word on a Service', added: [announce('a', ['10.0.0.1']), withdraw('a')], taken: [withdraw('a')] },
    { what: 'a later word in its new place', added: [withdraw('a'), withdraw('b'), withdraw('a')], taken: [withdraw('b'), withdraw('a')] },
    { what: 'a whole plan in place of all before', added: [withdraw('a'), replace('b')], taken: [replace('b')] },
    { what: 'a change after a whole plan', added: [replace('b'), withdraw('b')], taken: [replace('b'), withdraw('b')] },
  ])('keeps $what', ({ added, taken }) => {
    const queue = new PlanQueue();
    for (const change of added) queue.add(change);
    expect(queue.empty).toBe(taken.length === 0);
    expect(queue.take()).toEqual(taken);
    expect(queue.empty).toBe(true);
  });
});

test('a merged queue comes to the same end as the changes one by one, with an entry for each Service at most', () => {
  const service = fc.constantFrom('a', 'b', 'c');
  const addresses = fc.subarray(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  const change = fc.oneof(
    fc.tuple(service, addresses).map(([name, list]) => announce(name, list)),
    service.map(withdraw),
    fc.subarray(['a', 'b', 'c']).map((names) => replace(...names)),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (history) => {
      const queue = new PlanQueue();
      const [merged, plain] = [new AddressTable(), new AddressTable()];
      for (const one of history) {
        queue.add(one);
        plain.apply([one]);
      }
      const taken = queue.take();
      expect(taken.length).toBeLessThanOrEqual(4);
      merged.apply(taken);
      const textOf = (table: AddressTable): ReadonlySet<string> =>
        new Set(
          Array.from(
            table.all(),
            ({ text, holders }) => `${text} ${[...holders.keys()].toSorted((left, right) => (left < right ? -1 : 1))}`,
          ),
        );
      expect(textOf(merged)).toEqual(textOf(plain));
    }),
  );
});
