import {
  type AddressFamily,
  type Agreement,
  type Context,
  ERROR_CODE,
  type Fault,
  hardReset,
  INITIAL_CONTEXT,
  type Message,
  type Notification,
  negotiate,
  type Open,
  sessionReset,
  type Update,
} from '@typemetal/bgp-parser';
import { type Micros, micros, milliseconds } from '../../../lib/clock.ts';
import type { Ending } from './ending.ts';
import { judgeOpen } from './judge-open.ts';
import { ownOpen } from './own-open.ts';
import type { PeerSettings } from './peer-settings.ts';

/** What went wrong lately: it decides how long the next pause is (RFC 4271, Section 8.1.1, DampPeerOscillations). */
export interface Setbacks {
  /** Attempts in a row that led to no session. */
  readonly failures: number;
  /** Sessions in a row that broke before they were stable. */
  readonly flaps: number;
}

/**
 * Where a session is (RFC 4271, Section 8.2.2). Active is the wait between two attempts to connect, idle the wait after
 * a session or an OPEN went wrong, or for a start; nothing is listened for in either.
 */
export type SessionState =
  | { readonly name: 'idle' | 'active' | 'connect'; readonly setbacks: Setbacks }
  | { readonly name: 'open-sent'; readonly setbacks: Setbacks; readonly ours: Open }
  | { readonly name: 'open-confirm' | 'established'; readonly setbacks: Setbacks; readonly agreement: Agreement };

/** The timers of a session; each runs once at the most. */
export type SessionTimer =
  /** Until the next attempt. */
  | 'retry'
  /** Until a connection, and then the peer's OPEN, must be there. */
  | 'open'
  | 'hold'
  | 'keepalive'
  /** Until the peer must have taken what was sent (RFC 9687). */
  | 'send-hold'
  /** Until a session has lasted so long that its end is nothing to do with its beginning. */
  | 'stable';

/** What happens to a session. */
export type SessionEvent =
  | { readonly kind: 'started' }
  /**
   * It is not wanted any more. When `comesAgain`, a peer that agreed to keep the routes until then is told nothing, as a
   * restart shows itself (RFC 4724, Section 4); all others are told `cease`.
   */
  | { readonly kind: 'stopped'; readonly cease: Notification; readonly comesAgain: boolean }
  | { readonly kind: 'connected' }
  | { readonly kind: 'connect-failed'; readonly cause: string }
  /** Read in the context of {@link contextOf}. `message` is undefined where a fault left nothing to read. */
  | { readonly kind: 'received'; readonly message: Message | undefined; readonly faults: readonly Fault[] }
  | { readonly kind: 'disconnected'; readonly cause: string }
  /** The kernel has taken all that was sent. */
  | { readonly kind: 'drained' }
  | { readonly kind: 'expired'; readonly timer: SessionTimer };

/** What has to be done, in order. */
export type SessionEffect =
  | { readonly kind: 'connect' }
  | { readonly kind: 'send'; readonly message: Message }
  /** Closes the connection when what was sent is on its way, or gives up the attempt to make one. */
  | { readonly kind: 'disconnect' }
  /** Starts the timer anew; `jittered` shortens it by up to a quarter (RFC 4271, Section 10). */
  | { readonly kind: 'start-timer'; readonly timer: SessionTimer; readonly after: Micros; readonly jittered: boolean }
  | { readonly kind: 'stop-timer'; readonly timer: SessionTimer }
  /** Routes may be sent from now on. */
  | { readonly kind: 'established'; readonly agreement: Agreement }
  /** `retryAfter` is undefined when it stays so. */
  | { readonly kind: 'ended'; readonly ending: Ending; readonly wasEstablished: boolean; readonly retryAfter: Micros | undefined }
  /** The peer wants all routes of a family again (RFC 2918). */
  | { readonly kind: 'refresh'; readonly family: AddressFamily }
  /** The peer's routes, which nobody uses. */
  | { readonly kind: 'routes'; readonly update: Update };

type Step = readonly [SessionState, readonly SessionEffect[]];

