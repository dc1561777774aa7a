import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeDecodeError } from '../../lib/binary.ts';
import type { Ipv4 } from '../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../lib/mac.ts';
import { ARP_REQUEST, type ArpFrame, decodeArpFrame, encodeArpFrame, newArpFrame } from './arp.ts';

/** Host 02:00:00:00:00:01, 10.0.0.1, asks everybody for 10.0.0.9; written octet by octet, padded to 60. */
const REQUEST = bytesOf(`
  ff ff ff ff ff ff  02 00 00 00 00 01  08 06
  00 01  08 00  06  04  00 01
  02 00 00 00 00 01  0a 00 00 01
  00 00 00 00 00 00  0a 00 00 09
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00`);

const MEANING: ArpFrame = {
  destination: BROADCAST_MAC,
  source: 0x0200_0000_0001 as Mac,
  operation: ARP_REQUEST,
  senderMac: 0x0200_0000_0001 as Mac,
  senderIp: 0x0a00_0001 as Ipv4,
  targetMac: 0 as Mac,
  targetIp: 0x0a00_0009 as Ipv4,
};

function bytesOf(hexadecimal: string): Uint8Array {
  return Uint8Array.from(hexadecimal.trim().split(/\s+/), (octet) => Number.parseInt(octet, 16));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function changed(offset: number, octet: number): Uint8Array {
  const bytes = REQUEST.slice();
  bytes[offset] = octet;
  return bytes;
}

describe('decodeArpFrame', () => {
  test('reads a request', () => {
    expect(decodeArpFrame(viewOf(REQUEST))).toEqual({ ok: true, value: MEANING });
  });

  test('needs no padding', () => {
    expect(decodeArpFrame(viewOf(REQUEST.subarray(0, 42)))).toEqual({ ok: true, value: MEANING });
  });

  test.each<[string, Uint8Array, string]>([
    ['nothing', REQUEST.subarray(0, 0), 'frame length at offset 0 is 0, must be at least 42'],
    ['one octet too few', REQUEST.subarray(0, 41), 'frame length at offset 0 is 41, must be at least 42'],
    ['a VLAN tag', changed(12, 0x81), `EtherType at offset 12 is ${0x8106}, must be 0x0806`],
    ['hardware type Frame Relay', changed(15, 15), 'hardware type at offset 14 is 15, must be 1'],
    ['protocol type IPv6', changed(16, 0x86), `protocol type at offset 16 is ${0x8600}, must be 0x0800`],
    ['a hardware length that lies', changed(18, 255), 'hardware length at offset 18 is 255, must be 6'],
    ['a protocol length that lies', changed(19, 16), 'protocol length at offset 19 is 16, must be 4'],
  ])('refuses %s', (_, bytes, sentence) => {
    const decoded = decodeArpFrame(viewOf(bytes));
    expect(decoded.ok ? 'accepted' : describeDecodeError(decoded.error)).toBe(sentence);
  });

  test('reads no further than it was told', () => {
    expect(decodeArpFrame(viewOf(REQUEST), 41).ok).toBe(false);
    expect(decodeArpFrame(viewOf(REQUEST.subarray(0, 42)), 60).ok).toBe(false);
  });

  test('takes any octets without an exception', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => expect(typeof decodeArpFrame(viewOf(bytes)).ok).toBe('boolean')));
  });
});

describe('encodeArpFrame', () => {
  test('writes what decodeArpFrame reads', () => {
    const frame = newArpFrame();
    encodeArpFrame(MEANING, frame);
    expect(new Uint8Array(frame.buffer)).toEqual(REQUEST);
  });

  test('mirrors decodeArpFrame for every message, also into a frame that was used before', () => {
    const mac = fc.integer({ min: 0, max: 2 ** 48 - 1 });
    const ip = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const operation = fc.integer({ min: 0, max: 0xffff });
    const frame = newArpFrame();
    fc.assert(
      fc.property(
        fc.record({ destination: mac, source: mac, operation, senderMac: mac, senderIp: ip, targetMac: mac, targetIp: ip }),
        (message) => {
          encodeArpFrame(message as ArpFrame, frame);
          expect(decodeArpFrame(frame)).toEqual({ ok: true, value: message });
        },
      ),
    );
  });
});
