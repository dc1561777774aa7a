import { expect, test } from '@jest/globals';
import { formatAddress, type IpAddress, parseAddress } from '../../../lib/ip.ts';
import { nextHopsOf } from './next-hops.ts';

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

test.each<{ local: string; siblings: string[]; IPv4: string[] | undefined; IPv6: string[] | undefined }>([
  { local: '198.51.100.11', siblings: [], IPv4: ['198.51.100.11'], IPv6: undefined },
  { local: '198.51.100.11', siblings: ['fe80::1', '2001:db8::1'], IPv4: ['198.51.100.11'], IPv6: ['2001:db8::1'] },
  { local: '198.51.100.11', siblings: ['198.51.100.12', 'fe80::1'], IPv4: ['198.51.100.11'], IPv6: undefined },
  { local: '2001:db8::1', siblings: ['198.51.100.11'], IPv4: ['198.51.100.11'], IPv6: ['2001:db8::1'] },
  { local: '2001:db8::1', siblings: ['fe80::1'], IPv4: ['2001:db8::1'], IPv6: ['2001:db8::1'] },
])('from $local beside $siblings: $IPv4, $IPv6', ({ local, siblings, ...hops }) => {
  const found = nextHopsOf(address(local), siblings.map(address));
  expect({ IPv4: found.IPv4?.map(formatAddress), IPv6: found.IPv6?.map(formatAddress) }).toEqual(hops);
});
