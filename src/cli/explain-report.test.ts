import { expect, test } from '@jest/globals';
import type { Explanation } from './explain.ts';
import { reportOf, serviceNamed } from './explain-report.ts';
import { PLAIN } from './report.ts';

test.each([
  { operand: 'web', is: { namespace: 'mine', name: 'web' } },
  { operand: 'other/web', is: { namespace: 'other', name: 'web' } },
  { operand: 'service/web', is: { namespace: 'mine', name: 'web' } },
  { operand: 'services/web', is: { namespace: 'mine', name: 'web' } },
  { operand: 'svc/web', is: { namespace: 'mine', name: 'web' } },
  { operand: 'services-of-a/web', is: { namespace: 'services-of-a', name: 'web' } },
])('$operand', ({ operand, is }) => {
  expect(serviceNamed(operand, 'mine')).toEqual(is);
});

const WELL: Explanation = {
  service: 'default/web',
  state: 'announced',
  addresses: ['192.0.2.1', '2001:db8::1'],
  pool: 'main',
  allocation: undefined,
  externalTrafficPolicy: 'Cluster',
  announcedBy: [
    { protocol: 'layer 2', node: 'node-1', to: [] },
    { protocol: 'BGP', node: 'node-2', to: ['tor-a', 'tor-b'] },
  ],
  endpoints: [
    { node: 'node-1', serving: 2 },
    { node: '', serving: 1 },
  ],
  advertisements: ['L2Advertisement all', 'BGPAdvertisement all'],
  problems: [],
};

test('a Service that is well', () => {
  const { exitCode, text } = reportOf(WELL, [{ last: '2026-01-01T00:00:00Z', reason: 'IPAllocated', message: 'Assigned' }]);
  expect(exitCode).toBe(0);
  expect(text(PLAIN)).toBe(`Service:         default/web
State:           announced
Addresses:       192.0.2.1, 2001:db8::1 of IPAddressPool main
Advertisements:  L2Advertisement all, BGPAdvertisement all
Traffic policy:  Cluster

ANNOUNCED BY
  NODE     PROTOCOL   TO
  node-1   layer 2    all its links
  node-2   BGP        tor-a, tor-b

ENDPOINTS
  NODE      SERVING
  node-1    2
  no node   1

EVENTS
  LAST                   REASON        MESSAGE
  2026-01-01T00:00:00Z   IPAllocated   Assigned

`);
});

test('one that waits', () => {
  const problems = [
    { text: 'it is ill', remedy: 'heal it' },
    { text: 'Do this.', remedy: '' },
  ];
  const waits: Explanation = {
    ...WELL,
    state: 'pending',
    addresses: [],
    pool: undefined,
    advertisements: [],
    announcedBy: [],
    endpoints: [],
    problems,
  };
  const { exitCode, text, json } = reportOf(waits, []);
  expect([exitCode, json]).toEqual([1, { ...waits, events: [] }]);
  expect(text(PLAIN)).toBe(`Service:         default/web
State:           pending
Addresses:       none
Advertisements:  none
Traffic policy:  Cluster

WHAT IS WRONG
  ✗ it is ill
    → heal it
  ✗ Do this.
`);
});
