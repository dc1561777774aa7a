import { expect, test } from '@jest/globals';
import { milliseconds } from '../../lib/clock.ts';
import type { SealKey } from '../net/seal-key.ts';
import { KeyRing } from './key-ring.ts';

const key = (id: bigint): SealKey => ({ id, sign: () => new Uint8Array(32), hasSigned: () => false });
const minutes = (count: number): ReturnType<typeof milliseconds> => milliseconds(count * 60_000);

test.each<{ after: number; signs: bigint[]; takes: bigint[] }>([
  { after: 0, signs: [1n, 2n], takes: [1n, 2n] },
  { after: 4.9, signs: [1n, 2n], takes: [1n, 2n] },
  { after: 5.1, signs: [2n], takes: [1n, 2n] },
  { after: 9.9, signs: [2n], takes: [1n, 2n] },
  { after: 10.1, signs: [2n], takes: [2n] },
])('$after minutes after a change $signs sign, and $takes are taken', ({ after, signs, takes }) => {
  const now = minutes(60 + after);
  const ring = new KeyRing(key(1n), minutes(0));
  ring.change(key(2n), minutes(60));
  const started = new KeyRing(key(2n), now, { key: key(1n), age: minutes(after) });
  for (const { signing, find } of [ring, started].map((one) => ({ signing: one.signing(now), find: (id: bigint) => one.find(id, now) }))) {
    expect(signing.map(({ id }) => id)).toEqual(signs);
    expect([1n, 2n, 3n].filter((id) => find(id) !== undefined)).toEqual(takes);
  }
});

test('a file that was written anew with the same key changes nothing', () => {
  const ring = new KeyRing(key(1n), minutes(0));
  ring.change(key(2n), minutes(60));
  ring.change(key(2n), minutes(64));
  expect(ring.signing(minutes(66)).map(({ id }) => id)).toEqual([2n]);
  expect(ring.find(1n, minutes(66))?.id).toBe(1n);
});
