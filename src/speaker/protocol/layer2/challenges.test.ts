import { expect, test } from '@jest/globals';
import { micros, milliseconds } from '../../../lib/clock.ts';
import { BROADCAST_MAC, type Mac } from '../../../lib/mac.ts';
import type { SegmentFrame } from '../../wire/segment.ts';
import { Challenges } from './challenges.ts';

/** A frame of one start of b. */
function frameOf(boot: bigint): SegmentFrame {
  const header = { destination: BROADCAST_MAC, source: 0x0200_0000_0002 as Mac, keyId: 0n, node: 'b', sequence: 1 };
  return { ...header, boot, message: { kind: 'response', nonce: 1n } };
}

test('one that was given is not due again before 200 ms have passed, and counts until it is answered, once', () => {
  const challenges = new Challenges();
  expect(challenges.isDue(frameOf(1n), milliseconds(0))).toBe(true);
  challenges.give(frameOf(1n), 7n, milliseconds(0));
  expect([199, 200].map((at) => challenges.isDue(frameOf(1n), milliseconds(at)))).toEqual([false, true]);
  const answers = [
    challenges.answered(frameOf(2n), 7n),
    challenges.answered(frameOf(1n), 8n),
    challenges.answered(frameOf(1n), 7n)?.boot,
    challenges.answered(frameOf(1n), 7n),
  ];
  expect(answers).toEqual([undefined, undefined, 1n, undefined]);
});

test('hellos of two thousand earlier starts do not take the place of the one that lives', () => {
  const challenges = new Challenges();
  challenges.give(frameOf(0n), 7n, micros(0));
  for (let boot = 1n; boot < 2_048n; boot++) challenges.give(frameOf(boot), 8n, micros(0));
  expect(challenges.answered(frameOf(0n), 7n)?.boot).toBe(0n);
});

test('no more are kept than can be of use: the oldest goes first', () => {
  const challenges = new Challenges();
  for (let boot = 0n; boot <= 2_048n; boot++) challenges.give(frameOf(boot), 8n, micros(0));
  expect([challenges.answered(frameOf(0n), 8n), challenges.answered(frameOf(1n), 8n)?.boot]).toEqual([undefined, 1n]);
});
