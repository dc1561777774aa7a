import { expect, test } from '@jest/globals';
import { milliseconds } from '../../lib/clock.ts';
import type { SealKey } from '../net/seal-key.ts';
import { KeyRing } from './key-ring.ts';

const key = (id: bigint): SealKey => ({ id, sign: () => new Uint8Array(32), hasSigned: () => false });
const minutes = (count: number): ReturnType<typeof milliseconds> => milliseconds(count * 60_000);

test.each<{ after: number; signs: bigint; takes: bigint[] }>([
  { after: 0, signs: 1n, takes: [1n, 2n] },
  { after: 4.9, signs: 1n, takes: [1n, 2n] },
  { after: 5.1, signs: 2n, takes: [1n, 2n] },
  { after: 9.9, signs: 2n, takes: [1n, 2n] },
  { after: 10.1, signs: 2n, takes: [2n] },
])('$after minutes after a change $signs signs, and $takes are taken', ({ after, signs, takes }) => {
  const ring = new KeyRing(key(1n), minutes(0));
  ring.change(key(2n), minutes(60));
  const now = minutes(60 + after);
  expect(ring.signing(now).id).toBe(signs);
  expect([1n, 2n, 3n].filter((id) => ring.find(id, now) !== undefined)).toEqual(takes);
});

test('a file that was written anew with the same key changes nothing', () => {
  const ring = new KeyRing(key(1n), minutes(0));
  ring.change(key(2n), minutes(60));
  ring.change(key(2n), minutes(64));
  expect(ring.signing(minutes(66)).id).toBe(2n);
  expect(ring.find(1n, minutes(66))?.id).toBe(1n);
});
