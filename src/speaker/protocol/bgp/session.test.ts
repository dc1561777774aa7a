import { describe, expect, test } from '@jest/globals';
import { type Capability, CEASE, ceaseWithText, type Fault, type Message, type Notification, type Open } from '@typemetal/bgp-parser';
import fc from 'fast-check';
import { milliseconds } from '../../../lib/clock.ts';
import type { PeerSettings } from './peer-settings.ts';
import { contextOf, NO_SESSION, type SessionEffect, type SessionEvent, type SessionState, stepSession } from './session.ts';

const SETTINGS: PeerSettings = {
  localAsn: 64_512,
  expectedAs: { kind: 'number', asn: 64_600 },
  routerId: 0x0a_00_00_01,
  holdTimeSeconds: 90,
  keepaliveSeconds: undefined,
  connectSeconds: undefined,
  families: [{ afi: 1, safi: 1 }],
  gracefulRestart: undefined,
  hostname: 'node-1',
};

const CAPABILITIES: readonly Capability[] = [
  { code: 1, name: 'multiprotocol', afi: 1, safi: 1 },
  { code: 65, name: 'four-octet-asn', asn: 64_600 },
];
const OPEN: Open = { type: 'open', version: 4, asn: 64_600, holdTime: 30, routerId: 0x0a_00_00_02, capabilities: CAPABILITIES };
const UPDATE: Message = { type: 'update', withdrawn: [], attributes: [], nlri: [] };
const REFRESH: Message = { type: 'route-refresh', afi: 1, safi: 1, subtype: 'request', data: new Uint8Array() };
const CEASED: Notification = { type: 'notification', code: 6, subcode: CEASE.administrativeShutdown, data: new Uint8Array() };
const RESET: Fault = { treatment: 'session-reset', code: 3, subcode: 1, data: Uint8Array.of(7), offset: 23, reason: 'no sense' };
const WITHDRAW: Fault = { treatment: 'treat-as-withdraw', attribute: 3, offset: 40, reason: 'bad next hop' };

const started: SessionEvent = { kind: 'started' };
const connected: SessionEvent = { kind: 'connected' };
const refused: SessionEvent = { kind: 'connect-failed', cause: 'connection refused' };
const disconnected: SessionEvent = { kind: 'disconnected', cause: 'reset' };
const stopped: SessionEvent = { kind: 'stopped', cease: CEASED, comesAgain: false };
const restarts: SessionEvent = { kind: 'stopped', cease: CEASED, comesAgain: true };
const retry = expired('retry');

function received(message: Message | undefined, ...faults: Fault[]): SessionEvent {
  return { kind: 'received', message, faults };
}

function expired(timer: Extract<SessionEvent, { kind: 'expired' }>['timer']): SessionEvent {
  return { kind: 'expired', timer };
}

/** The way into each state. */
const WAYS = {
  idle: [],
  connect: [started],
  active: [started, refused],
  'open-sent': [started, connected],
  'open-confirm': [started, connected, received(OPEN)],
  established: [started, connected, received(OPEN), received({ type: 'keepalive' })],
} as const satisfies Readonly<Record<SessionState['name'], readonly SessionEvent[]>>;

function play(events: readonly SessionEvent[], settings: PeerSettings = SETTINGS): readonly [SessionState, readonly SessionEffect[]] {
  let state = NO_SESSION;
  let effects: readonly SessionEffect[] = [];
  for (const event of events) [state, effects] = stepSession(settings, state, event);
  return [state, effects];
}

/** What leaves the machine, in short: messages by name, with code and subcode of a NOTIFICATION. */
function spoken(effects: readonly SessionEffect[]): string[] {
  return effects.flatMap((effect) => {
    if (effect.kind === 'send')
      return [effect.message.type === 'notification' ? `${effect.message.code}/${effect.message.subcode}` : effect.message.type];
    return effect.kind === 'start-timer' || effect.kind === 'stop-timer' ? [] : [effect.kind];
  });
}

