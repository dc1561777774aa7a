import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressOf } from '../../../../test/support/announcements.ts';
import { OwnersScene, owning, TEXT } from '../../../../test/support/owners-scene.ts';
import type { Micros } from '../../../lib/clock.ts';
import { Owners } from './owners.ts';

describe('an address that is new', () => {
  test('is claimed at once by the first, three times', () => {
    const scene = new OwnersScene('a', 'c');
    scene.plan('bac');
    expect([scene.answers, scene.claim]).toEqual([true, '1 b']);
    scene.run(1_000);
    expect(scene.said()).toEqual(['all: 1 b', 'all: 1 b', 'all: 1 b']);
  });

  test('is left to whoever comes before, for five seconds', () => {
    const scene = new OwnersScene('a', 'c');
    scene.plan('abc');
    scene.run(5_000);
    expect(scene.answers).toBe(false);
    scene.run(100);
    expect(scene.answers).toBe(true);
  });

  test('is taken at once when whoever comes before passes', () => {
    const scene = new OwnersScene('a', 'c');
    scene.plan('abc');
    scene.claims('a', 1, 'a', true);
    expect([scene.answers, scene.claim]).toEqual([true, '2 b']);
  });

  test('is passed on by a first that lacks the interface', () => {
    const scene = new OwnersScene('a', 'c');
    scene.plan('bac', false);
    expect([scene.answers, scene.claim]).toEqual([false, '1 b leaving']);
  });

  test('is left to the one that passed when both become able', () => {
    const scene = new OwnersScene('a', 'c');
    scene.plan('abc', false);
    scene.claims('a', 1, 'a', true);
    scene.run(3_000);
    scene.plan('abc');
    scene.run(4_000);
    expect(scene.answers).toBe(false);
    scene.claims('a', 2);
    scene.run(10_000);
    expect([scene.answers, scene.claim]).toEqual([false, '2 a']);
  });
});

describe('an address that is new, for one that has just started,', () => {
  test('waits for a second of listening while others know more', () => {
    const scene = new OwnersScene();
    scene.greets('a', 77);
    scene.plan('bac');
    scene.run(900);
    expect(scene.answers).toBe(false);
    scene.run(200);
    expect(scene.answers).toBe(true);
  });

  test('is claimed without waiting where nobody else may have it', () => {
    const scene = new OwnersScene();
    scene.greets('a', 77);
    scene.plan('b');
    expect(scene.answers).toBe(true);
  });

  test('stays with the order where nobody was ever heard, unless after a minute nobody answers for it either', () => {
    const scene = new OwnersScene();
    scene.take({ kind: 'plan-complete' });
    scene.plan('abc');
    scene.run(50_000);
    expect(scene.answers).toBe(false);
    scene.plan('bc');
    expect(scene.answers).toBe(true);
    scene.plan('abc');
    expect(scene.answers).toBe(false);
    scene.run(20_000);
    expect(scene.effects.findLast(({ kind }) => kind === 'look')).toMatchObject({ place: Number.POSITIVE_INFINITY });
    expect(scene.answers).toBe(true);
    scene.plan('abc');
    expect(scene.answers).toBe(true);
  });
});

