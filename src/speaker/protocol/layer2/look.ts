import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { Conflict, Holding } from './conflict-events.ts';

/** A question, in rounds, whether addresses are free. */
export interface Look extends Holding {
  /** How many nodes that are heard come before this one; infinite where others come before whose speakers are not heard. */
  place: number;
  /** A node whose answers are known. */
  except: string;
  /** What comes next: the first or second probe of a round, or its end. */
  step: 'first' | 'second' | 'end';
  at: Micros;
  /** Who has answered in this round. */
  answer: Conflict | undefined;
  /** Somebody who is no speaker has asked the same in this round. */
  rival: boolean;
  /** Rounds that a rival has spoilt. */
  spoilt: number;
  /** The stranger who has it, and how many rounds he has answered. */
  stranger: { conflict: Conflict; rounds: number; saidAt: Micros | undefined } | undefined;
  /** Rounds without an answer since. */
  silent: number;
  /** Rounds in which the kernel of a node answered. */
  kernel: number;
}

/** What comes of a round. */
export type Outcome = { readonly kind: 'free' } | { readonly kind: 'again'; readonly after: Micros; readonly slow: boolean };

/** Between the probes of a round: one of them may be lost. */
const PROBE_GAP: Micros = milliseconds(20);
/** A host on a segment answers within this; RFC 5227 waits for seconds, for hosts whose switch port has just come up. */
const ANSWER_WAIT: Micros = milliseconds(40);
const AGAIN: Micros = milliseconds(1_000);
/** Whoever does not come first looks less often at what somebody has: he may be the owner, whose hellos do not pass here. */
const AGAIN_BEHIND_OTHERS: Micros = milliseconds(30_000);
/** One answer may be the last one of an owner that is being stopped: people are told of the second. */
export const SAY_FROM_ROUND = 2;
/** A rival that has found nobody takes the address meanwhile, and answers for it then. */
const RIVAL: { readonly least: Micros; readonly span: Micros } = { least: milliseconds(1_000), span: milliseconds(1_000) };
/** Some switches probe what they know again and again: who asks more often than this does not want it. */
const MOST_SPOILT = 3;
/**
 * A host that has answered before is gone when it is silent so often: lost frames must not make two who answer. Who does not come first asks as
 * often in any case: whoever does has not taken the address, and there may be a reason.
 */
const SILENT_ROUNDS = 4;
const SILENT_AGAIN: Micros = milliseconds(100);
/** An owner whose hellos do not pass may be at its restart just now. */
const SILENT_AGAIN_UNHEARD: Micros = milliseconds(15_000);
/** When a node answers it may be its speaker, whose claim is on the way; its hellos tell what it knows. */
const CLAIM_WAIT: Micros = milliseconds(300);
const KERNEL_ROUNDS = 2;
/** Somebody who comes first looks each second: others keep still for as long as they hear it ask. */
const KEEP_STILL: Micros = milliseconds(5_000);
const TURN: Micros = milliseconds(50);
const MOST_TURNS = 100;

/** A look that begins at `at`. */
export function newLook({ key, addresses }: Holding, place: number, except: string, at: Micros): Look {
  const nothing = { answer: undefined, rival: false, spoilt: 0, stranger: undefined, silent: 0, kernel: 0 };
  return { key, addresses, place, except, step: 'first', at, ...nothing };
}

/** Takes the word of whoever says that the address is his. */
export function noteHeld(look: Look, conflict: Conflict): void {
  if (conflict.what === 'kernel' && (conflict.node === look.except || look.answer !== undefined)) return;
  look.answer = conflict;
}

/** Takes a question of somebody else for the same address. */
export function noteProbed(look: Look, node: string | undefined, now: Micros): void {
  if (node === undefined) look.rival = true;
  else if (look.place > 0 && look.stranger !== undefined) {
    look.step = 'first';
    look.answer = undefined;
    look.at = micros(now + KEEP_STILL + Math.min(look.place, MOST_TURNS) * TURN);
  }
}

/** Goes on to the next probe of the round, or to its end. */
export function advance(look: Look, now: Micros): void {
  look.at = micros(now + (look.step === 'first' ? PROBE_GAP : ANSWER_WAIT));
  look.step = look.step === 'first' ? 'second' : 'end';
}

/** What was not read in time may be an answer. */
export function wait(look: Look, now: Micros): void {
  look.at = micros(now + ANSWER_WAIT);
}

/** Ends a round; `chance` is from 0 to less than 1. */
export function conclude(look: Look, chance: number): Outcome {
  const { answer, rival } = look;
  look.step = 'first';
  look.answer = undefined;
  look.rival = false;
  if (answer?.what === 'stranger') {
    look.stranger = { conflict: answer, rounds: (look.stranger?.rounds ?? 0) + 1, saidAt: look.stranger?.saidAt };
    look.silent = 0;
    const seldom = look.place > 0 && look.stranger.rounds >= SAY_FROM_ROUND;
    return { kind: 'again', after: seldom ? AGAIN_BEHIND_OTHERS : AGAIN, slow: true };
  }
  if (answer?.what === 'kernel' && ++look.kernel < KERNEL_ROUNDS) return { kind: 'again', after: CLAIM_WAIT, slow: true };
  if (rival && ++look.spoilt <= MOST_SPOILT) {
    return { kind: 'again', after: micros(RIVAL.least + Math.floor(chance * RIVAL.span)), slow: true };
  }
  return concludeSilence(look);
}

/** A round without a word. */
function concludeSilence(look: Look): Outcome {
  const unheard = look.place === Number.POSITIVE_INFINITY;
  // Somebody has answered here whose hellos do not pass: when it is silent for a while the order still says that it is its.
  if (unheard && look.stranger !== undefined) return { kind: 'again', after: AGAIN_BEHIND_OTHERS, slow: true };
  const doubtful = look.stranger !== undefined || look.place > 0;
  if (doubtful && ++look.silent < SILENT_ROUNDS) {
    return { kind: 'again', after: unheard ? SILENT_AGAIN_UNHEARD : SILENT_AGAIN, slow: unheard };
  }
  return { kind: 'free' };
}
