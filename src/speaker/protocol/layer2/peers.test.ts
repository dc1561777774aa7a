import { describe, expect, test } from '@jest/globals';
import { type Micros, milliseconds } from '../../../lib/clock.ts';
import type { Ipv4 } from '../../../lib/ipv4.ts';
import { BROADCAST_MAC, type Mac } from '../../../lib/mac.ts';
import type { SegmentFrame, SegmentMessage } from '../../wire/segment.ts';
import { Peers } from './peers.ts';
import type { PeersEffect, PeersEvent } from './peers-events.ts';

const MAC = 0x0200_0000_0002 as Mac;
const IP = 0x0a00_0002 as Ipv4;
const NONCE = 77n;
const BOOT = 5n;
const TIMING = {
  busyInterval: milliseconds(100),
  idleInterval: milliseconds(1_000),
  speakerGrace: milliseconds(30_000),
  restartGrace: milliseconds(300_000),
};
const HELLO: SegmentMessage = {
  kind: 'hello',
  intervalMilliseconds: 100,
  askable: IP,
  restarting: false,
  starting: false,
  alone: false,
  damped: false,
  digest: 7,
  gone: [],
};

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'now'> : never;

/** A machine on a clock that the test moves; its wake-ups come when they are due. */
class Scene {
  readonly peers = new Peers({
    node: 'a',
    timing: TIMING,
    nonce: () => NONCE,
    gone: [],
    owners: () => new Set(this.holders),
    claims: () => ({ digest: 9, damped: true }),
  });
  readonly effects: PeersEffect[] = [];
  /** Who has addresses, as far as is known. */
  readonly holders: string[] = [];
  #now = 0;
  #wake = Number.POSITIVE_INFINITY;
  #sequence = 0;

  /** Starts, and meets b, whose kernel answers. */
  constructor() {
    this.take({ kind: 'started' });
    this.hears(HELLO);
    this.hears({ kind: 'response', nonce: NONCE });
    this.run(1_600);
    this.hears(HELLO);
    this.take({ kind: 'answered', ip: IP, mac: MAC });
    this.effects.length = 0;
  }

