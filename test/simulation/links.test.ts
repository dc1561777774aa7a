import { describe, expect, test } from '@jest/globals';
import { type Fault, type Side, TwoSwitches } from '../support/two-switches.ts';
import { seededRandom } from './random.ts';

/**
 * Nodes on two switches, with an address that is announced on the first one alone: whichever cables are pulled, in whatever order. A seed that
 * fails fails again: `FIRST_SEED=<seed> SEEDS=1 make simulation ARGS=links`.
 */
const FIRST_SEED = Number(process.env.FIRST_SEED ?? 1);
const SEEDS = Number(process.env.SEEDS ?? 2);
const TEST_MILLISECONDS = 3_600_000;

const NODES = ['a', 'b', 'c', 'd'];
const SIDES: readonly Side[] = ['front', 'back'];
const FAULTS: readonly Fault[] = ['signal lost', 'link down', 'silent'];
/** Silence is noticed, others are heard since, and what speaks against the owner lasts. */
const TAKEN_MILLISECONDS = 3_500;
/** A signal is back, others were listened to, and whoever was missed is known again. */
const BACK_MILLISECONDS = 5_000;

const rows = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);

describe.each(rows)('seed %d', (seed) => {
  const random = seededRandom(seed);
  const oneOf = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;

  test(
    'of cables that are pulled one at a time those of the owner move the address, once, and no other does',
    async () => {
      using scene = new TwoSwitches(NODES);
      await scene.start();
      for (let round = 0; round < 12; round++) {
        await scene.run(random() * 1_000);
        const [node, side, fault] = [oneOf(NODES), oneOf(SIDES), oneOf(FAULTS)];
        const [[owner], moves] = [scene.owners, scene.moves];
        scene.pull(node, side, fault);
        await scene.run(TAKEN_MILLISECONDS);
        const moved = node === owner && side === 'front' ? 1 : 0;
        expect({ round, node, side, fault, moves: scene.moves - moves }).toEqual({ round, node, side, fault, moves: moved });
        expect([await scene.answering(), scene.owners.includes(node) && moved === 1]).toEqual([scene.owners, false]);
        scene.plug(node, side);
        await scene.run(BACK_MILLISECONDS);
        expect([scene.moves - moves, await scene.answering()]).toEqual([moved, scene.owners]);
        expect(scene.owners).toHaveLength(1);
      }
    },
    TEST_MILLISECONDS,
  );

  test(
    'however many are pulled at once, one node answers when they are whole again',
    async () => {
      using scene = new TwoSwitches(NODES);
      await scene.start();
      for (let round = 0; round < 6; round++) {
        const pulled = Array.from({ length: 1 + Math.floor(random() * 6) }, () => ({ node: oneOf(NODES), side: oneOf(SIDES) }));
        for (const { node, side } of pulled) {
          scene.pull(node, side, oneOf(FAULTS));
          await scene.run(random() * 2_000);
        }
        await scene.run(random() * 5_000);
        for (const { node, side } of pulled) {
          scene.plug(node, side);
          await scene.run(random() * 1_000);
        }
        await scene.run(12_000);
        expect({ round, pulled, owners: scene.owners.length }).toEqual({ round, pulled, owners: 1 });
        expect(await scene.answering()).toEqual(scene.owners);
        const { moves } = scene;
        await scene.run(20_000);
        expect([scene.moves - moves, await scene.answering()]).toEqual([0, scene.owners]);
      }
    },
    TEST_MILLISECONDS,
  );
});