describe('the table of RFC 4271, Section 8', () => {
  const end = ['disconnect', 'ended'];
  test.each<{ in: keyof typeof WAYS; what: string; event: SessionEvent; becomes: SessionState['name']; does: string[] }>([
    { in: 'idle', what: 'a start', event: started, becomes: 'connect', does: ['connect'] },
    { in: 'connect', what: 'a start', event: started, becomes: 'connect', does: [] },
    { in: 'connect', what: 'a connection', event: connected, becomes: 'open-sent', does: ['open'] },
    { in: 'connect', what: 'a refusal', event: refused, becomes: 'active', does: end },
    { in: 'connect', what: 'no answer', event: expired('open'), becomes: 'active', does: end },
    { in: 'active', what: 'the time to retry', event: retry, becomes: 'connect', does: ['connect'] },
    { in: 'active', what: 'a stop', event: stopped, becomes: 'idle', does: end },
    { in: 'open-sent', what: 'an OPEN', event: received(OPEN), becomes: 'open-confirm', does: ['keepalive'] },
    { in: 'open-sent', what: 'a KEEPALIVE', event: received({ type: 'keepalive' }), becomes: 'idle', does: ['5/1', ...end] },
    { in: 'open-sent', what: 'a NOTIFICATION', event: received(CEASED), becomes: 'idle', does: end },
    { in: 'open-sent', what: 'silence', event: expired('open'), becomes: 'idle', does: ['4/0', ...end] },
    { in: 'open-sent', what: 'the end of the connection', event: disconnected, becomes: 'idle', does: end },
    { in: 'open-sent', what: 'a stop', event: stopped, becomes: 'idle', does: ['6/2', ...end] },
    { in: 'open-confirm', what: 'a KEEPALIVE', event: received({ type: 'keepalive' }), becomes: 'established', does: ['established'] },
    { in: 'open-confirm', what: 'an UPDATE', event: received(UPDATE), becomes: 'idle', does: ['5/2', ...end] },
    { in: 'open-confirm', what: 'a second OPEN', event: received(OPEN), becomes: 'idle', does: ['5/2', ...end] },
    { in: 'open-confirm', what: 'silence', event: expired('hold'), becomes: 'idle', does: ['4/0', ...end] },
    { in: 'open-confirm', what: 'its own time', event: expired('keepalive'), becomes: 'open-confirm', does: ['keepalive'] },
    { in: 'established', what: 'a KEEPALIVE', event: received({ type: 'keepalive' }), becomes: 'established', does: [] },
    { in: 'established', what: 'an UPDATE', event: received(UPDATE), becomes: 'established', does: ['routes'] },
    { in: 'established', what: 'a bad attribute', event: received(UPDATE, WITHDRAW), becomes: 'established', does: ['routes'] },
    { in: 'established', what: 'a bad message', event: received(UPDATE, RESET), becomes: 'idle', does: ['3/1', ...end] },
    { in: 'established', what: 'an unreadable message', event: received(undefined, RESET), becomes: 'idle', does: ['3/1', ...end] },
    { in: 'established', what: 'a wish for all routes', event: received(REFRESH), becomes: 'established', does: ['refresh'] },
    { in: 'established', what: 'an OPEN', event: received(OPEN), becomes: 'idle', does: ['5/3', ...end] },
    { in: 'established', what: 'silence', event: expired('hold'), becomes: 'idle', does: ['4/0', ...end] },
    { in: 'established', what: 'its own time', event: expired('keepalive'), becomes: 'established', does: ['keepalive'] },
    { in: 'established', what: 'a full connection', event: expired('send-hold'), becomes: 'idle', does: ['8/0', ...end] },
    { in: 'established', what: 'the end of the connection', event: disconnected, becomes: 'idle', does: end },
    { in: 'established', what: 'a stop', event: stopped, becomes: 'idle', does: ['6/2', ...end] },
    { in: 'established', what: 'a stop for a while', event: restarts, becomes: 'idle', does: ['6/2', ...end] },
    { in: 'open-sent', what: 'a stop for a while', event: restarts, becomes: 'idle', does: ['6/2', ...end] },
  ])('$in: $what leads to $becomes', ({ in: name, event, becomes, does }) => {
    const [state, effects] = play([...WAYS[name], event]);
    expect(state.name).toBe(becomes);
    expect(spoken(effects)).toEqual(does);
  });

  test.each(['idle', 'connect', 'active'] as const)('%s: what belongs to a connection changes nothing', (name) => {
    const [before] = play(WAYS[name]);
    for (const event of [received(OPEN), disconnected, expired('hold'), expired('keepalive'), expired('send-hold')]) {
      expect(stepSession(SETTINGS, before, event)).toEqual([before, []]);
    }
  });
});

