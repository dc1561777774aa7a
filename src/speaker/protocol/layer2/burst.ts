import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { RecentAsker } from './recent-askers.ts';

/** An address and the first moment at which its next round may go out. */
interface Waiting<Ip> {
  readonly ip: Ip;
  readonly due: Micros;
}

/**
 * The gratuitous packets that one link still owes: for each round the addresses that wait for it, in the order in which
 * they are due. An address waits for one round at a time, so there are never more entries than addresses.
 */
export interface BurstState<Ip, Form> {
  /** The ways in which the protocol tells of an address unasked: one frame each, the first one alone in round 0. */
  readonly forms: readonly Form[];
  readonly rounds: readonly (readonly Waiting<Ip>[])[];
  /** Who is still to be told alone. */
  readonly notices: readonly RecentAsker<Ip>[];
  /** No frame before this moment: what keeps the pace. */
  readonly resumeAt: Micros;
}

/** What happens to a burst; `now` never steps back from one event to the next. */
export type BurstEvent<Ip> =
  /** These are announced on the link from now on; a burst that one of them still had begins anew. */
  | { readonly kind: 'appeared'; readonly now: Micros; readonly ips: readonly Ip[] }
  /** These have asked for addresses that have appeared, and are told alone besides. */
  | { readonly kind: 'asked-before'; readonly now: Micros; readonly askers: readonly RecentAsker<Ip>[] }
  /** These are not any more: nothing is sent for them from now on. */
  | { readonly kind: 'disappeared'; readonly now: Micros; readonly ips: readonly Ip[] }
  /** The moment of the last `wake-at` has come. */
  | { readonly kind: 'woke'; readonly now: Micros };

/** What has to be done, in order. */
export type BurstEffect<Ip, Form> =
  | { readonly kind: 'send'; readonly ip: Ip; readonly form: Form }
  | { readonly kind: 'notify'; readonly asker: RecentAsker<Ip> }
  /** Comes last, at most once: replaces the wake-up that was asked for before. Without it nothing is left to send. */
  | { readonly kind: 'wake-at'; readonly at: Micros };

/**
 * When each round goes out, in milliseconds after the address appeared. The first ones are for clients that wait now;
 * the last two for hosts that take no update within a second of the last one, and for lost frames.
 */
const ROUND_OFFSETS_MS = [0, 50, 150, 400, 1_100, 2_200] as const;

/** How long after one round the next one of the same address may go out: a full segment only makes this longer. */
const GAPS: readonly Micros[] = ROUND_OFFSETS_MS.map((offset, round) => milliseconds(offset - (ROUND_OFFSETS_MS[round - 1] ?? 0)));

/** One frame each half millisecond, 2,000 a second: what switches and small hosts take without dropping. */
const SPACING = micros(500);

/** More than a list of askers can have: a bound in depth. An address that appears again takes the place of its notices from before. */
const MAX_NOTICES = 8_192;

/** Frames that may leave at one moment, so that timers of a few milliseconds can keep the pace. */
const FRAMES_AT_ONCE = 10;

/** A wake-up that comes late may catch up on this much and no more. */
const CATCH_UP: Micros = micros(FRAMES_AT_ONCE * SPACING);

/** From the first frame of so many addresses that appear at once to the last one of their round 0, if nothing else is under way. */
export function firstRoundOf(addresses: number): Micros {
  return micros(Math.max(0, addresses - FRAMES_AT_ONCE) * SPACING);
}

/** Nothing to send. */
export function noBurst<Ip, Form>(forms: readonly Form[]): BurstState<Ip, Form> {
  return { forms, rounds: ROUND_OFFSETS_MS.map(() => []), notices: [], resumeAt: micros(0) };
}

type Step<Ip, Form> = readonly [BurstState<Ip, Form>, readonly BurstEffect<Ip, Form>[]];

/**
 * The gratuitous burst of one link. Round 0 of every address goes first, one frame each, so that the last of many
 * addresses is not late; the later rounds, a frame of each form, share what is left of the pace. Notices to those who have
 * asked take every second place of these.
 */
