import { describe, expect, test } from '@jest/globals';
import { collectionPath, keyOf, nameOf, objectPath, titleOf } from './resource.ts';

const SERVICES = { group: '', version: 'v1', plural: 'services' };
const POOLS = { group: 'metallb.io', version: 'v1beta1', plural: 'ipaddresspools', namespace: 'metallb-system' };

describe('paths', () => {
  test.each([
    { path: collectionPath(SERVICES), is: '/api/v1/services' },
    { path: collectionPath({ ...SERVICES, namespace: 'default' }), is: '/api/v1/namespaces/default/services' },
    { path: collectionPath(POOLS), is: '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools' },
    { path: objectPath(SERVICES, { namespace: 'a', name: 'b' }), is: '/api/v1/namespaces/a/services/b' },
    { path: objectPath(SERVICES, { namespace: 'a', name: 'b' }, 'status'), is: '/api/v1/namespaces/a/services/b/status' },
    { path: objectPath({ ...SERVICES, plural: 'nodes' }, { name: 'node:1' }), is: '/api/v1/nodes/node%3A1' },
    // A name comes from whoever created the object: it must not lead to another path.
    { path: objectPath(SERVICES, { namespace: 'a', name: 'a/../b?c' }), is: '/api/v1/namespaces/a/services/a%2F..%2Fb%3Fc' },
  ])('$is', ({ path, is }) => {
    expect(path).toBe(is);
  });
});

test.each([
  { key: 'default/web', name: { namespace: 'default', name: 'web' } },
  { key: 'node-1', name: { name: 'node-1' } },
])('the key $key names its object', ({ key, name }) => {
  expect(keyOf(name)).toBe(key);
  expect(nameOf(key)).toEqual(name);
});

test('titles are those of kubectl', () => {
  expect([titleOf(SERVICES), titleOf(POOLS)]).toEqual(['services', 'ipaddresspools.metallb.io']);
});