/** How long a connection may take, and then the peer's OPEN: a peer that is there needs milliseconds for either. */
const CONNECT_DEADLINE: Micros = milliseconds(10_000);
const OPEN_DEADLINE: Micros = milliseconds(30_000);

/** A router that accepts a session and drops it, for having too many routes for example, must not be asked again at once. */
const STABLE_AFTER: Micros = milliseconds(30_000);

/** Seconds between attempts, as MetalLB waits; after the last one it stays so. */
const RETRY_SECONDS = [0, 1, 2, 4, 8, 16, 32, 64, 120] as const;

/** At the least, and in hold times (RFC 9687, Section 4). */
const SEND_HOLD_SECONDS = 480;
const SEND_HOLD_TIMES = 2;

/** A KEEPALIVE goes out this many times in a hold time (RFC 4271, Section 4.4). */
const KEEPALIVES = 3;

/** Subcodes of a Finite State Machine Error: which state the message came in (RFC 6608, Section 3). */
const UNEXPECTED_IN = { 'open-sent': 1, 'open-confirm': 2, established: 3 } as const;

const NO_ANSWER = 'no answer to the connection request: is the router reachable, and is the password the same on both sides?';
/** What a peer that says nothing may suffer from: in open-confirm it has spoken, so it is what we say that does not arrive. */
const SILENCE = {
  'open-sent': 'the peer said nothing for the whole hold time',
  'open-confirm': 'the peer sent an OPEN but did not answer ours: does it drop what this node sends (TTL security, a packet filter)?',
  established: 'the peer said nothing for the whole hold time',
} as const;

const TIMERS: readonly SessionTimer[] = ['retry', 'open', 'hold', 'keepalive', 'send-hold', 'stable'];
const KEEPALIVE: SessionEffect = { kind: 'send', message: { type: 'keepalive' } };

/** A session that was never started. */
export const NO_SESSION: SessionState = { name: 'idle', setbacks: { failures: 0, flaps: 0 } };

/** What the messages of the peer are to be read in, and ours to be written in. */
export function contextOf(state: SessionState): Context {
  return state.name === 'open-confirm' || state.name === 'established' ? state.agreement : INITIAL_CONTEXT;
}

/**
 * One session with a peer that we connect to (RFC 4271, Section 8). A message, a timer or an end of the connection that
 * belongs to an earlier connection must not be told here: whoever drives it forgets those with `disconnect`.
 */
export function stepSession(settings: PeerSettings, state: SessionState, event: SessionEvent): Step {
  switch (event.kind) {
    case 'started':
      return state.name === 'idle' ? connect(state.setbacks) : [state, []];
    case 'stopped':
      return stop(state, event.cease, event.comesAgain);
    case 'connected':
      return state.name === 'connect' ? greet(settings, state.setbacks) : [state, []];
    case 'connect-failed':
      return state.name === 'connect' ? fail(settings, state, { kind: 'not-connected', cause: event.cause }) : [state, []];
    case 'disconnected':
      return hasConnection(state) ? fail(settings, state, lost(state, event.cause)) : [state, []];
    case 'drained':
      return [state, state.name === 'established' ? sendHold(state.agreement) : []];
    case 'received':
      return hasConnection(state) ? receive(settings, state, event.message, event.faults) : [state, []];
    case 'expired':
      return expire(settings, state, event.timer);
  }
}

type Connected = Extract<SessionState, { readonly name: 'open-sent' | 'open-confirm' | 'established' }>;

/** Whether there is a connection with the peer. */
export function hasConnection(state: SessionState): state is Connected {
  return state.name === 'open-sent' || state.name === 'open-confirm' || state.name === 'established';
}

/** Routers hang up without a word on whom they do not know. */
function lost({ name }: Connected, cause: string): Ending {
  const hint =
    name === 'open-sent' ? ' before it sent an OPEN: does it know this node as a neighbor, by the address that it comes from?' : '';
  return { kind: 'connection-lost', cause: `${cause}${hint}` };
}

function connect(setbacks: Setbacks): Step {
  return [{ name: 'connect', setbacks }, [startTimer('open', CONNECT_DEADLINE), { kind: 'connect' }]];
}

