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

test('those that asked the owner are reminded one after another, then every ten seconds, for ten minutes', () => {
  const reminders = new Reminders<number, string>();
  const hosts = [A, B, (B + 1) as Mac, (B + 2) as Mac];
  reminders.toldBefore(
    hosts.map((asker, index) => ({ ip: 1, asker, reply: `${index}` })),
    at(100),
  );
  const told = [100, 102, 103, 105, 108, 110, 112].map((second) => reminders.take(at(second)).join());
  expect(told).toEqual(['0', '', '1', '2', '3', '0', '']);
  expect(reminders.take(at(700))).toEqual([]);
});

test('who has asked since is told what he was told last', () => {
  const reminders = new Reminders<number, string>();
  reminders.answered(1, A, 'last', at(100));
  reminders.toldBefore([{ ip: 1, asker: A, reply: 'first' }], at(100));
  expect([reminders.take(at(105)), reminders.take(at(110))]).toEqual([[], ['last']]);
});

test('those that asked the owner leave room to those that ask this node', () => {
  const reminders = new Reminders<number, number>();
  reminders.toldBefore(
    Array.from({ length: 5_000 }, (_, sender) => ({ ip: 1, asker: (sender + 1) as Mac, reply: 0 })),
    at(0),
  );
  reminders.answered(1, 9_999 as Mac, 9_999, at(0));
  expect(reminders.take(at(10))).toHaveLength(2_049);
});