describe('an address of another node', () => {
  test('is taken 50 ms after each one that comes before, when its owner is gone', () => {
    const scene = new OwnersScene('a', 'c', 'd');
    scene.plan('dacb');
    scene.claims('d', 4);
    scene.take({ kind: 'gone', nodes: ['d'] });
    scene.run(90);
    expect(scene.answers).toBe(false);
    scene.run(20);
    expect([scene.answers, scene.claim]).toEqual([true, '5 b']);
    expect(scene.effects).toContainEqual({ kind: 'own', address: TEXT, why: 'gone', from: 'd' });
  });

  test('is not taken while somebody hears the owner that seems to be gone', () => {
    const scene = new OwnersScene('a', 'c');
    scene.plan('bac');
    scene.take({ kind: 'gone', nodes: ['c'] });
    scene.claims('a', 9, 'c');
    expect(scene.answers).toBe(false);
    scene.run(1_000);
    expect(scene.answers).toBe(false);
    scene.greets('c');
    scene.run(5_000);
    expect([scene.answers, scene.claim]).toEqual([false, '9 c']);
  });

  test.each([
    { what: 'stale', scores: {}, order: 'b', after: 5_000 },
    { what: 'preferred', scores: { b: 1 }, order: 'ba', after: 10_000 },
  ])('is taken when the view that it is $what has lasted', ({ what, scores, order, after }) => {
    const scene = new OwnersScene('a');
    scene.claims('a', 4);
    scene.plan(order, true, scores);
    scene.run(after - 100);
    expect(scene.answers).toBe(false);
    scene.run(200);
    expect([scene.answers, scene.claim]).toEqual([true, '5 b']);
    expect(scene.effects).toContainEqual({ kind: 'own', address: TEXT, why: what, from: 'a' });
  });

  test('is never taken for coming first alone', () => {
    const scene = new OwnersScene('a');
    scene.claims('a', 4);
    scene.plan('ba');
    scene.run(600_000);
    expect([scene.answers, scene.claim]).toEqual([false, '4 a']);
  });
});

describe('an address of its own', () => {
  test('is given up at once to a higher claim, and to an equal one of a better node', () => {
    for (const [epoch, from] of [
      [2, 'c'],
      [1, 'a'],
    ] as const) {
      const scene = owning();
      scene.plan('abc');
      scene.claims(from, epoch);
      expect([scene.answers, scene.claim]).toEqual([false, `${epoch} ${from}`]);
      expect(scene.effects).toEqual([{ kind: 'disown', address: TEXT, to: from }]);
    }
  });

  test('is defended against a lower claim: to who made it, and by one burst a second', () => {
    const scene = owning();
    for (let round = 0; round < 3; round++) scene.claims('c', 1);
    expect(scene.effects.filter(({ kind }) => kind === 'defend')).toHaveLength(1);
    expect(scene.said()).toEqual(['c: 1 b', 'c: 1 b', 'c: 1 b']);
    expect(scene.answers).toBe(true);
  });

  test('is answered for until a successor claims it, and two seconds at most', () => {
    for (const successor of [true, false]) {
      const scene = owning();
      scene.plan('ac');
      scene.run(1_900);
      expect([scene.answers, scene.claim]).toEqual([true, '2 b leaving']);
      if (successor) scene.claims('a', 3);
      else scene.run(200);
      expect(scene.answers).toBe(false);
    }
  });

  test('is nobody’s when its Service ends', () => {
    const scene = owning();
    scene.take({ kind: 'planned', candidacies: [], ended: [TEXT] });
    expect([scene.answers, scene.claim]).toEqual([false, '2 ']);
  });

  test('is resumed by a speaker that starts, under the epoch that others know, once the plan says so', () => {
    const scene = new OwnersScene();
    scene.greets('a', 77);
    scene.claims('a', 7, 'b');
    expect([scene.answers, scene.claim]).toEqual([false, '7 b']);
    scene.plan('abc');
    expect([scene.answers, scene.claim]).toEqual([true, '7 b']);
  });
});

/** b has just started, and remembers that the address was somebody's. */
function remembering(owner: string, recent: boolean): OwnersScene {
  const scene = new OwnersScene();
  const claims = [{ address: addressOf(TEXT), epoch: 7, owner, leaving: false }];
  scene.take({ kind: 'remembered', memory: { claims, met: true, recent } });
  scene.plan('abc');
  scene.take({ kind: 'plan-complete' });
  return scene;
}

