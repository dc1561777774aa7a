import { expect, test } from '@jest/globals';
import { type Micros, micros, milliseconds } from '../../lib/clock.ts';
import type { Mac } from '../../lib/mac.ts';
import { FrameGuard } from './frame-guard.ts';

const FORGER = 0x0200_0000_0099 as Mac;
const OTHER = 0x0200_0000_0001 as Mac;
const THIRD = 0x0200_0000_0002 as Mac;

/** How many of so many forged frames, all at one moment, are hashed. */
function hashed(guard: FrameGuard, mac: Mac, frames: number, now: Micros): number {
  let count = 0;
  for (let frame = 0; frame < frames; frame++) {
    if (!guard.admits(mac, now)) continue;
    count++;
    guard.refuse(mac, now);
  }
  return count;
}

test('twenty forged frames a second are hashed from one MAC, and all others as before', () => {
  const guard = new FrameGuard();
  expect(hashed(guard, FORGER, 10_000, micros(0))).toBe(20);
  expect(hashed(guard, FORGER, 10_000, milliseconds(999))).toBe(0);
  expect(guard.admits(OTHER, milliseconds(999))).toBe(true);
  expect(hashed(guard, FORGER, 10_000, milliseconds(1_000))).toBe(20);
});

test('the MAC of a speaker is not silenced by those who borrow it, unless they send more than a link has room for', () => {
  const guard = new FrameGuard();
  guard.trust(OTHER, micros(0));
  expect(hashed(guard, OTHER, 19_999, micros(0))).toBe(19_999);
  expect(guard.admits(OTHER, milliseconds(999))).toBe(true);
  expect(hashed(guard, OTHER, 20_000, milliseconds(999))).toBe(1);
  expect(guard.admits(OTHER, milliseconds(1_000))).toBe(true);
});

test('whoever silences one speaker so has silenced no other one', () => {
  const guard = new FrameGuard();
  for (const mac of [OTHER, THIRD]) guard.trust(mac, micros(0));
  hashed(guard, OTHER, 30_000, micros(0));
  expect([guard.admits(OTHER, micros(0)), hashed(guard, THIRD, 30_000, micros(0))]).toEqual([false, 1_000]);
});

test('whoever invents MACs fills no memory: the oldest are forgotten', () => {
  const guard = new FrameGuard();
  hashed(guard, FORGER, 20, micros(0));
  guard.trust(OTHER, micros(0));
  for (let mac = 1; mac <= 1_024; mac++) {
    guard.refuse((0x0400_0000_0000 + mac) as Mac, micros(0));
    guard.trust((0x0400_0000_0000 + mac) as Mac, micros(0));
  }
  expect([guard.admits(FORGER, micros(0)), hashed(guard, OTHER, 900, micros(0))]).toEqual([true, 20]);
});

test.each([
  { what: 'the same number', boot: 1n, sequence: 7, second: true },
  { what: 'the next one', boot: 1n, sequence: 8, second: false },
  { what: 'that number after a restart', boot: 2n, sequence: 7, second: false },
])('a good frame with $what as the one before is that once more: $second', ({ boot, sequence, second }) => {
  const guard = new FrameGuard();
  for (const mac of [OTHER, THIRD]) guard.trust(mac, micros(0));
  expect([guard.isSecond(OTHER, { boot: 1n, sequence: 7 }), guard.isSecond(THIRD, { boot: 1n, sequence: 7 })]).toEqual([false, false]);
  expect([guard.isSecond(OTHER, { boot, sequence }), guard.isSecond(OTHER, { boot, sequence })]).toEqual([second, true]);
});

test('of too many speakers the one that is silent longest is forgotten, not the one that is known longest', () => {
  const guard = new FrameGuard();
  for (const [time, mac] of [OTHER, THIRD, OTHER].entries()) guard.trust(mac, micros(time));
  for (let mac = 1; mac <= 1_023; mac++) guard.trust((0x0400_0000_0000 + mac) as Mac, micros(3));
  expect([hashed(guard, OTHER, 30, micros(0)), hashed(guard, THIRD, 30, micros(0))]).toEqual([30, 20]);
});

test('a MAC whose frames were good is remembered as one that is heard for five seconds after the last', () => {
  const guard = new FrameGuard();
  guard.trust(OTHER, milliseconds(1_000));
  guard.trust(OTHER, milliseconds(2_000));
  expect([guard.heardLately(OTHER, milliseconds(6_900)), guard.heardLately(OTHER, milliseconds(7_100))]).toEqual([true, false]);
  expect(guard.heardLately(FORGER, milliseconds(2_000))).toBe(false);
});
