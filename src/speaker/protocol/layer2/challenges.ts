import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { SegmentFrame } from '../../wire/segment.ts';

/** What a boot id that is not believed yet was asked to sign. */
interface Challenge {
  readonly nonce: bigint;
  readonly at: Micros;
  /** What was said under it. */
  readonly hello: SegmentFrame;
}

/** A challenge that was not answered is given again. */
const PAUSE: Micros = milliseconds(200);
/**
 * Twice the nodes that may start at once. Whoever has recorded hellos of more starts than this pushes out the challenge of one that is
 * alive only by sending them all before its answer comes.
 */
const MAX_CHALLENGES = 2_048;
/** Challenges answered in one span: all peers may meet at once, and nobody may keep this node busy with signing. */
const MAX_ANSWERS = 256;
const ANSWER_SPAN: Micros = milliseconds(100);

/**
 * The boot ids that nobody knows yet. Each may come from a recording: whoever has it must sign what nobody could foresee, and is nobody
 * until then. Each start of a speaker has its own challenge, so that what was recorded of earlier ones stands in nobody's way.
 */
export class Challenges {
  /** By node and boot id, those that were given longest ago first. */
  readonly #given = new Map<string, Challenge>();
  #answersFrom: Micros = micros(0);
  #answers = 0;

  /** Whether who says this hello is to be challenged, or was a moment ago. */
  isDue(hello: SegmentFrame, now: Micros): boolean {
    const given = this.#given.get(keyOf(hello));
    return given === undefined || now - given.at >= PAUSE;
  }

  /** Whoever has said this hello is asked to sign `nonce`. */
  give(hello: SegmentFrame, nonce: bigint, now: Micros): void {
    const key = keyOf(hello);
    this.#given.delete(key);
    this.#given.set(key, { nonce, at: now, hello });
    const [oldest] = this.#given.keys();
    if (this.#given.size > MAX_CHALLENGES && oldest !== undefined) this.#given.delete(oldest);
  }

  /** Whether one that another node gave to this one is answered; it then counts as answered. */
  mayAnswer(now: Micros): boolean {
    if (now - this.#answersFrom >= ANSWER_SPAN) [this.#answersFrom, this.#answers] = [now, 0];
    return this.#answers++ < MAX_ANSWERS;
  }

  /** The hello of the boot that has signed `nonce` in this frame, if that is what it was asked for; it is known from now on. */
  answered(frame: SegmentFrame, nonce: bigint): SegmentFrame | undefined {
    const key = keyOf(frame);
    const given = this.#given.get(key);
    if (given?.nonce !== nonce) return undefined;
    this.#given.delete(key);
    return given.hello;
  }
}

function keyOf({ node, boot }: SegmentFrame): string {
  return `${node} ${boot}`;
}
