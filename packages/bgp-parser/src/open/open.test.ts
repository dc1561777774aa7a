import { describe, expect, test } from '@jest/globals';
import { faultLine } from '../../../../test/support/bgp-faults.ts';
import { bgpMessage, TYPE } from '../../../../test/support/bgp-octets.ts';
import { hexadecimalOf, octetsOf } from '../../../../test/support/octets.ts';
import { INITIAL_CONTEXT } from '../context.ts';
import type { Fault } from '../fault.ts';
import { decodeMessage, encodeMessage } from '../message.ts';
import type { Capability } from './capability.ts';
import { asnOf, type Open } from './open.ts';

const FIXED = '04 fc00 005a 0a000001';

function decodeOpenOf(bytes: Uint8Array): { readonly open: Open; readonly faults: readonly Fault[] } {
  const { message, faults } = decodeMessage(bytes, INITIAL_CONTEXT);
  if (message?.type !== 'open') throw new Error(`no OPEN: ${JSON.stringify(faults)}`);
  return { open: message, faults };
}

/** An OPEN whose one parameter holds these capabilities. */
function openWith(capabilities: string): Uint8Array {
  const length = octetsOf(capabilities).length;
  return bgpMessage(TYPE.open, `${FIXED} ${octet(length + 2)} 02 ${octet(length)} ${capabilities}`);
}

function octet(value: number): string {
  return value.toString(16).padStart(2, '0');
}

const CAPABILITIES: readonly { readonly what: string; readonly octets: string; readonly capability: Capability }[] = [
  { what: 'multiprotocol, EVPN', octets: '01 04 0019 00 46', capability: { code: 1, name: 'multiprotocol', afi: 25, safi: 70 } },
  { what: 'route refresh', octets: '02 00', capability: { code: 2, name: 'route-refresh' } },
  {
    what: 'next hops of IPv6 for IPv4 for unicast and for VPNs',
    octets: '05 0c 0001 0001 0002 0001 0080 0002',
    capability: {
      code: 5,
      name: 'extended-next-hop',
      families: [
        { afi: 1, safi: 1, nextHopAfi: 2 },
        { afi: 1, safi: 128, nextHopAfi: 2 },
      ],
    },
  },
  { what: 'extended messages', octets: '06 00', capability: { code: 6, name: 'extended-message' } },
  { what: 'the role of a customer', octets: '09 01 03', capability: { code: 9, name: 'role', role: 'customer' } },
  { what: 'the role of nobody', octets: '09 01 07', capability: { code: 9, name: 'role', role: 7 } },
  {
    what: 'graceful restart without families',
    octets: '40 02 0078',
    capability: { code: 64, name: 'graceful-restart', restarted: false, notification: false, restartTimeSeconds: 120, families: [] },
  },
  {
    what: 'graceful restart, R and N, for the longest time',
    octets: '40 06 cfff 0002 01 80',
    capability: {
      code: 64,
      name: 'graceful-restart',
      restarted: true,
      notification: true,
      restartTimeSeconds: 4095,
      families: [{ afi: 2, safi: 1, forwarding: true }],
    },
  },
  { what: 'a four-octet AS number', octets: '41 04 fa56ea00', capability: { code: 65, name: 'four-octet-asn', asn: 4_200_000_000 } },
  {
    what: 'add-path in its three modes',
    octets: '45 0c 0001 01 01 0002 01 02 0001 02 03',
    capability: {
      code: 69,
      name: 'add-path',
      families: [
        { afi: 1, safi: 1, mode: 'receive' },
        { afi: 2, safi: 1, mode: 'send' },
        { afi: 1, safi: 2, mode: 'both' },
      ],
    },
  },
  {
    what: 'add-path in a mode that nobody knows',
    octets: '45 04 0001 01 04',
    capability: { code: 69, name: 'unknown', value: octetsOf('00010104') },
  },
  { what: 'enhanced route refresh', octets: '46 00', capability: { code: 70, name: 'enhanced-route-refresh' } },
  {
    what: 'long-lived graceful restart for an hour and a day',
    octets: '47 0e 0001 01 80 000e10 0002 01 00 015180',
    capability: {
      code: 71,
      name: 'long-lived-graceful-restart',
      families: [
        { afi: 1, safi: 1, forwarding: true, staleTimeSeconds: 3600 },
        { afi: 2, safi: 1, forwarding: false, staleTimeSeconds: 86_400 },
      ],
    },
  },
  {
    what: 'a name in UTF-8',
    octets: '49 09 03 72c3b6 04 6c616e21',
    capability: { code: 73, name: 'fqdn', hostname: 'rö', domain: 'lan!' },
  },
  { what: 'a name that is cut short', octets: '49 02 05 72', capability: { code: 73, name: 'unknown', value: octetsOf('0572') } },
  {
    what: 'a name with something behind it',
    octets: '49 03 00 00 00',
    capability: { code: 73, name: 'unknown', value: octetsOf('000000') },
  },
  {
    what: 'a name whose replacement is as long as it is',
    octets: '49 05 03 f09f98 00',
    capability: { code: 73, name: 'unknown', value: octetsOf('03f09f9800') },
  },
  { what: 'a name that is no UTF-8', octets: '49 03 01 ff 00', capability: { code: 73, name: 'unknown', value: octetsOf('01ff00') } },
  { what: 'one that nobody knows', octets: '80 03 010203', capability: { code: 128, name: 'unknown', value: octetsOf('010203') } },
];

