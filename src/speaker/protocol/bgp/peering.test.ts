import { describe, expect, test } from '@jest/globals';
import { type Capability, CEASE, type Message, type Open } from '@typemetal/bgp-parser';
import fc from 'fast-check';
import { milliseconds } from '../../../lib/clock.ts';
import type { PeerSettings } from './peer-settings.ts';
import { admit, type Direction, leadingState, NO_PEERING, type Peering, type PeeringEffect, stepPeering, stopPeering } from './peering.ts';
import type { SessionEvent, SessionState } from './session.ts';

/** This node's router ID is the higher one, unless a row says otherwise. */
const SETTINGS: PeerSettings = {
  localAsn: 64_512,
  expectedAs: { kind: 'external' },
  routerId: 20,
  holdTimeSeconds: 90,
  keepaliveSeconds: undefined,
  connectSeconds: undefined,
  families: [{ afi: 1, safi: 1 }],
  gracefulRestart: { restartTimeSeconds: 120, restarted: false, forwarding: false },
  hostname: 'node-1',
};

const CAPABILITIES: readonly Capability[] = [
  { code: 1, name: 'multiprotocol', afi: 1, safi: 1 },
  { code: 65, name: 'four-octet-asn', asn: 64_600 },
];
const RESTARTABLE: Capability = {
  code: 64,
  name: 'graceful-restart',
  restarted: false,
  notification: false,
  restartTimeSeconds: 120,
  families: [{ afi: 1, safi: 1, forwarding: true }],
};
const OPEN: Open = { type: 'open', version: 4, asn: 64_600, holdTime: 30, routerId: 10, capabilities: CAPABILITIES };

const opened = (open: Partial<Open> = {}): SessionEvent => received({ ...OPEN, ...open });
const confirmed: SessionEvent = received({ type: 'keepalive' });
const connected: SessionEvent = { kind: 'connected' };
const lost: SessionEvent = { kind: 'disconnected', cause: 'reset' };

function received(message: Message): SessionEvent {
  return { kind: 'received', message, faults: [] };
}

/** Both ends of a peering: what was done to it, and what came of that. */
class Scene {
  peering: Peering = NO_PEERING;
  effects: readonly PeeringEffect[] = [];
  turnedAway: number | undefined;
  readonly running = new Set<string>();
  readonly #settings: PeerSettings;

  constructor(settings: Partial<PeerSettings> = {}) {
    this.#settings = { ...SETTINGS, ...settings };
  }

