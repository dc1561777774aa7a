import { type Change, FAIR, SegmentWorld } from './segment-world.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** What clients of the segment went through from one moment on, in milliseconds. */
export interface Outcome {
  /** The longest time in which nobody answered for some address. */
  readonly gap: number;
  /** The longest time in which more than one node did. */
  readonly double: number;
  /** How often an address came to another node than the one before. */
  readonly moves: number;
}

/** All speakers have started, have heard each other and have agreed. */
const SETTLED_MILLISECONDS = 15_000;

/** A world in which nothing happens any more, and the owner of its first address. */
export function settled(seed: number, size: number, addresses = 3): { world: SegmentWorld; owner: SimulatedNode } {
  const world = new SegmentWorld(seed, size, addresses);
  world.run(SETTLED_MILLISECONDS);
  return { world, owner: world.firstOwner(world.addresses[0] ?? '') };
}

/** Has `fault` happen after a while that the seed decides, lets time pass and says what came of it. */
export function outcomeOf(world: SegmentWorld, fault: () => void, forMilliseconds: number, exempt?: SimulatedNode): Outcome {
  world.run(world.random() * 1_000);
  const from = world.timeline.now;
  fault();
  world.run(forMilliseconds);
  return judge(world, from, exempt);
}

/** What happened since `from`. Nobody hears `exempt`, if it is given: what it answers counts for nothing. */
export function judge(world: SegmentWorld, from: number, exempt?: SimulatedNode): Outcome {
  const outcomes = world.addresses.map((address) => judgeOne(world, address, from, exempt));
  return {
    gap: Math.max(...outcomes.map(({ gap }) => gap)),
    double: Math.max(...outcomes.map(({ double }) => double)),
    moves: outcomes.reduce((sum, { moves }) => sum + moves, 0),
  };
}

function judgeOne(world: SegmentWorld, address: string, from: number, exempt: SimulatedNode | undefined): Outcome {
  const changes = world.changes.filter((change) => change.address === address);
  const before = changes.findLast(({ at }) => at < from)?.owners ?? [];
  const heard = (owners: readonly string[]): readonly string[] => owners.filter((name) => name !== exempt?.name);
  const spans = [{ at: from, owners: before }, ...changes.filter(({ at }) => at >= from)].map(({ at, owners }) => ({
    at,
    owners: heard(owners),
  }));
  const single = [before, ...spans.map(({ owners }) => owners)].filter(({ length }) => length === 1).map(([owner]) => owner);
  return {
    gap: longest(spans, world.timeline.now, ({ length }) => length === 0),
    double: longest(spans, world.timeline.now, ({ length }) => length > 1),
    moves: single.filter((owner, index) => index > 0 && owner !== single[index - 1]).length,
  };
}

type Span = Pick<Change, 'at' | 'owners'>;

/** The longest time, in milliseconds, for which a condition on the owners held. */
function longest(spans: readonly Span[], end: number, holds: (owners: readonly string[]) => boolean): number {
  let most = 0;
  let since: number | undefined;
  for (const { at, owners } of [...spans, { at: end, owners: undefined }]) {
    if (owners !== undefined && holds(owners)) {
      since ??= at;
      continue;
    }
    if (since !== undefined) most = Math.max(most, (at - since) / 1_000);
    since = undefined;
  }
  return most;
}

/** Loses what goes one way between these two. */
export function oneWay(from: SimulatedNode, to: SimulatedNode): (sender: SimulatedNode, receiver: SimulatedNode) => boolean {
  return (sender, receiver) => sender === from && receiver === to;
}

/** Nothing is lost any more. */
export function heal(world: SegmentWorld): void {
  world.cut = () => false;
  world.speechless = false;
  world.weather = FAIR;
}
