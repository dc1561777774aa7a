import { expect, test } from '@jest/globals';
import { ElectionWorld, SETTINGS } from '../../test/support/election-world.ts';
import { milliseconds } from '../lib/clock.ts';

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed + 1);
const TROUBLED = milliseconds(300_000);
/** A dead leader's lease, a request that gets no answer, and a look at what came of it. */
const BOUND = milliseconds(15_000 + 5_000 + 2 * 2_000 + 1_000);

test.each(SEEDS)('over lost answers, late watches, pauses, crashes and ends, never do two write at once (seed %d)', (seed) => {
  const world = new ElectionWorld(seed, 2 + (seed % 2));
  world.run(TROUBLED);
  // The margin of the fence: whoever follows takes the lease this long after the one before has stopped writing.
  const margin = SETTINGS.leaseDuration - SETTINGS.renewDeadline;
  expect({ overlaps: world.overlaps, tooSoon: world.successions.filter((gap) => gap < margin) }).toEqual({ overlaps: [], tooSoon: [] });
});

test('the trouble is trouble: leaders come and go, by a free lease and by one that ran out', () => {
  let [terms, taken] = [0, 0];
  for (const seed of SEEDS) {
    const world = new ElectionWorld(seed, 2 + (seed % 2));
    world.run(TROUBLED);
    terms += world.terms;
    taken += world.successions.length;
  }
  expect(terms).toBeGreaterThan(SEEDS.length * 3);
  expect(taken).toBeGreaterThan(SEEDS.length);
});

test.each(SEEDS)('when the trouble is over somebody leads within the bound, and goes on (seed %d)', (seed) => {
  const world = new ElectionWorld(seed, 2 + (seed % 2));
  world.run(TROUBLED);
  world.calm();
  world.run(BOUND);
  const leaders = world.writers();
  expect(leaders).toHaveLength(1);
  const terms = world.terms;
  world.run(milliseconds(60_000));
  expect({ leaders: world.writers(), terms: world.terms }).toEqual({ leaders, terms });
});

test('a clean end is followed by the next leader in less than a second', () => {
  for (const seed of SEEDS) {
    const world = new ElectionWorld(seed, 3);
    world.calm();
    world.run(milliseconds(20_000));
    const [leader] = world.writers();
    world.resign(leader ?? '');
    world.run(milliseconds(1_000));
    expect(world.writers()).not.toEqual([leader]);
    expect(world.writers()).toHaveLength(1);
  }
});