describe('timers', () => {
  function timersOf(effects: readonly SessionEffect[]): Record<string, number> {
    const timers: Record<string, number> = {};
    for (const effect of effects) if (effect.kind === 'start-timer') timers[effect.timer] = effect.after;
    return timers;
  }

  test('the smaller hold time holds, and a KEEPALIVE goes out three times in it', () => {
    const [, effects] = play(WAYS['open-confirm']);
    expect(timersOf(effects)).toEqual({ hold: milliseconds(30_000), keepalive: milliseconds(10_000) });
  });

  test('a hold time of 0 needs no timer for the peer', () => {
    const [, confirmed] = play([started, connected, received({ ...OPEN, holdTime: 0 })]);
    expect(timersOf(confirmed)).toEqual({});
    const [, effects] = play([started, connected, received({ ...OPEN, holdTime: 0 }), received({ type: 'keepalive' })]);
    expect(timersOf(effects)).toEqual({ stable: milliseconds(30_000) });
  });

  test('a configured keepalive time is never longer than a third of the hold time', () => {
    const of = (keepaliveSeconds: number): number | undefined =>
      timersOf(play(WAYS['open-confirm'], { ...SETTINGS, keepaliveSeconds })[1]).keepalive;
    expect([of(3), of(60)]).toEqual([milliseconds(3_000), milliseconds(10_000)]);
  });

  test('what the peer takes moves the end of patience for what is sent', () => {
    const [, effects] = play([...WAYS.established, { kind: 'drained' }]);
    expect(timersOf(effects)).toEqual({ 'send-hold': milliseconds(480_000) });
  });

  test('attempts come after 0, 1, 2, 4 ... 120 s, and at once again after a session', () => {
    const pauses: number[] = [];
    let [state, effects] = play([started]);
    for (let attempt = 0; attempt < 11; attempt++) {
      [state, effects] = stepSession(SETTINGS, state, refused);
      pauses.push(Number(timersOf(effects).retry) / 1_000_000);
      [state, effects] = stepSession(SETTINGS, state, retry);
    }
    expect(pauses).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 120, 120, 120]);
    for (const event of [connected, received(OPEN), received({ type: 'keepalive' }), disconnected] as const) {
      [state, effects] = stepSession(SETTINGS, state, event);
    }
    expect(timersOf(effects).retry).toBe(0);
  });

  test.each([
    { what: 'at once', stable: false, connectSeconds: undefined, pauses: [0, 1, 2, 4] },
    { what: 'when it was stable', stable: true, connectSeconds: undefined, pauses: [0, 0, 0, 0] },
    { what: 'at once, with a connect time of 2 s,', stable: false, connectSeconds: 2, pauses: [2, 2, 2, 4] },
    { what: 'when it was stable, with a connect time of 2 s,', stable: true, connectSeconds: 2, pauses: [2, 2, 2, 2] },
  ])('a session that breaks $what again and again is begun anew after $pauses s', ({ stable, connectSeconds, pauses }) => {
    const settings = { ...SETTINGS, connectSeconds };
    const seen: number[] = [];
    let [state, effects] = play([started]);
    for (const _ of pauses) {
      const way = [connected, received(OPEN), received({ type: 'keepalive' }), ...(stable ? [expired('stable')] : []), disconnected];
      for (const event of way) [state, effects] = stepSession(settings, state, event);
      seen.push(Number(timersOf(effects).retry) / 1_000_000);
      [state, effects] = stepSession(settings, state, retry);
    }
    expect(seen).toEqual(pauses);
  });

  test('a connect time is kept to', () => {
    const settings = { ...SETTINGS, connectSeconds: 7 };
    expect(timersOf(play([started, refused], settings)[1]).retry).toBe(milliseconds(7_000));
    expect(timersOf(play([started, refused, retry, refused], settings)[1]).retry).toBe(milliseconds(7_000));
  });
});

