import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import { UNSPECIFIED_IPV4 } from '../../../lib/ipv4.ts';
import { type Doubt, heardLately, isGone, type Peer, strangeAt, type Verdict } from './peer.ts';

/** Its kernel and the others are asked so often, so far apart. */
const QUESTIONS = 3;
const QUESTION_PAUSE: Micros = milliseconds(30);
/** The third answer has time to come. */
const ROUND: Micros = milliseconds(95);
/** A timer that comes so late is not late. */
const PUNCTUAL: Micros = milliseconds(3);
/** In this time a loop that runs has read its sockets. */
const ONE_TURN: Micros = milliseconds(5);
/** So long a node stays cut off when nobody says any more that it is heard, nor that it is gone: a witness may stand still for a moment, and is asked again and again. */
const WITNESS_LASTS: Micros = milliseconds(2_000);
/** The silence after which a node is dead whose kernel is not known to answer. */
const UNASKABLE_SILENCE: Micros = milliseconds(1_000);

/** When the next round begins, if nothing is heard until then. */
export function doubtDue(peer: Peer): Micros {
  return micros(Math.max(strangeAt(peer), peer.doubtFrom));
}

/** When a peer is to be looked at again; infinite for one that is gone. */
export function nextLookAt(peer: Peer): number {
  if (isGone(peer)) return Number.POSITIVE_INFINITY;
  return peer.doubt === undefined ? doubtDue(peer) : Math.min(peer.doubt.askAt, peer.doubt.decideAt);
}

/** A round that begins now. */
export function newDoubt(peer: Peer, now: Micros): Doubt {
  const askable = peer.answers && peer.askable !== UNSPECIFIED_IPV4;
  const decideAt = askable ? now + ROUND : Math.max(now + ROUND, peer.heardAt + UNASKABLE_SILENCE);
  return {
    deaf: heardLately(peer, now),
    decideAt: micros(decideAt),
    postponed: false,
    asked: 0,
    askAt: now,
    answered: false,
    witnessed: false,
  };
}

/** Whether a question is due; it then counts as asked. */
export function stepDoubt(doubt: Doubt, now: Micros): boolean {
  if (doubt.asked >= QUESTIONS || doubt.askAt > now) return false;
  doubt.asked++;
  doubt.askAt = doubt.asked >= QUESTIONS ? doubt.decideAt : micros(doubt.askAt + QUESTION_PAUSE);
  return true;
}

/**
 * Whether a round is over. A loop that is late has not read yet what came meanwhile, and an answer may be among it: the
 * decision then waits for one more turn.
 */
export function isOver(doubt: Doubt, now: Micros): boolean {
  if (doubt.decideAt > now) return false;
  if (doubt.postponed || now - doubt.decideAt <= PUNCTUAL) return true;
  doubt.postponed = true;
  doubt.decideAt = micros(now + ONE_TURN);
  doubt.askAt = doubt.decideAt;
  return false;
}

/** What decides over a silent node beside what it did itself. */
export interface Circumstances {
  readonly now: Micros;
  /** For so long a speaker may be away while its node lives. */
  readonly grace: Micros;
  /** Whether somebody who is there holds the node for gone. */
  readonly missed: boolean;
}

/**
 * The end of a round. What its kernel says comes first: a node whose kernel answers lives, and nobody may answer in its
 * place. Who is deaf is heard by all, so that no witness helps; its kernel cannot answer what it cannot hear.
 */
export function decideDoubt({ doubt, verdict, awaySince, witnessedAt, heardAt }: Peer, { now, grace, missed }: Circumstances): Verdict {
  if (doubt === undefined) return verdict;
  if (doubt.answered) {
    if (doubt.deaf) return 'alive';
    const since = verdict === 'away' ? awaySince : heardAt;
    return now - since >= grace ? 'departed' : 'away';
  }
  const witnessed = doubt.witnessed || (verdict === 'cut' && !missed && now - witnessedAt < WITNESS_LASTS);
  return witnessed && !doubt.deaf ? 'cut' : 'dead';
}