describe('a capability', () => {
  test.each(CAPABILITIES)('$what', ({ octets, capability }) => {
    const { open, faults } = decodeOpenOf(openWith(octets));
    expect({ capabilities: open.capabilities, faults }).toEqual({ capabilities: [capability], faults: [] });
    expect(encodeMessage(open, INITIAL_CONTEXT)).toEqual(openWith(octets));
  });
});

const MALFORMED: readonly { readonly what: string; readonly bytes: Uint8Array; readonly faults: readonly string[] }[] = [
  {
    what: 'version 3',
    bytes: bgpMessage(TYPE.open, '03 fc00 005a 0a000001 00'),
    faults: ['session-reset, offset 19: version is 3, must be 4 -> 2/1 0004'],
  },
  {
    what: 'AS 0',
    bytes: bgpMessage(TYPE.open, '04 0000 005a 0a000001 00'),
    faults: ['session-reset, offset 20: AS number is 0, which nobody has -> 2/2'],
  },
  {
    what: 'AS 0 in four octets',
    bytes: openWith('41 04 00000000'),
    faults: ['session-reset, offset 20: AS number is 0, which nobody has -> 2/2'],
  },
  {
    what: 'a hold time of 2 s',
    bytes: bgpMessage(TYPE.open, '04 fc00 0002 0a000001 00'),
    faults: ['session-reset, offset 22: hold time is 2, must be 0 or at least 3 -> 2/6'],
  },
  {
    what: 'BGP identifier 0',
    bytes: bgpMessage(TYPE.open, '04 fc00 005a 00000000 00'),
    faults: ['session-reset, offset 24: BGP identifier is 0, must be another -> 2/3'],
  },
  {
    what: 'parameters that are not there',
    bytes: bgpMessage(TYPE.open, `${FIXED} 04 02`),
    faults: ['session-reset, offset 28: optional parameters length is 4, must be 1 -> 2/0'],
  },
  {
    what: 'parameters that nobody announced',
    bytes: bgpMessage(TYPE.open, `${FIXED} 00 02 00`),
    faults: ['session-reset, offset 28: optional parameters length is 0, must be 2 -> 2/0'],
  },
  {
    what: 'half a parameter',
    bytes: bgpMessage(TYPE.open, `${FIXED} 01 02`),
    faults: ['session-reset, offset 29: optional parameter has 1 octets, must have 2 -> 2/0'],
  },
  {
    what: 'a parameter that goes on behind the message',
    bytes: bgpMessage(TYPE.open, `${FIXED} 03 02 05 01`),
    faults: ['session-reset, offset 29: optional parameter has 3 octets, must have 7 -> 2/0'],
  },
  {
    what: 'authentication, which is long gone',
    bytes: bgpMessage(TYPE.open, `${FIXED} 03 01 01 00`),
    faults: ['session-reset, offset 29: optional parameter type is 1, must be 2 -> 2/4'],
  },
  { what: 'half a capability', bytes: openWith('02'), faults: ['session-reset, offset 31: capability has 1 octets, must have 2 -> 2/0'] },
  {
    what: 'a capability that goes on behind its parameter',
    bytes: openWith('02 00 41 04 0000'),
    faults: ['session-reset, offset 33: capability has 4 octets, must have 6 -> 2/0'],
  },
  {
    what: 'extended lengths that do not fit',
    bytes: bgpMessage(TYPE.open, `${FIXED} ff ff 0002 02 0000`),
    faults: ['session-reset, offset 30: extended optional parameters length is 2, must be 3 -> 2/0'],
  },
];

