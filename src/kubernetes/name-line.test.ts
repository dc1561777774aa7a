import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NameLine } from './name-line.ts';

test('first come, first served, each name once', () => {
  const line = new NameLine();
  expect(['a', 'b', 'a', 'c'].map((name) => line.add(name))).toEqual([true, true, false, true]);
  expect([line.take(), line.add('a'), line.size]).toEqual(['a', true, 3]);
  expect([line.take(), line.take(), line.take(), line.take()]).toEqual(['b', 'c', 'a', undefined]);
});

test('it behaves as a list without repetitions, over thousands of names', () => {
  const operations = fc.array(fc.option(fc.nat(50), { freq: 2 }), { maxLength: 6_000, size: 'max' });
  fc.assert(
    fc.property(operations, (steps) => {
      const line = new NameLine();
      const model: string[] = [];
      const taken: [string | undefined, string | undefined][] = [];
      for (const step of steps) {
        if (step === null) taken.push([line.take(), model.shift()]);
        else if (line.add(`n${step}`)) model.push(`n${step}`);
      }
      expect(taken.filter(([ours, theirs]) => ours !== theirs)).toEqual([]);
      expect(line.size).toBe(model.length);
      expect(new Set(model).size).toBe(model.length);
    }),
    { numRuns: 20 },
  );
});
