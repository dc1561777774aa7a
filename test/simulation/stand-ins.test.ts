import { expect, test } from '@jest/globals';
import { OwnerWatcher } from './owner-watcher.ts';
import { heal, judge, outcomeOf, settled } from './segment-scenes.ts';
import type { SegmentWorld } from './segment-world.ts';
import type { SimulatedNode } from './simulated-node.ts';

/**
 * What clients see while the speaker of an owner is away and its node lives: somebody answers all the time, and always with the owner's MAC.
 * `FIRST_SEED=<seed> make simulation ARGS=stand-ins`.
 */
const SEED = Number(process.env.FIRST_SEED ?? 1);
const SEEDS = Array.from({ length: 5 }, (_, index) => SEED + index);
/** So long nobody may answer for an address. */
const UNANSWERED = 400;
/** How long the speaker is away in most rows, and a time within that. */
const AWAY_MICROS = 20_000_000;
const MEANWHILE = 5_000;

type Act = (world: SegmentWorld, owner: SimulatedNode) => void;

const KILL: Act = (world, owner) => world.stopSpeaker(owner, false);
const ROLL_OUT: Act = (world, owner) => world.stopSpeaker(owner, true);

/** A world in which nobody but the owner may have its first address. */
function withOneCandidate(seed: number, size: number): { world: SegmentWorld; owner: SimulatedNode } {
  const { world, owner } = settled(seed, size, 1);
  const [address = ''] = world.addresses;
  const order = world.order(address).filter(({ node }) => node === owner.name);
  for (const node of world.nodes) world.tell(node, address, order, 0);
  world.run(1_000);
  return { world, owner };
}

function restartAfter(world: SegmentWorld, owner: SimulatedNode, micros: number): void {
  world.timeline.after(micros, () => owner.speaker === undefined && world.startSpeaker(owner));
}

/** The node that stands in for the owner of the first address now; there must be exactly one. */
function standInOf(world: SegmentWorld): SimulatedNode {
  const names = world.standIns(world.addresses[0] ?? '');
  expect(names).toHaveLength(1);
  return world.node(names[0] ?? '');
}

test.each<{ what: string; act: Act }>([
  { what: 'killed', act: KILL },
  { what: 'stalled', act: (world, owner) => world.stall(owner, AWAY_MICROS / 1_000) },
  { what: 'rolled out', act: ROLL_OUT },
])('a speaker that is $what: its MAC is answered within 400 ms, no other one ever, also with one single candidate', ({ act }) => {
  for (const seed of SEEDS) {
    for (const { world, owner } of [settled(seed, 3), settled(seed, 10), withOneCandidate(seed, 3)]) {
      const { gap, double, moves } = outcomeOf(
        world,
        () => {
          act(world, owner);
          restartAfter(world, owner, AWAY_MICROS);
        },
        30_000,
      );
      expect({ seed, answered: gap <= UNANSWERED, double, moves }).toEqual({ seed, answered: true, double: 0, moves: 0 });
      expect([world.owners(world.addresses[0] ?? ''), world.standIns(world.addresses[0] ?? '')]).toEqual([[owner.name], []]);
    }
  }
});

test('a speaker that says that it restarts: not a moment without an answer', () => {
  for (const seed of SEEDS) {
    const { world, owner } = settled(seed, 3);
    const { gap } = outcomeOf(
      world,
      () => {
        owner.speaker?.end();
        // As long as a speaker takes its leave of its BGP peers.
        world.timeline.after(50_000, () => world.stopSpeaker(owner, false));
        restartAfter(world, owner, AWAY_MICROS);
      },
      30_000,
    );
    expect({ seed, gap }).toEqual({ seed, gap: 0 });
  }
});

test('one node stands in at a time, as soon as views agree', () => {
  for (const seed of SEEDS) {
    const { world, owner } = settled(seed, 10);
    KILL(world, owner);
    world.run(MEANWHILE);
    standInOf(world);
    expect(world.nodes.reduce((sum, node) => sum + (node.speaker?.begun ?? 0), 0)).toBeLessThanOrEqual(3);
  }
});

test('a stand-in that dies, or whose speaker does, has a successor within 400 ms', () => {
  for (const act of [(world: SegmentWorld, node: SimulatedNode) => world.powerOff(node), KILL]) {
    for (const seed of SEEDS) {
      const { world, owner } = settled(seed, 5, 1);
      KILL(world, owner);
      world.run(MEANWHILE);
      const outcome = outcomeOf(world, () => act(world, standInOf(world)), MEANWHILE);
      expect({ seed, ...outcome, gap: outcome.gap <= UNANSWERED }).toEqual({ seed, gap: true, double: 0, moves: 0 });
      standInOf(world);
    }
  }
});

test('a stand-in whose speaker is restarted does not answer again for whom it has not heard: its successor goes on', () => {
  for (const seed of SEEDS) {
    const { world, owner } = settled(seed, 3, 1);
    KILL(world, owner);
    world.run(MEANWHILE);
    const first = standInOf(world);
    const restart = (): void => {
      ROLL_OUT(world, first);
      restartAfter(world, first, 1_000_000);
    };
    const { gap, double, moves } = outcomeOf(world, restart, 10_000);
    expect({ seed, answered: gap <= UNANSWERED, double, moves }).toEqual({ seed, answered: true, double: 0, moves: 0 });
    expect(standInOf(world)).not.toBe(first);
  }
});

test('an owner that dies while another one stands in: the next candidate answers within 500 ms', () => {
  for (const seed of SEEDS) {
    const { world, owner } = settled(seed, 3, 1);
    KILL(world, owner);
    world.run(MEANWHILE);
    const { gap, double, moves } = outcomeOf(world, () => world.powerOff(owner), MEANWHILE);
    expect({ seed, moved: moves, double, answered: gap > 0 && gap <= 500 }).toEqual({ seed, moved: 1, double: 0, answered: true });
    expect(world.standIns(world.addresses[0] ?? '')).toEqual([]);
  }
});

test('a speaker that does not come back: after the grace its address goes to another node, at once', () => {
  const { world, owner } = settled(SEED, 3, 1);
  const { gap, double, moves } = outcomeOf(world, () => KILL(world, owner), 40_000);
  expect([gap <= UNANSWERED, double <= 100, moves]).toEqual([true, true, 1]);
  expect(world.standIns(world.addresses[0] ?? '')).toEqual([]);
});

test('a partition while another one stands in: each side has an answer, and one remains within 200 ms when it heals', () => {
  for (const seed of SEEDS) {
    const { world, owner } = settled(seed, 6, 1);
    KILL(world, owner);
    world.run(MEANWHILE);
    const stand = standInOf(world);
    const [far] = world.nodes.filter((node) => node !== owner && node !== stand);
    world.cut = (from, to) => (from === far) !== (to === far);
    world.run(MEANWHILE);
    expect(new Set(world.owners(world.addresses[0] ?? ''))).toEqual(new Set([owner.name, far?.name]));
    const from = world.timeline.now;
    heal(world);
    const watcher = new OwnerWatcher(world);
    watcher.disturb();
    world.run(10_000);
    expect(judge(world, from).double).toBeLessThanOrEqual(200);
    expect([world.owners(world.addresses[0] ?? ''), world.standIns(world.addresses[0] ?? '')]).toEqual([[far?.name], []]);
    world.startSpeaker(owner);
    world.run(10_000);
    expect([world.owners(world.addresses[0] ?? ''), watcher.violations]).toEqual([[far?.name], []]);
  }
});
