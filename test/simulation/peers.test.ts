import { describe, expect, test } from '@jest/globals';
import { heal, judge, type Outcome, oneWay, outcomeOf, settled } from './segment-scenes.ts';
import { FAIR, type SegmentWorld, type Weather } from './segment-world.ts';
import type { SimulatedNode } from './simulated-node.ts';

/**
 * Who answers on a segment while things break: the real machines and frames of many speakers, on a clock and a wire that
 * a seed decides. A seed that fails fails again: `FIRST_SEED=<seed> SEEDS=1 make simulation`.
 */
const FIRST_SEED = Number(process.env.FIRST_SEED ?? 1);
const SEEDS = Number(process.env.SEEDS ?? 8);
const LONG_RUN = process.env.LONG_RUN === 'true';

/** Two hellos missed, a round of questions, and the way over the main thread. */
const TAKE_OVER = 450;
/** Once there is one segment again, a hello and the way over the main thread. */
const HEALED = 200;
const TEST_MILLISECONDS = 600_000;
/** Of fewer deaths all but one of a hundred are all of them. */
const LEAST_FOR_P99 = 50;

interface Row {
  readonly what: string;
  readonly fault: (world: SegmentWorld, owner: SimulatedNode, other: SimulatedNode) => void;
  readonly lasts?: number;
  /** Nobody hears the owner while it lasts: what it answers counts for nothing. */
  readonly ownerUnheard?: boolean;
  readonly allows: Partial<Outcome>;
}

const NOTHING: Outcome = { gap: 0, double: 0, moves: 0 };

/** One row for each kind of cut, and what clients may notice of it. */
const CUTS: readonly Row[] = [
  { what: 'nothing happens', fault: () => undefined, allows: NOTHING },
  {
    what: 'the owner sends and nobody gets it',
    fault: (world, owner) => {
      world.cut = (from) => from === owner;
    },
    ownerUnheard: true,
    allows: { gap: TAKE_OVER, double: 0 },
  },
  {
    what: 'the owner hears nobody',
    fault: (world, owner) => {
      world.cut = (_, to) => to === owner;
    },
    ownerUnheard: true,
    allows: { gap: 3_500, double: 0 },
  },
  {
    what: 'the owner is cut off both ways',
    fault: (world, owner) => {
      world.cut = (from, to) => from === owner || to === owner;
    },
    ownerUnheard: true,
    allows: { gap: TAKE_OVER, double: 0 },
  },
  {
    what: 'one other node does not hear the owner',
    fault: (world, owner, other) => {
      world.cut = oneWay(owner, other);
    },
    allows: NOTHING,
  },
  {
    what: 'the owner does not hear one other node',
    fault: (world, owner, other) => {
      world.cut = oneWay(other, owner);
    },
    allows: NOTHING,
  },
  {
    what: 'the owner and one other node do not hear each other',
    fault: (world, owner, other) => {
      world.cut = (from, to) => (from === owner && to === other) || (from === other && to === owner);
    },
    allows: NOTHING,
  },
  {
    what: 'all frames of speakers are lost, and nothing else',
    fault: (world) => {
      world.speechless = true;
    },
    allows: NOTHING,
  },
];

const ENDS: readonly Row[] = [
  { what: 'the owner loses its power', fault: (world, owner) => world.powerOff(owner), allows: { gap: TAKE_OVER, double: 0 } },
  {
    what: 'the speaker of the owner stands still for ten seconds',
    fault: (world, owner) => world.stall(owner, 10_000),
    allows: { double: 0, moves: 0 },
  },
  {
    what: 'all speakers stand still for five seconds',
    fault: (world) => {
      for (const node of world.nodes) world.stall(node, 5_000);
    },
    allows: { double: 0, moves: 0 },
  },
  {
    what: 'the speaker of the owner is rolled out',
    fault: (world, owner) => {
      world.stopSpeaker(owner, true);
      world.timeline.after(40_000_000, () => world.startSpeaker(owner));
    },
    lasts: 60_000,
    allows: { double: 0, moves: 0 },
  },
  {
    what: 'the speaker of the owner is killed and comes back after 25 s',
    fault: (world, owner) => {
      world.stopSpeaker(owner, false);
      world.timeline.after(25_000_000, () => world.startSpeaker(owner));
    },
    lasts: 40_000,
    allows: { double: 0, moves: 0 },
  },
  {
    what: 'the speaker of the owner ends for good',
    fault: (world, owner) => world.stopSpeaker(owner, false),
    lasts: 45_000,
    // Whoever stood in stops when it finds, some time of a clock's drift after the next owner, that the grace is over.
    allows: { gap: 400, double: 400 },
  },
];

/** Where an outcome is worse than allowed. */
function excess(outcome: Outcome, allows: Partial<Outcome>): string[] {
  const names = ['gap', 'double', 'moves'] as const;
  return names.filter((name) => outcome[name] > (allows[name] ?? Number.POSITIVE_INFINITY)).map((name) => `${name} ${outcome[name]}`);
}

