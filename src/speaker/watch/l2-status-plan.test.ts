import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { InterfaceScope } from '../../model/plan.ts';
import { type L2StatusAction, planL2Status } from './l2-status-plan.ts';
import type { L2StatusFacts } from './projections.ts';

const EVERYWHERE: InterfaceScope = { all: true };

function status(name: string, node: string, written: L2StatusFacts['status'] = { node, interfaces: [] }): L2StatusFacts {
  const readySince = written === undefined ? undefined : '2026-01-01T00:00:00Z';
  const metadata = { name, namespace: 'metallb-system', uid: `uid-${name}`, resourceVersion: '1', generation: 1 };
  return { ...metadata, readySince, node, service: 'default/web', status: written };
}

const short = (actions: readonly L2StatusAction[]): string[] =>
  actions.map((action) => (action.kind === 'create' ? 'create' : `${action.kind} ${action.target.name}`));

test.each<{ why: string; on: InterfaceScope | undefined; statuses: L2StatusFacts[]; inherited?: string[]; actions: string[] }>([
  { why: 'nothing to do', on: undefined, statuses: [], actions: [] },
  { why: 'nothing to do for another node', on: undefined, statuses: [status('a', 'node-2')], actions: [] },
  { why: 'taken over', on: EVERYWHERE, statuses: [], actions: ['create'] },
  { why: 'kept', on: EVERYWHERE, statuses: [status('a', 'node-1')], actions: [] },
  { why: 'created, not yet written', on: EVERYWHERE, statuses: [{ ...status('a', 'node-1'), status: undefined }], actions: ['write a'] },
  {
    why: 'written, and not called ready, as MetalLB leaves it',
    on: EVERYWHERE,
    statuses: [{ ...status('a', 'node-1'), readySince: undefined }],
    actions: ['write a'],
  },
  { why: 'other interfaces', on: { all: false, names: ['eth1'] }, statuses: [status('a', 'node-1')], actions: ['write a'] },
  { why: 'given up', on: undefined, statuses: [status('a', 'node-1'), status('b', 'node-2')], actions: ['delete a'] },
  { why: 'two of its own', on: EVERYWHERE, statuses: [status('b', 'node-1'), status('a', 'node-1')], actions: ['delete b'] },
  { why: 'a dead owner', on: EVERYWHERE, statuses: [status('b', 'node-2')], inherited: ['uid-b'], actions: ['delete b', 'create'] },
  { why: 'a living rival', on: EVERYWHERE, statuses: [status('a', 'node-1'), status('b', 'node-2')], actions: [] },
  {
    why: 'its own object that says another node, which cannot be mended',
    on: EVERYWHERE,
    statuses: [status('a', 'node-1', { node: 'node-2', interfaces: [] })],
    actions: ['delete a', 'create'],
  },
])('$why: $actions', ({ on, statuses, inherited = [], actions }) => {
  expect(short(planL2Status({ node: 'node-1', announcedOn: on, statuses, inherited: new Set(inherited) }))).toEqual(actions);
});

test('doing what the plan says leaves nothing to do', () => {
  const one = fc.record({
    node: fc.constantFrom('node-1', 'node-2'),
    written: fc.option(fc.constantFrom('node-1', 'node-2'), { nil: undefined }),
  });
  const scope = fc.constantFrom<InterfaceScope | undefined>(undefined, EVERYWHERE, { all: false, names: ['eth0', 'eth1'] });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 5 }), scope, (objects, announcedOn) => {
      let statuses = objects.map(({ node, written }, index) =>
        status(`s${index}`, node, written === undefined ? undefined : { node: written, interfaces: [] }),
      );
      for (const action of planL2Status({ node: 'node-1', announcedOn, statuses, inherited: new Set() })) {
        if (action.kind === 'create') statuses = [...statuses, status('new', 'node-1', { node: 'node-1', interfaces: action.interfaces })];
        else statuses = statuses.filter((each) => each !== action.target);
        if (action.kind === 'write')
          statuses.push({ ...action.target, readySince: 'now', status: { node: 'node-1', interfaces: action.interfaces } });
      }
      expect(planL2Status({ node: 'node-1', announcedOn, statuses, inherited: new Set() })).toEqual([]);
      expect(statuses.filter(({ node }) => node === 'node-1')).toHaveLength(announcedOn === undefined ? 0 : 1);
    }),
  );
});
