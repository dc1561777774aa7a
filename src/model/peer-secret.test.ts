import { expect, test } from '@jest/globals';
import { peerSecret } from './peer-secret.ts';

const metadata = { name: 'tor' };

test.each<{ what: string; data: unknown; password: string | undefined }>([
  { what: 'a password', data: { password: 'c2VjcmV0' }, password: 'secret' },
  { what: 'one of other letters', data: { password: 'w7Y=' }, password: 'ö' },
  { what: 'none', data: { username: 'c2VjcmV0' }, password: undefined },
  { what: 'an empty one', data: { password: '' }, password: undefined },
  { what: 'no base64', data: { password: '%%%' }, password: undefined },
  { what: 'no UTF-8', data: { password: '/w==' }, password: undefined },
  { what: 'no data at all', data: undefined, password: undefined },
])('$what', ({ data, password }) => {
  expect(peerSecret({ metadata, data })).toEqual(password === undefined ? undefined : { name: 'tor', password });
});