describe('an OPEN that is malformed', () => {
  test.each(MALFORMED)('$what', ({ bytes, faults }) => expect(decodeOpenOf(bytes).faults.map(faultLine)).toEqual(faults));

  test.each<{ octets: string; fault: string }>([
    { octets: '01 03 000100', fault: 'session-reset, offset 32: multiprotocol capability has 3 octets, must have 4 -> 2/0' },
    { octets: '02 01 00', fault: 'session-reset, offset 32: route-refresh capability has 1 octets, must have 0 -> 2/0' },
    {
      octets: '05 05 0001000100',
      fault: 'session-reset, offset 32: extended-next-hop capability has 5 octets, must have 0 and a multiple of 6 -> 2/0',
    },
    { octets: '06 01 00', fault: 'session-reset, offset 32: extended-message capability has 1 octets, must have 0 -> 2/0' },
    { octets: '09 00', fault: 'session-reset, offset 32: role capability has 0 octets, must have 1 -> 2/0' },
    {
      octets: '40 01 00',
      fault: 'session-reset, offset 32: graceful-restart capability has 1 octets, must have 2 and a multiple of 4 -> 2/0',
    },
    {
      octets: '40 05 0078000101',
      fault: 'session-reset, offset 32: graceful-restart capability has 5 octets, must have 2 and a multiple of 4 -> 2/0',
    },
    { octets: '41 02 fc00', fault: 'session-reset, offset 32: four-octet-asn capability has 2 octets, must have 4 -> 2/0' },
    { octets: '45 03 000101', fault: 'session-reset, offset 32: add-path capability has 3 octets, must have 0 and a multiple of 4 -> 2/0' },
    {
      octets: '47 06 000101000000',
      fault: 'session-reset, offset 32: long-lived-graceful-restart capability has 6 octets, must have 0 and a multiple of 7 -> 2/0',
    },
  ])('$fault', ({ octets, fault }) => {
    const { open, faults } = decodeOpenOf(openWith(octets));
    expect(faults.map(faultLine)).toEqual([fault]);
    expect(open.capabilities.map(({ name }) => name)).toEqual(['unknown']);
  });
});

describe('the parameters of an OPEN', () => {
  test('capabilities may be spread over several', () => {
    const { open, faults } = decodeOpenOf(bgpMessage(TYPE.open, `${FIXED} 0e 02 02 02 00 02 00 02 06 41 04 0000fde8`));
    expect({ names: open.capabilities.map(({ name }) => name), asn: asnOf(open), faults }).toEqual({
      names: ['route-refresh', 'four-octet-asn'],
      asn: 65_000,
      faults: [],
    });
  });

  test('more than 253 octets of capabilities have lengths of two octets, 253 do not', () => {
    const capability = (length: number): Capability => ({ code: 200, name: 'unknown', value: new Uint8Array(length) });
    const open = (length: number): Open => ({ ...decodeOpenOf(openWith('')).open, capabilities: [capability(length)] });
    expect(hexadecimalOf(encodeMessage(open(251), INITIAL_CONTEXT).subarray(28, 33))).toBe('ff02fdc8fb');
    expect(hexadecimalOf(encodeMessage(open(252), INITIAL_CONTEXT).subarray(28, 37))).toBe('ffff01010200fec8fc');
    for (const length of [251, 252])
      expect(decodeOpenOf(encodeMessage(open(length), INITIAL_CONTEXT))).toEqual({ open: open(length), faults: [] });
  });

  test('with extended lengths the short one may be anything but 0', () => {
    const bytes = bgpMessage(TYPE.open, `${FIXED} 07 ff 0005 02 0002 02 00`);
    expect(decodeOpenOf(bytes)).toMatchObject({ open: { capabilities: [{ name: 'route-refresh' }] }, faults: [] });
  });
});

test('an AS number of four octets does not fit into its field, and stands in a capability', () => {
  const open: Open = {
    type: 'open',
    version: 4,
    asn: 4_200_000_000,
    holdTime: 90,
    routerId: 1,
    capabilities: [{ code: 65, name: 'four-octet-asn', asn: 4_200_000_000 }],
  };
  const decoded = decodeOpenOf(encodeMessage(open, INITIAL_CONTEXT)).open;
  expect([decoded.asn, asnOf(decoded)]).toEqual([23_456, 4_200_000_000]);
});
