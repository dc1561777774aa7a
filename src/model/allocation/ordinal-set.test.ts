import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OrdinalSet } from './ordinal-set.ts';

test.each([1n, 2n, 31n, 32n, 33n, 254n, 1024n, 1025n])('a set of %d numbers fills from below, and any number comes free again', (size) => {
  const set = new OrdinalSet(size);
  for (let ordinal = 0n; ordinal < size; ordinal++) {
    expect(set.lowestAbsent()).toBe(ordinal);
    expect(set.add(ordinal)).toBe(true);
    expect(set.add(ordinal)).toBe(false);
  }
  expect(set.lowestAbsent()).toBeUndefined();
  for (const ordinal of [size - 1n, size / 2n, 0n]) {
    const fresh = set.delete(ordinal);
    expect(set.delete(ordinal)).toBe(false);
    if (fresh) expect(set.lowestAbsent()).toBe(ordinal);
    set.add(ordinal);
  }
});

test('a set of no numbers has none to give', () => {
  expect(new OrdinalSet(0n).lowestAbsent()).toBeUndefined();
});

test.each([64, 128])('a set of 2^%d numbers is as quick at its end as at its beginning', (bits) => {
  const size = 1n << BigInt(bits);
  const set = new OrdinalSet(size);
  expect([set.add(size - 1n), set.add(0n), set.add(2n)]).toEqual([true, true, true]);
  expect(set.lowestAbsent()).toBe(1n);
  set.add(1n);
  expect(set.lowestAbsent()).toBe(3n);
  expect([set.lowestMember(0n), set.lowestMember(3n), set.lowestMember(size)]).toEqual([0n, size - 1n, undefined]);
  expect([set.delete(size - 1n), set.delete(size - 2n)]).toEqual([true, false]);
});

test('agrees with a plain set', () => {
  // Runs of neighbours fill whole nodes, strangers far away keep them apart.
  const near = fc.bigInt({ min: 0n, max: 140n });
  const far = fc.constantFrom(1023n, 1024n, 32_768n, 1_048_575n);
  const step = fc.tuple(
    fc.boolean(),
    fc.oneof({ weight: 8, arbitrary: near }, { weight: 1, arbitrary: far }),
    fc.integer({ min: 1, max: 40 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const set = new OrdinalSet(1_048_576n);
      const plain = new Set<bigint>();
      for (const [adding, start, length] of steps) {
        for (let ordinal = start; ordinal < start + BigInt(length) && ordinal < 1_048_576n; ordinal++) {
          if (adding) {
            expect(set.add(ordinal)).toBe(!plain.has(ordinal));
            plain.add(ordinal);
          } else expect(set.delete(ordinal)).toBe(plain.delete(ordinal));
        }
        let lowest = 0n;
        while (plain.has(lowest)) lowest++;
        expect(set.lowestAbsent()).toBe(lowest);
        const next = [...plain].sort((left, right) => Number(left - right)).find((member) => member >= start);
        expect(set.lowestMember(start)).toBe(next);
      }
    }),
  );
});