function greet(settings: PeerSettings, setbacks: Setbacks): Step {
  const ours = ownOpen(settings);
  return [{ name: 'open-sent', setbacks, ours }, [startTimer('open', OPEN_DEADLINE), { kind: 'send', message: ours }]];
}

function receive(settings: PeerSettings, state: Connected, message: Message | undefined, faults: readonly Fault[]): Step {
  if (message?.type === 'notification') return fail(settings, state, { kind: 'notified', received: message });
  const reset = sessionReset(faults);
  if (reset !== undefined)
    return refuse(settings, state, notificationOf(reset.code, reset.subcode, reset.data), `the peer sent a bad message: ${reset.reason}`);
  if (message === undefined) return [state, []];
  switch (state.name) {
    case 'open-sent':
      return message.type === 'open' ? takeOpen(settings, state, message) : unexpected(settings, state, message);
    case 'open-confirm':
      return message.type === 'keepalive' ? establish(state) : unexpected(settings, state, message);
    case 'established':
      return message.type === 'open' ? unexpected(settings, state, message) : [state, [...holdOn(state.agreement), ...meaningOf(message)]];
  }
}

function takeOpen(settings: PeerSettings, state: Extract<Connected, { name: 'open-sent' }>, theirs: Open): Step {
  const refusal = judgeOpen(settings, state.ours, theirs);
  if (refusal !== undefined) return refuse(settings, state, notificationOf(ERROR_CODE.open, refusal.subcode, refusal.data), refusal.why);
  const agreement = negotiate(state.ours, theirs);
  const effects = [stopTimer('open'), KEEPALIVE, ...holdOn(agreement), ...keepAlive(settings, agreement)];
  return [{ name: 'open-confirm', setbacks: state.setbacks, agreement }, effects];
}

function establish({ agreement, setbacks: { flaps } }: { readonly agreement: Agreement; readonly setbacks: Setbacks }): Step {
  const timers = [...holdOn(agreement), ...sendHold(agreement), startTimer('stable', STABLE_AFTER)];
  return [
    { name: 'established', setbacks: { failures: flaps, flaps: flaps + 1 }, agreement },
    [...timers, { kind: 'established', agreement }],
  ];
}

/** What a message in an established session asks for. */
function meaningOf(message: Message): readonly SessionEffect[] {
  if (message.type === 'update') return [{ kind: 'routes', update: message }];
  if (message.type !== 'route-refresh' || message.subtype !== 'request') return [];
  return [{ kind: 'refresh', family: { afi: message.afi, safi: message.safi } }];
}

function expire(settings: PeerSettings, state: SessionState, timer: SessionTimer): Step {
  switch (timer) {
    case 'retry':
      return state.name === 'idle' || state.name === 'active' ? connect(state.setbacks) : [state, []];
    case 'open':
      return expireOpen(settings, state);
    case 'hold':
      if (!hasConnection(state)) return [state, []];
      return refuse(settings, state, notificationOf(ERROR_CODE.holdTimerExpired, 0), SILENCE[state.name]);
    case 'keepalive':
      if (state.name !== 'open-confirm' && state.name !== 'established') return [state, []];
      return [state, [KEEPALIVE, ...keepAlive(settings, state.agreement)]];
    case 'send-hold':
      if (!hasConnection(state)) return [state, []];
      return refuse(settings, state, notificationOf(ERROR_CODE.sendHoldTimerExpired, 0), 'the peer takes nothing that is sent to it');
    case 'stable':
      return [state.name === 'established' ? { ...state, setbacks: NO_SESSION.setbacks } : state, []];
  }
}

function expireOpen(settings: PeerSettings, state: SessionState): Step {
  if (state.name === 'connect') return fail(settings, state, { kind: 'not-connected', cause: NO_ANSWER });
  if (state.name !== 'open-sent') return [state, []];
  const why = 'the peer accepted the connection but sent no OPEN';
  return refuse(settings, state, notificationOf(ERROR_CODE.holdTimerExpired, 0), why);
}

function unexpected(settings: PeerSettings, state: Connected, { type }: Message): Step {
  const sent = notificationOf(ERROR_CODE.finiteStateMachine, UNEXPECTED_IN[state.name]);
  return refuse(settings, state, sent, `the peer sent a message of type ${type} in the state ${state.name}`);
}

