import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canBeServed, endpointFacts, servingNodes } from './endpoint-facts.ts';

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
  expect(first).toEqual({ key: 'default/web-1', service: 'default/web', servingByNode: new Map([['n1', 2]]), servingElsewhere: 1 });
  expect([...servingNodes([first, second])]).toEqual(['n1', 'n3']);
  expect(canBeServed([])).toBe(false);
  expect(canBeServed([endpointFacts(slice({}))])).toBe(true);
});

test('a slice without the label belongs to no Service', () => {
  expect(endpointFacts({ metadata: { namespace: 'a', name: 'b' } })).toMatchObject({ key: 'a/b', service: '' });
});

test('nothing that a server could send makes the reader throw', () => {
  const shaped = fc.record({ metadata: fc.anything(), endpoints: fc.oneof(fc.anything(), fc.array(fc.anything())) });
  fc.assert(fc.property(fc.oneof(fc.anything(), shaped), (value) => endpointFacts(value).key.includes('/')));
});
