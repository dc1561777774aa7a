import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressOf } from '../../../test/support/announcements.ts';
import { addressMessage, endMessage, joined, linkMessage, netlinkMessage } from '../../../test/support/netlink-messages.ts';
import { describeDecodeError } from '../../lib/binary.ts';
import { decodeNetlink, encodeDumpRequest, type NetlinkBody } from './netlink.ts';

const UP = 0x1;
const BROADCAST = 0x2;
const NO_ARP = 0x80;
const LOWER_UP = 0x1_0000;
const MAC = [2, 0, 0, 0, 0, 1];
const ETH0 = { index: 2, name: 'eth0', mac: MAC, flags: UP | BROADCAST | LOWER_UP };

function bodies(datagram: Uint8Array): readonly NetlinkBody[] {
  const decoded = decodeNetlink(datagram);
  if (!decoded.ok) throw new Error(describeDecodeError(decoded.error));
  return decoded.value.map(({ body }) => body);
}

const eth0 = { index: 2, name: 'eth0', mac: 0x0200_0000_0001, up: true, carrier: true, broadcast: true, noArp: false, enslaved: false };

const REFUSED: readonly (readonly [what: string, datagram: Uint8Array, sentence: string])[] = [
  ['a message longer than the datagram', linkMessage(ETH0).subarray(0, 40), 'message length at offset 0 is 56, must be 16 to 40'],
  ['a message shorter than its header', new Uint8Array(16), 'message length at offset 0 is 0, must be 16 to 16'],
  ['a link cut short', netlinkMessage({ type: 16 }, new Uint8Array(8)), 'link at offset 16 is 8, must be at least 16 octets'],
  ['an address cut short', netlinkMessage({ type: 20 }, new Uint8Array(4)), 'address at offset 16 is 4, must be at least 8 octets'],
  ['an end without a number', netlinkMessage({ type: 3 }, new Uint8Array(0)), 'error at offset 16 is 0, must be at least 4 octets'],
  ['an attribute of length 0', netlinkMessage({ type: 16 }, new Uint8Array(20)), 'attribute length at offset 32 is 0, must be 4 to 4'],
  [
    'an attribute that ends beyond its message',
    netlinkMessage({ type: 16 }, Uint8Array.from([...new Uint8Array(16), 5, 0, 3, 0])),
    'attribute length at offset 32 is 5, must be 4 to 4',
  ],
];

describe('decodeNetlink', () => {
  test.each<{ what: string; message: Uint8Array; body: NetlinkBody | object }>([
    { what: 'a link', message: linkMessage(ETH0), body: { kind: 'link', link: eth0 } },
    {
      what: 'a link that is down',
      message: linkMessage({ ...ETH0, flags: BROADCAST }),
      body: { kind: 'link', link: { ...eth0, up: false, carrier: false } },
    },
    { what: 'a link without ARP', message: linkMessage({ ...ETH0, flags: NO_ARP }), body: { link: { noArp: true, broadcast: false } } },
    { what: 'a port of a bridge', message: linkMessage({ ...ETH0, master: 7 }), body: { link: { enslaved: true } } },
    { what: 'a link with a MAC of another length', message: linkMessage({ ...ETH0, mac: [1, 2, 3, 4] }), body: { link: { mac: 0 } } },
    { what: 'a link without a MAC', message: linkMessage({ index: 2, name: 'tun0', flags: UP }), body: { link: { mac: 0, name: 'tun0' } } },
    { what: 'a link that went', message: linkMessage(ETH0, true), body: { kind: 'link-gone', index: 2 } },
    {
      what: "a bridge's word about a port that left it",
      message: linkMessage({ ...ETH0, family: 7 }, true),
      body: { kind: 'other', type: 16 },
    },
    {
      what: 'an IPv4 address',
      message: addressMessage(2, 24, [10, 0, 0, 1]),
      body: { kind: 'address', index: 2, address: { address: addressOf('10.0.0.1'), prefixLength: 24 } },
    },
    {
      what: 'an IPv6 address that went',
      message: addressMessage(2, 64, [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], true),
      body: { kind: 'address-gone', index: 2, address: { address: addressOf('fe80::1'), prefixLength: 64 } },
    },
    { what: 'the end of a dump', message: endMessage('done', 3, 0), body: { kind: 'done', errno: 0 } },
    { what: 'a refusal', message: endMessage('error', 3, -16), body: { kind: 'error', errno: -16 } },
    { what: 'something else', message: netlinkMessage({ type: 24 }, new Uint8Array(12)), body: { kind: 'other', type: 24 } },
  ])('$what', ({ message, body }) => {
    expect(bodies(message)).toMatchObject([body]);
  });

  test('of a link with a peer the own address counts', () => {
    const peer: [number, Uint8Array] = [1, Uint8Array.from([10, 0, 0, 2])];
    const own: [number, Uint8Array] = [2, Uint8Array.from([10, 0, 0, 1])];
    const fixed = Uint8Array.from([2, 32, 0, 0, 2, 0, 0, 0]);
    expect(bodies(netlinkMessage({ type: 20 }, fixed, [peer, own]))).toMatchObject([{ address: { address: addressOf('10.0.0.1') } }]);
  });

  test('reads all messages of a datagram, with what the header says', () => {
    const decoded = decodeNetlink(joined(linkMessage(ETH0), endMessage('done', 9, 0, 0x10)));
    expect(decoded).toMatchObject({
      ok: true,
      value: [
        { sequence: 0, interrupted: false },
        { sequence: 9, interrupted: true },
      ],
    });
  });

  test.each(REFUSED)('refuses %s', (_, datagram, sentence) => {
    const decoded = decodeNetlink(datagram);
    expect(decoded.ok ? 'accepted' : describeDecodeError(decoded.error)).toBe(sentence);
  });

  test('takes any octets without an exception, at any place in their memory', () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(joined(linkMessage(ETH0), addressMessage(2, 24, [10, 0, 0, 1]))),
    );
    const damage = fc.array(fc.tuple(fc.nat({ max: 199 }), fc.nat({ max: 255 })), { maxLength: 6 });
    fc.assert(
      fc.property(octets, damage, fc.nat({ max: 7 }), (content, changes, start) => {
        const memory = new Uint8Array(content.length + start);
        memory.set(content, start);
        for (const [at, octet] of changes) if (at < content.length) memory[start + at] = octet;
        expect(typeof decodeNetlink(memory.subarray(start)).ok).toBe('boolean');
      }),
      { numRuns: 500 },
    );
  });
});

test.each(['links', 'addresses'] as const)('a request for all %s is read as one message', (what) => {
  const decoded = decodeNetlink(encodeDumpRequest(what, 77));
  expect(decoded).toMatchObject({ ok: true, value: [{ sequence: 77, body: { kind: 'other', type: what === 'links' ? 18 : 22 } }] });
});