export function stepBurst<Ip, Form>(state: BurstState<Ip, Form>, event: BurstEvent<Ip>): Step<Ip, Form> {
  switch (event.kind) {
    case 'appeared': {
      const { rounds, notices } = without(state, event.ips);
      const fresh = event.ips.map((ip) => ({ ip, due: event.now }));
      return sendDue({ ...state, notices, rounds: rounds.map((round, index) => (index === 0 ? [...round, ...fresh] : round)) }, event.now);
    }
    case 'asked-before':
      return sendDue({ ...state, notices: [...state.notices, ...event.askers].slice(0, MAX_NOTICES) }, event.now);
    case 'disappeared':
      return sendDue(without(state, event.ips), event.now);
    case 'woke':
      return sendDue(state, event.now);
  }
}

function without<Ip, Form>(state: BurstState<Ip, Form>, ips: readonly Ip[]): BurstState<Ip, Form> {
  const gone = new Set(ips);
  const stays = ({ ip }: { readonly ip: Ip }): boolean => !gone.has(ip);
  return { ...state, rounds: state.rounds.map((round) => round.filter(stays)), notices: state.notices.filter(stays) };
}

/** Sends what is due and what the pace allows, then says when to come back. */
function sendDue<Ip, Form>(state: BurstState<Ip, Form>, now: Micros): Step<Ip, Form> {
  const effects: BurstEffect<Ip, Form>[] = [];
  const sent = state.rounds.map((): Waiting<Ip>[] => []);
  let notified = 0;
  while (now >= state.resumeAt && effects.length < FRAMES_AT_ONCE) {
    const round = nextRound(state, sent, now);
    const asker = isNoticesTurn(round, notified, effects.length) ? state.notices[notified] : undefined;
    if (asker !== undefined) {
      effects.push({ kind: 'notify', asker });
      notified++;
      continue;
    }
    const waiting = state.rounds[round]?.[sent[round]?.length ?? 0];
    if (waiting === undefined) break;
    sent[round]?.push(waiting);
    const forms = round === 0 ? state.forms.slice(0, 1) : state.forms;
    for (const form of forms) effects.push({ kind: 'send', ip: waiting.ip, form });
  }
  const rounds = state.rounds.map((round, index) => round.slice(sent[index]?.length).concat(nextOf(sent[index - 1], index, now)));
  const paced = Math.max(state.resumeAt, now - CATCH_UP) + effects.length * SPACING;
  const resumeAt = effects.length === 0 ? state.resumeAt : micros(paced);
  const after: BurstState<Ip, Form> = { forms: state.forms, rounds, notices: state.notices.slice(notified), resumeAt };
  const wake = wakeAt(after);
  return [after, wake === undefined ? effects : [...effects, { kind: 'wake-at', at: wake }]];
}

/** Notices come behind round 0 and leave half of the frames to the later rounds. */
function isNoticesTurn(round: number, notified: number, sent: number): boolean {
  return round === -1 || (round > 0 && 2 * notified <= sent);
}

/** The round whose first waiting address comes next: round 0 before all, then the one due longest; -1 when none is due. */
function nextRound<Ip>(state: BurstState<Ip, unknown>, sent: readonly (readonly Waiting<Ip>[])[], now: Micros): number {
  let best = -1;
  let earliest = Number.POSITIVE_INFINITY;
  for (const [round, waiting] of state.rounds.entries()) {
    const due = waiting[sent[round]?.length ?? 0]?.due;
    if (due === undefined || due > now || due >= earliest) continue;
    if (round === 0) return 0;
    best = round;
    earliest = due;
  }
  return best;
}

/** Those that have just had a round wait for the next one. */
function nextOf<Ip>(sent: readonly Waiting<Ip>[] | undefined, round: number, now: Micros): readonly Waiting<Ip>[] {
  const due = micros(now + (GAPS[round] ?? 0));
  return (sent ?? []).map(({ ip }) => ({ ip, due }));
}

function wakeAt(state: BurstState<unknown, unknown>): Micros | undefined {
  if (state.notices.length > 0) return state.resumeAt;
  const firsts = state.rounds.flatMap((round) => round.slice(0, 1)).map(({ due }) => due);
  return firsts.length === 0 ? undefined : micros(Math.max(Math.min(...firsts), state.resumeAt));
}