  step(direction: Direction, ...events: readonly SessionEvent[]): this {
    for (const event of events) {
      const [peering, effects] = stepPeering(this.#both, this.peering, direction, event);
      this.#take(peering, effects);
    }
    return this;
  }

  accept(): this {
    const admission = admit(this.#both, this.peering);
    this.turnedAway = admission.kind === 'turned-away' ? admission.cease.subcode : undefined;
    if (admission.kind === 'taken') this.#take(admission.peering, [...admission.first, ...admission.effects]);
    else this.effects = [];
    return this;
  }

  stop(): this {
    const cease = { type: 'notification', code: 6, subcode: CEASE.peerDeconfigured, data: new Uint8Array() } as const;
    const [peering, effects] = stopPeering(this.#both, this.peering, { kind: 'stopped', cease, comesAgain: false });
    this.#take(peering, effects);
    return this;
  }

  /** Brings our own attempt into a state. */
  bring(name: SessionState['name']): this {
    const ways: Readonly<Record<SessionState['name'], readonly SessionEvent[]>> = {
      idle: [{ kind: 'started' }, connected, lost],
      active: [{ kind: 'started' }, { kind: 'connect-failed', cause: 'refused' }],
      connect: [{ kind: 'started' }],
      'open-sent': [{ kind: 'started' }, connected],
      'open-confirm': [{ kind: 'started' }, connected, opened()],
      established: [{ kind: 'started' }, connected, opened(), confirmed],
    };
    return this.step('outgoing', ...ways[name]);
  }

  /** The states of both directions. */
  get states(): string {
    return `${this.peering.outgoing.name}/${this.peering.incoming?.name ?? '-'}`;
  }

  /** What the last step did, but for its timers: with the first letter of the direction. */
  get done(): readonly string[] {
    return this.effects.flatMap((effect) => {
      const where = effect.direction === 'outgoing' ? 'o' : 'i';
      if (effect.kind === 'start-timer' || effect.kind === 'stop-timer') return [];
      if (effect.kind !== 'send') return [`${where} ${effect.kind}`];
      const { message } = effect;
      return [`${where} ${message.type === 'notification' ? `${message.code}/${message.subcode}` : message.type}`];
    });
  }

  get #both(): Readonly<Record<Direction, PeerSettings>> {
    return { outgoing: this.#settings, incoming: this.#settings };
  }

  #take(peering: Peering, effects: readonly PeeringEffect[]): void {
    this.peering = peering;
    this.effects = effects;
    for (const effect of effects) {
      if (effect.kind === 'start-timer') this.running.add(`${effect.direction} ${effect.timer}`);
      if (effect.kind === 'stop-timer') this.running.delete(`${effect.direction} ${effect.timer}`);
    }
  }
}

describe('a connection that the peer opens, by the state of our own attempt', () => {
  test.each<{ state: SessionState['name']; becomes: string; turnedAway?: number }>([
    { state: 'idle', becomes: 'idle/-', turnedAway: CEASE.connectionRejected },
    { state: 'active', becomes: 'active/open-sent' },
    { state: 'connect', becomes: 'connect/open-sent' },
    { state: 'open-sent', becomes: 'open-sent/open-sent' },
    { state: 'open-confirm', becomes: 'open-confirm/open-sent' },
    { state: 'established', becomes: 'established/open-sent' },
  ])('$state: $becomes', ({ state, becomes, turnedAway }) => {
    const scene = new Scene().bring(state).accept();
    expect([scene.states, scene.turnedAway]).toEqual([becomes, turnedAway]);
    expect(scene.done).toEqual(turnedAway === undefined ? ['i open'] : []);
  });

  test('a second one at once is turned away', () => {
    const scene = new Scene().bring('active').accept().accept();
    expect([scene.states, scene.turnedAway]).toEqual(['active/open-sent', CEASE.connectionCollisionResolution]);
  });
});

describe('the OPEN of the peer on its own connection, by the state of ours (RFC 4271, Section 6.8)', () => {
  const ours = ['o 6/7', 'o disconnect'];
  const theirs = ['i 6/7', 'i disconnect'];
  test.each<{ state: SessionState['name']; higher: boolean; becomes: string; does: string[] }>([
    { state: 'active', higher: true, becomes: 'idle/open-confirm', does: ['i keepalive', 'o disconnect'] },
    { state: 'connect', higher: true, becomes: 'idle/open-confirm', does: ['i keepalive', 'o disconnect'] },
    { state: 'open-sent', higher: true, becomes: 'open-sent/open-confirm', does: ['i keepalive'] },
    { state: 'open-sent', higher: false, becomes: 'open-sent/open-confirm', does: ['i keepalive'] },
    { state: 'open-confirm', higher: true, becomes: 'open-confirm/-', does: theirs },
    { state: 'open-confirm', higher: false, becomes: 'idle/open-confirm', does: [...ours, 'i keepalive'] },
    { state: 'established', higher: true, becomes: 'established/-', does: theirs },
    { state: 'established', higher: false, becomes: 'established/-', does: theirs },
  ])('$state, our identifier is the higher one: $higher: $becomes', ({ state, higher, becomes, does }) => {
    const scene = new Scene({ routerId: higher ? 20 : 5 }).bring(state).accept().step('incoming', opened());
    expect([scene.states, scene.done]).toEqual([becomes, does]);
  });

  test.each<{ state: 'open-confirm' | 'established'; higher: boolean; becomes: string; does: string[] }>([
    { state: 'open-confirm', higher: true, becomes: 'open-confirm/-', does: [...theirs, 'o keepalive'] },
    { state: 'open-confirm', higher: false, becomes: 'idle/open-confirm', does: ours },
    { state: 'established', higher: true, becomes: 'idle/established', does: ours },
    { state: 'established', higher: false, becomes: 'idle/established', does: ours },
  ])('and on ours, when theirs is in $state, ours higher: $higher: $becomes', ({ state, higher, becomes, does }) => {
    const scene = new Scene({ routerId: higher ? 20 : 5 }).bring('open-sent').accept();
    scene.step('incoming', opened(), ...(state === 'established' ? [confirmed] : [])).step('outgoing', opened());
    expect([scene.states, scene.done]).toEqual([becomes, does]);
  });

  test.each([
    { localAsn: 64_601, becomes: 'open-confirm/-' },
    { localAsn: 64_512, becomes: 'idle/open-confirm' },
  ])('equal identifiers leave it to the larger AS: $localAsn', ({ localAsn, becomes }) => {
    expect(new Scene({ routerId: 10, localAsn }).bring('open-confirm').accept().step('incoming', opened()).states).toBe(becomes);
  });

  test('one that is refused for what is in it changes nothing in the other', () => {
    const scene = new Scene()
      .bring('open-confirm')
      .accept()
      .step('incoming', opened({ asn: 64_512, capabilities: [] }));
    expect([scene.states, scene.done]).toEqual(['open-confirm/-', ['i 2/2', 'i disconnect']]);
  });
});

describe('a half-open peer, which has lost a session that is up here', () => {
  test('has restarted, if it is known to keep routes over that: the new connection counts', () => {
    const scene = new Scene().step(
      'outgoing',
      { kind: 'started' },
      connected,
      opened({ capabilities: [...CAPABILITIES, RESTARTABLE] }),
      confirmed,
    );
    scene.accept();
    expect([scene.states, scene.done]).toEqual(['idle/open-sent', ['o disconnect', 'o ended', 'i open']]);
    scene.step('incoming', opened({ capabilities: [...CAPABILITIES, RESTARTABLE] }), confirmed).accept();
    expect([scene.states, scene.done]).toEqual(['idle/open-sent', ['o disconnect', 'i disconnect', 'i ended', 'i open']]);
  });

  test('otherwise the session that is up stays, until it shows that it is none', () => {
    const scene = new Scene().bring('established').accept().step('incoming', opened());
    expect(scene.states).toBe('established/-');
    expect([scene.step('outgoing', lost).states, scene.running.has('outgoing retry')]).toEqual(['idle/-', true]);
  });
});

describe('the end of one', () => {
  test('leaves the other alone, and is no news', () => {
    const scene = new Scene().bring('open-sent').accept().step('incoming', lost);
    expect([scene.states, scene.done]).toEqual(['open-sent/-', ['i disconnect']]);
    scene.accept().step('outgoing', received({ type: 'notification', code: 6, subcode: 7, data: new Uint8Array() }));
    expect([scene.states, scene.done, scene.running.has('outgoing retry')]).toEqual(['idle/open-sent', ['o disconnect'], false]);
  });

  test('is news when it was the session, and the other goes on', () => {
    const scene = new Scene().bring('established').accept().step('outgoing', lost);
    expect([scene.states, scene.done]).toEqual(['idle/open-sent', ['o disconnect', 'o ended']]);
    expect(scene.step('incoming', opened(), confirmed).states).toBe('idle/established');
  });

  test('has our own attempts go on where there is no other', () => {
    const scene = new Scene().bring('active').accept().step('incoming', opened(), confirmed);
    expect([scene.states, scene.running.has('outgoing retry')]).toEqual(['idle/established', false]);
    scene.step('incoming', lost);
    expect([scene.states, scene.done, scene.running.has('outgoing retry')]).toEqual(['idle/-', ['i disconnect', 'i ended'], true]);
    expect(scene.effects).toContainEqual({
      direction: 'outgoing',
      kind: 'start-timer',
      timer: 'retry',
      after: milliseconds(0),
      jittered: true,
    });
  });

  test('leaves an attempt that is under way to its own timer', () => {
    const scene = new Scene().bring('connect').accept().step('incoming', lost);
    expect([scene.states, scene.done, scene.running.has('outgoing open')]).toEqual(['connect/-', ['i disconnect', 'i ended'], true]);
  });
});

test('a stop ends both with a word', () => {
  const scene = new Scene().bring('open-sent').accept().stop();
  expect(scene.states).toBe('idle/-');
  expect(scene.done).toEqual(['o 6/3', 'o disconnect', 'o ended', 'i 6/3', 'i disconnect', 'i ended']);
});

test('people are told of the one that got furthest', () => {
  const scene = new Scene().bring('connect').accept();
  expect(leadingState(scene.peering).name).toBe('open-sent');
  expect(leadingState(new Scene().bring('open-confirm').accept().peering).name).toBe('open-confirm');
});

test('whatever comes in whatever order, there is never more than one session, and never nothing to wait for', () => {
  const events = fc.constantFrom<SessionEvent | 'accept'>(
    'accept',
    connected,
    { kind: 'connect-failed', cause: 'refused' },
    lost,
    opened(),
    opened({ capabilities: [...CAPABILITIES, RESTARTABLE] }),
    confirmed,
    received({ type: 'notification', code: 6, subcode: 7, data: new Uint8Array() }),
    { kind: 'expired', timer: 'retry' },
    { kind: 'expired', timer: 'open' },
    { kind: 'expired', timer: 'hold' },
  );
  const sides = fc.constantFrom<Direction>('outgoing', 'incoming');
  fc.assert(
    fc.property(fc.array(fc.tuple(sides, events), { maxLength: 40 }), fc.integer({ min: 5, max: 20 }), (drawn, routerId) => {
      const scene = new Scene({ routerId }).bring('connect');
      for (const [side, event] of drawn) {
        if (event === 'accept') scene.accept();
        else if (event.kind !== 'expired' || scene.running.delete(`${side} ${event.timer}`)) scene.step(side, event);
        const { outgoing, incoming } = scene.peering;
        const underway = [outgoing, incoming].filter((state) => state?.name === 'established' || state?.name === 'open-confirm');
        expect(underway.length).toBeLessThanOrEqual(1);
        expect(scene.running.size).toBeGreaterThan(0);
      }
    }),
  );
});