/** Ends the connection and says why. */
function refuse(settings: PeerSettings, state: SessionState, sent: Notification, why: string): Step {
  const [after, effects] = fail(settings, state, { kind: 'refused', sent, why });
  return [after, [{ kind: 'send', message: sent }, ...effects]];
}

/** Ends what there is and waits for the next attempt. */
function fail(settings: PeerSettings, state: SessionState, ending: Ending): Step {
  const wasEstablished = state.name === 'established';
  const { failures, flaps } = state.setbacks;
  const retryAfter = retryPause(settings, failures, wasEstablished);
  const name = ending.kind === 'not-connected' ? 'active' : 'idle';
  const ended: SessionEffect = { kind: 'ended', ending, wasEstablished, retryAfter };
  return [{ name, setbacks: { failures: failures + 1, flaps } }, [...endConnection(), ended, startTimer('retry', retryAfter, true)]];
}

function stop(state: SessionState, cease: Notification, comesAgain: boolean): Step {
  const farewell: SessionEffect[] = [];
  const keepsRoutes = comesAgain && state.name === 'established' && state.agreement.gracefulRestart !== undefined;
  if (hasConnection(state) && !keepsRoutes) farewell.push({ kind: 'send', message: lastWord(state, cease) });
  const wasEstablished = state.name === 'established';
  const ended: SessionEffect = { kind: 'ended', ending: { kind: 'stopped' }, wasEstablished, retryAfter: undefined };
  return [NO_SESSION, [...farewell, ...endConnection(), ended]];
}

/** A Cease as it is, or hard where the peer would keep the routes in spite of it (RFC 8538, Section 4). */
function lastWord(state: Connected, cease: Notification): Notification {
  return state.name !== 'open-sent' && state.agreement.notificationRestart ? hardReset(cease) : cease;
}

function endConnection(): SessionEffect[] {
  return [...stopTimers(), { kind: 'disconnect' }];
}

/** Stops whatever timer runs. */
export function stopTimers(): SessionEffect[] {
  return TIMERS.map(stopTimer);
}

/** A configured time is for routers that are away: one that takes sessions and drops them waits longer each time even so. */
function retryPause({ connectSeconds }: PeerSettings, failures: number, wasEstablished: boolean): Micros {
  const grown = RETRY_SECONDS[Math.min(failures, RETRY_SECONDS.length - 1)] ?? 0;
  return seconds(wasEstablished ? Math.max(connectSeconds ?? 0, grown) : (connectSeconds ?? grown));
}

/** The peer is there: its time begins anew. */
function holdOn({ holdTimeSeconds }: Agreement): readonly SessionEffect[] {
  return holdTimeSeconds === 0 ? [] : [startTimer('hold', seconds(holdTimeSeconds))];
}

function keepAlive({ keepaliveSeconds }: PeerSettings, { holdTimeSeconds }: Agreement): readonly SessionEffect[] {
  if (holdTimeSeconds === 0) return [];
  const third = holdTimeSeconds / KEEPALIVES;
  const wanted = keepaliveSeconds === undefined || keepaliveSeconds === 0 ? third : keepaliveSeconds;
  // The peer may have made the hold time shorter than what was configured for it.
  return [startTimer('keepalive', seconds(Math.min(wanted, third)), true)];
}

function sendHold({ holdTimeSeconds }: Agreement): readonly SessionEffect[] {
  if (holdTimeSeconds === 0) return [];
  return [startTimer('send-hold', seconds(Math.max(SEND_HOLD_SECONDS, SEND_HOLD_TIMES * holdTimeSeconds)))];
}

function startTimer(timer: SessionTimer, after: Micros, jittered: boolean = false): SessionEffect {
  return { kind: 'start-timer', timer, after, jittered };
}

function stopTimer(timer: SessionTimer): SessionEffect {
  return { kind: 'stop-timer', timer };
}

function seconds(value: number): Micros {
  return micros(value * 1_000_000);
}

function notificationOf(code: number, subcode: number, octets: Uint8Array = new Uint8Array()): Notification {
  return { type: 'notification', code, subcode, data: octets };
}