const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);
const runs = [
  ...[3, 10].flatMap((size) => seeds.map((seed) => ({ size, seed }))),
  ...(LONG_RUN ? seeds.map((seed) => ({ size: 100, seed })) : []),
];

const SMALL = runs.filter(({ size }) => size < 100);

describe.each(runs)('$size nodes, seed $seed', ({ size, seed }) => {
  test.each([...CUTS, ...ENDS])(
    '$what',
    ({ fault, lasts = 8_000, ownerUnheard = false, allows }) => {
      const { world, owner } = settled(seed, size);
      const other = world.nodes.find((node) => node !== owner) ?? owner;
      const outcome = outcomeOf(world, () => fault(world, owner, other), lasts, ownerUnheard ? owner : undefined);
      expect(excess(outcome, allows)).toEqual([]);
    },
    TEST_MILLISECONDS,
  );
});

describe.each(SMALL)('$size nodes, seed $seed, after a fault', ({ size, seed }) => {
  test.each<Pick<Row, 'what' | 'fault'> & { readonly displaces: boolean }>([
    ...CUTS.slice(1).map((row) => ({ ...row, displaces: row.ownerUnheard === true })),
    {
      what: 'the segment falls in two',
      displaces: true,
      fault: (world) => {
        const half = new Set(world.nodes.filter((_, index) => index % 2 === 0));
        world.cut = (from, to) => half.has(from) !== half.has(to);
      },
    },
    {
      what: 'nobody hears anybody',
      displaces: true,
      fault: (world) => {
        world.cut = () => true;
      },
    },
  ])('one node answers again, and tells so: $what', ({ fault, displaces }) => {
    const { world, owner } = settled(seed, size);
    const other = world.nodes.find((node) => node !== owner) ?? owner;
    fault(world, owner, other);
    world.run(6_000);
    const told = new Map(world.nodes.map((node) => [node.name, node.reannounced]));
    expect(world.owners(world.addresses[0] ?? '').some((name) => name !== owner.name)).toBe(displaces);
    heal(world);
    const from = world.timeline.now;
    world.run(3_000);
    const outcome = judge(world, from);
    expect(excess(outcome, { gap: 60, double: HEALED })).toEqual([]);
    for (const address of world.addresses) expect(world.owners(address)).toHaveLength(1);
    const [last = ''] = world.owners(world.addresses[0] ?? '');
    if (displaces) expect(world.node(last).reannounced).toBeGreaterThan(told.get(last) ?? 0);
  });
});

describe.each(SMALL)('$size nodes, seed $seed, after a death', ({ size, seed }) => {
  test('a node that died and returns is heard by all, and nothing moves', () => {
    const { world, owner } = settled(seed, size);
    world.powerOff(owner);
    world.run(5_000);
    owner.powered = true;
    const from = world.timeline.now;
    world.startSpeaker(owner);
    world.run(20_000);
    expect(judge(world, from)).toEqual(NOTHING);
    for (const address of world.addresses) expect(world.owners(address)).toHaveLength(1);
  });

  test('a speaker that starts learns from the others who is dead, before it says anything', () => {
    const { world, owner } = settled(seed, size);
    world.powerOff(owner);
    world.run(5_000);
    const from = world.timeline.now;
    const restarted = world.nodes.filter((node) => node !== owner);
    for (const [index, node] of restarted.entries()) {
      world.timeline.after(index * 4_000_000, () => world.stopSpeaker(node, true));
      world.timeline.after(index * 4_000_000 + 1_000_000, () => world.startSpeaker(node));
    }
    world.run(restarted.length * 4_000 + 10_000);
    for (const node of restarted) expect(node.speaker?.gone).toEqual([owner.name]);
    expect(judge(world, from).double).toBe(0);
  });

  test('what was recorded of a node brings it back to life neither before nor after others restart', () => {
    const { world, owner } = settled(seed, size);
    world.recording = true;
    world.run(3_000);
    world.recording = false;
    const old = world.recorded.filter(({ from }) => from === owner).map(({ octets }) => octets);
    world.powerOff(owner);
    world.run(2_000);
    const heir = world.owners(world.addresses[0] ?? '')[0] ?? '';
    const from = world.timeline.now;
    for (const octets of old) world.replay(octets);
    world.run(2_000);
    const fresh = world.node(heir);
    world.stopSpeaker(fresh, true);
    world.startSpeaker(fresh);
    world.run(500);
    for (const octets of old) world.replay(octets);
    world.run(3_000);
    for (const node of world.nodes.filter((one) => one !== owner)) expect(node.speaker?.gone).toEqual([owner.name]);
    expect(judge(world, from).double).toBe(0);
  });
});

