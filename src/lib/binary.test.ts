import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeDecodeError, readMac, refused, writeMac } from './binary.ts';
import type { Mac } from './mac.ts';

test('a refusal names field, offset, what is there and what should be', () => {
  expect(describeDecodeError(refused('hardware length', 18, 8, '6').error)).toBe('hardware length at offset 18 is 8, must be 6');
});

test('six octets are read as they were written, and no other octet is touched', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.nat({ max: 4 }), (mac, offset) => {
      const octets = new Uint8Array(12).fill(0xaa);
      const view = new DataView(octets.buffer);
      writeMac(view, offset, mac as Mac);
      expect(readMac(view, offset)).toBe(mac);
      expect(octets.fill(0xaa, offset, offset + 6)).toEqual(new Uint8Array(12).fill(0xaa));
    }),
  );
});