describe('the last word', () => {
  const restart: Capability = {
    code: 64,
    name: 'graceful-restart',
    restarted: false,
    notification: true,
    restartTimeSeconds: 120,
    families: [{ afi: 1, safi: 1, forwarding: true }],
  };
  const keeping = { ...SETTINGS, gracefulRestart: { restartTimeSeconds: 120, restarted: false, forwarding: true } };
  const cease = ceaseWithText(CEASE.administrativeShutdown, 'bye');

  test('a peer that keeps routes after a NOTIFICATION gets a hard reset', () => {
    const way = [started, connected, received({ ...OPEN, capabilities: [...CAPABILITIES, restart] }), received({ type: 'keepalive' })];
    const [, effects] = play([...way, { kind: 'stopped', cease, comesAgain: false }], keeping);
    const sent = effects.find((effect) => effect.kind === 'send');
    expect(sent).toMatchObject({ message: { code: 6, subcode: CEASE.hardReset, data: Uint8Array.of(6, 2, ...cease.data) } });
  });

  test.each([true, false])('a peer that agreed to keep the routes is told nothing before a restart, N bit %p', (notification) => {
    const open = { ...OPEN, capabilities: [...CAPABILITIES, { ...restart, notification }] };
    const [, effects] = play([started, connected, received(open), received({ type: 'keepalive' }), restarts], keeping);
    expect(spoken(effects)).toEqual(['disconnect', 'ended']);
  });

  test('others get the cease as it is', () => {
    const [, effects] = play([...WAYS.established, { kind: 'stopped', cease, comesAgain: false }], keeping);
    expect(effects).toContainEqual({ kind: 'send', message: cease });
  });
});

test('messages are read as the two OPENs agreed', () => {
  expect(contextOf(play(WAYS['open-sent'])[0]).fourOctetAsn).toBe(false);
  expect(contextOf(play(WAYS['open-confirm'])[0])).toMatchObject({ fourOctetAsn: true, internal: false });
});

test('whatever comes in whatever order, a session that is wanted goes on trying and never stands still', () => {
  const events = fc.constantFrom<SessionEvent>(
    connected,
    refused,
    disconnected,
    retry,
    received(OPEN),
    received({ type: 'keepalive' }),
    received(UPDATE),
    received(UPDATE, RESET),
    received(CEASED),
    received(REFRESH),
    { kind: 'drained' },
    expired('open'),
    expired('hold'),
    expired('keepalive'),
    expired('send-hold'),
    expired('stable'),
  );
  fc.assert(
    fc.property(fc.array(events, { maxLength: 40 }), (drawn) => {
      const running = new Set<string>();
      let state = NO_SESSION;
      for (const event of [started, ...drawn]) {
        // A timer that does not run cannot expire.
        if (event.kind === 'expired' && !running.delete(event.timer)) continue;
        const [after, effects] = stepSession(SETTINGS, state, event);
        follow(running, effects);
        state = after;
        expect(running).toContain(WAY_OUT[state.name]);
      }
    }),
  );
});

/** In each state this timer leads out of it. */
const WAY_OUT = {
  idle: 'retry',
  active: 'retry',
  connect: 'open',
  'open-sent': 'open',
  'open-confirm': 'hold',
  established: 'hold',
} as const;

function follow(running: Set<string>, effects: readonly SessionEffect[]): void {
  for (const effect of effects) {
    if (effect.kind === 'start-timer') running.add(effect.timer);
    if (effect.kind === 'stop-timer') running.delete(effect.timer);
  }
}
