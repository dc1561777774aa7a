import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BROADCAST_MAC, formatMac, isStation, type Mac, parseMac, ZERO_MAC } from './mac.ts';

describe('a MAC', () => {
  test.each<[string, number]>([
    ['00:00:00:00:00:00', 0],
    ['02:00:5e:00:00:01', 0x0200_5e00_0001],
    ['ff:ff:ff:ff:ff:ff', 0xffff_ffff_ffff],
  ])('%s is %d', (text, value) => {
    expect(parseMac(text)).toBe(value);
    expect(formatMac(value as Mac)).toBe(text);
  });

  test.each(['', '02:00:5e:00:00', '02:00:5e:00:00:01:02', '2:0:5e:0:0:1', '02-00-5e-00-00-01', 'g2:00:5e:00:00:01'])(
    '"%s" is none',
    (text) => {
      expect(parseMac(text)).toBeUndefined();
    },
  );

  test.each<[string, boolean]>([
    ['02:00:00:00:00:01', true],
    ['fe:ff:ff:ff:ff:ff', true],
    ['01:00:5e:00:00:01', false],
    ['33:33:00:00:00:01', false],
  ])('%s is a station: %s', (text, station) => {
    expect(isStation(parseMac(text) ?? ZERO_MAC)).toBe(station);
  });

  test('neither everybody nor nobody is a station', () => {
    expect([isStation(BROADCAST_MAC), isStation(ZERO_MAC)]).toEqual([false, false]);
  });

  test('text and number mirror each other', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (value) => expect(parseMac(formatMac(value as Mac))).toBe(value)));
  });
});
