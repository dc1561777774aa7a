import { asnOf, CEASE, ERROR_CODE, type Notification, type Open } from '@typemetal/bgp-parser';
import type { PeerSettings } from './peer-settings.ts';
import { hasConnection, NO_SESSION, type SessionEffect, type SessionEvent, type SessionState, stepSession, stopTimers } from './session.ts';

/** Who opened a connection: this node, or the peer. */
export type Direction = 'outgoing' | 'incoming';

/** What a peer is to us: our own attempts, and at most one connection that it opened itself. */
export interface Peering {
  /** Idle and without a timer while the peer's own connection leads to a session. */
  readonly outgoing: SessionState;
  readonly incoming: SessionState | undefined;
}

/** Each direction has a connection, and timers, of its own. */
export type PeeringEffect = { readonly direction: Direction } & SessionEffect;

/** What becomes of a connection that the peer opened. */
export type Admission =
  | {
      readonly kind: 'taken';
      readonly peering: Peering;
      /** What has to be done to what was there, before the new connection is. */
      readonly first: readonly PeeringEffect[];
      readonly effects: readonly PeeringEffect[];
    }
  /** It is ended with this. */
  | { readonly kind: 'turned-away'; readonly cease: Notification };

/** The router ID and the like of each direction: they may differ, for the node's own address may. */
export type PeeringSettings = Readonly<Record<Direction, PeerSettings>>;

type Step = readonly [Peering, readonly PeeringEffect[]];

const COLLISION: Notification = cease(CEASE.connectionCollisionResolution);
const REJECTED: Notification = cease(CEASE.connectionRejected);
const RESTARTED = 'the peer opened a new connection: it has restarted';

/** Sessions get further in this order. */
const PROGRESS: readonly SessionState['name'][] = ['idle', 'active', 'connect', 'open-sent', 'open-confirm', 'established'];

/** No attempt, and no connection. */
export const NO_PEERING: Peering = { outgoing: NO_SESSION, incoming: undefined };

/** The state that got furthest, which is the one to tell people. */
export function leadingState({ outgoing, incoming }: Peering): SessionState {
  return incoming !== undefined && PROGRESS.indexOf(incoming.name) > PROGRESS.indexOf(outgoing.name) ? incoming : outgoing;
}

/**
 * Takes or refuses a connection that the peer opened (RFC 4271, Section 8.2.2, events 16 and 17): none is taken in the pause
 * after a session went wrong, one is besides our own, and a peer that is known to keep routes over its restart has restarted
 * (RFC 4724, Section 5).
 */
export function admit(settings: PeeringSettings, peering: Peering): Admission {
  const { outgoing, incoming } = peering;
  const established = establishedOf(peering);
  if (established !== undefined && keepsRoutes(peering[established])) return replace(settings, peering, established);
  if (incoming !== undefined) return { kind: 'turned-away', cease: COLLISION };
  if (outgoing.name === 'idle') return { kind: 'turned-away', cease: REJECTED };
  return take(settings, peering, []);
}

/**
 * One event of one of the two connections. Where both have an OPEN, the one stays that the speaker with the higher BGP
 * Identifier opened, and an established session whatever comes (RFC 4271, Section 6.8). Equal identifiers of two ASes leave it to the
 * larger AS number (RFC 6286, Section 2.3).
 */
export function stepPeering(settings: PeeringSettings, peering: Peering, direction: Direction, event: SessionEvent): Step {
  const before = peering[direction];
  if (before === undefined) return [peering, []];
  const [after, effects] = stepSession(settings[direction], before, event);
  const stepped: Step = [{ ...peering, [direction]: after }, effects.map((effect) => ({ direction, ...effect }))];
  if (hasConnection(before) && !hasConnection(after)) return endOf(peering, direction, before, stepped);
  if (before.name === 'open-sent' && after.name === 'open-confirm') return collide(settings, direction, event, stepped);
  return stepped;
}

/** Ends all there is; the peer is told as {@link stepSession} says. */
export function stopPeering(settings: PeeringSettings, peering: Peering, event: Extract<SessionEvent, { kind: 'stopped' }>): Step {
  const [, outgoing] = stepSession(settings.outgoing, peering.outgoing, event);
  const incoming = peering.incoming === undefined ? [] : stepSession(settings.incoming, peering.incoming, event)[1];
  const of = (direction: Direction, effects: readonly SessionEffect[]): PeeringEffect[] =>
    effects.map((effect) => ({ direction, ...effect }));
  return [NO_PEERING, [...of('outgoing', outgoing), ...of('incoming', incoming)]];
}

