import { expect, test } from '@jest/globals';
import { type IpAddress, parseAddress } from '../../../lib/ip.ts';
import { routerIdOf } from './router-id.ts';

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

test.each([
  { what: 'its own address', local: '198.51.100.11', siblings: [], id: 0xc6_33_64_0b },
  { what: 'another one of the link', local: '2001:db8::1', siblings: ['fe80::1', '198.51.100.12'], id: 0xc6_33_64_0c },
  // CRC-32 of "123456789" is 0xcbf43926: the check value of the algorithm. Its least octet comes first.
  { what: 'a number made of the name', local: '2001:db8::1', siblings: [], id: 0x26_39_f4_cb },
])('a node is known by $what', ({ local, siblings, id }) => {
  expect(routerIdOf(address(local), siblings.map(address), '123456789')).toBe(id);
});

test('nobody is known by 0', () => {
  expect(routerIdOf(address('0.0.0.0'), [], 'node')).toBe(1);
});
