import { expect, test } from '@jest/globals';
import { loadNativeSockets } from './native.ts';

test('a missing compiled part says how to get it', () => {
  expect(() => loadNativeSockets('/nonexistent/typemetal_net.node')).toThrow(
    '/nonexistent/typemetal_net.node cannot be loaded: run "make addon"',
  );
});
