/**
 * How a node is about to leave BGP, or has left it. Nothing is known until its Node was seen; draining is the time in
 * which routers are told to prefer others (RFC 8326), drained the time after that.
 */
export type DrainState = 'unknown' | 'serving' | 'draining' | 'drained';

/** What happens to it. */
export type DrainEvent =
  /** The node is to leave. */
  | 'away'
  /** The node is to serve, as it was before. */
  | 'back'
  /** The time in which routers move their traffic is over. */
  | 'expired';

/** What has to be done. */
export type DrainEffect = 'start-timer' | 'stop-timer';

type Table = Readonly<Record<DrainState, Readonly<Record<DrainEvent, readonly [DrainState, ...DrainEffect[]]>>>>;

/**
 * A node that never served since the start leaves at once: what a process before this one announced is drained or gone.
 * One that is wanted back in the meantime goes on as if nothing had been.
 */
const TRANSITIONS: Table = {
  unknown: { away: ['drained'], back: ['serving'], expired: ['unknown'] },
  serving: { away: ['draining', 'start-timer'], back: ['serving'], expired: ['serving'] },
  draining: { away: ['draining'], back: ['serving', 'stop-timer'], expired: ['drained'] },
  drained: { away: ['drained'], back: ['serving'], expired: ['drained'] },
};

/** The next state of a node, and what has to be done. */
export function stepDrain(state: DrainState, event: DrainEvent): readonly [DrainState, readonly DrainEffect[]] {
  const [next, ...effects] = TRANSITIONS[state][event];
  return [next, effects];
}
