import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canBeServed, endpointFacts, endpointsOn, servingNodes } from './endpoint-facts.ts';

const slice = (...endpoints: object[]): object => ({
  metadata: { namespace: 'default', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
  endpoints,
});

test.each<{ conditions: object | undefined; serves: boolean }>([
  { conditions: undefined, serves: true },
  { conditions: {}, serves: true },
  { conditions: { ready: true }, serves: true },
  { conditions: { ready: null }, serves: true },
  { conditions: { ready: false }, serves: false },
  { conditions: { ready: false, serving: false, terminating: true }, serves: false },
  { conditions: { ready: false, serving: true, terminating: true }, serves: true },
])('an endpoint with $conditions serves: $serves', ({ conditions, serves }) => {
  const read = endpointFacts(slice({ conditions, nodeName: 'n1' }));
  expect(canBeServed([read])).toBe(serves);
  expect([...servingNodes([read])]).toEqual(serves ? ['n1'] : []);
});

test('endpoints are counted by node, those without one apart, over all slices of the Service', () => {
  const first = endpointFacts(slice({ nodeName: 'n1' }, { nodeName: 'n1' }, { nodeName: 'n2', conditions: { ready: false } }, {}));
  const second = endpointFacts(slice({ nodeName: 'n3' }));
  const counts = { servingByNode: new Map([['n1', 2]]), readyByNode: new Map([['n1', 2]]), servingElsewhere: 1 };
  expect(first).toEqual({ key: 'default/web-1', service: 'default/web', family: undefined, ...counts });
  expect([...servingNodes([first, second])]).toEqual(['n1', 'n3']);
  expect(canBeServed([])).toBe(false);
  expect(canBeServed([endpointFacts(slice({}))])).toBe(true);
});

describe('endpoints that share the traffic of a node', () => {
  const TERMINATING = { ready: false, serving: true, terminating: true };
  const of = (addressType: string, ...endpoints: object[]): object => ({ ...slice(...endpoints), addressType });
  const ready = { nodeName: 'n1' };
  const ending = { nodeName: 'n1', conditions: TERMINATING };
  test.each<{ what: string; slices: object[]; count: number }>([
    { what: 'none', slices: [], count: 0 },
    { what: 'those of all slices', slices: [of('IPv4', ready, ready), of('IPv4', ready)], count: 3 },
    { what: 'not those of other nodes', slices: [of('IPv4', ready, { nodeName: 'n2' }, {})], count: 1 },
    { what: 'not the IPv6 addresses of the same pods', slices: [of('IPv4', ready), of('IPv6', ready)], count: 1 },
    { what: 'any family where the slice names none', slices: [slice(ready)], count: 1 },
    { what: 'not what terminates beside what is ready', slices: [of('IPv4', ready, ending)], count: 1 },
    { what: 'what terminates where nothing is ready', slices: [of('IPv4', ending), of('IPv4', ending)], count: 2 },
    { what: 'not what cannot serve', slices: [of('IPv4', ready, { nodeName: 'n1', conditions: { ready: false } })], count: 1 },
  ])('$what: $count', ({ slices, count }) => {
    expect(endpointsOn('n1', 'IPv4', slices.map(endpointFacts))).toBe(count);
  });
});

test('a slice without the label belongs to no Service', () => {
  expect(endpointFacts({ metadata: { namespace: 'a', name: 'b' } })).toMatchObject({ key: 'a/b', service: '' });
});

test('nothing that a server could send makes the reader throw', () => {
  const shaped = fc.record({ metadata: fc.anything(), endpoints: fc.oneof(fc.anything(), fc.array(fc.anything())) });
  fc.assert(fc.property(fc.oneof(fc.anything(), shaped), (value) => endpointFacts(value).key.includes('/')));
});
