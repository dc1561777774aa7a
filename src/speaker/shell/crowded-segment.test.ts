import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { settle } from '../../../test/support/fake-clock.ts';
import { SpeakerPair } from '../../../test/support/speaker-pair.ts';
import { milliseconds } from '../../lib/clock.ts';
import { type Ipv4, UNSPECIFIED_IPV4 } from '../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../lib/mac.ts';
import { sealKeyOf } from '../net/seal-key.ts';
import {
  decodeSegmentFrame,
  ETHER_TYPE_SEGMENT,
  encodeSegmentFrame,
  type Hello,
  SEAL_LENGTH,
  type SegmentMessage,
} from '../wire/segment.ts';

const KEY = sealKeyOf('secret');
const FIRST_MAC = 0x0200_0000_1000;
const HELLO: Hello = {
  ...{ kind: 'hello', intervalMilliseconds: 100, askable: UNSPECIFIED_IPV4 as Ipv4, restarting: false, starting: false },
  ...{ alone: false, damped: false, digest: 0, gone: [] },
};

let scene: SpeakerPair;
let sequence = 0;
beforeEach(async () => {
  scene = new SpeakerPair();
  await scene.start();
});
afterEach(() => scene[Symbol.dispose]());

/** One of a crowd says something where a hears it; nobody has read it before time passes. */
function say(index: number, message: SegmentMessage = HELLO): void {
  const header = { destination: BROADCAST_MAC, source: (FIRST_MAC + index) as Mac, keyId: KEY.id, node: `n${index}`, boot: 5n };
  const octets = encodeSegmentFrame({ ...header, sequence: ++sequence, message });
  const signed = octets.subarray(0, octets.length - SEAL_LENGTH);
  octets.set(KEY.sign(signed).subarray(0, SEAL_LENGTH), signed.length);
  scene.network.receive(2, octets);
}

/** What a says to the crowd. */
function heard(): { readonly to: Mac; readonly message: SegmentMessage }[] {
  const frames = scene.network.sent.filter(({ link, frame }) => link === 'eth2' && frame.getUint16(12) === ETHER_TYPE_SEGMENT);
  return frames.flatMap(({ frame }) => {
    const decoded = decodeSegmentFrame(frame);
    return decoded.ok ? [{ to: decoded.value.destination, message: decoded.value.message }] : [];
  });
}

/** So many say hello and sign what they are given. */
async function meet(count: number): Promise<void> {
  scene.network.sent.length = 0;
  for (let index = 0; index < count; index++) say(index);
  await settle();
  for (const { to, message } of heard()) if (message.kind === 'challenge') say(to - FIRST_MAC, { kind: 'response', nonce: message.nonce });
  await settle();
}

async function sayHellos(count: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < count; index++) say(index);
    await scene.run(100);
  }
}

test('where many speak more is read at once, and less again when they are gone', async () => {
  await meet(48);
  await sayHellos(48, 3);
  expect(scene.network.rests).toEqual([]);
  await meet(49);
  await sayHellos(49, 3);
  expect(scene.network.rests).toEqual(['speaking with other speakers on eth2: 20']);
  await scene.run(5_000);
  expect(scene.network.rests).toEqual([20, 4].map((rest) => `speaking with other speakers on eth2: ${rest}`));
});

test.each([
  { what: 'has come and is not read yet', comes: true, suspects: 0 },
  { what: 'has not come', comes: false, suspects: 1 },
])('a hello that $what makes $suspects suspects', async ({ comes, suspects }) => {
  await meet(1);
  await sayHellos(1, 3);
  scene.network.sent.length = 0;
  await scene.run(50);
  if (comes) say(0);
  // As within a rest: the timers come before the reading.
  scene.clock.advance(milliseconds(80));
  const asked = new Set(heard().flatMap(({ message }) => (message.kind === 'suspect' ? [message.node] : [])));
  expect(asked.size).toBe(suspects);
});