describe.each(SMALL)('$size nodes, seed $seed, what was recorded of earlier starts', ({ size, seed }) => {
  test('keeps none that starts anew from being heard, however often it is sent', () => {
    const { world, owner } = settled(seed, size);
    world.recording = true;
    world.run(1_000);
    world.recording = false;
    const [old] = world.recorded.filter(({ from }) => from === owner);
    // What was recorded is of the start before the last: frames of the last one are known.
    world.stopSpeaker(owner, true);
    world.startSpeaker(owner);
    world.run(5_000);
    const from = world.timeline.now;
    world.stopSpeaker(owner, false);
    world.run(1_000);
    expect(world.standIns(world.addresses[0] ?? '')).toHaveLength(1);
    world.startSpeaker(owner);
    for (let round = 0; round < 2_000 && old !== undefined; round++) {
      world.replay(old.octets);
      world.run(1);
    }
    // Whoever stood in for it has heard it.
    expect(world.standIns(world.addresses[0] ?? '')).toEqual([]);
    expect(judge(world, from)).toMatchObject({ double: 0, moves: 0 });
  });
});

test.each([3, 10])('of %d nodes one that was cut off for eleven minutes is forgotten meanwhile, and comes back to what is', (size) => {
  const { world, owner } = settled(FIRST_SEED, size);
  world.cut = (from, to) => from === owner || to === owner;
  world.run(11 * 60_000);
  const others = world.nodes.filter((node) => node !== owner);
  for (const node of others) expect([node.speaker?.forgotten, node.speaker?.gone]).toEqual([[owner.name], []]);
  const told = new Map(world.nodes.map((node) => [node.name, node.reannounced]));
  const highest = world.addresses.map((address) => Math.max(...world.nodes.map((node) => epochOf(node, address))));
  heal(world);
  const from = world.timeline.now;
  world.run(5_000);
  expect(excess(judge(world, from), { gap: 60, double: HEALED })).toEqual([]);
  for (const [index, address] of world.addresses.entries()) {
    const [last = '', ...more] = world.owners(address);
    expect([more, world.node(last).reannounced > (told.get(last) ?? 0)]).toEqual([[], true]);
    for (const node of world.nodes) expect([node.name, epochOf(node, address)]).toEqual([node.name, highest[index]]);
  }
});

/** Under which epoch a node knows the owner of an address. */
function epochOf(node: SimulatedNode, address: string): number {
  return node.speaker?.owners.claimOf(address)?.epoch ?? 0;
}

const WEATHERS: readonly { what: string; weather: Weather; seconds: number }[] = [
  { what: 'thirty of a hundred hellos are lost', weather: { ...FAIR, helloLoss: 0.3 }, seconds: LONG_RUN ? 1_000_000 : 3_000 },
  { what: 'ten of a hundred frames of all kinds are lost', weather: { ...FAIR, loss: 0.1 }, seconds: LONG_RUN ? 10_000 : 1_000 },
  {
    what: 'frames are late, doubled and out of order',
    weather: { ...FAIR, duplicates: 0.3, delayMilliseconds: 50 },
    seconds: LONG_RUN ? 10_000 : 500,
  },
];

test.each(WEATHERS)(
  'nobody is taken for dead while $what',
  ({ weather, seconds }) => {
    const worlds = LONG_RUN ? 10 : 2;
    for (let index = 0; index < worlds; index++) {
      const { world } = settled(FIRST_SEED + index, 3);
      world.weather = weather;
      const from = world.timeline.now;
      world.run((seconds / worlds) * 1_000);
      expect([`seed ${FIRST_SEED + index}`, judge(world, from)]).toEqual([`seed ${FIRST_SEED + index}`, NOTHING]);
    }
  },
  TEST_MILLISECONDS * 10,
);

test(
  'nobody is taken for dead while all loops stand still for up to 90 ms at a time and thirty of a hundred hellos are lost',
  () => {
    for (let index = 0; index < (LONG_RUN ? 20 : 2); index++) {
      const { world } = settled(FIRST_SEED + index, 3);
      world.weather = { ...FAIR, helloLoss: 0.3 };
      world.hiccup(90);
      const from = world.timeline.now;
      world.run(300_000);
      const { double, moves } = judge(world, from);
      expect([`seed ${FIRST_SEED + index}`, double, moves]).toEqual([`seed ${FIRST_SEED + index}`, 0, 0]);
    }
  },
  TEST_MILLISECONDS,
);

test.each([3, 10, 100])(
  'of many deaths among %d nodes half are over within 300 ms, all but one of a hundred within 450 ms',
  (size) => {
    const gaps: number[] = [];
    const deaths = LONG_RUN ? 200 : size === 100 ? 1 : 40;
    for (let index = 0; index < deaths; index++) {
      const { world, owner } = settled(FIRST_SEED + 1_000 + index, size, 1);
      gaps.push(outcomeOf(world, () => world.powerOff(owner), 2_000).gap);
    }
    gaps.sort((left, right) => left - right);
    const [half, most] = [gaps[Math.floor(gaps.length / 2)] ?? 0, gaps[Math.floor(gaps.length * 0.99)] ?? 0];
    const name = deaths < LEAST_FOR_P99 ? 'max' : 'p99';
    process.stdout.write(`${JSON.stringify({ nodes: size, deaths, unansweredMilliseconds: { p50: half, [name]: most } })}\n`);
    expect([half <= 300, most <= 450, gaps[0] !== undefined && gaps[0] > 100]).toEqual([true, true, true]);
  },
  TEST_MILLISECONDS,
);
