import { type Micros, micros, milliseconds } from '../../lib/clock.ts';
import type { Mac } from '../../lib/mac.ts';
import type { SegmentFrame } from '../wire/segment.ts';

/** Within this time ... */
const WINDOW: Micros = milliseconds(1_000);
/** ... so many frames with a wrong seal are hashed from one MAC: a key that is just being changed costs fewer. */
const MOST_FORGED = 20;
/** Somebody may write the MAC of a speaker into his frames, to have it silenced: one whose frames were good has more. */
const MOST_FORGED_OF_A_SPEAKER = 1_000;
/** And it has more still while so many with the MACs of speakers were not hashed on this link: 30 ms of a second, as much as reading them takes. */
const MOST_FORGED_OF_SPEAKERS = 20_000;
/** Each speaker says something more often than this. */
const LATELY: Micros = milliseconds(5_000);
/** More MACs than a segment has speakers; those that are silent longest are forgotten first, so that whoever invents MACs fills no memory. */
const MOST_MACS = 1_024;

/** What is remembered of a MAC whose frames were good. */
interface Speaker {
  heardAt: Micros;
  boot: bigint;
  /** Of its last frame; none has a negative one. */
  sequence: number;
}

interface Window {
  readonly from: Micros;
  count: number;
}

/** Keeps those from making this node hash without end who send frames that only look as if a speaker had signed them. */
export class FrameGuard {
  readonly #forged = new Map<Mac, Window>();
  readonly #speakers = new Map<Mac, Speaker>();
  #ofSpeakers: Window = { from: micros(0), count: 0 };

  /** Whether a frame from this MAC is worth a hash. */
  admits(mac: Mac, now: Micros): boolean {
    const count = countIn(this.#forged.get(mac), now);
    if (!this.#speakers.has(mac)) return count < MOST_FORGED;
    return count < MOST_FORGED_OF_A_SPEAKER || countIn(this.#ofSpeakers, now) < MOST_FORGED_OF_SPEAKERS;
  }

  /** A frame from this MAC was good. */
  trust(mac: Mac, now: Micros): void {
    const known = this.#speakers.get(mac);
    if (known !== undefined) {
      known.heardAt = now;
      return;
    }
    this.#speakers.set(mac, { heardAt: now, boot: 0n, sequence: -1 });
    if (this.#speakers.size > MOST_MACS) this.#forgetSilent();
  }

  /** A walk for each new speaker too many, so that there is nothing to keep in order at each of the many hellos. */
  #forgetSilent(): void {
    let silent: [Mac, Micros] | undefined;
    for (const [mac, { heardAt }] of this.#speakers) if (silent === undefined || heardAt < silent[1]) silent = [mac, heardAt];
    if (silent !== undefined) this.#speakers.delete(silent[0]);
  }

  /** Whether a frame from this MAC was good a moment ago. */
  heardLately(mac: Mac, now: Micros): boolean {
    const speaker = this.#speakers.get(mac);
    return speaker !== undefined && now - speaker.heardAt < LATELY;
  }

  /**
   * Whether the good frame from this MAC that has just come is the one before once more: while the key changes each comes twice, signed with
   * either. Asked once for each frame.
   */
  isSecond(mac: Mac, { boot, sequence }: Pick<SegmentFrame, 'boot' | 'sequence'>): boolean {
    const speaker = this.#speakers.get(mac);
    if (speaker === undefined) return false;
    const second = speaker.boot === boot && speaker.sequence === sequence;
    speaker.boot = boot;
    speaker.sequence = sequence;
    return second;
  }

  /** A frame from this MAC had a wrong seal. */
  refuse(mac: Mac, now: Micros): void {
    if (this.#speakers.has(mac)) this.#ofSpeakers = oneMore(this.#ofSpeakers, now);
    const window = this.#forged.get(mac);
    const next = oneMore(window, now);
    if (next === window) return;
    this.#forged.delete(mac);
    this.#forged.set(mac, next);
    const [oldest] = this.#forged.keys();
    if (this.#forged.size > MOST_MACS && oldest !== undefined) this.#forged.delete(oldest);
  }
}

function countIn(window: Window | undefined, now: Micros): number {
  return window === undefined || now - window.from >= WINDOW ? 0 : window.count;
}

/** The window with one more, or the next one. */
function oneMore(window: Window | undefined, now: Micros): Window {
  if (window === undefined || now - window.from >= WINDOW) return { from: now, count: 1 };
  window.count++;
  return window;
}
