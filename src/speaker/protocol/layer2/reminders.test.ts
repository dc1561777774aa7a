import { expect, test } from '@jest/globals';
import { type Micros, milliseconds } from '../../../lib/clock.ts';
import type { Mac } from '../../../lib/mac.ts';
import { Reminders } from './reminders.ts';

const A = 0x0200_0000_000a as Mac;
const B = 0x0200_0000_000b as Mac;

function at(seconds: number): Micros {
  return milliseconds(seconds * 1_000);
}

test('whoever asked is told again every ten seconds, for ten minutes after he asked last', () => {
  const reminders = new Reminders<number, string>();
  reminders.answered(1, A, 'told', at(0));
  const told = Array.from({ length: 620 }, (_, second) => second).filter((second) => reminders.take(at(second)).length > 0);
  expect(told).toEqual(Array.from({ length: 59 }, (_, index) => 10 * (index + 1)));
});

test('who asks again has heard the answer, and is told the last one later', () => {
  const reminders = new Reminders<number, string>();
  reminders.answered(1, A, 'first', at(0));
  reminders.answered(1, A, 'second', at(6));
  expect([reminders.take(at(10)), reminders.take(at(16))]).toEqual([[], ['second']]);
});

test('each host and each address is remembered by itself, and forgotten when it is not stood in for', () => {
  const reminders = new Reminders<number, string>();
  reminders.answered(1, A, '1 to a', at(0));
  reminders.answered(1, B, '1 to b', at(0));
  reminders.answered(2, A, '2 to a', at(0));
  reminders.keepOnly(new Map([[1, undefined]]));
  expect(reminders.take(at(10))).toEqual(['1 to a', '1 to b']);
});

test('a flood of senders fills no memory', () => {
  const reminders = new Reminders<number, number>();
  for (let sender = 1; sender <= 10_000; sender++) reminders.answered(1, sender as Mac, sender, at(0));
  expect(reminders.take(at(10))).toHaveLength(4_096);
});
