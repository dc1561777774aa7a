import { expect, test } from '@jest/globals';
import { type Capability, IPV4_UNICAST, IPV6_UNICAST, negotiate, type Open } from '@typemetal/bgp-parser';
import { agreedCapabilities } from './agreed-capabilities.ts';

const IPV4: Capability = { code: 1, name: 'multiprotocol', ...IPV4_UNICAST };
const IPV6: Capability = { code: 1, name: 'multiprotocol', ...IPV6_UNICAST };
const MULTICAST: Capability = { code: 1, name: 'multiprotocol', afi: 1, safi: 2 };
const REFRESH: Capability = { code: 2, name: 'route-refresh' };
const EXTENDED: Capability = { code: 6, name: 'extended-message' };
const FOUR_OCTET: Capability = { code: 65, name: 'four-octet-asn', asn: 64_512 };

function open(...capabilities: readonly Capability[]): Open {
  return { type: 'open', version: 4, asn: 64_512, holdTime: 90, routerId: 1, capabilities };
}

test.each<{ what: string; theirs: readonly Capability[]; agreed: readonly string[] }>([
  {
    what: 'all',
    theirs: [IPV4, IPV6, REFRESH, EXTENDED, FOUR_OCTET],
    agreed: ['ipv4-unicast', 'ipv6-unicast', 'four-octet-asn', 'route-refresh', 'extended-message'],
  },
  { what: 'nothing, which is IPv4', theirs: [], agreed: ['ipv4-unicast'] },
  { what: 'a family that we do not name', theirs: [IPV6, MULTICAST], agreed: ['ipv6-unicast'] },
])('a peer that offers $what', ({ theirs, agreed }) => {
  expect(agreedCapabilities(negotiate(open(IPV4, IPV6, REFRESH, EXTENDED, FOUR_OCTET), open(...theirs)))).toEqual(agreed);
});
