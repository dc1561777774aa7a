import { expect, test } from '@jest/globals';
import { type Side, TwoSwitches } from '../../../test/support/two-switches.ts';

/** Ten minutes of the hellos of three speakers. */
const LONG_MS = 120_000;

const PAIR = ['a', 'b'];
const THREE = ['a', 'b', 'c'];

async function started(nodes: readonly string[], on: Side | 'all' = 'front'): Promise<TwoSwitches> {
  const scene = new TwoSwitches(nodes);
  await scene.start(on);
  expect([scene.owners, await scene.answering()]).toEqual([['a'], ['a']]);
  return scene;
}

const losses = [PAIR, THREE].flatMap((nodes) => (['signal lost', 'link down'] as const).map((fault) => ({ nodes, fault })));

test.each(losses)(
  'of $nodes.length nodes the owner on whose named interface this happens hands the address over by another one: $fault',
  async ({ nodes, fault }) => {
    using scene = await started(nodes);
    scene.pull('a', 'front', fault);
    expect(await scene.gap(5_000)).toBeLessThanOrEqual(400);
    await scene.run(1_000);
    expect([scene.owners, await scene.answering()]).toEqual([['b'], ['b']]);
    expect(scene.taken('b')).toEqual(['left']);
    scene.plug('a', 'front');
    await scene.run(30_000);
    expect([scene.owners, await scene.answering(), scene.moves]).toEqual([['b'], ['b'], 1]);
  },
  LONG_MS,
);

test(
  'an owner that is silent on its named interface, where others hear each other, loses the address',
  async () => {
    using scene = await started(THREE);
    scene.pull('a', 'front', 'silent');
    expect(await scene.gap(10_000)).toBeLessThanOrEqual(2_000);
    await scene.run(1_000);
    expect([scene.owners, await scene.answering()]).toEqual([['b'], ['b']]);
    expect(scene.taken('b')).toEqual(['unheard']);
  },
  LONG_MS,
);

test(
  'whoever is silent there itself takes nothing, and whoever lost an address so does not take it back',
  async () => {
    using scene = await started(THREE);
    scene.pull('b', 'front', 'silent');
    await scene.run(60_000);
    expect([scene.owners, scene.moves]).toEqual([['a'], 0]);
    scene.plug('b', 'front');
    await scene.run(5_000);
    scene.pull('a', 'front', 'silent');
    await scene.run(300_000);
    expect([scene.owners, scene.moves]).toEqual([['b'], 1]);
    scene.plug('a', 'front');
    await scene.run(60_000);
    expect([scene.owners, await scene.answering(), scene.moves]).toEqual([['b'], ['b'], 1]);
  },
  LONG_MS,
);

test(
  'of two who do not hear each other there, and both have a signal, the owner keeps the address',
  async () => {
    using scene = await started(PAIR);
    scene.pull('b', 'front', 'silent');
    await scene.run(60_000);
    expect([scene.owners, await scene.answering(), scene.moves]).toEqual([['a'], ['a'], 0]);
    expect(scene.lines('b', 'peerJudged')).toEqual([
      'node "a" does not answer any more and nobody hears it: it is heard on another interface, and keeps what it announces there',
    ]);
  },
  LONG_MS,
);

test(
  'a switch that ends takes the signal of all: the owner goes on when it is back',
  async () => {
    using scene = await started(THREE);
    for (const node of THREE) {
      scene.pull(node, 'front', 'signal lost');
      await scene.run(20);
    }
    await scene.run(20_000);
    for (const node of ['c', 'b', 'a']) scene.plug(node, 'front');
    await scene.run(350);
    expect(await scene.answering()).toEqual(['a']);
    await scene.run(10_000);
    expect([scene.owners, await scene.answering(), scene.moves]).toEqual([['a'], ['a'], 0]);
  },
  LONG_MS,
);

test(
  'a signal that is away for a moment moves nothing',
  async () => {
    using scene = await started(THREE);
    scene.pull('a', 'front', 'signal lost');
    await scene.run(200);
    scene.plug('a', 'front');
    await scene.run(5_000);
    expect([scene.owners, await scene.answering(), scene.moves]).toEqual([['a'], ['a'], 0]);
  },
  LONG_MS,
);

test(
  'an owner that has no signal on any link says nothing that it would have to take back',
  async () => {
    using scene = await started(THREE);
    for (const side of ['front', 'back'] as const) scene.pull('a', side, 'signal lost');
    await scene.run(10_000);
    expect([await scene.answering(), scene.moves]).toEqual([['b'], 1]);
    for (const side of ['front', 'back'] as const) scene.plug('a', side);
    await scene.run(10_000);
    expect([scene.owners, await scene.answering(), scene.moves]).toEqual([['b'], ['b'], 1]);
  },
  LONG_MS,
);

test(
  'an address that is announced everywhere stays with a node that is heard on one link',
  async () => {
    using scene = await started(THREE, 'all');
    scene.pull('a', 'front', 'signal lost');
    await scene.run(10_000);
    expect([scene.owners, scene.moves, await scene.answering('back')]).toEqual([['a'], 0, ['a']]);
  },
  LONG_MS,
);

test(
  'whoever comes first and has no signal there passes what is free',
  async () => {
    using scene = await started(THREE);
    scene.pull('b', 'front', 'signal lost');
    await scene.run(5_000);
    for (const side of ['front', 'back'] as const) scene.pull('a', side, 'silent');
    await scene.run(5_000);
    expect(await scene.answering()).toEqual(['c']);
  },
  LONG_MS,
);

test(
  'whoever took an address so can lose it so, though the first in the order may not take it back yet',
  async () => {
    using scene = await started(THREE);
    scene.pull('a', 'front', 'silent');
    await scene.run(5_000);
    scene.plug('a', 'front');
    await scene.run(5_000);
    scene.pull('b', 'front', 'silent');
    await scene.run(5_000);
    expect([scene.owners, await scene.answering(), scene.moves]).toEqual([['c'], ['c'], 2]);
  },
  LONG_MS,
);

test(
  'a node whose speaker ends is stood in for on the named interface, and loses the address once after the grace',
  async () => {
    using scene = await started(THREE);
    scene.kill('a');
    await scene.run(1_000);
    expect([await scene.answering(), scene.lines('b', 'standInBegun').length]).toEqual([['b'], 1]);
    await scene.run(27_000);
    expect([scene.moves, await scene.answering()]).toEqual([0, ['b']]);
    await scene.run(5_000);
    expect([scene.moves, await scene.answering()]).toEqual([1, ['b']]);
  },
  LONG_MS,
);