function take(settings: PeeringSettings, { outgoing }: Peering, first: readonly PeeringEffect[]): Admission {
  const { setbacks } = outgoing;
  const [incoming, effects] = stepSession(settings.incoming, { name: 'connect', setbacks }, { kind: 'connected' });
  const ours = effects.map((effect): PeeringEffect => ({ direction: 'incoming', ...effect }));
  return { kind: 'taken', peering: { outgoing, incoming }, first, effects: ours };
}

/** Gives up a session that the peer itself no longer has. */
function replace(settings: PeeringSettings, peering: Peering, established: Direction): Admission {
  const ended: SessionEffect = {
    kind: 'ended',
    ending: { kind: 'connection-lost', cause: RESTARTED },
    wasEstablished: true,
    retryAfter: undefined,
  };
  const incoming = peering.incoming === undefined ? [] : close('incoming');
  const outgoing: SessionState = { name: 'idle', setbacks: leadingState(peering).setbacks };
  return take(settings, { outgoing, incoming: undefined }, [...close('outgoing'), ...incoming, { direction: established, ...ended }]);
}

/** Both ends have said who they are on this connection: only one may go on. */
function collide(settings: PeeringSettings, direction: Direction, event: SessionEvent, [peering, effects]: Step): Step {
  const other = otherOf(direction);
  const rival = peering[other];
  const theirs = event.kind === 'received' && event.message?.type === 'open' ? event.message : undefined;
  if (theirs === undefined || rival === undefined) return [peering, effects];
  if (!isUnderway(rival)) return direction === 'incoming' && !hasConnection(rival) ? suspend([peering, effects]) : [peering, effects];
  const winner = rival.name === 'established' ? other : winnerOf(settings[direction], theirs);
  if (winner !== direction) return [without(peering, direction), farewell(direction)];
  return [without(peering, other), [...farewell(other), ...effects]];
}

function winnerOf({ routerId, localAsn }: PeerSettings, theirs: Open): Direction {
  if (routerId !== theirs.routerId) return routerId > theirs.routerId ? 'outgoing' : 'incoming';
  return localAsn > asnOf(theirs) ? 'outgoing' : 'incoming';
}

/** A connection is over. While there is another, nothing else follows from that; otherwise our own attempts go on. */
function endOf(before: Peering, direction: Direction, ended: SessionState, [after, effects]: Step): Step {
  const rival = before[otherOf(direction)];
  const isNews = (effect: SessionEffect): boolean => effect.kind !== 'ended' || ended.name === 'established';
  const isRetry = (effect: SessionEffect): boolean => effect.kind === 'start-timer' && effect.timer === 'retry';
  if (rival !== undefined && hasConnection(rival))
    return [without(before, direction), effects.filter((each) => isNews(each) && !isRetry(each))];
  if (direction === 'outgoing' || after.incoming === undefined) return [after, effects];
  const { setbacks } = after.incoming;
  // An attempt that is under way has its own timer.
  if (before.outgoing.name !== 'idle')
    return [{ outgoing: { ...before.outgoing, setbacks }, incoming: undefined }, effects.filter((each) => !isRetry(each))];
  const moved = effects.map((effect): PeeringEffect => (isRetry(effect) ? { ...effect, direction: 'outgoing' } : effect));
  return [{ outgoing: after.incoming, incoming: undefined }, moved];
}

/** Our own attempts wait while the peer's connection leads to a session. */
function suspend([peering, effects]: Step): Step {
  return [without(peering, 'outgoing'), [...effects, ...close('outgoing')]];
}

function without(peering: Peering, direction: Direction): Peering {
  if (direction === 'incoming') return { ...peering, incoming: undefined };
  return { ...peering, outgoing: { name: 'idle', setbacks: peering.outgoing.setbacks } };
}

function farewell(direction: Direction): readonly PeeringEffect[] {
  return [{ direction, kind: 'send', message: COLLISION }, ...close(direction)];
}

function close(direction: Direction): PeeringEffect[] {
  return [...stopTimers().map((effect) => ({ direction, ...effect })), { direction, kind: 'disconnect' }];
}

function isUnderway(state: SessionState | undefined): boolean {
  return state?.name === 'open-confirm' || state?.name === 'established';
}

function establishedOf({ outgoing, incoming }: Peering): Direction | undefined {
  if (outgoing.name === 'established') return 'outgoing';
  return incoming?.name === 'established' ? 'incoming' : undefined;
}

function keepsRoutes(state: SessionState | undefined): boolean {
  return state?.name === 'established' && (state.agreement.gracefulRestart?.families.length ?? 0) > 0;
}

function otherOf(direction: Direction): Direction {
  return direction === 'outgoing' ? 'incoming' : 'outgoing';
}

function cease(subcode: number): Notification {
  return { type: 'notification', code: ERROR_CODE.cease, subcode, data: new Uint8Array() };
}
