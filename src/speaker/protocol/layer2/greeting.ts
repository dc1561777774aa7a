import type { Micros } from '../../../lib/clock.ts';
import type { Hello, SegmentFrame } from '../../wire/segment.ts';
import { type Greeting, isUnquestioned, type Peer, type Repetition } from './peer.ts';
import type { PeersTiming } from './peers-events.ts';

/** What a hello of a peer that is there means to others than the machine that hears it. */
export function greetingOf({ node, mac }: Peer, hello: Hello, timing: PeersTiming): Greeting {
  const { digest, damped, starting, restarting, intervalMilliseconds } = hello;
  const { idleInterval, busyInterval, restartGrace } = timing;
  const ready = !(starting || (restarting && restartGrace > 0));
  const busy = intervalMilliseconds * 1_000 < idleInterval || busyInterval >= idleInterval;
  return { kind: 'greeted', node, mac, digest, damped, ready, busy };
}

/**
 * Takes a frame that is a hello of a peer about which nothing is in question, and says what the one before said; `undefined` for any other
 * frame, of which nothing is taken. The peer's silence becomes strange later than before, so that a wake-up that was asked for stands.
 */
export function takeRepetition(peer: Peer, { boot, sequence, source, message }: SegmentFrame, now: Micros): Repetition | undefined {
  const { repetition } = peer;
  if (repetition === undefined || message.kind !== 'hello' || peer.boot !== boot || sequence <= peer.sequence) return undefined;
  if (repetition.greeted[0].mac !== source || !isUnquestioned(peer) || !saysTheSame(message, repetition.hello)) return undefined;
  peer.sequence = sequence;
  peer.mac = source;
  peer.heardAt = now;
  return repetition;
}

/** In the same order; mostly they are one object. */
function saysTheSame(hello: Hello, before: Hello): boolean {
  return hello === before || (sameFields(hello, before) && sameInOrder(hello.gone, before.gone));
}

function sameFields(hello: Hello, before: Hello): boolean {
  return (
    hello.intervalMilliseconds === before.intervalMilliseconds &&
    hello.askable === before.askable &&
    hello.digest === before.digest &&
    hello.restarting === before.restarting &&
    hello.starting === before.starting &&
    hello.alone === before.alone &&
    hello.damped === before.damped
  );
}

function sameInOrder(names: readonly string[], before: readonly string[]): boolean {
  return names.length === before.length && names.every((name, index) => name === before[index]);
}
