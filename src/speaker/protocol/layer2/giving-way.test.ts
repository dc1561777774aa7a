import { describe, expect, test } from '@jest/globals';
import { addressOf } from '../../../../test/support/announcements.ts';
import { OwnersScene, owning } from '../../../../test/support/owners-scene.ts';

describe('a node that loses its address', () => {
  test('is no worse for giving way to a preferred node, however often', () => {
    const scene = owning();
    scene.plan('abc', true, { c: 10 });
    for (let epoch = 2; epoch < 8; epoch += 2) {
      scene.claims('c', epoch);
      scene.take({ kind: 'gone', nodes: ['a', 'c'] });
      scene.run(2_000);
      expect(scene.answers).toBe(true);
      scene.greets('c');
      scene.greets('a');
    }
    expect(scene.damped).toBe(false);
  });

  test('sorts last when it was lost three times in a minute', () => {
    const scene = owning();
    for (let epoch = 2; epoch < 8; epoch += 2) {
      scene.claims('c', epoch);
      scene.take({ kind: 'gone', nodes: ['a', 'c'] });
      scene.run(2_000);
      scene.greets('c');
      scene.greets('a');
    }
    expect(scene.damped).toBe(true);
    // Nobody says anything new meanwhile, and no hello is a step.
    scene.pass(61_000);
    expect(scene.damped).toBe(false);
  });
});

test('what is due is not taken amidst frames, behind which the claim of whose turn it was may be', () => {
  const scene = new OwnersScene('a', 'c');
  scene.plan('acb');
  scene.claims('a', 1);
  scene.take({ kind: 'gone', nodes: ['a'] });
  scene.pass(60);
  const other = { address: addressOf('192.0.2.99'), epoch: 1, owner: 'c', leaving: false };
  scene.take({ kind: 'claimed', node: 'c', claims: [other] });
  scene.greets('c', 12_345);
  expect([scene.answers, scene.claim]).toEqual([false, '1 a']);
  scene.claims('c', 2);
  scene.run(100);
  expect([scene.answers, scene.claim]).toEqual([false, '2 c']);
});
