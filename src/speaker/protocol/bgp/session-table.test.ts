import { describe, expect, test } from '@jest/globals';
import { decodeMessage, Framer, type Message } from '@typemetal/bgp-parser';
import {
  BAD_BEGINNINGS,
  BAD_UPDATES,
  type BadMessage,
  GOOD_MANNERS,
  GOOD_OPEN,
  KEEPALIVE,
  notification,
  ODD_UPDATES,
  oddUpdate,
  REFRESH,
  SUBCODES,
} from '../../../../test/support/bgp-bad-messages.ts';
import { bgpMessage, bgpUpdate, TYPE } from '../../../../test/support/bgp-octets.ts';
import { hexadecimalOf } from '../../../../test/support/octets.ts';
import { describeEnding } from './ending.ts';
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

const STATES = ['idle', 'connect', 'active', 'open-sent', 'open-confirm', 'established'] as const;
type StateName = (typeof STATES)[number];

/** A session, and all that it wanted done since it was last looked at. */
interface Played {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

function happen({ state, effects }: Played, event: SessionEvent): Played {
  const [after, more] = stepSession(SETTINGS, state, event);
  return { state: after, effects: [...effects, ...more] };
}

/** Takes octets as they come from a connection: the end of it is the end of what is read. */
function hear(before: Played, octets: Uint8Array): Played {
  const framer = new Framer();
  framer.push(octets);
  let played = before;
  for (;;) {
    framer.maximumLength = contextOf(played.state).maximumReceivedLength;
    const next = framer.next();
    if (next === undefined) return played;
    if (!next.ok) return happen(played, { kind: 'received', message: undefined, faults: [next.error] });
    played = happen(played, { kind: 'received', ...decodeMessage(next.value, contextOf(played.state)) });
    if (played.effects.some(({ kind }) => kind === 'disconnect')) return played;
  }
}

const START: Played = happen({ state: NO_SESSION, effects: [] }, { kind: 'started' });
const CONNECTED: Played = happen(START, { kind: 'connected' });

const IN: Readonly<Record<StateName, Played>> = {
  idle: { state: NO_SESSION, effects: [] },
  connect: START,
  active: happen(START, { kind: 'connect-failed', cause: 'refused' }),
  'open-sent': CONNECTED,
  'open-confirm': hear(CONNECTED, GOOD_OPEN),
  established: hear(CONNECTED, Buffer.concat(GOOD_MANNERS)),
};

function wordOf(message: Message): string {
  return message.type === 'notification' ? `${message.code}/${message.subcode} ${hexadecimalOf(message.data)}`.trimEnd() : message.type;
}

/** What was said and done, in words; timers aside. */
function wordsOf(effects: readonly SessionEffect[]): string[] {
  return effects.flatMap((effect) => {
    if (effect.kind === 'send') return [wordOf(effect.message)];
    return effect.kind === 'start-timer' || effect.kind === 'stop-timer' ? [] : [effect.kind];
  });
}

/** The state that an event leads to and what it has done, as in `idle: 5/1 disconnect ended`; a dash where nothing happens. */
function cell(name: StateName, event: SessionEvent | Uint8Array): string {
  const before: Played = { state: IN[name].state, effects: [] };
  const { state, effects } = event instanceof Uint8Array ? hear(before, event) : happen(before, event);
  return effects.length === 0 && state.name === name ? '-' : `${state.name}: ${wordsOf(effects).join(' ')}`.trimEnd();
}

const ENDED = 'idle: disconnect ended';
const timer = (name: Extract<SessionEvent, { kind: 'expired' }>['timer']): SessionEvent => ({ kind: 'expired', timer: name });
const cease = { type: 'notification', code: 6, subcode: 2, data: new Uint8Array() } as const;
const MARKER_OF_ZEROES = new Uint8Array(19);
const WRONG_VERSION = bgpMessage(TYPE.open, '03 fc58 00f0 c63364fe 00');
const BAD_UPDATE = bgpMessage(TYPE.update, '0005 0000');

/** One event of RFC 4271, Section 8.1, and what it does in each state of Section 8.2.2, in the order of {@link STATES}. */
interface Row {
  readonly event: string;
  readonly happens: SessionEvent | Uint8Array;
  readonly does: readonly [string, string, string, string, string, string];
}

/**
 * The table. Messages, and timers of a connection, have no meaning where there is no connection: whoever drives the
 * machine has forgotten those with it. Not there are the events of what is not done here: DelayOpen (12, 20) and a passive
 * side (4, 5, 7, 14, 15, 17), with the collisions that come of that (23). IdleHoldTimer (13) and ConnectRetryTimer (9) are
 * one timer, for no connection is listened for in between.
 */
const TABLE: readonly Row[] = [
  { event: '1, 3, 6: a start', happens: { kind: 'started' }, does: ['connect: connect', '-', '-', '-', '-', '-'] },
  {
    event: '2: a stop for good',
    happens: { kind: 'stopped', cease, comesAgain: false },
    does: [ENDED, ENDED, ENDED, 'idle: 6/2 disconnect ended', 'idle: 6/2 disconnect ended', 'idle: 6/2 disconnect ended'],
  },
  {
    event: '8: a stop for a while, of which a peer without graceful restart is told as well',
    happens: { kind: 'stopped', cease, comesAgain: true },
    does: [ENDED, ENDED, ENDED, 'idle: 6/2 disconnect ended', 'idle: 6/2 disconnect ended', 'idle: 6/2 disconnect ended'],
  },
  { event: '9, 13: ConnectRetryTimer', happens: timer('retry'), does: ['connect: connect', '-', 'connect: connect', '-', '-', '-'] },
  {
    event: '9: the time for a connection, and for an OPEN',
    happens: timer('open'),
    does: ['-', 'active: disconnect ended', '-', 'idle: 4/0 disconnect ended', '-', '-'],
  },
  {
    event: '10: HoldTimer',
    happens: timer('hold'),
    does: ['-', '-', '-', 'idle: 4/0 disconnect ended', 'idle: 4/0 disconnect ended', 'idle: 4/0 disconnect ended'],
  },
  {
    event: '11: KeepaliveTimer',
    happens: timer('keepalive'),
    does: ['-', '-', '-', '-', 'open-confirm: keepalive', 'established: keepalive'],
  },
  {
    event: 'SendHoldTimer (RFC 9687)',
    happens: timer('send-hold'),
    does: ['-', '-', '-', 'idle: 8/0 disconnect ended', 'idle: 8/0 disconnect ended', 'idle: 8/0 disconnect ended'],
  },
  { event: '16: a connection', happens: { kind: 'connected' }, does: ['-', 'open-sent: open', '-', '-', '-', '-'] },
  {
    event: '18: no connection',
    happens: { kind: 'connect-failed', cause: 'refused' },
    does: ['-', 'active: disconnect ended', '-', '-', '-', '-'],
  },
  {
    event: '18: the end of the connection',
    happens: { kind: 'disconnected', cause: 'reset' },
    does: ['-', '-', '-', ENDED, ENDED, ENDED],
  },
  {
    event: '19: an OPEN',
    happens: GOOD_OPEN,
    does: ['-', '-', '-', 'open-confirm: keepalive', 'idle: 5/2 disconnect ended', 'idle: 5/3 disconnect ended'],
  },
  {
    event: '21: a bad header',
    happens: MARKER_OF_ZEROES,
    does: ['-', '-', '-', 'idle: 1/1 disconnect ended', 'idle: 1/1 disconnect ended', 'idle: 1/1 disconnect ended'],
  },
  {
    event: '22: a bad OPEN',
    happens: WRONG_VERSION,
    does: ['-', '-', '-', 'idle: 2/1 0004 disconnect ended', 'idle: 2/1 0004 disconnect ended', 'idle: 2/1 0004 disconnect ended'],
  },
  { event: '24: a NOTIFICATION about the version', happens: notification(2, 1), does: ['-', '-', '-', ENDED, ENDED, ENDED] },
  { event: '25: a NOTIFICATION', happens: notification(6, 4), does: ['-', '-', '-', ENDED, ENDED, ENDED] },
  {
    event: '26: a KEEPALIVE',
    happens: KEEPALIVE,
    does: ['-', '-', '-', 'idle: 5/1 disconnect ended', 'established: established', 'established:'],
  },
  {
    event: '27: an UPDATE',
    happens: bgpUpdate('', '', ''),
    does: ['-', '-', '-', 'idle: 5/1 disconnect ended', 'idle: 5/2 disconnect ended', 'established: routes'],
  },
  {
    event: '28: a bad UPDATE',
    happens: BAD_UPDATE,
    does: ['-', '-', '-', 'idle: 3/1 disconnect ended', 'idle: 3/1 disconnect ended', 'idle: 3/1 disconnect ended'],
  },
  {
    event: 'a ROUTE-REFRESH (RFC 2918)',
    happens: REFRESH,
    does: ['-', '-', '-', 'idle: 5/1 disconnect ended', 'idle: 5/2 disconnect ended', 'established: refresh'],
  },
];

describe('each state and each event of RFC 4271, Section 8', () => {
  test.each(STATES)('%s is where the way leads', (name) => {
    expect(IN[name].state.name).toBe(name);
  });

  test.each(TABLE.flatMap(({ event, happens, does }) => STATES.map((name, index) => ({ name, event, happens, does: does[index] }))))(
    '$name, $event: $does',
    ({ name, happens, does }) => {
      expect(cell(name, happens)).toBe(does);
    },
  );
});

/** The connection is there, and these octets come. */
function answered(says: readonly Uint8Array[]): { readonly farewell: string | undefined; readonly reason: string | undefined } {
  const { effects } = hear(CONNECTED, Buffer.concat(says));
  const words = effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.type === 'notification' ? [wordOf(effect.message)] : [],
  );
  const ended = effects.find((effect) => effect.kind === 'ended');
  return { farewell: words[0], reason: ended && describeEnding(ended.ending) };
}

describe('each error of RFC 4271, Section 6', () => {
  test.each([...BAD_BEGINNINGS, ...BAD_UPDATES])('$what: $answer', ({ says, answer, reason }: BadMessage) => {
    expect(answered(says)).toEqual({ farewell: answer, reason: expect.stringContaining(reason) });
  });

  test.each(ODD_UPDATES)('$what: the session stays', (odd) => {
    const { state, effects } = hear(IN.established, Buffer.concat([oddUpdate(odd), REFRESH]));
    expect([state.name, wordsOf(effects).at(-1)]).toEqual(['established', 'refresh']);
  });

  test.each(Object.entries(SUBCODES))('a NOTIFICATION %d is never answered, whatever its subcode', (code, subcodes) => {
    const endings = subcodes.map((subcode) => answered([...GOOD_MANNERS, notification(Number(code), subcode)]));
    expect(new Set(endings.map(({ farewell }) => farewell))).toEqual(new Set([undefined]));
    expect(new Set(endings.map(({ reason }) => reason)).size).toBe(subcodes.length);
  });
});
