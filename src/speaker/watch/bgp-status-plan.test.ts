import { expect, test } from '@jest/globals';
import { planBgpStatus } from './bgp-status-plan.ts';
import type { BgpStatusFacts } from './projections.ts';

function status(name: string, node: string, said: BgpStatusFacts['status']): BgpStatusFacts {
  const readySince = said === undefined ? undefined : '2026-01-01T00:00:00Z';
  const metadata = { name, namespace: 'metallb-system', uid: `uid-${name}`, resourceVersion: '1', generation: 1 };
  return { ...metadata, readySince, node, service: 'default/web', status: said };
}

const EMPTY = status('a', 'node-1', undefined);
const RIGHT = status('a', 'node-1', { node: 'node-1', peers: ['left', 'right'] });
const OLD = status('a', 'node-1', { node: 'node-1', peers: ['left'] });
const SILENT = { ...RIGHT, readySince: undefined };
const FALSE = status('a', 'node-1', { node: 'node-9', peers: ['left', 'right'] });
const SECOND = status('b', 'node-1', { node: 'node-1', peers: ['left', 'right'] });
const FOREIGN = status('c', 'node-2', { node: 'node-2', peers: ['left'] });

test.each<{ what: string; peers: string[]; statuses: BgpStatusFacts[]; actions: string[] }>([
  { what: 'announced, nothing there', peers: ['left', 'right'], statuses: [FOREIGN], actions: ['create'] },
  { what: 'announced, made but not written', peers: ['left', 'right'], statuses: [EMPTY], actions: ['write a'] },
  { what: 'announced, written', peers: ['left', 'right'], statuses: [RIGHT, FOREIGN], actions: [] },
  { what: 'announced, written, not called ready', peers: ['left', 'right'], statuses: [SILENT], actions: ['write a'] },
  { what: 'announced to others than before', peers: ['left', 'right'], statuses: [OLD], actions: ['write a'] },
  { what: 'announced, twice there', peers: ['left', 'right'], statuses: [SECOND, RIGHT], actions: ['delete b'] },
  { what: 'announced, said of another node', peers: ['left', 'right'], statuses: [FALSE], actions: ['delete a', 'create'] },
  { what: 'not announced', peers: [], statuses: [RIGHT, SECOND, FOREIGN], actions: ['delete a', 'delete b'] },
  { what: 'not announced, nothing there', peers: [], statuses: [], actions: [] },
])('$what', ({ peers, statuses, actions }) => {
  const planned = planBgpStatus({ node: 'node-1', peers, statuses });
  expect(planned.map((action) => (action.kind === 'create' ? 'create' : `${action.kind} ${action.target.name}`))).toEqual(actions);
});