describe('an address that an earlier process knew', () => {
  test('is answered for at once when it was this node’s a moment ago, and the others are told', () => {
    const scene = remembering('b', true);
    expect([scene.answers, scene.claim]).toEqual([true, '7 b']);
    scene.run(100);
    expect(scene.said()).toEqual(['all: 7 b', 'all: 7 b', 'all: 7 b']);
  });

  test('and was this node’s long ago waits until the others were heard', () => {
    const scene = remembering('b', false);
    scene.run(900);
    expect(scene.answers).toBe(false);
    scene.run(200);
    expect([scene.answers, scene.claim]).toEqual([true, '7 b']);
  });

  test('is not this node’s any more when another one has it', () => {
    for (const recent of [true, false]) {
      const scene = remembering('b', recent);
      scene.greets('a', 77);
      scene.claims('a', 8);
      scene.run(60_000);
      expect([scene.answers, scene.claim]).toEqual([false, '8 a']);
    }
  });

  test('is left for half a minute to the one that had it, and taken above its epoch', () => {
    const scene = remembering('a', true);
    scene.greets('c');
    scene.run(29_900);
    expect([scene.answers, scene.claim]).toEqual([false, 'none']);
    scene.run(10_000);
    expect([scene.answers, scene.claim]).toEqual([true, '8 b']);
  });

  test.each([
    { what: 'its owner is known to be gone', act: (scene: OwnersScene) => scene.take({ kind: 'gone', nodes: ['a'] }) },
    { what: 'its owner is none that may have it', act: (scene: OwnersScene) => scene.plan('bc') },
  ])('is free at once when $what', ({ act }) => {
    const scene = remembering('a', true);
    scene.greets('c');
    scene.run(2_000);
    act(scene);
    scene.run(100);
    expect([scene.answers, scene.claim]).toEqual([true, '8 b']);
  });

  test('is forgotten when its Service ends', () => {
    const scene = remembering('b', false);
    scene.take({ kind: 'planned', candidacies: [], ended: [TEXT] });
    scene.run(5_000);
    expect([scene.answers, scene.claim]).toEqual([false, 'none']);
  });
});

test('a peer that knows something else is taught by one of those who know the same, another one each time', () => {
  const scene = owning();
  scene.greets('a');
  const turns = Array.from({ length: 4 }, () => {
    scene.greets('c', 5);
    return scene.said().length;
  });
  expect(turns).toEqual([0, 1, 0, 1]);
});

test('thousands of free addresses are ranked in many turns, so that frames are read between them', () => {
  let ranks = 0;
  const rank = (node: string): string => `${++ranks} ${node}`;
  const owners = new Owners({ node: 'b', rank, listens: false, looks: false });
  const contenders = new Map(['b', ...Array.from({ length: 99 }, (_, index) => `node-${index}`)].map((node) => [node, 0]));
  const candidacies = Array.from({ length: 300 }, (_, index) => ({
    address: addressOf(`198.51.${index >> 7}.${index & 127}`),
    self: true,
    contenders,
  }));
  owners.step({ kind: 'started', now: 0 as Micros });
  owners.step({ kind: 'greeted', now: 0 as Micros, node: 'a', digest: 0, damped: false });
  let wake = owners.step({ kind: 'planned', now: 0 as Micros, candidacies, ended: [] }).find((effect) => effect.kind === 'wake-at')?.at;
  const turns = [ranks];
  while (wake !== undefined && turns.length < 4) {
    ranks = 0;
    wake = owners.step({ kind: 'woke', now: wake }).find((effect) => effect.kind === 'wake-at')?.at;
    turns.push(ranks);
  }
  expect(turns).toEqual([10_000, 10_000, 10_000, 0]);
});

test('whatever is heard: no exception, no epoch that falls, no answer for what is not its own', () => {
  const nodes = fc.constantFrom('a', 'b', 'c', '');
  const heard = fc.record({ from: fc.constantFrom('a', 'c'), epoch: fc.nat({ max: 2 ** 32 - 1 }), owner: nodes, leaving: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.oneof(heard, fc.constantFrom('bac', 'ac', 'abc', 'wait')), { maxLength: 40 }), (events) => {
      const scene = new OwnersScene('a', 'c');
      let epoch = 0;
      for (const event of events) {
        if (event === 'wait') scene.run(3_000);
        else if (typeof event === 'string') scene.plan(event);
        else scene.claims(event.from, event.epoch, event.owner, event.leaving);
        const claim = scene.owners.claimOf(TEXT);
        expect(claim?.epoch ?? 0).toBeGreaterThanOrEqual(epoch);
        if (scene.answers) expect(claim?.leaving === true || claim?.owner === 'b').toBe(true);
        epoch = claim?.epoch ?? 0;
      }
    }),
  );
});
