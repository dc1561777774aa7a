import { type Micros, milliseconds } from '../../src/lib/clock.ts';
import type { FakeClock } from './fake-clock.ts';

/** How far the fake clock moves a round unless told: so little that a request over loopback never meets its deadline. */
const STEP: Micros = milliseconds(50);

/** Rounds before a test gives up; a healthy one needs a few dozen. */
const MOST_ROUNDS = 3_000;

/**
 * Waits until `holds`, moving the fake clock while real sockets do their work: for tests in which time-outs are virtual
 * and the network is not. Throws with `what` when it never does.
 */
export async function eventually(clock: FakeClock, what: string, holds: () => boolean, step: Micros = STEP): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (holds()) return;
    await breathe();
    clock.advance(step);
  }
  throw new Error(`never happened: ${what}`);
}

/** Lets sockets and promises do what they can do now; no time passes on any fake clock. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