  take(event: Unstamped<PeersEvent>): void {
    for (const effect of this.peers.step({ ...event, now: this.#now as Micros } as PeersEvent)) {
      if (effect.kind === 'wake-at') this.#wake = effect.at;
      else this.effects.push(effect);
    }
  }

  /** b says something. */
  hears(message: SegmentMessage, change: Partial<SegmentFrame> = {}): void {
    const header = { destination: BROADCAST_MAC, source: MAC, keyId: 0n, node: 'b', boot: BOOT, sequence: ++this.#sequence };
    this.take({ kind: 'received', frame: { ...header, message, ...change } });
  }

  /** Lets milliseconds pass; `each` runs every 20 ms of them. */
  run(span: number, each?: () => void): void {
    const end = this.#now + span * 1_000;
    let next = this.#now + 20_000;
    while (Math.min(this.#wake, next) <= end) {
      this.#now = Math.min(this.#wake, next);
      if (this.#now === this.#wake) this.take({ kind: 'woke' });
      else {
        each?.();
        next += 20_000;
      }
    }
    this.#now = end;
  }

  /** The loop stands still for so long. */
  stall(span: number, first?: () => void): void {
    this.#now += span * 1_000;
    first?.();
    this.take({ kind: 'woke' });
  }

  /** The loop comes so much too late to what is due. */
  late(span: number): void {
    this.stall(span);
  }

  of<Kind extends PeersEffect['kind']>(kind: Kind): Extract<PeersEffect, { kind: Kind }>[] {
    return this.effects.filter((effect): effect is Extract<PeersEffect, { kind: Kind }> => effect.kind === kind);
  }

  get verdicts(): string[] {
    return this.of('judged').map(({ verdict }) => verdict);
  }

  get said(): string[] {
    return this.of('send').map(({ message }) => message.kind);
  }
}

const answer = (scene: Scene) => (): void => scene.take({ kind: 'answered', ip: IP, mac: MAC });

describe('a silent peer', () => {
  test.each<{ what: string; each: ((scene: Scene) => () => void) | undefined; after: number; verdicts: string[] }>([
    { what: 'and nobody answers', each: undefined, after: 400, verdicts: ['dead'] },
    { what: 'for less than two hellos', each: undefined, after: 200, verdicts: [] },
    { what: 'and its kernel answers', each: answer, after: 5_000, verdicts: ['away'] },
    { what: 'and its kernel answers for longer than the grace', each: answer, after: 32_000, verdicts: ['away', 'departed'] },
  ])('$what for $after ms: $verdicts', ({ each, after, verdicts }) => {
    const scene = new Scene();
    scene.run(after, each?.(scene));
    expect(scene.verdicts).toEqual(verdicts);
  });

  test('is asked three times, and so are the others', () => {
    const scene = new Scene();
    scene.run(400);
    expect(scene.of('ask')).toEqual(Array.from({ length: 3 }, () => ({ kind: 'ask', ip: IP, mac: MAC })));
    expect(scene.said.filter((kind) => kind === 'suspect')).toHaveLength(3);
    expect(scene.of('gone')).toEqual([{ kind: 'gone', nodes: ['b'] }]);
  });

  test('that a third node has heard is cut off from here alone', () => {
    const scene = new Scene();
    const third = { node: 'c', boot: 9n, source: 0x0200_0000_0003 as Mac };
    scene.hears(HELLO, third);
    scene.hears({ kind: 'response', nonce: NONCE }, third);
    let sequence = 1_000;
    scene.run(3_000, () => {
      scene.hears(HELLO, { ...third, sequence: ++sequence });
      scene.hears({ kind: 'heard', node: 'b', boot: BOOT, sequence }, { ...third, sequence: ++sequence });
    });
    expect(scene.verdicts).toEqual(['cut']);
    // The witness has no time for an answer.
    scene.run(1_500, () => scene.hears(HELLO, { ...third, sequence: ++sequence }));
    expect(scene.verdicts).toEqual(['cut']);
    scene.run(3_000, () => {
      scene.hears(HELLO, { ...third, sequence: ++sequence });
      // Nobody has heard more of it than before.
      scene.hears({ kind: 'heard', node: 'b', boot: BOOT, sequence: 1_000 }, { ...third, sequence: ++sequence });
    });
    expect(scene.verdicts).toEqual(['cut', 'dead']);
  });

  test('whose kernel never answered is dead after a second, not sooner', () => {
    const scene = new Scene();
    scene.hears({ ...HELLO, askable: (IP + 1) as Ipv4 });
    scene.run(900);
    expect(scene.verdicts).toEqual([]);
    scene.run(200);
    expect(scene.verdicts).toEqual(['dead']);
  });

  test('is not held against it when this loop stood still', () => {
    const scene = new Scene();
    scene.stall(10_000);
    scene.hears(HELLO);
    scene.run(150);
    expect(scene.verdicts).toEqual([]);
  });

  test('that says hello again is there, and what is announced is announced again', () => {
    const scene = new Scene();
    scene.run(400);
    scene.hears(HELLO);
    expect(scene.verdicts).toEqual(['dead', 'alive']);
    expect(scene.of('reannounce')).toHaveLength(1);
    expect(scene.of('gone').at(-1)).toEqual({ kind: 'gone', nodes: [] });
  });
});

describe('a peer that is silent while there is a third one', () => {
  test('that is cut off from here alone, and then missed by who had heard it, is dead', () => {
    const scene = new Scene();
    const third = { node: 'c', boot: 9n, source: 0x0200_0000_0003 as Mac };
    scene.hears(HELLO, third);
    scene.hears({ kind: 'response', nonce: NONCE }, third);
    let sequence = 1_000;
    scene.run(1_000, () => {
      scene.hears(HELLO, { ...third, sequence: ++sequence });
      scene.hears({ kind: 'heard', node: 'b', boot: BOOT, sequence }, { ...third, sequence: ++sequence });
    });
    expect(scene.verdicts).toEqual(['cut']);
    scene.run(600, () => scene.hears({ ...HELLO, gone: ['b'] }, { ...third, sequence: ++sequence }));
    expect(scene.verdicts).toEqual(['cut', 'dead']);
  });

  test('is not held against it when this loop stood still and the first thing it reads is of another one', () => {
    const scene = new Scene();
    const third = { node: 'c', boot: 9n, source: 0x0200_0000_0003 as Mac };
    scene.hears(HELLO, third);
    scene.hears({ kind: 'response', nonce: NONCE }, third);
    scene.hears(HELLO, { ...third, sequence: 1_000 });
    scene.effects.length = 0;
    scene.stall(1_000, () => {
      scene.hears(HELLO, { ...third, sequence: 1_001 });
      scene.hears(HELLO);
    });
    expect([scene.verdicts, scene.of('ask'), scene.said.filter((kind) => kind === 'suspect')]).toEqual([[], [], []]);
  });
});

describe('a peer that hears nobody', () => {
  const deaf = (scene: Scene) => (): void => scene.hears({ ...HELLO, alone: true });

  test('is dead when its kernel hears nothing either, though it goes on talking', () => {
    const scene = new Scene();
    scene.run(1_000, deaf(scene));
    expect(scene.verdicts).toEqual(['dead']);
  });

  test('is alive when its kernel answers', () => {
    const scene = new Scene();
    scene.run(3_000, () => {
      deaf(scene)();
      answer(scene)();
    });
    expect(scene.verdicts).toEqual([]);
  });
});

describe('what is not believed', () => {
  test.each<{ what: string; frame: Partial<SegmentFrame>; message: SegmentMessage }>([
    { what: 'an old frame', frame: { sequence: 1 }, message: HELLO },
    { what: 'a frame of another boot', frame: { boot: 6n }, message: HELLO },
    { what: 'a response that was never asked for', frame: { boot: 6n }, message: { kind: 'response', nonce: NONCE } },
    { what: 'its own name', frame: { node: 'a' }, message: HELLO },
  ])('$what keeps nobody alive', ({ frame, message }) => {
    const scene = new Scene();
    scene.run(600, () => scene.hears(message, frame));
    expect(scene.verdicts).toEqual(['dead']);
  });

  test('a boot id that is new is asked to sign, and then believed', () => {
    const scene = new Scene();
    scene.run(400);
    scene.hears(HELLO, { boot: 6n });
    expect(scene.of('send').at(-1)).toEqual({ kind: 'send', destination: MAC, message: { kind: 'challenge', nonce: NONCE } });
    expect(scene.verdicts).toEqual(['dead']);
    scene.hears({ kind: 'response', nonce: NONCE }, { boot: 6n });
    expect(scene.verdicts).toEqual(['dead', 'alive']);
  });

  test('what was recorded of earlier starts stands in the way of none that is alive, however often it is sent', () => {
    const scene = new Scene();
    scene.run(400);
    for (const boot of [1n, 2n, 3n, 6n, 1n, 2n]) scene.hears(HELLO, { boot });
    expect(scene.said.filter((kind) => kind === 'challenge')).toHaveLength(4);
    scene.hears({ kind: 'response', nonce: NONCE }, { boot: 6n });
    expect(scene.verdicts).toEqual(['dead', 'alive']);
  });

  test('what was recorded of nodes that are no more makes nobody known', () => {
    const scene = new Scene();
    for (let index = 0; index < 2_000; index++) scene.hears(HELLO, { node: `old-${index}` });
    expect(scene.of('greeted')).toEqual([]);
    scene.hears(HELLO, { node: 'c' });
    scene.hears({ kind: 'response', nonce: NONCE }, { node: 'c' });
    expect(scene.of('greeted').map(({ node }) => node)).toEqual(['c']);
  });

  test('a wrong answer to the challenge', () => {
    const scene = new Scene();
    scene.hears(HELLO, { boot: 6n });
    scene.hears({ kind: 'response', nonce: NONCE + 1n }, { boot: 6n });
    scene.run(600);
    expect(scene.verdicts).toEqual(['dead']);
  });
});

test('what was gone before is gone until it is heard', () => {
  const peers = new Peers({
    node: 'a',
    timing: TIMING,
    nonce: () => NONCE,
    gone: ['x'],
    owners: () => new Set(),
    claims: () => ({ digest: 0, damped: false }),
  });
  peers.step({ kind: 'started', now: milliseconds(1) });
  expect(peers.step({ kind: 'woke', now: milliseconds(1_600) })).toContainEqual({ kind: 'gone', nodes: ['x'] });
});

test('an answer that waits to be read while this loop is late counts', () => {
  const scene = new Scene();
  scene.run(290);
  scene.late(60);
  expect(scene.verdicts).toEqual([]);
  scene.take({ kind: 'answered', ip: IP, mac: MAC });
  scene.run(20);
  expect(scene.verdicts).toEqual(['away']);
});

describe('what is said', () => {
  test('a challenge is answered, a thousand at once not all', () => {
    const scene = new Scene();
    for (let round = 0; round < 1_000; round++) scene.hears({ kind: 'challenge', nonce: 3n });
    expect(scene.said.filter((kind) => kind === 'response')).toHaveLength(256);
  });

  test('who is suspected says hello, though not at each suspicion', () => {
    const scene = new Scene();
    scene.run(50);
    const before = scene.said.filter((kind) => kind === 'hello').length;
    for (let round = 0; round < 100; round++) scene.hears({ kind: 'suspect', node: 'a', boot: 1n, sequence: 1 });
    expect(scene.said.filter((kind) => kind === 'hello').length - before).toBe(1);
  });

  test('a node that others hold for gone is gone for who never heard it, until one says that it hears it', () => {
    const scene = new Scene();
    scene.hears({ ...HELLO, gone: ['x', 'a', 'b'] });
    expect(scene.of('gone')).toEqual([{ kind: 'gone', nodes: ['x'] }]);
    scene.hears(HELLO);
    expect(scene.of('gone')).toHaveLength(1);
    scene.hears({ kind: 'heard', node: 'x', boot: 3n, sequence: 4 });
    scene.run(1_000);
    expect(scene.of('gone')[1]).toEqual({ kind: 'gone', nodes: [] });
  });

  test('whoever was thought to be gone announces again once that is over', () => {
    const scene = new Scene();
    scene.hears({ ...HELLO, gone: ['a'] });
    expect(scene.of('reannounce')).toHaveLength(0);
    scene.hears(HELLO);
    expect(scene.of('reannounce')).toHaveLength(1);
  });

  test('the end is told at once', () => {
    const scene = new Scene();
    scene.take({ kind: 'ending' });
    expect(scene.of('send').at(-1)?.message).toMatchObject({ kind: 'hello', restarting: true });
  });
});

test('claims are handed on, also those that another frame has overtaken, and no old ones', () => {
  const scene = new Scene();
  const claims = [{ address: { family: 'IPv4', value: 1n }, epoch: 1, owner: 'b', leaving: false }] as const;
  for (const sequence of [200, 199, 137, 136, 1]) scene.hears({ kind: 'claims', claims }, { sequence });
  scene.hears({ kind: 'claims', claims }, { sequence: 300, boot: 6n });
  expect(scene.of('claimed')).toEqual(Array.from({ length: 3 }, () => ({ kind: 'claimed', node: 'b', mac: MAC, claims })));
  scene.hears(HELLO, { sequence: 301 });
  expect(scene.of('greeted')).toEqual([{ kind: 'greeted', node: 'b', mac: MAC, digest: 7, damped: false, ready: true, busy: true }]);
});

test.each([
  { says: { restarting: true }, ready: false, busy: true },
  { says: { starting: true }, ready: false, busy: true },
  { says: { intervalMilliseconds: 1_000 }, ready: true, busy: false },
])('a hello with $says: ready is $ready, busy $busy', ({ says, ready, busy }) => {
  const scene = new Scene();
  scene.hears({ ...HELLO, ...says });
  expect(scene.of('greeted')).toEqual([expect.objectContaining({ ready, busy })]);
});

test('a speaker says that it is starting until it is ready, and then at once', () => {
  const scene = new Scene();
  scene.take({ kind: 'described', askable: IP, busy: false, ready: false });
  expect(scene.of('send').at(-1)?.message).toMatchObject({ kind: 'hello', starting: true });
  scene.take({ kind: 'described', askable: IP, busy: false, ready: true });
  expect(scene.of('send').at(-1)?.message).toMatchObject({ kind: 'hello', starting: false });
});

test.each([1, 199, 399, 999])('with %d others nobody says more than his share of 2,000 hellos a second, whatever the reasons', (others) => {
  const scene = new Scene();
  const names = Array.from({ length: others - 1 }, (_, index) => `n${index}`);
  const meet = (node: string, index: number): void => {
    const header = { node, boot: 9n, source: (0x0200_0001_0000 + index) as Mac };
    // They are there as long as this lasts: the dead are not counted.
    scene.hears({ ...HELLO, intervalMilliseconds: 10_000 }, { ...header, sequence: 1 });
    scene.hears({ kind: 'response', nonce: NONCE }, { ...header, sequence: 2 });
  };
  for (const [index, name] of names.entries()) meet(name, index);
  scene.take({ kind: 'described', askable: IP, busy: true, ready: true });
  scene.effects.length = 0;
  let sequence = 0;
  scene.run(4_000, () => {
    // It is suspected, and somebody comes anew, fifty times a second.
    scene.hears({ kind: 'suspect', node: 'a', boot: 1n, sequence: 1 });
    for (const kind of ['hello', 'response'] as const) {
      const message = kind === 'hello' ? HELLO : ({ kind, nonce: NONCE } as const);
      scene.hears(message, { boot: BigInt(10 + Math.floor(sequence / 2)), sequence: ++sequence });
    }
  });
  const hellos = scene.said.filter((kind) => kind === 'hello').length;
  expect(hellos).toBeLessThanOrEqual(Math.ceil(4 * Math.min(50, 2_000 / (others + 1))) + 1);
  expect(hellos).toBeGreaterThanOrEqual(Math.floor(4 * Math.min(10, 2_000 / (others + 1))));
});
