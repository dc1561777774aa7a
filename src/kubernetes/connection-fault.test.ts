import net from 'node:net';
import { expect, test } from '@jest/globals';
import { describeConnectionFault } from './connection-fault.ts';

const withCode = (code: string): Error => Object.assign(new Error('text'), { code });

test.each([
  { thrown: withCode('ECONNREFUSED'), is: 'connection refused' },
  { thrown: new AggregateError([withCode('EHOSTUNREACH'), withCode('ECONNREFUSED')]), is: 'no route to its address' },
  { thrown: withCode('ERR_TLS_CERT_ALTNAME_INVALID'), is: 'its certificate is for other names than the one in the kubeconfig' },
  { thrown: withCode('EWHATEVER'), is: 'EWHATEVER' },
  { thrown: new Error('odd'), is: 'Error: odd' },
  { thrown: undefined, is: 'undefined' },
])('$is', ({ thrown, is }) => {
  expect(describeConnectionFault(thrown)).toBe(is);
});

test('what Node itself throws', async () => {
  const fault = await new Promise((resolve) => net.connect({ host: '127.0.0.1', port: 1 }).on('error', resolve));
  expect(describeConnectionFault(fault)).toBe('connection refused');
});
