import { expect, test } from '@jest/globals';
import { settle } from '../../../test/support/fake-clock.ts';
import { SharedRead } from './shared-read.ts';

/** Readings that end when they are told to; each gives its number, counted from 1. */
class Readings {
  readonly begun: PromiseWithResolvers<number>[] = [];
  readonly shared: SharedRead<number> = new SharedRead(() => {
    const reading = Promise.withResolvers<number>();
    this.begun.push(reading);
    return reading.promise;
  });

  end(number: number): void {
    this.begun[number - 1]?.resolve(number);
  }
}

test('who asks while a reading is under way shares the next one, which began after he asked', async () => {
  const readings = new Readings();
  const first = readings.shared.get();
  const later = [readings.shared.get(), readings.shared.get(), readings.shared.get()];
  expect(readings.begun).toHaveLength(1);
  readings.end(1);
  expect(await first).toBe(1);
  await settle();
  expect(readings.begun).toHaveLength(2);
  const latest = readings.shared.get();
  readings.end(2);
  expect(await Promise.all(later)).toEqual([2, 2, 2]);
  await settle();
  readings.end(3);
  expect(await latest).toBe(3);
});

test('one that fails is told to who asked, and the next begins all the same', async () => {
  const readings = new Readings();
  const first = readings.shared.get();
  const second = readings.shared.get();
  readings.begun[0]?.reject(new Error('no answer'));
  await expect(first).rejects.toThrow('no answer');
  await settle();
  readings.end(2);
  expect(await second).toBe(2);
});

test('after a rest a reading begins at once', async () => {
  const readings = new Readings();
  for (const number of [1, 2]) {
    const reading = readings.shared.get();
    expect(readings.begun).toHaveLength(number);
    readings.end(number);
    expect(await reading).toBe(number);
    await settle();
  }
});
